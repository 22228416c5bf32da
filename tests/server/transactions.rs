use std::time::Duration;

use purekv::Store;
use purekv::server::{Database, Server, Settings};

use crate::driver::{Client, both, server};

const ABORTED: &str = "-EXECABORT Transaction discarded because of previous errors.|";

#[test]
fn what_is_queued_is_carried_out_by_exec() {
    both(&[
        ("EXEC", "-ERR EXEC without MULTI|"),
        ("DISCARD", "-ERR DISCARD without MULTI|"),
        ("MULTI", "+OK|"),
        ("EXEC", "*0|"),
        ("MULTI", "+OK|"),
        ("SET k v", "+QUEUED|"),
        ("GET k", "+QUEUED|"),
        ("INCR k", "+QUEUED|"),
        ("MSET a 1 b 2", "+QUEUED|"),
        ("RENAME a c", "+QUEUED|"),
        ("MGET a b c", "+QUEUED|"),
        ("DEL b c", "+QUEUED|"),
        (
            "EXEC",
            "*7|+OK|$1|v|-ERR value is not an integer or out of range|+OK|+OK|*3|_|$1|2|$1|1|:2|",
        ),
        ("GET k", "$1|v|"),
        ("MULTI", "+OK|"),
        ("SET k w", "+QUEUED|"),
        ("DISCARD", "+OK|"),
        ("GET k", "$1|v|"),
        ("MULTI", "+OK|"),
        ("GET k", "+QUEUED|"),
        ("EXEC", "*1|$1|v|"),
    ]);
}

#[test]
fn what_is_refused_spoils_a_transaction() {
    for line in ["FOO", "GET", "MULTI x", "WATCH", "DISCARD x"] {
        let mut client = Client::alone();
        client.check(&[("MULTI", "+OK|"), ("SET k v", "+QUEUED|")]);
        assert!(client.say(line).starts_with("-ERR "), "{line}");
        client.check(&[("PING", "+QUEUED|"), ("EXEC", ABORTED), ("GET k", "$-1|")]);
    }
    let mut client = Client::alone();
    client.check(&[
        ("MULTI", "+OK|"),
        ("SET k v", "+QUEUED|"),
        // These two are answered, and the transaction goes on.
        ("MULTI", "-ERR MULTI calls can not be nested|"),
        ("WATCH k", "-ERR WATCH inside MULTI is not allowed|"),
        ("EXEC", "*1|+OK|"),
        ("MULTI", "+OK|"),
        ("DEL k", "+QUEUED|"),
        (
            "EXEC x",
            "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command|",
        ),
        ("EXEC", "-ERR EXEC without MULTI|"),
        ("GET k", "$1|v|"),
    ]);
}

#[test]
fn a_transaction_has_a_bound() {
    let mut settings = Settings::default();
    settings.transaction = 4096;
    let server = Server::new(Database::new(Store::new()), settings);
    let mut client = Client::new(&server);
    let long = "x".repeat(3000);
    client.check(&[
        ("MULTI", "+OK|"),
        (&format!("SET a {long}"), "+QUEUED|"),
        (&format!("SET b {long}"), "-ERR transaction takes more than 4096 bytes|"),
        ("SET c v", "+QUEUED|"),
        ("EXEC", ABORTED),
        ("EXISTS a b c", ":0|"),
        (&format!("WATCH {long}"), "-ERR what is watched takes more than 4096 bytes|"),
        ("WATCH a b a b a b", "+OK|"),
        ("WATCH a b a b a b", "+OK|"),
    ]);
    assert_eq!(client.say(&format!("WATCH{}", " k".repeat(32))).find("-ERR what is"), Some(0));
}

/// Who watches `k` while another says `line`: whether EXEC does nothing then.
fn touches(before: &[&str], line: &str) -> bool {
    let (server, _) = server();
    let (mut client, mut other) = (Client::new(&server), Client::new(&server));
    before.iter().for_each(|line| drop(client.say(line)));
    client.check(&[("WATCH x k y", "+OK|"), ("MULTI", "+OK|"), ("PING", "+QUEUED|")]);
    other.say(line);
    match client.say("EXEC").as_str() {
        "*-1|" => true,
        "*1|+PONG|" => false,
        other => panic!("{other}"),
    }
}

