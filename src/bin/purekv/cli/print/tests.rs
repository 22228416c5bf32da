//! What each type of reply looks like in each form.

use proptest::prelude::*;
use purekv::resp::decode::FrameDecoder;
use purekv::resp::inline;

use super::*;

fn frame(bytes: &str) -> Frame {
    FrameDecoder::default().decode(bytes.as_bytes()).unwrap().frame.unwrap()
}

/// A reply as the server sends it, and its three forms.
#[track_caller]
fn is(reply: &str, pretty: &str, raw: &str, json: &str) {
    let reply = frame(reply);
    for (form, expected) in [(Form::Pretty, pretty), (Form::Raw, raw), (Form::Json, json)] {
        let text = String::from_utf8(form.text(&reply)).unwrap();
        assert_eq!(text, format!("{expected}\n"), "{form:?}");
    }
}

#[test]
fn single_values() {
    is("+OK\r\n", "OK", "OK", r#""OK""#);
    is("-ERR no\r\n", "(error) ERR no", "ERR no\n", r#"{"error":"ERR no"}"#);
    is(":-7\r\n", "(integer) -7", "-7", "-7");
    is("$3\r\na b\r\n", r#""a b""#, "a b", r#""a b""#);
    is("$0\r\n\r\n", r#""""#, "", r#""""#);
    is("$-1\r\n", "(nil)", "", "null");
    is("*-1\r\n", "(nil)", "", "null");
    is("_\r\n", "(nil)", "", "null");
    is(",1.5\r\n", "(double) 1.5", "1.5", "1.5");
    is(",-inf\r\n", "(double) -inf", "-inf", r#""-inf""#);
    is("#t\r\n", "(true)", "(true)", "true");
    is("#f\r\n", "(false)", "(false)", "false");
    let digits = "123456789012345678901234567890";
    is(&format!("({digits}\r\n"), &format!("(big number) {digits}"), digits, digits);
    is("(-007\r\n", "(big number) -007", "-007", "-7");
    is("!7\r\nERR a\nb\r\n", "(error) ERR a\nb", "ERR a\nb\n", r#"{"error":"ERR a\nb"}"#);
    is("=8\r\ntxt:a\n\"b\r\n", "a\n\"b", "a\n\"b", r#""a\n\"b""#);
}

#[test]
fn strings_of_any_bytes() {
    let reply = Frame::Bulk(b"\\\"\n\r\t\x07\x08\0~\x7f\xff".to_vec());
    assert_eq!(Form::Pretty.text(&reply), b"\"\\\\\\\"\\n\\r\\t\\a\\b\\x00~\\x7f\\xff\"\n");
    assert_eq!(Form::Raw.text(&reply), b"\\\"\n\r\t\x07\x08\0~\x7f\xff\n");
    assert_eq!(Form::Json.text(&reply), b"{\"base64\":\"XCIKDQkHCAB+f/8=\"}\n");
    let reply = Frame::Bulk("\u{e9}".into());
    assert_eq!(Form::Pretty.text(&reply), b"\"\\xc3\\xa9\"\n");
    assert_eq!(Form::Json.text(&reply), "\"\u{e9}\"\n".as_bytes());
    let reply = Frame::Map(vec![(Frame::Bulk(b"\xff\"".to_vec()), Frame::Null)]);
    assert_eq!(Form::Json.text(&reply), b"{\"\\\\xff\\\\\\\"\":null}\n");
}

#[test]
fn aggregates() {
    is("*0\r\n", "(empty array)", "", "[]");
    is("~0\r\n", "(empty set)", "", "[]");
    is("%0\r\n", "(empty hash)", "", "{}");
    is(">0\r\n", "(empty push)", "", "[]");
    is("*2\r\n$1\r\na\r\n:1\r\n", "1) \"a\"\n2) (integer) 1", "a\n1", r#"["a",1]"#);
    is("~2\r\n+a\r\n+b\r\n", "1~ a\n2~ b", "a\nb", r#"["a","b"]"#);
    is(
        "%2\r\n$1\r\na\r\n:1\r\n:2\r\n#t\r\n",
        "1# \"a\" => (integer) 1\n2# (integer) 2 => (true)",
        "a 1\n2 (true)",
        r#"{"a":1,"2":true}"#,
    );
    is("|1\r\n+a\r\n+b\r\n:1\r\n", "1| a => b\n(integer) 1", "1", "1");
}

#[test]
fn nested_aggregates_are_indented() {
    is(
        "*2\r\n*2\r\n:1\r\n*2\r\n+a\r\n+b\r\n%1\r\n+k\r\n~2\r\n+x\r\n+y\r\n",
        "1) 1) (integer) 1\n   2) 1) a\n      2) b\n2) 1# k => \n      1~ x\n      2~ y",
        "1\na\nb\nk x\ny",
        r#"[[1,["a","b"]],{"k":["x","y"]}]"#,
    );
    // A value goes on in its line if it is but one.
    is(
        "%3\r\n+a\r\n*1\r\n*1\r\n:1\r\n+b\r\n%1\r\n+c\r\n%2\r\n+d\r\n_\r\n+e\r\n_\r\n+f\r\n~0\r\n",
        "1# a => 1) 1) (integer) 1\n2# b => \n   1# c => \n      1# d => (nil)\n      2# e => (nil)\n3# f => (empty set)",
        "a 1\nb c d \ne \nf ",
        r#"{"a":[[1]],"b":{"c":{"d":null,"e":null}},"f":[]}"#,
    );
    let ten = Form::Pretty.text(&frame(&format!("*10\r\n*1\r\n+a\r\n{}", "+b\r\n".repeat(9))));
    assert!(ten.starts_with(b" 1) 1) a\n 2) b\n"), "{}", ten.escape_ascii());
    assert!(ten.ends_with(b" 9) b\n10) b\n"), "{}", ten.escape_ascii());
}

#[test]
fn pushes_of_changed_keys_are_one_line() {
    let Frame::Push(push) = frame(">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n") else {
        panic!("it is a push")
    };
    assert_eq!(Form::Pretty.push(&push), b"-> invalidate: \"a\", \"b\"\n");
    assert_eq!(Form::Raw.push(&push), b"invalidate\na\nb\n");
    let Frame::Push(push) = frame(">3\r\n+message\r\n+c\r\n+m\r\n") else { panic!("it is a push") };
    assert_eq!(Form::Pretty.push(&push), b"1) message\n2) c\n3) m\n");
}

#[test]
fn text_for_people_is_shown_as_it_is() {
    let args = |line: &str| line.split(' ').map(|word| word.into()).collect::<Vec<Vec<u8>>>();
    let text = Frame::Bulk(b"# Server\r\na:1\r\n".to_vec());
    for line in ["info", "INFO server", "client list", "CLIENT INFO"] {
        assert_eq!(Form::Pretty.text_for(&args(line), &text), b"# Server\r\na:1\r\n", "{line}");
    }
    assert_eq!(Form::Json.text_for(&args("info"), &text), b"\"# Server\\r\\na:1\\r\\n\"\n");
    let error = Frame::Error(b"NOAUTH".to_vec());
    assert_eq!(Form::Pretty.text_for(&args("info"), &error), b"NOAUTH\n");
    assert_eq!(Form::Pretty.text_for(&args("client id"), &Frame::Integer(7)), b"(integer) 7\n");
}

proptest! {
    #[test]
    fn what_is_quoted_can_be_typed(bytes: Vec<u8>) {
        let mut line = b"set k ".to_vec();
        quote(&mut line, &bytes);
        let words = inline::words(&line).unwrap();
        prop_assert_eq!(words, [&b"set"[..], b"k", &bytes]);
    }

    #[test]
    fn any_string_is_json(bytes: Vec<u8>) {
        let frame = Frame::Map(vec![(Frame::Bulk(bytes.clone()), Frame::Bulk(bytes))]);
        serde_json::from_slice::<serde_json::Value>(&Form::Json.text(&frame)).unwrap();
    }
}
