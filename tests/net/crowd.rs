//! Many connections.

use std::collections::BTreeSet;
use std::fs;

use purekv::server::Settings;

use crate::host::Host;
use crate::wire::{Wire, field};

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
