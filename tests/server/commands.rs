use purekv::Store;
use purekv::resp::command::Command;
use purekv::resp::decode::FrameDecoder;
use purekv::resp::encode;
use purekv::resp::frame::Frame;
use purekv::server::{Database, Server, Settings};

use crate::driver::{Client, both};

#[test]
fn keys() {
    both(&[
        ("DBSIZE", ":0|"),
        ("RANDOMKEY", "_|"),
        ("KEYS *", "*0|"),
        ("SCAN 0 COUNT 100000", "*2|$1|0|*0|"),
        ("MSET a 1 b 2 c 3", "+OK|"),
        ("DBSIZE", ":3|"),
        ("EXISTS a b nope a", ":3|"),
        ("TOUCH a nope", ":1|"),
        ("TYPE a", "+string|"),
        ("TYPE nope", "+none|"),
        ("KEYS a*", "*1|$1|a|"),
        ("KEYS nope", "*0|"),
        ("SCAN 0 MATCH b COUNT 100000", "*2|$1|0|*1|$1|b|"),
        ("SCAN 0 TYPE String MATCH c COUNT 100000", "*2|$1|0|*1|$1|c|"),
        ("SCAN 0 TYPE hash COUNT 100000", "*2|$1|0|*0|"),
        ("SCAN x", "-ERR invalid cursor|"),
        ("SCAN 99999999999999999999", "-ERR invalid cursor|"),
        ("SCAN 0 COUNT 0", "-ERR syntax error|"),
        ("SCAN 0 COUNT x", "-ERR value is not an integer or out of range|"),
        ("SCAN 0 COUNT", "-ERR syntax error|"),
        ("SCAN 0 FOO 1", "-ERR syntax error|"),
        ("DEL a a nope", ":1|"),
        ("UNLINK b", ":1|"),
        ("RANDOMKEY", "$1|c|"),
        ("FLUSHALL FOO", "-ERR syntax error|"),
        ("FLUSHALL ASYNC", "+OK|"),
        ("DBSIZE", ":0|"),
        ("FLUSHDB", "+OK|"),
    ]);
}

#[test]
fn objects() {
    both(&[
        ("OBJECT ENCODING k", "_|"),
        ("OBJECT FREQ k", "_|"),
        ("OBJECT IDLETIME k", "_|"),
        ("SET k 123", "+OK|"),
        ("OBJECT ENCODING k", "$3|int|"),
        ("SET k 0123", "+OK|"),
        ("OBJECT ENCODING k", "$6|embstr|"),
        ("SET k 012345678901234567890123456789012345678901234", "+OK|"),
        ("OBJECT ENCODING k", "$3|raw|"),
        ("OBJECT FOO k", "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.|"),
    ]);
    let store = Store::builder().max_capacity(10).build();
    let mut client = Client::new(&Server::new(Database::new(store), Settings::default()));
    client.check(&[("SET k v", "+OK|"), ("OBJECT FREQ k", ":0|"), ("GET k", "$1|v|")]);
    client.check(&[("OBJECT FREQ k", ":1|")]);
    assert!(
        client.say("OBJECT IDLETIME k").starts_with("-ERR An LFU maxmemory policy is selected")
    );
    let mut client = Client::alone();
    client.say("SET k v");
    assert!(
        client.say("OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not selected")
    );
}

fn call(client: &mut Client, args: &[&[u8]]) -> Frame {
    let mut bytes = Vec::new();
    encode::request(&mut bytes, args.iter().copied());
    let replies = client.send(&bytes);
    let step = FrameDecoder::default().decode(&replies).unwrap();
    assert_eq!(step.length, replies.len(), "one reply");
    step.frame.unwrap()
}

#[test]
fn a_scan_shows_all() {
    let mut client = Client::alone();
    for number in 0..1000 {
        client.say(&format!("SET key:{number} v"));
    }
    let (mut cursor, mut found) = (b"0".to_vec(), Vec::new());
    loop {
        let Frame::Array(reply) = call(&mut client, &[b"SCAN", &cursor, b"COUNT", b"50"]) else {
            panic!("no array")
        };
        let [Frame::Bulk(next), Frame::Array(keys)] = &reply[..] else { panic!("{reply:?}") };
        found.extend(keys.clone());
        cursor.clone_from(next);
        if cursor == b"0" {
            break;
        }
    }
    let is_string = |frame: &Frame| matches!(frame, Frame::Bulk(key) if key.starts_with(b"key:"));
    assert!(found.iter().all(is_string));
    found.sort_by_key(|frame| format!("{frame:?}"));
    found.dedup();
    assert_eq!(found.len(), 1000);
    let Frame::Array(keys) = call(&mut client, &[b"KEYS", b"*"]) else { panic!("no array") };
    assert_eq!(keys.len(), 1000);
}

