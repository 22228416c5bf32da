//! The end of a server, for its clients.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use purekv::Store;
use purekv::server::Settings;
use purekv::server::net::Listener;

use crate::host::{Host, net};

#[test]
fn who_has_sent_gets_replies() {
    for by_client in [true, false] {
        let mut host = Host::new();
        let mut other = host.connect();
        let mut wires: Vec<_> = (0..20).map(|_| host.connect()).collect();
        wires.iter_mut().for_each(|wire| assert_eq!(wire.say("PING"), "+PONG|"));
        let mut idle = host.connect();
        assert_eq!(idle.say("PING"), "+PONG|");
        let requests = b"ECHO 0123456789\r\n".repeat(20_000);
        wires.iter_mut().for_each(|wire| wire.send(&requests));
        if by_client {
            other.send(b"SHUTDOWN NOSAVE\r\nPING\r\n");
        } else {
            host.server.shutdown();
        }
        for wire in &mut wires {
            let replies = wire.rest();
            assert!(replies == b"$10\r\n0123456789\r\n".repeat(20_000), "{}", replies.len());
        }
        assert_eq!((idle.rest(), other.rest()), (Vec::new(), Vec::new()));
        host.join();
        assert!(TcpStream::connect(host.address).is_err());
    }
}

#[test]
fn who_never_reads_is_not_waited_for_too_long() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut settings = net(2);
    settings.drain = Duration::from_millis(300);
    let mut host = Host::serving(Store::new(), Settings::default(), listener, settings);
    let mut wire = host.connect();
    assert_eq!(wire.say(&format!("SET k {}", "v".repeat(60_000))), "+OK|");
    wire.send(&b"GET k\r\n".repeat(1000));
    wire.reply();
    let start = Instant::now();
    host.server.shutdown();
    host.join();
    let taken = start.elapsed();
    assert!((Duration::from_millis(300)..Duration::from_secs(3)).contains(&taken), "{taken:?}");
}

#[test]
fn one_who_waits_for_nothing_ends_at_once() {
    let mut host = Host::new();
    let start = Instant::now();
    host.server.shutdown();
    host.join();
    // It does not take the five seconds that it has.
    assert!(start.elapsed() < Duration::from_secs(4));
}
