//! `purekv serve` and its dump file.

use std::thread;
use std::time::Duration;

use purekv::resp::encode;

use crate::folder::Folder;
use crate::random::Random;
use crate::served::{Served, info, refused, until};
use crate::wire::Wire;
use crate::{path, text};

#[test]
fn it_goes_on_where_it_ended() {
    let folder = Folder::new("serve-goes-on");
    let dump = folder.file("purekv.dump");
    let server = Served::start(&["--dump", path(&dump)]);
    assert!(server.line.contains("; no dump at "), "{}", server.line);
    let mut wire = server.connect();
    assert_eq!(wire.say("MSET a 1 b 2"), "+OK|");
    assert_eq!(wire.say("SET t v EX 1000"), "+OK|");
    server.terminate();
    for how in ["warm", "load"] {
        let server = Served::start(&["--dump", path(&dump), "--dump-start", how]);
        let word = if how == "warm" { "on top of 3 entries of" } else { "loaded 3 entries of" };
        assert!(server.line.contains(word), "{}", server.line);
        let mut wire = server.connect();
        assert_eq!(wire.say("MGET a b c"), "*3|$1|1|$1|2|$-1|");
        let left: i64 = wire.say("TTL t").trim_matches([':', '|']).parse().unwrap();
        assert!((900..=1000).contains(&left), "{left}");
        assert_eq!(wire.say("DBSIZE"), ":3|");
        server.terminate();
    }
    // What changes is there the next time, and what is removed is not.
    let server = Served::start(&["--dump", path(&dump)]);
    let mut wire = server.connect();
    assert_eq!((wire.say("DEL a"), wire.say("INCR b")), (":1|".into(), ":3|".into()));
    wire.send(b"SHUTDOWN\r\n");
    assert_eq!(wire.rest(), b"");
    assert_eq!(server.wait().0.code(), Some(0));
    let server = Served::start(&["--dump", path(&dump)]);
    let mut wire = server.connect();
    assert_eq!(wire.say("MGET a b"), "*2|$-1|$1|3|");
    // Unless it is told not to.
    assert_eq!(wire.say("SET b 4"), "+OK|");
    wire.send(b"SHUTDOWN NOSAVE\r\n");
    assert_eq!(server.wait().0.code(), Some(0));
    let server = Served::start(&["--dump", path(&dump)]);
    assert_eq!(server.connect().say("GET b"), "$1|3|");
    assert_eq!(folder.names(), ["purekv.dump"]);
}

#[test]
fn a_damaged_dump_is_left_as_it_is() {
    let folder = Folder::new("serve-damaged");
    let dump = folder.file("purekv.dump");
    let server = Served::start(&["--dump", path(&dump)]);
    assert_eq!(server.connect().say("SET k v"), "+OK|");
    server.terminate();
    let whole = std::fs::read(&dump).unwrap();
    let mut flipped = whole.clone();
    flipped[8] ^= 0x55;
    for bytes in [&b"not a dump"[..], b"", &whole[..whole.len() / 2], &flipped] {
        std::fs::write(&dump, bytes).unwrap();
        for how in ["warm", "load"] {
            let output = refused(&["--port", "0", "--dump", path(&dump), "--dump-start", how]);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains(path(&dump)) && said.contains("move the file away"), "{said}");
            assert_eq!(text(&output.stdout), "");
        }
        assert_eq!(std::fs::read(&dump).unwrap(), bytes);
    }
    // A folder where it should be.
    let output = refused(&["--port", "0", "--dump", path(folder.path())]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn dumps_are_made_when_they_are_due_or_asked_for() {
    let folder = Folder::new("serve-due");
    let dump = folder.file("purekv.dump");
    let server = Served::start(&["--dump", path(&dump), "--save-interval", "1"]);
    let mut wire = server.connect();
    assert_eq!(wire.say("CONFIG GET save"), "*2|$4|save|$3|1 1|");
    assert_eq!(wire.say("SET k v"), "+OK|");
    until(|| dump.exists());
    until(|| info(&mut wire, "rdb_bgsave_in_progress") == "0");
    assert_eq!(info(&mut wire, "rdb_last_bgsave_status"), "ok");
    assert_eq!(wire.say("CONFIG SET save ''"), "+OK|");
    let saved = || std::fs::metadata(&dump).unwrap().modified().unwrap();
    let before = saved();
    assert_eq!(wire.say("SET k w"), "+OK|");
    let lastsave = wire.say("LASTSAVE");
    assert_eq!(wire.say("BGSAVE"), "+Background saving started|");
    until(|| info(&mut wire, "rdb_bgsave_in_progress") == "0");
    assert!(saved() > before);
    assert!(wire.say("LASTSAVE") >= lastsave);
    server.kill();
    let server = Served::start(&["--dump", path(&dump)]);
    assert_eq!(server.connect().say("GET k"), "$1|w|");
}

#[test]
fn a_dump_that_cannot_be_written_is_told() {
    let folder = Folder::new("serve-nowhere");
    let inner = folder.file("inner");
    std::fs::create_dir(&inner).unwrap();
    let dump = inner.join("purekv.dump");
    let server = Served::start(&["--dump", path(&dump)]);
    let mut wire = server.connect();
    assert_eq!(wire.say("SET k v"), "+OK|");
    std::fs::remove_dir(&inner).unwrap();
    assert!(wire.say("SAVE").starts_with("-ERR "));
    assert!(wire.say("SHUTDOWN SAVE").starts_with("-ERR Errors trying to SHUTDOWN"));
    assert_eq!(wire.say("GET k"), "$1|v|");
    server.signal("TERM");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("purekv.dump"), "{log}");
}