#[test]
fn who_watches_a_key_is_told_of_writes() {
    let there = &["SET k 1", "SET j 2"];
    for line in [
        "SET k 1",
        "SET k 1 XX",
        "SET k 1 GET",
        "SETEX k 100 1",
        "GETSET k 1",
        "MSET k 1 l 1",
        "APPEND k ''",
        "SETBIT k 1 1",
        "SETBIT k 7 1",
        "SETRANGE k 0 1",
        "INCRBY k 0",
        "INCRBYFLOAT k 0",
        "EXPIRE k 100",
        "EXPIRE k -1",
        "GETEX k EX 100",
        "GETEX k EXAT 1",
        "DEL k",
        "DEL l k",
        "UNLINK k",
        "GETDEL k",
        "RENAME k l",
        "RENAME j k",
        "COPY j k REPLACE",
        "FLUSHALL",
        "FLUSHDB",
    ] {
        // The last bit of "1" is set already.
        assert_eq!(touches(there, line), line != "SETBIT k 7 1", "{line}");
    }
    for line in [
        "GET k",
        "SETNX k 1",
        "SET k 1 NX",
        "SET j 1",
        "SETBIT k 0 0",
        "SETRANGE k 0 ''",
        "PERSIST k",
        "EXPIRE k 100 XX",
        "GETEX k",
        "GETEX k PERSIST",
        "TOUCH k",
        "RENAME k k",
        "RENAMENX j k",
        "COPY j k",
        "COPY k l",
        "MSETNX k 1 l 1",
        "INCR k x",
        "SET k",
        "DEL l",
    ] {
        assert!(!touches(there, line), "{line}");
    }
    assert!(touches(&["SET k v EX 100"], "PERSIST k"));
    assert!(touches(&["SET k v EX 100"], "GETEX k PERSIST"));
    for line in [
        "SET k v",
        "SETNX k v",
        "APPEND k ''",
        "SETBIT k 0 0",
        "INCR k",
        "MSETNX k 1 l 1",
        "COPY j k",
        "RENAME j k",
    ] {
        assert!(touches(&["SET j v"], line), "{line}");
    }
    for line in [
        "DEL k",
        "GETDEL k",
        "FLUSHALL",
        "EXPIRE k 100",
        "SET k v XX",
        "SETRANGE k 0 ''",
        "INCRBY k x",
    ] {
        assert!(!touches(&[], line), "{line}");
    }
}

#[test]
fn a_watch_ends() {
    let (server, hand) = server();
    let (mut client, mut other) = (Client::new(&server), Client::new(&server));
    // With UNWATCH, DISCARD, RESET, and each EXEC.
    for line in ["UNWATCH", "DISCARD", "RESET", "EXEC", "EXEC x"] {
        client.check(&[("WATCH k", "+OK|"), ("MULTI", "+OK|")]);
        if line == "UNWATCH" {
            client.say("DISCARD");
        }
        client.say(line);
        other.say("SET k v");
        client.check(&[("MULTI", "+OK|"), ("GET k", "+QUEUED|"), ("EXEC", "*1|$1|v|")]);
    }
    // EXEC that is none leaves it.
    client.check(&[("WATCH k", "+OK|"), ("EXEC", "-ERR EXEC without MULTI|")]);
    // What the client itself writes counts, and so does what was there and is due.
    client.check(&[("SET k w", "+OK|"), ("MULTI", "+OK|"), ("EXEC", "*-1|"), ("GET k", "$1|w|")]);
    client.check(&[("SET k v PX 100", "+OK|"), ("WATCH k", "+OK|"), ("MULTI", "+OK|")]);
    hand.advance(Duration::from_millis(100));
    client.check(&[("EXEC", "*-1|"), ("WATCH k", "+OK|"), ("MULTI", "+OK|"), ("EXEC", "*0|")]);
    client.check(&[("HELLO 3", &client_hello(&mut other)), ("WATCH k", "+OK|")]);
    other.say("SET k v");
    client.check(&[("MULTI", "+OK|"), ("EXEC", "_|")]);
    // A connection that goes takes its watches with it.
    client.check(&[("WATCH k", "+OK|")]);
    client.connection.close();
    other.check(&[("SET k v", "+OK|")]);
}

