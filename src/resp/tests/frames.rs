use proptest::prelude::*;

use crate::resp::Protocol;
use crate::resp::check::{comes_back, frames_in_pieces};
use crate::resp::decode::FrameDecoder;
use crate::resp::error::FrameError;
use crate::resp::frame::Frame;
use crate::resp::limits::FrameLimits;

fn decode(bytes: &[u8]) -> (Vec<Frame>, Option<FrameError>) {
    let at_once = frames_in_pieces(bytes, &[bytes.len()], FrameDecoder::default());
    let in_pieces = frames_in_pieces(bytes, &[1], FrameDecoder::default());
    // What is compared is what is shown, since no NaN equals another.
    assert_eq!(format!("{at_once:?}"), format!("{in_pieces:?}"));
    at_once
}

/// The one frame in `bytes`; line ends are written as bars.
fn one(bytes: &str) -> Frame {
    let (mut frames, error) = decode(bytes.replace('|', "\r\n").as_bytes());
    assert_eq!((frames.len(), error), (1, None), "{bytes}");
    frames.remove(0)
}

fn bulk(text: &str) -> Frame {
    Frame::Bulk(text.into())
}

// The examples of the protocol's specification.
#[test]
fn resp2_is_read() {
    assert_eq!(one("+OK|"), Frame::Simple("OK".into()));
    assert_eq!(
        one("-ERR unknown command 'asdf'|"),
        Frame::Error("ERR unknown command 'asdf'".into())
    );
    assert_eq!(one(":0|"), Frame::Integer(0));
    assert_eq!(one(":-1000|"), Frame::Integer(-1000));
    assert_eq!(one(":+7|"), Frame::Integer(7));
    assert_eq!(one("$5|hello|"), bulk("hello"));
    assert_eq!(one("$0||"), bulk(""));
    assert_eq!(one("$2|||"), Frame::Bulk(b"\r\n".to_vec()));
    assert_eq!(one("$-1|"), Frame::Null);
    assert_eq!(one("*0|"), Frame::Array(vec![]));
    assert_eq!(one("*-1|"), Frame::NullArray);
    assert_eq!(
        one("*3|$5|hello|$-1|*2|:1|*0|"),
        Frame::Array(vec![
            bulk("hello"),
            Frame::Null,
            Frame::Array(vec![Frame::Integer(1), Frame::Array(vec![])]),
        ])
    );
}

#[test]
fn resp3_is_read() {
    assert_eq!(one("_|"), Frame::Null);
    assert_eq!(one("#t|"), Frame::Boolean(true));
    assert_eq!(one("#f|"), Frame::Boolean(false));
    assert_eq!(one(",1.23|"), Frame::Double(1.23));
    assert_eq!(one(",10|"), Frame::Double(10.0));
    assert_eq!(one(",-1.5E+3|"), Frame::Double(-1500.0));
    assert_eq!(one(",inf|"), Frame::Double(f64::INFINITY));
    assert_eq!(one(",-inf|"), Frame::Double(f64::NEG_INFINITY));
    assert!(matches!(one(",nan|"), Frame::Double(value) if value.is_nan()));
    assert!(matches!(one(",-nan|"), Frame::Double(value) if value.is_nan()));
    let digits = "3492890328409238509324850943850943825024385";
    assert_eq!(one(&format!("({digits}|")), Frame::BigNumber(digits.into()));
    assert_eq!(one("!21|SYNTAX invalid syntax|"), Frame::BulkError("SYNTAX invalid syntax".into()));
    assert_eq!(
        one("=15|txt:Some string|"),
        Frame::Verbatim { format: *b"txt", text: "Some string".into() }
    );
    let first = || Frame::Simple("first".into());
    let map = Frame::Map(vec![(first(), Frame::Integer(1)), (bulk("b"), Frame::Null)]);
    assert_eq!(one("%2|+first|:1|$1|b|_|"), map);
    assert_eq!(one("~2|+first|#t|"), Frame::Set(vec![first(), Frame::Boolean(true)]));
    assert_eq!(one(">2|+first|:1|"), Frame::Push(vec![first(), Frame::Integer(1)]));
}

