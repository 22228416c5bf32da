//! The page for Prometheus, by the rules of its format and of its names.

use std::collections::{BTreeMap, BTreeSet};

use purekv::Store;
use purekv::server::{Database, Server, Settings};

use crate::driver::Client;

fn is_name(name: &str) -> bool {
    let is_first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    name.starts_with(is_first)
        && name.chars().all(|letter| is_first(letter) || letter.is_ascii_digit())
}

/// The labels in braces.
fn labels(text: &str) -> BTreeMap<&str, &str> {
    let inside = text.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    inside
        .split(',')
        .map(|label| {
            let (name, value) = label.split_once('=').unwrap();
            let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            assert!(is_name(name) && !value.contains(['"', '\\', '\n']), "{label}");
            (name, value)
        })
        .collect()
}

/// Each sample with its value. Panics at what is not the format, or against the conventions for names.
fn parse(page: &str) -> BTreeMap<String, f64> {
    assert!(page.ends_with('\n'));
    let mut samples = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut family = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').unwrap();
            assert!(seen.insert(name), "{name} twice");
            assert!(text.ends_with('.') && !text.contains('\\'), "{text}");
            let kind = lines.next().unwrap().strip_prefix("# TYPE ").unwrap();
            let (named, kind) = kind.split_once(' ').unwrap();
            assert_eq!(named, name);
            assert!(is_name(name) && name.starts_with("purekv_"), "{name}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            assert!(["counter", "gauge"].contains(&kind), "{kind}");
            family = Some(name);
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let name = sample.split('{').next().unwrap();
        assert_eq!(Some(name), family, "{line}");
        if let Some(at) = sample.find('{') {
            assert!(!labels(&sample[at..]).is_empty());
        }
        let value: f64 = value.parse().unwrap();
        assert!(value.is_finite() && value >= 0.0, "{line}");
        assert!(samples.insert(sample.to_owned(), value).is_none(), "{sample} twice");
    }
    samples
}

#[test]
fn the_page_is_as_prometheus_reads_it() {
    let store = Store::builder().max_memory(1 << 24).record_stats().build();
    let server = Server::new(Database::new(store), Settings::default());
    let mut client = Client::new(&server);
    client.say("SET k v EX 100");
    client.send(b"GET k\r\nGET k\r\nGET l\r\nGET\r\nFOO\r\nKEYS *\r\nCLIENT ID\r\nINCR k\r\n");
    let samples = parse(&server.metrics_text());
    for (name, value) in [
        ("purekv_connected_clients", 1.0),
        ("purekv_connections_received_total", 1.0),
        ("purekv_commands_total{command=\"get\"}", 3.0),
        ("purekv_commands_total{command=\"client|id\"}", 1.0),
        ("purekv_commands_rejected_total{command=\"get\"}", 1.0),
        ("purekv_commands_failed_total{command=\"incr\"}", 1.0),
        ("purekv_commands_timed_total{command=\"keys\"}", 1.0),
        ("purekv_errors_total{code=\"ERR\"}", 3.0),
        ("purekv_keys", 1.0),
        ("purekv_keys_expiring", 1.0),
        ("purekv_keyspace_hits_total", 2.0),
        ("purekv_keyspace_misses_total", 1.0),
        ("purekv_memory_max_bytes", f64::from(1 << 24)),
        ("purekv_last_dump_ok", 1.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}");
    }
    assert!(samples["purekv_memory_used_bytes"] > 0.0);
    // Counters never go back.
    client.say("CONFIG RESETSTAT");
    let later = parse(&server.metrics_text());
    assert_eq!(later["purekv_commands_total{command=\"get\"}"], 3.0);
}

#[test]
fn what_is_not_counted_is_not_on_the_page() {
    let server = Server::new(Database::new(Store::new()), Settings::default());
    let samples = parse(&server.metrics_text());
    for name in
        ["purekv_keyspace_hits_total", "purekv_memory_used_bytes", "purekv_memory_max_bytes"]
    {
        assert_eq!(samples.get(name), None);
    }
}