fn key(number: usize) -> String {
    format!("key:{number:06}")
}

/// As a client would who waits for every reply, many at a time.
fn write(wire: &mut Wire, numbers: std::ops::Range<usize>) {
    let mut bytes = Vec::new();
    for number in numbers.clone() {
        let value = format!("{number}-{}", "v".repeat(number % 300));
        encode::request(&mut bytes, [&b"SET"[..], key(number).as_bytes(), value.as_bytes()]);
    }
    wire.send(&bytes);
    for _ in numbers {
        assert_eq!(wire.reply(), b"+OK\r\n");
    }
}

/// That all of them are there.
fn check(wire: &mut Wire, end: usize) {
    for start in (0..end).step_by(500) {
        let numbers = start..end.min(start + 500);
        let keys: Vec<_> = numbers.clone().map(key).collect();
        let mut bytes = Vec::new();
        let args = std::iter::once("MGET").chain(keys.iter().map(String::as_str));
        encode::request(&mut bytes, args.map(str::as_bytes).collect::<Vec<_>>());
        wire.send(&bytes);
        let mut expected = format!("*{}\r\n", numbers.len());
        for number in numbers {
            let value = format!("{number}-{}", "v".repeat(number % 300));
            expected += &format!("${}\r\n{value}\r\n", value.len());
        }
        assert!(wire.reply() == expected.as_bytes(), "one of {start} and the next 500 is lost");
    }
}

/// A process that is killed while it writes a dump loses what came after the last one that was acknowledged, and nothing else.
#[test]
fn a_dump_that_was_acknowledged_is_never_lost() {
    const ROUNDS: usize = 20;
    const BATCH: usize = 400;
    let folder = Folder::new("serve-killed");
    let dump = folder.file("purekv.dump");
    let mut random = Random::new(5);
    let mut safe = 0;
    for round in 0..ROUNDS {
        let server = Served::start(&["--dump", path(&dump), "--log-level", "off"]);
        let mut wire = server.connect();
        check(&mut wire, safe);
        write(&mut wire, safe..safe + BATCH);
        let is_acknowledged = match round % 3 {
            0 => {
                assert_eq!(wire.say("SAVE"), "+OK|");
                true
            }
            1 => {
                assert_eq!(wire.say("BGSAVE"), "+Background saving started|");
                until(|| info(&mut wire, "rdb_bgsave_in_progress") == "0");
                assert_eq!(info(&mut wire, "rdb_last_bgsave_status"), "ok");
                true
            }
            // Killed before anything is.
            _ => false,
        };
        safe += if is_acknowledged { BATCH } else { 0 };
        // Others go on writing while the next one is made.
        let mut other = server.connect();
        let load = thread::spawn(move || {
            use std::io::{Read, Write};
            for number in 0.. {
                let line = format!("SET load:{} {number}\r\n", number % 5000).repeat(20);
                let is_sent = other.stream.write_all(line.as_bytes()).is_ok();
                if !is_sent || !matches!(other.stream.read(&mut [0; 4096]), Ok(1..)) {
                    break;
                }
            }
        });
        wire.send(b"BGSAVE\r\n");
        thread::park_timeout(Duration::from_micros(random.below(20_000)));
        server.kill();
        load.join().unwrap();
    }
    let server = Served::start(&["--dump", path(&dump), "--dump-start", "load"]);
    check(&mut server.connect(), safe);
}