#[test]
fn streams_come_as_wholes() {
    assert_eq!(one("$?|;4|Hell|;5|o wor|;2|ld|;0|"), bulk("Hello world"));
    assert_eq!(one("$?|;0|"), bulk(""));
    assert_eq!(one("*?|:1|$?|;1|a|;0|.|"), Frame::Array(vec![Frame::Integer(1), bulk("a")]));
    assert_eq!(one("*?|.|"), Frame::Array(vec![]));
    assert_eq!(one("~?|:1|:2|.|"), Frame::Set(vec![Frame::Integer(1), Frame::Integer(2)]));
    assert_eq!(
        one("%?|+a|*?|.|.|"),
        Frame::Map(vec![(Frame::Simple("a".into()), Frame::Array(vec![]))])
    );
}

#[test]
fn attributes_belong_to_what_follows() {
    let pair = || vec![(Frame::Simple("ttl".into()), Frame::Integer(3600))];
    let (frames, error) = decode(b"*2\r\n:1\r\n|1\r\n+ttl\r\n:3600\r\n:2\r\n|0\r\n:3\r\n");
    let attributed = Frame::Attribute(pair(), Box::new(Frame::Integer(2)));
    let empty = Frame::Attribute(vec![], Box::new(Frame::Integer(3)));
    assert_eq!(frames, [Frame::Array(vec![Frame::Integer(1), attributed]), empty]);
    assert_eq!(error, None);
}

#[track_caller]
fn refused(bytes: &str, offset: u64, expected: &str, found: &str) {
    let error = decode(bytes.replace('|', "\r\n").as_bytes()).1.unwrap();
    assert_eq!(
        error.to_string(),
        format!("at byte {offset}: expected {expected}, found \"{found}\"")
    );
}

#[test]
fn errors_say_what_was_expected() {
    refused("+OK|?what|", 5, "a frame", "?what");
    refused("|", 0, "a frame", "");
    refused("+a\nb|", 2, "\\r\\n", "\\n");
    refused("+a\rb|", 2, "\\r\\n", "\\rb");
    refused(":12a|", 0, "an integer", "12a");
    refused(":+-1|", 0, "an integer", "+-1");
    refused(":9223372036854775808|", 0, "an integer", "9223372036854775808");
    refused("$x|", 0, "a length", "x");
    refused("$-2|", 0, "a length", "-2");
    refused("=-1|", 0, "a length", "-1");
    refused("%-1|", 0, "a length", "-1");
    refused("$2|abc|", 6, "\\r\\n", "c");
    refused("=3|txt|", 4, "three letters and a colon", "txt");
    refused("=4|txt.|", 4, "three letters and a colon", "txt.");
    refused("_x|", 0, "a null", "_x");
    refused("#x|", 0, "t or f", "x");
    refused(",1.2.3|", 0, "a double", "1.2.3");
    refused("(12a|", 0, "a big number", "12a");
    refused("(-|", 0, "a big number", "-");
    refused("$?|+OK|", 4, "a piece of a string", "+");
    refused(".|", 0, "a frame", ".");
    refused("*1|.|", 4, "a frame", ".");
    refused("%?|:1|.|", 8, "a value", ".");
    refused("*?|.x|", 4, "a frame", "x");
    refused(">?|", 0, "a length", "?");
    refused(";1|a|", 0, "a frame", ";1");
}

fn limit(bytes: &[u8], limits: FrameLimits) -> String {
    let at_once = frames_in_pieces(bytes, &[bytes.len()], FrameDecoder::new(limits)).1;
    assert_eq!(at_once, frames_in_pieces(bytes, &[1], FrameDecoder::new(limits)).1);
    at_once.unwrap().to_string()
}

#[test]
fn limits_hold() {
    let limits = FrameLimits { depth: 2, elements: 4, bulk: 5, line: 8 };
    assert_eq!(limit(b"*1\r\n*1\r\n*1\r\n", limits), "at byte 8: 3 levels, at most 2 are allowed");
    assert_eq!(limit(b"*4\r\n", limits), "at byte 0: 4 elements, at most 3 are allowed");
    assert_eq!(
        limit(b"*2\r\n:1\r\n*2\r\n", limits),
        "at byte 8: 2 elements, at most 1 are allowed"
    );
    assert_eq!(
        limit(b"*?\r\n:1\r\n:1\r\n:1\r\n:1\r\n", limits),
        "at byte 16: 5 elements, at most 4 are allowed"
    );
    assert_eq!(limit(b"$6\r\n", limits), "at byte 0: 6 bytes, at most 5 are allowed");
    assert_eq!(
        limit(b"$?\r\n;5\r\nabcde\r\n;1\r\n", limits),
        "at byte 15: 1 bytes, at most 0 are allowed"
    );
    assert_eq!(limit(b"+12345678", limits), "at byte 0: 9 bytes in a line, at most 8 are allowed");
    // Elements are counted anew for each frame.
    let (frames, error) =
        frames_in_pieces(&b"*3\r\n:1\r\n:2\r\n:3\r\n".repeat(9), &[5], FrameDecoder::new(limits));
    assert_eq!((frames.len(), error), (9, None));
}