#[test]
fn time_is_that_of_the_store() {
    let mut client = Client::alone();
    let Frame::Array(time) = call(&mut client, &[b"TIME"]) else { panic!("no array") };
    let numbers: Vec<u64> = time
        .iter()
        .map(|part| match part {
            Frame::Bulk(text) => std::str::from_utf8(text).unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(numbers[0] > 1_700_000_000 && numbers[1] < 1_000_000);
}

/// A command as unknown, by a server that has none of it.
fn is_unknown(reply: &Frame) -> bool {
    matches!(reply, Frame::Error(text) if text.starts_with(b"ERR unknown "))
}

#[test]
fn every_command_is_there() {
    for command in Command::all() {
        let spec = command.spec();
        let mut args: Vec<&[u8]> = spec.name.as_bytes().split(|byte| *byte == b'|').collect();
        // A container alone is not asked about a subcommand.
        let count = usize::from(spec.arity.unsigned_abs());
        if !command.is_container() || count == 1 {
            args.resize(count.max(args.len()), b"1");
        }
        let mut client = Client::alone();
        let mut bytes = Vec::new();
        encode::request(&mut bytes, args.iter().copied());
        let replies = client.send(&bytes);
        let frame = FrameDecoder::default().decode(&replies).unwrap().frame;
        let listed = call(&mut Client::alone(), &[b"COMMAND", b"INFO", spec.name.as_bytes()]);
        let is_listed = listed != Frame::Array(vec![Frame::Null]);
        let is_missing = frame.as_ref().is_some_and(is_unknown);
        assert!(is_listed && !is_missing, "{}", spec.name);
    }
}

#[test]
fn what_is_unknown_is_refused_in_redis_s_words() {
    both(&[
        ("FOO a b", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' |"),
        ("HSET", "-ERR unknown command 'HSET', with args beginning with: |"),
        ("LPUSH a", "-ERR unknown command 'LPUSH', with args beginning with: 'a' |"),
        (
            "CLIENT MAINT_NOTIFICATIONS ON",
            "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.|",
        ),
        ("CLIENT", "-ERR wrong number of arguments for 'client' command|"),
    ]);
}

#[test]
fn the_table_tells_of_itself() {
    both(&[
        ("COMMAND GETKEYS MSET a 1 b 2", "*2|$1|a|$1|b|"),
        ("COMMAND GETKEYS GET a b", "-ERR Invalid number of arguments specified for command|"),
        ("COMMAND GETKEYS LPUSH a b", "-ERR Invalid command specified|"),
        ("COMMAND GETKEYS PING x", "-ERR The command has no key arguments|"),
        ("COMMAND LIST FILTERBY PATTERN GetR*", "*1|$8|getrange|"),
        ("COMMAND LIST FILTERBY PATTERN client|r*", "*1|$12|client|reply|"),
        ("COMMAND LIST FILTERBY MODULE x", "*0|"),
        ("COMMAND LIST FILTERBY FOO x", "-ERR syntax error|"),
        ("COMMAND LIST FOO", "-ERR syntax error|"),
        ("COMMAND INFO nope", "*1|_|"),
    ]);
    let mut client = Client::alone();
    let Frame::Integer(count) = call(&mut client, &[b"COMMAND", b"COUNT"]) else { panic!() };
    let Frame::Array(all) = call(&mut client, &[b"COMMAND"]) else { panic!() };
    assert_eq!(all.len() as i64, count);
    let Frame::Array(docs) = call(&mut client, &[b"COMMAND", b"DOCS"]) else { panic!() };
    assert_eq!(docs.len() as i64, 2 * count);
    client.say("HELLO 3");
    assert!(matches!(call(&mut client, &[b"COMMAND", b"DOCS"]), Frame::Map(_)));
}

#[test]
fn a_default_time_to_live_is_the_store_s() {
    let store = Store::builder().time_to_live(std::time::Duration::from_secs(50)).build();
    let server = Server::new(Database::new(store), Settings::default());
    Client::new(&server).check(&[
        ("SET k v", "+OK|"),
        ("TTL k", ":50|"),
        ("SET k v EX 9", "+OK|"),
        ("TTL k", ":9|"),
        ("APPEND k v", ":2|"),
        ("TTL k", ":9|"),
        ("GETEX k PERSIST", "$2|vv|"),
        ("TTL k", ":-1|"),
    ]);
}
