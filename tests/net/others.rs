//! Connections and each other: who does something to another, and who must not be kept from being served by another.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use purekv::server::Settings;

use crate::host::{Host, until};

#[test]
fn one_that_waits_is_killed() {
    let host = Host::new();
    let mut other = host.connect();
    // Whether it is served by the same thread or another.
    for _ in 0..4 {
        let mut wire = host.connect();
        let id = wire.say("CLIENT ID");
        let id = id.trim_matches([':', '|']);
        assert_eq!(other.say(&format!("CLIENT KILL ID {id}")), ":1|");
        assert_eq!(wire.rest(), b"");
        assert_eq!(other.say(&format!("CLIENT KILL ID {id}")), ":0|");
    }
    // In the midst of a pause, too.
    let mut wire = host.connect();
    assert_eq!(wire.say("CLIENT SETNAME held"), "+OK|");
    assert_eq!(other.say("CLIENT PAUSE 100000 WRITE"), "+OK|");
    wire.send(b"SET killed v\r\n");
    assert!(wire.is_silent());
    assert_eq!(other.say("CLIENT KILL TYPE normal"), ":1|");
    assert_eq!(wire.rest(), b"");
    assert_eq!(other.say("CLIENT UNPAUSE"), "+OK|");
    assert_eq!(other.say("EXISTS killed"), ":0|");
    // Oneself: told first.
    assert_eq!(other.say("CLIENT KILL TYPE normal SKIPME no"), ":1|");
    assert_eq!(other.rest(), b"");
}

#[test]
fn who_does_not_read_is_killed_all_the_same() {
    let host = Host::with(Settings::default(), 1);
    let mut other = host.connect();
    assert_eq!(other.say(&format!("SET k {}", "v".repeat(60_000))), "+OK|");
    let mut wire = host.connect();
    wire.send(&b"GET k\r\n".repeat(1000));
    until(|| other.text("CLIENT LIST").contains("cmd=get"));
    assert_eq!(other.say("CLIENT KILL TYPE normal"), ":1|");
    assert!(wire.rest().len() < 60_000_000);
}

#[test]
fn those_that_a_pause_holds_go_on_after_it() {
    let host = Host::new();
    let mut other = host.connect();
    let mut wires: Vec<_> = (0..8).map(|_| host.connect()).collect();
    wires.iter_mut().for_each(|wire| assert_eq!(wire.say("PING"), "+PONG|"));
    assert_eq!(other.say("CLIENT PAUSE 100000 WRITE"), "+OK|");
    for (number, wire) in wires.iter_mut().enumerate() {
        wire.send(format!("SET k{number} v\r\nGET k{number}\r\n").as_bytes());
    }
    // One that sends no more, and is half closed, waits as well.
    wires[7].finish();
    assert!(wires.iter_mut().all(|wire| wire.is_silent()));
    assert_eq!(other.say("GET k0"), "$-1|");
    assert_eq!(other.say("CLIENT UNPAUSE"), "+OK|");
    for wire in &mut wires {
        assert_eq!((wire.reply(), wire.reply()), (b"+OK\r\n".to_vec(), b"$1\r\nv\r\n".to_vec()));
    }
    assert_eq!(wires[7].rest(), b"");
}

#[test]
fn a_pause_ends_by_itself() {
    const TIME: Duration = Duration::from_millis(300);
    let host = Host::new();
    let [mut other, mut wire] = [host.connect(), host.connect()];
    for kind in ["ALL", "WRITE"] {
        let start = Instant::now();
        assert_eq!(other.say(&format!("CLIENT PAUSE 300 {kind}")), "+OK|");
        wire.send(b"SET k w\r\n");
        assert_eq!(wire.reply(), b"+OK\r\n");
        // The server's clock may begin a millisecond later.
        assert!(start.elapsed() + Duration::from_millis(1) >= TIME, "{:?}", start.elapsed());
    }
}

#[test]
fn a_pipeline_without_end_keeps_nobody_waiting() {
    let host = Host::with(Settings::default(), 1);
    let mut wire = host.connect();
    let (mut writer, mut reader) = (wire.twin(), wire.twin());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let requests = b"SET k v\r\nGET k\r\n".repeat(10_000);
            while !is_over.load(Ordering::SeqCst) {
                writer.write_all(&requests).unwrap();
            }
            writer.shutdown(std::net::Shutdown::Write).unwrap();
        });
        scope.spawn(move || std::io::copy(&mut reader, &mut std::io::sink()).unwrap());
        let mut other = host.connect();
        for _ in 0..20 {
            assert_eq!(other.say("PING"), "+PONG|");
        }
        let busy = other.text("INFO commandstats");
        assert!(busy.contains("cmdstat_set:calls="), "{busy}");
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(wire.rest(), b"");
}
