//! Who may come, how many, and how long they may stay.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use purekv::server::Settings;
use purekv::server::net::{Listener, NetSettings};
use purekv::{Clock, Expiry, Store};

use crate::host::{Host, net, until};
use crate::wire::{Wire, field};

const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";

#[test]
fn one_too_many_is_told_so() {
    let mut settings = Settings::default();
    settings.max_clients = 2;
    let host = Host::with(settings, 2);
    let [mut one, mut two] = [host.connect(), host.connect()];
    assert_eq!((one.say("PING"), two.say("PING")), ("+PONG|".into(), "+PONG|".into()));
    assert_eq!(host.connect().rest(), TOO_MANY);
    assert!(one.text("INFO stats").contains("rejected_connections:1|"));
    drop(two);
    until(|| one.text("CLIENT LIST").lines().count() == 1);
    assert_eq!(host.connect().say("PING"), "+PONG|");
    // CONFIG SET counts from then on.
    assert_eq!(one.say("CONFIG SET maxclients 1"), "+OK|");
    until(|| one.text("CLIENT LIST").lines().count() == 1);
    assert_eq!(host.connect().rest(), TOO_MANY);
}

#[test]
fn of_many_who_come_at_once_no_more_are_let_in() {
    let mut settings = Settings::default();
    settings.max_clients = 10;
    let host = Host::with(settings, 2);
    let mut wires: Vec<_> = (0..100).map(|_| host.connect()).collect();
    // Who is turned away may be so before it has said anything.
    let pings = wires.iter_mut().map(|wire| std::io::Write::write(&mut wire.stream, b"PING\r\n"));
    assert_eq!(pings.count(), 100);
    let mut served = 0;
    for wire in &mut wires {
        let mut first = [0];
        served += usize::from(
            std::io::Read::read(&mut wire.stream, &mut first).is_ok_and(|_| first == *b"+"),
        );
    }
    assert_eq!(served, 10);
}

#[test]
fn who_is_silent_for_too_long_is_closed() {
    let (clock, hand) = Clock::manual();
    let store = Store::builder().clock(clock).expiry(Expiry::Manual).build();
    let mut settings = Settings::default();
    settings.timeout = Some(Duration::from_secs(60));
    let host = Host::on(store, settings, 1, |listener| listener);
    let [mut silent, mut lively] = [host.connect(), host.connect()];
    assert_eq!((silent.say("PING"), lively.say("PING")), ("+PONG|".into(), "+PONG|".into()));
    hand.advance(Duration::from_secs(50));
    assert_eq!(lively.say("PING"), "+PONG|");
    hand.advance(Duration::from_secs(20));
    assert_eq!(silent.rest(), b"");
    assert_eq!(lively.say("PING"), "+PONG|");
    assert_eq!(lively.text("CLIENT LIST").lines().count(), 1);
}

#[test]
fn who_does_not_fetch_too_many_replies_is_closed() {
    let host = Host::new();
    let mut other = host.connect();
    assert_eq!(other.say(&format!("SET k {}", "v".repeat(50_000))), "+OK|");
    assert_eq!(other.say("CONFIG SET client-output-buffer-limit \"normal 200kb 0 0\""), "+OK|");
    let mut wire = host.connect();
    // So much that the system cannot take it all.
    wire.send(&b"GET k\r\n".repeat(2000));
    until(|| other.text("CLIENT LIST").lines().count() == 1);
    assert!(wire.rest().len() < 100_000_000);
    assert_eq!(other.say("PING"), "+PONG|");
}

/// An address of this machine that is not its own loop.
fn outer() -> Option<SocketAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent by this.
    socket.connect("192.0.2.77:9").ok()?;
    socket.local_addr().ok().filter(|address| !address.ip().is_loopback())
}

#[test]
fn without_a_password_nobody_comes_from_elsewhere() {
    let Some(outer) = outer() else {
        println!("skipped: this machine has no address but its own loop");
        return;
    };
    let at = |host: &Host| SocketAddr::new(outer.ip(), host.address.port());
    let start = |settings, net: NetSettings| {
        let listener = Listener::bind("0.0.0.0:0".parse().unwrap()).unwrap();
        Host::serving(Store::new(), settings, listener, net)
    };
    let host = start(Settings::default(), net(1));
    let reply = Wire::connect(at(&host)).rest();
    let text = String::from_utf8_lossy(&reply);
    assert!(text.starts_with("-DENIED ") && text.ends_with("\r\n"), "{text}");
    assert_eq!(text.matches("\r\n").count(), 1, "{text}");
    let mut home = Wire::connect(([127, 0, 0, 1], host.address.port()).into());
    assert_eq!(home.say("PING"), "+PONG|");
    assert_eq!(home.say("CONFIG SET requirepass secret"), "+OK|");
    let mut guest = Wire::connect(at(&host));
    assert!(guest.say("PING").starts_with("-NOAUTH "));
    assert_eq!(guest.say("AUTH secret"), "+OK|");

    let mut settings = Settings::default();
    settings.password = Some(b"secret".to_vec());
    let host = start(settings, net(1));
    assert_eq!(Wire::connect(at(&host)).say("AUTH secret"), "+OK|");

    let mut open = net(1);
    open.protected = false;
    let host = start(Settings::default(), open);
    assert_eq!(Wire::connect(at(&host)).say("PING"), "+PONG|");
}

/// What the system has a timer for on the server's side of a connection, and when it fires: jiffies.
#[cfg(target_os = "linux")]
fn timer(server: SocketAddr, wire: &Wire) -> (u8, u64) {
    let hex = |port: u16| format!("0100007F:{port:04X}");
    let local = wire.stream.local_addr().unwrap();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut lines =
        lines.filter(|line| line[1] == hex(server.port()) && line[2] == hex(local.port()));
    let line = lines.next().expect("the connection is there");
    let (kind, when) = line[5].split_once(':').unwrap();
    (kind.parse().unwrap(), u64::from_str_radix(when, 16).unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn silent_machines_are_asked_whether_they_are_there() {
    const ASKS: u8 = 2;
    let host = Host::new();
    let mut wire = host.connect();
    assert_eq!(wire.say("CONFIG GET tcp-keepalive"), "*2|$13|tcp-keepalive|$3|300|");
    // What was sent is acknowledged by and by, which takes a timer, too.
    until(|| timer(host.address, &wire).0 == ASKS);
    let when = timer(host.address, &wire).1;
    assert!((20_000..=30_000).contains(&when), "{when}");
    assert_eq!(wire.say("CONFIG SET tcp-keepalive 0"), "+OK|");
    let mut wire = host.connect();
    assert_eq!(wire.say("PING"), "+PONG|");
    until(|| timer(host.address, &wire).0 == 0);
}

#[test]
fn a_client_is_known_by_its_address() {
    let host = Host::new();
    let mut wire = host.connect();
    let line = wire.text("CLIENT INFO");
    assert_eq!(field(&line, "addr"), wire.stream.local_addr().unwrap().to_string());
    assert_eq!(field(&line, "laddr"), host.address.to_string());
    assert_ne!(field(&line, "fd"), "0");
}
