use proptest::prelude::*;

use crate::resp::check::{self, requests_at_once, requests_in_pieces};
use crate::resp::error::RequestFault as Fault;
use crate::resp::limits::RequestLimits;
use crate::resp::request::{Decoded, RequestDecoder};

/// The requests in `bytes`, and what is wrong with what comes after them.
fn decode(bytes: &[u8]) -> (Vec<Vec<Vec<u8>>>, Option<Fault>) {
    let (requests, error) = requests_at_once(bytes, RequestDecoder::default());
    (requests, error.map(|error| error.fault))
}

fn is(bytes: &[u8], requests: &[&[&[u8]]]) {
    assert_eq!(decode(bytes), (owned(requests), None), "{}", bytes.escape_ascii());
}

fn owned(requests: &[&[&[u8]]]) -> Vec<Vec<Vec<u8>>> {
    requests.iter().map(|args| args.iter().map(|arg| arg.to_vec()).collect()).collect()
}

#[track_caller]
fn refused(bytes: &[u8], fault: Fault) {
    assert_eq!(
        decode(bytes),
        (vec![], Some(fault)),
        "{}",
        bytes[..bytes.len().min(80)].escape_ascii()
    );
}

#[test]
fn arrays_and_lines_are_requests() {
    is(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", &[&[b"GET", b"k"]]);
    is(b"*1\r\n$4\r\na\r\nb\r\nPING\r\n", &[&[b"a\r\nb"], &[b"PING"]]);
    is(b"*1\r\n$0\r\n\r\n", &[&[b""]]);
    is(b"PING\r\n", &[&[b"PING"]]);
    is(b"PING\nset k \"a\\r\\n\"\n", &[&[b"PING"], &[b"set", b"k", b"a\r\n"]]);
    is(b"*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n$4\r\nPING\r\n", &[&[b"PING"], &[b"PING"], &[b"PING"]]);
}

#[test]
fn what_is_empty_is_skipped() {
    is(b"\r\n\n  \r\n*0\r\n*-1\r\n*-9223372036854775808\r\nPING\r\n\r\n", &[&[b"PING"]]);
    let mut decoder = RequestDecoder::default();
    assert_eq!(decoder.decode(&mut []), Ok(Decoded::Partial { missing: 1 }));
    assert_eq!(decoder.decode(&mut b"\r\n*0\r\n".to_owned()), Ok(Decoded::Skipped { length: 6 }));
    assert_eq!(decoder.decode(&mut b"*0".to_owned()), Ok(Decoded::Partial { missing: 1 }));
}

#[test]
fn line_ends_are_taken_as_redis_takes_them() {
    is(b"*1\rX$4\rYPINGZZPING\r\n", &[&[b"PING"], &[b"PING"]]);
}

#[test]
fn counts_are_strict() {
    for bytes in [
        &b"*\r\n"[..],
        b"*+1\r\n",
        b"*01\r\n",
        b"*-0\r\n",
        b"* 1\r\n",
        b"*a\r\n",
        b"*1\n\r\n",
        b"*1048577\r\n",
        b"*9223372036854775808\r\n",
    ] {
        refused(bytes, Fault::Count);
    }
    for bytes in [
        &b"*1\r\n$\r\n"[..],
        b"*1\r\n$-1\r\n",
        b"*1\r\n$+1\r\n",
        b"*1\r\n$01\r\n",
        b"*1\r\n$536870913\r\n",
    ] {
        refused(bytes, Fault::Length);
    }
    refused(b"*1\r\n:4\r\n", Fault::Argument { found: b':' });
    refused(b"*1\r\n\r\n", Fault::Argument { found: b'\r' });
    is(b"*1048576\r\n", &[]);
    is(b"*1\r\n$536870912\r\n", &[]);
}

#[test]
fn the_limits_are_as_said() {
    let count = |length: usize| [b"*".to_vec(), vec![b'1'; length - 1]].concat();
    assert_eq!(decode(&count(65536)).1, None);
    assert_eq!(decode(&count(65537)).1, Some(Fault::CountLine));
    let length = |length: usize| [b"*1\r\n$".to_vec(), vec![b'1'; length - 1]].concat();
    assert_eq!(decode(&length(65536)).1, None);
    assert_eq!(decode(&length(65537)).1, Some(Fault::LengthLine));
    let line = |length| vec![b'a'; length];
    assert_eq!(decode(&line(65536)).1, None);
    assert_eq!(decode(&line(65537)).1, Some(Fault::Inline));
    let whole = [line(65536), b"\n".to_vec()].concat();
    is(&whole, &[&[&line(65536)]]);
    refused(&[line(65537), b"\n".to_vec()].concat(), Fault::Inline);
    refused(b"PING 'a\r\n", Fault::Quotes);
}

#[test]
fn there_may_be_no_limits() {
    let limits = RequestLimits {
        arguments: usize::MAX,
        bulk: usize::MAX,
        line: usize::MAX,
        arguments_before_auth: usize::MAX,
        bulk_before_auth: usize::MAX,
    };
    for bytes in [&b"*9223372036854775807\r\n$9223372036854775807\r\nabc"[..], b"PING"] {
        let none = (vec![], None);
        assert_eq!(requests_in_pieces(bytes, &[3], RequestDecoder::new(limits)), none);
    }
}

#[test]
fn strangers_may_send_little() {
    let decode = |bytes: &[u8]| {
        let mut decoder = RequestDecoder::default();
        decoder.set_must_authenticate(true);
        let (requests, error) = requests_at_once(bytes, decoder);
        (requests.len(), error.map(|error| error.fault))
    };
    assert_eq!(decode(b"*10\r\n"), (0, None));
    assert_eq!(decode(b"*11\r\n"), (0, Some(Fault::CountBeforeAuth)));
    assert_eq!(decode(b"*1\r\n$16384\r\n"), (0, None));
    assert_eq!(decode(b"PING\r\n*1\r\n$16385\r\n"), (1, Some(Fault::LengthBeforeAuth)));
    assert_eq!(decode(b"*1048577\r\n"), (0, Some(Fault::Count)));
}

#[test]
fn errors_say_where_and_stay() {
    let mut decoder = RequestDecoder::default();
    let mut bytes = b"PING\r\n*1\r\n+OK\r\n".to_vec();
    assert_eq!(decoder.decode(&mut bytes), Ok(Decoded::Request { length: 6 }));
    let error = decoder.decode(&mut bytes[6..]).unwrap_err();
    assert_eq!(error.to_string(), "Protocol error: expected '$', got '+', at byte 10");
    assert_eq!(decoder.decode(&mut b"PING\r\n".to_owned()), Err(error));
    assert!(decoder.arguments().is_empty());
}

#[test]
fn what_is_missing_is_told() {
    let mut decoder = RequestDecoder::default();
    let mut bytes = b"*1\r\n$100\r\nabc".to_vec();
    assert_eq!(decoder.decode(&mut bytes), Ok(Decoded::Partial { missing: 99 }));
}

#[test]
fn a_large_argument_in_pieces_is_looked_at_once() {
    let mut decoder = RequestDecoder::default();
    let mut bytes = b"*2\r\n$3\r\nSET\r\n$33554432\r\n".to_vec();
    let mut pieces = 0;
    while let Decoded::Partial { missing } = decoder.decode(&mut bytes).unwrap() {
        bytes.resize(bytes.len() + missing.min(16 << 10), b'x');
        pieces += 1;
    }
    assert!(pieces > 2000);
    assert!(decoder.examined < 100, "{}", decoder.examined);
    assert_eq!(decoder.arguments()[1].of(&bytes).len(), 32 << 20);
}

#[test]
fn many_arguments_byte_by_byte_are_looked_at_once() {
    let count = 20_000;
    let mut bytes = format!("*{count}\r\n").into_bytes();
    bytes.extend_from_slice(&b"$1\r\nx\r\n".repeat(count));
    let mut decoder = RequestDecoder::default();
    for length in 1..bytes.len() {
        let decoded = decoder.decode(&mut bytes[..length]).unwrap();
        assert!(matches!(decoded, Decoded::Partial { .. }));
    }
    assert_eq!(decoder.decode(&mut bytes), Ok(Decoded::Request { length: bytes.len() }));
    assert_eq!(decoder.arguments().len(), count);
    // Each line end once more, since the byte behind it has to come too.
    assert!(decoder.examined < 2 * bytes.len() as u64, "{}", decoder.examined);
}

#[test]
fn a_long_line_byte_by_byte_is_looked_at_once() {
    let mut bytes = vec![b'a'; 60_000];
    let mut decoder = RequestDecoder::default();
    for length in 1..bytes.len() {
        decoder.decode(&mut bytes[..length]).unwrap();
    }
    assert!(decoder.examined <= bytes.len() as u64);
}

#[test]
fn a_long_list_of_arguments_is_not_kept() {
    let mut bytes =
        [b"*5000\r\n".to_vec(), b"$0\r\n\r\n".repeat(5000), b"PING\r\n".to_vec()].concat();
    let mut decoder = RequestDecoder::default();
    let Ok(Decoded::Request { length }) = decoder.decode(&mut bytes) else { panic!("no request") };
    assert_eq!(decoder.arguments().len(), 5000);
    decoder.decode(&mut bytes[length..]).unwrap();
    assert_eq!(decoder.arguments().len(), 1);
    assert!(decoder.capacity() < 2000);
}

/// Short limits, so that random input reaches them.
fn limits() -> RequestLimits {
    RequestLimits { arguments: 6, bulk: 12, line: 20, ..RequestLimits::default() }
}

/// Pieces of requests, good and bad.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 0..14).prop_map(|arg| {
            [format!("${}\r\n", arg.len()).as_bytes(), &arg, b"\r\n"].concat()
        }),
        6 => (-1..8_i32).prop_map(|count| format!("*{count}\r\n").into_bytes()),
        2 => "[a-z \"'\\\\x0-9]{0,24}\r?\n".prop_map(String::into_bytes),
        1 => "[*$][-+0-9a]{0,24}\r?\n?".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn pieces_do_not_matter(bytes in stream(), cuts in proptest::collection::vec(0..30_usize, 1..20)) {
        let at_once = requests_at_once(&bytes, RequestDecoder::new(limits()));
        let in_pieces = requests_in_pieces(&bytes, &cuts, RequestDecoder::new(limits()));
        prop_assert_eq!(at_once, in_pieces);
    }

    #[test]
    fn what_was_written_is_read(requests in proptest::collection::vec(
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..6), 0..6,
    )) {
        let mut bytes = Vec::new();
        for args in &requests {
            crate::resp::encode::request(&mut bytes, args.iter().map(Vec::as_slice));
        }
        prop_assert_eq!(requests_at_once(&bytes, RequestDecoder::default()), (requests, None));
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>, cuts: Vec<u8>) {
        check::streams(&bytes, &cuts);
    }
}

#[test]
fn corpus() {
    super::corpus::replay("resp", check::case);
}