#[test]
fn depth_is_not_the_stack_s() {
    let deep = b"*1\r\n".repeat(100_000);
    let error = decode(&deep).1.unwrap().to_string();
    assert_eq!(error, "at byte 128: 33 levels, at most 32 are allowed");
    let limits = FrameLimits { depth: u8::MAX, ..FrameLimits::default() };
    let nested = [b"*1\r\n".repeat(255), b":1\r\n".to_vec()].concat();
    let (frames, error) = frames_in_pieces(&nested, &[nested.len()], FrameDecoder::new(limits));
    assert_eq!((frames.len(), error), (1, None));
    comes_back(&frames[0]);
}

#[test]
fn announcements_take_no_memory() {
    let limits =
        FrameLimits { depth: u8::MAX, elements: u64::MAX, bulk: u64::MAX, line: usize::MAX };
    for bytes in [
        &b"*4611686018427387903\r\n"[..],
        b"%2305843009213693951\r\n",
        b"|9223372036854775807\r\n",
        b"$4611686018427387903\r\nabc",
        b"~4611686018427387903\r\n:1\r\n",
    ] {
        assert_eq!(
            frames_in_pieces(bytes, &[bytes.len()], FrameDecoder::new(limits)),
            (vec![], None)
        );
    }
}

#[test]
fn bytes_are_looked_at_once() {
    let mut bytes = format!("*2\r\n+{}\r\n$300000\r\n", "a".repeat(30_000)).into_bytes();
    bytes.resize(bytes.len() + 300_000, b'x');
    bytes.extend_from_slice(b"\r\n");
    let mut decoder = FrameDecoder::default();
    let (mut start, mut frame) = (0, None);
    for end in 1..=bytes.len() {
        let step = decoder.decode(&bytes[start..end]).unwrap();
        start += step.length;
        frame = frame.or(step.frame);
    }
    assert!(frame.is_some());
    assert!(decoder.examined < bytes.len() as u64 + 100, "{}", decoder.examined);
    assert_eq!(decoder.offset(), bytes.len() as u64);
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    "[ -~\u{e0}-\u{ff}]{0,20}".prop_map(String::into_bytes)
}

fn frame() -> impl Strategy<Value = Frame> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
    let leaf = prop_oneof![
        line().prop_map(Frame::Simple),
        line().prop_map(Frame::Error),
        any::<i64>().prop_map(Frame::Integer),
        bytes().prop_map(Frame::Bulk),
        Just(Frame::Null),
        Just(Frame::NullArray),
        any::<f64>().prop_map(Frame::Double),
        any::<bool>().prop_map(Frame::Boolean),
        "[-+]?[0-9]{1,40}".prop_map(Frame::BigNumber),
        bytes().prop_map(Frame::BulkError),
        ("[a-z]{3}", bytes()).prop_map(|(format, text)| {
            Frame::Verbatim { format: format.as_bytes().try_into().unwrap(), text }
        }),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let items = || proptest::collection::vec(inner.clone(), 0..6);
        let pairs = || proptest::collection::vec((inner.clone(), inner.clone()), 0..4);
        prop_oneof![
            items().prop_map(Frame::Array),
            items().prop_map(Frame::Set),
            items().prop_map(Frame::Push),
            pairs().prop_map(Frame::Map),
            (pairs(), inner.clone())
                .prop_map(|(pairs, about)| Frame::Attribute(pairs, Box::new(about))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_was_encoded_is_decoded(frame in frame()) {
        comes_back(&frame);
    }

    #[test]
    fn pieces_do_not_matter(
        frames in proptest::collection::vec(frame(), 0..4),
        damage in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cuts in proptest::collection::vec(0..30_usize, 1..20),
    ) {
        let mut bytes = Vec::new();
        for frame in &frames {
            frame.encode(Protocol::Resp3, &mut bytes);
        }
        if let Some((place, byte)) = damage && !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let (at_once, error) = frames_in_pieces(&bytes, &[bytes.len()], FrameDecoder::default());
        let (in_pieces, error_in_pieces) = frames_in_pieces(&bytes, &cuts, FrameDecoder::default());
        prop_assert_eq!(format!("{at_once:?}"), format!("{in_pieces:?}"));
        prop_assert_eq!(error, error_in_pieces);
    }
}
