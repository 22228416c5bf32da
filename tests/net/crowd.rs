//! Many connections.

use std::collections::BTreeSet;
use std::fs;

use purekv::server::Settings;

use crate::host::Host;
use crate::wire::{Wire, field};

const MANY: usize = 10_000;
/// Of memory that an idle connection may take: bytes.
const EACH: usize = 10 << 10;

/// Of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let words = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = words.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages << 12
}

/// Both ends are ours.
fn may_have(descriptors: u64) -> bool {
    let most = rlimit::increase_nofile_limit(descriptors).unwrap_or(0);
    let most = match rlimit::setrlimit(rlimit::Resource::NOFILE, descriptors, descriptors) {
        Ok(()) => descriptors.max(most),
        Err(_) => most,
    };
    if most < descriptors {
        println!("skipped: no more than {most} descriptors are to be had");
    }
    most >= descriptors
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_are_served_and_cost_little() {
    if !may_have(2 * MANY as u64 + 500) {
        return;
    }
    let mut settings = Settings::default();
    settings.max_clients = MANY + 10;
    let host = Host::with(settings, 2);
    let mut other = host.connect();
    assert_eq!(other.say("PING"), "+PONG|");
    let before = resident();
    let mut streams: Vec<_> = (0..MANY).map(|_| host.connect().stream).collect();
    for _ in 0..2 {
        // All at once, and then each gets its own.
        for (number, stream) in streams.iter_mut().enumerate() {
            std::io::Write::write_all(stream, format!("ECHO {number:08}\r\n").as_bytes()).unwrap();
        }
        for (number, stream) in streams.iter_mut().enumerate() {
            let mut reply = [0; 14];
            std::io::Read::read_exact(stream, &mut reply).unwrap();
            assert_eq!(reply, *format!("$8\r\n{number:08}\r\n").as_bytes());
        }
    }
    let each = resident().saturating_sub(before) / MANY;
    println!("{each} bytes a connection");
    assert!(each < EACH, "{each}");
    assert!(other.text("INFO clients").contains(&format!("connected_clients:{}|", MANY + 1)));
}

/// The descriptors that each epoll of this process waits for.
#[cfg(target_os = "linux")]
fn waited_for() -> Vec<BTreeSet<String>> {
    let entries = fs::read_dir("/proc/self/fdinfo").unwrap();
    let infos = entries.filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok());
    let of = |info: String| {
        let targets = info.lines().filter_map(|line| line.strip_prefix("tfd:"));
        let number = |line: &str| line.split_whitespace().next().unwrap().to_owned();
        targets.map(number).collect::<BTreeSet<_>>()
    };
    infos.map(of).filter(|set| !set.is_empty()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn threads_have_the_same_share() {
    const EACH: usize = 20;
    let host = Host::with(Settings::default(), 2);
    let mut wires: Vec<Wire> = (0..2 * EACH).map(|_| host.connect()).collect();
    wires.iter_mut().for_each(|wire| assert_eq!(wire.say("PING"), "+PONG|"));
    let list = wires[0].text("CLIENT LIST");
    let ours: BTreeSet<_> = list.lines().map(|line| field(line, "fd").to_owned()).collect();
    assert_eq!(ours.len(), 2 * EACH);
    let mut shares: Vec<_> =
        waited_for().iter().map(|set| set.intersection(&ours).count()).collect();
    shares.retain(|share| *share > 0);
    assert_eq!(shares, [EACH; 2]);
}
