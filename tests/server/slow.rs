//! Commands that take long, and those that wait.

use std::time::Duration;

use purekv::Store;
use purekv::resp::decode::FrameDecoder;
use purekv::resp::frame::Frame;
use purekv::server::{Database, Server, Settings, Wanted};

use crate::driver::{Client, server};

fn frame(client: &mut Client, line: &str) -> Frame {
    let reply = client.send(format!("{line}\r\n").as_bytes());
    FrameDecoder::default().decode(&reply).unwrap().frame.unwrap()
}

fn array(frame: Frame) -> Vec<Frame> {
    match frame {
        Frame::Array(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn bulk(text: &str) -> Frame {
    Frame::Bulk(text.as_bytes().to_vec())
}

#[test]
fn what_takes_long_is_logged() {
    let mut client = Client::alone();
    client.check(&[
        ("CLIENT SETNAME me", "+OK|"),
        ("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3", "+OK|"),
        // Neither of them is timed: they take constant time.
        ("SET k v", "+OK|"),
        ("GET k", "$1|v|"),
        ("LCS k k", "$1|v|"),
        ("SLOWLOG LEN", ":2|"),
    ]);
    client.say("KEYS *");
    let entries = array(frame(&mut client, "SLOWLOG GET 1"));
    let entry = array(entries[0].clone());
    // CONFIG SET, LCS, SLOWLOG LEN and KEYS, from 0.
    assert_eq!(entry[0], Frame::Integer(3));
    assert!(matches!(entry[1], Frame::Integer(time) if time > 1_700_000_000));
    assert!(matches!(entry[2], Frame::Integer(micros) if micros < 1_000_000));
    assert_eq!(entry[3], Frame::Array(vec![bulk("KEYS"), bulk("*")]));
    assert_eq!(entry[4..], [bulk("test:1"), bulk("me")]);
    assert_eq!(array(frame(&mut client, "SLOWLOG GET -1")).len(), 3);
    client.check(&[
        ("CONFIG SET slowlog-log-slower-than -1", "+OK|"),
        ("SLOWLOG RESET", "+OK|"),
        ("KEYS *", "*1|$1|k|"),
        ("SLOWLOG GET", "*0|"),
    ]);
}

#[test]
fn long_requests_are_shown_in_part() {
    let mut client = Client::alone();
    client.say("CONFIG SET slowlog-log-slower-than 0");
    client.say(&format!("MSET {}", "k v ".repeat(20)));
    client.say(&format!("SET k {}", "v".repeat(20_000)));
    client.say("CONFIG SET requirepass secret");
    let entries = array(frame(&mut client, "SLOWLOG GET"));
    let args = |place: usize| array(array(entries[place].clone())[3].clone());
    assert_eq!(args(0)[2..], [bulk("requirepass"), bulk("(redacted)")]);
    let shown = format!("{}... (19872 more bytes)", "v".repeat(128));
    assert_eq!(args(1), [bulk("SET"), bulk("k"), bulk(&shown)]);
    assert_eq!(args(2).len(), 32);
    assert_eq!(args(2)[31], bulk("... (10 more arguments)"));
}

#[test]
fn what_takes_very_long_is_an_event() {
    let mut client = Client::alone();
    client.check(&[("LATENCY LATEST", "*0|"), ("CONFIG SET latency-monitor-threshold 1", "+OK|")]);
    let long = "ab".repeat(4000);
    client.say(&format!("MSET k {long} l {long}"));
    client.say("LCS k l LEN");
    let events = array(frame(&mut client, "LATENCY LATEST"));
    let event = array(events[0].clone());
    assert_eq!(event[0], bulk("command"));
    assert!(matches!(event[2], Frame::Integer(millis) if millis >= 1));
    assert_eq!(event[2], event[3]);
    client.check(&[
        ("CONFIG SET latency-monitor-threshold 0", "+OK|"),
        ("LATENCY RESET fork", ":0|"),
        ("LATENCY RESET fork command", ":1|"),
        ("LATENCY LATEST", "*0|"),
    ]);
}

#[test]
fn who_sleeps_holds_up_nobody() {
    let (_, hand) = server();
    drop(hand);
    let (clock, hand) = purekv::Clock::manual();
    let store = Store::builder().clock(clock).expiry(purekv::Expiry::Manual).build();
    let mut settings = Settings::default();
    settings.debug = true;
    let server = Server::new(Database::new(store), settings);
    let [mut client, mut other] = [(), ()].map(|()| Client::new(&server));
    client.feed(b"PING\r\nDEBUG SLEEP 1.5\r\nPING\r\n");
    assert_eq!(client.advance(), Wanted::Write);
    assert_eq!(client.written(7), Wanted::Wait);
    other.check(&[
        ("PING", "+PONG|"),
        ("DEBUG SLEEP 0", "+OK|"),
        ("DEBUG SLEEP x", "+OK|"),
        ("DEBUG SET-ACTIVE-EXPIRE 0", "+OK|"),
        (
            "DEBUG foo",
            "-ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.|",
        ),
    ]);
    assert!(other.say("DEBUG HELP").starts_with("*7|+DEBUG <subcommand> "));
    assert_eq!(client.worker.wake_in(), Some(Duration::from_millis(1500)));
    hand.advance(Duration::from_millis(1499));
    assert_eq!(client.advance(), Wanted::Wait);
    hand.advance(Duration::from_millis(1));
    assert_eq!(client.worker.woken(), [1]);
    assert_eq!(client.send(b""), b"+OK\r\n+PONG\r\n");
}

#[test]
fn help_is_what_the_table_says() {
    let mut client = Client::alone();
    for name in
        ["CLIENT", "COMMAND", "OBJECT", "MEMORY", "CONFIG", "SLOWLOG", "LATENCY", "FUNCTION"]
    {
        let lines = array(frame(&mut client, &format!("{name} HELP")));
        let first = format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        assert_eq!(lines[0], Frame::Simple(first.into_bytes()));
        assert_eq!(lines.last(), Some(&Frame::Simple(b"    Prints this help.".to_vec())));
        // A line for what it is, and one for what it does.
        assert!(lines.len() >= 5 && lines.len() % 2 == 1, "{name}: {lines:?}");
    }
    assert!(client.say("SLOWLOG HELP").contains("|+GET [count]|+    The last commands"));
}

#[test]
fn a_value_s_memory_is_told() {
    Client::alone().check(&[
        ("MEMORY USAGE k", "$-1|"),
        ("SET k 0123456789", "+OK|"),
        ("MEMORY USAGE k", ":48|"),
        ("MEMORY USAGE k SAMPLES 5", ":48|"),
    ]);
}
