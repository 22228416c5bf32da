//! What holds for any bytes: for the fuzzer, and for tests.

use super::Protocol;
use super::decode::FrameDecoder;
use super::error::{FrameError, RequestError};
use super::frame::Frame;
use super::limits::{FrameLimits, RequestLimits};
use super::request::{Decoded, RequestDecoder};

type Requests = Vec<Vec<Vec<u8>>>;

/// The requests in a stream that is there at once, and the error that ends it.
pub(super) fn requests_at_once(
    bytes: &[u8],
    decoder: RequestDecoder,
) -> (Requests, Option<RequestError>) {
    requests_in_pieces(bytes, &[bytes.len()], decoder)
}

/// The same of a stream of which so many bytes come at a time, over and over.
pub(super) fn requests_in_pieces(
    bytes: &[u8],
    cuts: &[usize],
    mut decoder: RequestDecoder,
) -> (Requests, Option<RequestError>) {
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    for piece in pieces(bytes, cuts) {
        buffer.extend_from_slice(piece);
        loop {
            let decoded = match decoder.decode(&mut buffer) {
                Ok(decoded) => decoded,
                Err(error) => {
                    assert_eq!(decoder.decode(&mut buffer), Err(error), "an error stays");
                    return (found, Some(error));
                }
            };
            match decoded {
                Decoded::Request { length } => {
                    let args = decoder.arguments().iter();
                    found.push(args.map(|arg| arg.of(&buffer).to_vec()).collect());
                    buffer.drain(..length);
                }
                Decoded::Skipped { length } => drop(buffer.drain(..length)),
                Decoded::Partial { missing } => {
                    assert!(missing > 0, "something is missing");
                    break;
                }
            }
        }
    }
    (found, None)
}

/// The frames in a stream of which so many bytes come at a time, over and over, and the error that ends it.
pub(super) fn frames_in_pieces(
    bytes: &[u8],
    cuts: &[usize],
    mut decoder: FrameDecoder,
) -> (Vec<Frame>, Option<FrameError>) {
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    for piece in pieces(bytes, cuts) {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&buffer) {
                Ok(step) => {
                    buffer.drain(..step.length);
                    match step.frame {
                        Some(frame) => found.push(frame),
                        None => break,
                    }
                }
                Err(error) => {
                    assert_eq!(decoder.decode(&buffer), Err(error.clone()), "an error stays");
                    return (found, Some(error));
                }
            }
        }
    }
    (found, None)
}

fn pieces<'a>(bytes: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    let cuts = if cuts.iter().all(|cut| *cut == 0) { &[usize::MAX] } else { cuts };
    let mut cuts = cuts.iter().copied().cycle();
    std::iter::from_fn(move || {
        let cut = cuts.next().filter(|_| !rest.is_empty())?;
        let (piece, behind) = rest.split_at(cut.min(rest.len()));
        rest = behind;
        Some(piece)
    })
}

/// Decodes any bytes as requests and as frames, at once and cut like this: the same must come of it, and frames must come back when they are encoded again.
pub(super) fn streams(bytes: &[u8], cuts: &[u8]) {
    let cuts: Vec<usize> = cuts.iter().map(|cut| usize::from(cut % 32)).collect();
    let small = RequestLimits { arguments: 16, bulk: 64, line: 32, ..RequestLimits::default() };
    for limits in [RequestLimits::default(), small] {
        for must_authenticate in [false, true] {
            let decoder = || {
                let mut decoder = RequestDecoder::new(limits);
                decoder.set_must_authenticate(must_authenticate);
                decoder
            };
            let at_once = requests_at_once(bytes, decoder());
            assert_eq!(at_once, requests_in_pieces(bytes, &cuts, decoder()));
        }
    }
    let small = FrameLimits { depth: 4, elements: 32, bulk: 64, line: 32 };
    for limits in [FrameLimits::default(), small] {
        let decoder = || FrameDecoder::new(limits);
        let (frames, error) = frames_in_pieces(bytes, &[bytes.len()], decoder());
        let (again, error_again) = frames_in_pieces(bytes, &cuts, decoder());
        // What is compared is what is shown, since no NaN equals another.
        assert_eq!(format!("{frames:?}"), format!("{again:?}"));
        assert_eq!(error, error_again);
        for frame in frames {
            comes_back(&frame);
        }
    }
}

/// Encodes a frame and decodes it again, in both versions.
pub(super) fn comes_back(frame: &Frame) {
    let as_read = [frame.to_resp2(), frame.clone()];
    for (protocol, expected) in [Protocol::Resp2, Protocol::Resp3].into_iter().zip(as_read) {
        let mut bytes = Vec::new();
        frame.encode(protocol, &mut bytes);
        let limits = FrameLimits { depth: u8::MAX, ..FrameLimits::default() };
        let (frames, error) = frames_in_pieces(&bytes, &[bytes.len()], FrameDecoder::new(limits));
        assert_eq!(error, None, "{}", bytes.escape_ascii());
        let shown = format!("{:?}", [expected]);
        // RESP3 has one null.
        let shown =
            if protocol == Protocol::Resp3 { shown.replace("NullArray", "Null") } else { shown };
        assert_eq!(format!("{frames:?}"), shown);
    }
}

/// A fuzzer's input: how many cuts there are, the cuts, and the bytes.
pub fn case(input: &[u8]) {
    let Some((count, rest)) = input.split_first() else {
        return;
    };
    let (cuts, bytes) = rest.split_at(usize::from(count % 16).min(rest.len()));
    streams(bytes, cuts);
}