fn client_hello(other: &mut Client) -> String {
    let hello = other.say("HELLO 3").replace("|$2|id|:2|", "|$2|id|:1|");
    other.say("HELLO 2");
    hello
}

#[test]
fn keys_are_renamed_and_copied() {
    let (server, hand) = server();
    let mut client = Client::new(&server);
    client.check(&[
        ("RENAME a b", "-ERR no such key|"),
        ("RENAMENX a a", "-ERR no such key|"),
        ("SET a 1 PX 5000", "+OK|"),
        ("SET b 2", "+OK|"),
        ("RENAME a a", "+OK|"),
        ("RENAMENX a a", ":0|"),
        ("RENAMENX a b", ":0|"),
        ("RENAME a b", "+OK|"),
        ("GET a", "$-1|"),
        ("GET b", "$1|1|"),
        ("PTTL b", ":5000|"),
        ("RENAMENX b c", ":1|"),
        ("PTTL c", ":5000|"),
        ("COPY c d", ":1|"),
        ("COPY c d", ":0|"),
        ("COPY c d REPLACE", ":1|"),
        ("COPY nope d REPLACE", ":0|"),
        ("PTTL d", ":5000|"),
        ("COPY c c", "-ERR source and destination objects are the same|"),
        ("COPY c e DB 0", ":1|"),
        ("COPY c e DB 1", "-ERR DB index is out of range|"),
        ("COPY c e DB x", "-ERR value is not an integer or out of range|"),
        ("COPY c e DB", "-ERR syntax error|"),
        ("MSETNX x 1 c 2", ":0|"),
        ("MSETNX x 1 y 2 x 3", ":1|"),
        ("MGET x y", "*2|$1|3|$1|2|"),
        ("MSETNX x 1 y", "-ERR wrong number of arguments for 'msetnx' command|"),
        ("MSETNX z 1", ":1|"),
        ("MSETNX z 1", ":0|"),
    ]);
    hand.advance(Duration::from_secs(5));
    client.check(&[("EXISTS c d e", ":0|"), ("RENAME c d", "-ERR no such key|")]);
}

#[test]
fn what_is_too_heavy_leaves_all_as_it_was() {
    let store = Store::builder().max_memory(20_000).build();
    let mut client = Client::new(&Server::new(Database::new(store), Settings::default()));
    let long = "x".repeat(40_000);
    for line in [
        format!("MSET a 1 b {long}"),
        format!("MSETNX a 1 b {long}"),
        format!("RENAME k {long}"),
        format!("COPY k {long}"),
    ] {
        client.check(&[
            ("SET k v", "+OK|"),
            (&line, "-OOM command not allowed when used memory > 'maxmemory'.|"),
            ("MGET a k", "*2|$-1|$1|v|"),
        ]);
    }
}

#[test]
fn replies_are_turned_off_and_on_in_the_middle() {
    let mut client = Client::alone();
    client.check(&[
        ("MULTI", "+OK|"),
        ("CLIENT REPLY OFF", "+QUEUED|"),
        ("PING", "+QUEUED|"),
        // As Redis: an array that never ends.
        ("EXEC", "*2|"),
        ("PING", ""),
        ("CLIENT REPLY ON", "+OK|"),
        ("MULTI", "+OK|"),
        ("CLIENT REPLY SKIP", "+QUEUED|"),
        ("PING", "+QUEUED|"),
        ("EXEC", "*2|+PONG|"),
        ("PING", ""),
        ("CLIENT REPLY SKIP", ""),
        ("MULTI", ""),
        ("EXEC", "*0|"),
    ]);
}
