//! INFO and CONFIG.

use std::collections::BTreeMap;
use std::time::Duration;

use purekv::server::{Connection, Database, Server, Settings, Worker};
use purekv::{Clock, Expiry, Store};

use crate::driver::{Client, server};

/// The fields of INFO, and its headings.
fn info(client: &mut Client, sections: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let reply = String::from_utf8(client.send(format!("INFO {sections}\r\n").as_bytes())).unwrap();
    let (length, text) = reply.split_once("\r\n").unwrap();
    let text = text.strip_suffix("\r\n").unwrap();
    assert_eq!(length, format!("${}", text.len()));
    let mut fields = BTreeMap::new();
    let mut titles = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            titles.push(title.to_owned());
        } else if let Some((name, value)) = line.split_once(':') {
            assert!(fields.insert(name.to_owned(), value.to_owned()).is_none(), "{name} twice");
        } else {
            assert_eq!(line, "");
        }
    }
    (fields, titles)
}

fn field(client: &mut Client, section: &str, name: &str) -> String {
    info(client, section).0.remove(name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn sections_are_chosen() {
    let mut client = Client::alone();
    let (_, usual) = info(&mut client, "");
    let usual: Vec<&str> = usual.iter().map(String::as_str).collect();
    assert_eq!(
        usual,
        [
            "Server",
            "Clients",
            "Memory",
            "Persistence",
            "Stats",
            "Replication",
            "CPU",
            "Modules",
            "Errorstats",
            "Cluster",
            "Keyspace"
        ]
    );
    assert_eq!(info(&mut client, "default").1, usual);
    let all = info(&mut client, "all").1;
    assert_eq!(all.len(), usual.len() + 2);
    assert_eq!(info(&mut client, "EVERYTHING").1, all);
    assert_eq!(info(&mut client, "keyspace cpu keyspace").1, ["CPU", "Keyspace"]);
    assert_eq!(info(&mut client, "foo").1.len(), 0);
    assert_eq!(client.say("INFO foo"), "$0||");
    client.say("HELLO 3");
    assert!(client.say("INFO cluster").starts_with("=34|txt:# Cluster|cluster_enabled:0|"));
}

#[test]
fn figures_are_of_what_was_done() {
    let (clock, hand) = Clock::manual();
    let store = Store::builder()
        .clock(clock)
        .expiry(Expiry::Manual)
        .max_memory(1 << 24)
        .record_stats()
        .build();
    let server = Server::new(Database::new(store), Settings::default());
    let mut client = Client::new(&server);
    client.check(&[
        ("SET k v", "+OK|"),
        ("SET l v EX 100", "+OK|"),
        ("GET k", "$1|v|"),
        ("GET k", "$1|v|"),
        ("GET nope", "$-1|"),
        ("GET", "-ERR wrong number of arguments for 'get' command|"),
        ("INCR k", "-ERR value is not an integer or out of range|"),
        ("FOO", "-ERR unknown command 'FOO', with args beginning with: |"),
        ("AUTH a b", "-WRONGPASS invalid username-password pair or user is disabled.|"),
    ]);
    hand.advance(Duration::from_secs(10));
    let (fields, _) = info(&mut client, "everything");
    for (name, value) in [
        ("redis_version", "7.0.15"),
        ("purekv_version", env!("CARGO_PKG_VERSION")),
        ("uptime_in_seconds", "10"),
        ("connected_clients", "1"),
        ("maxclients", "10000"),
        ("maxmemory", "16777216"),
        ("maxmemory_human", "16.00M"),
        ("maxmemory_policy", "allkeys-lfu"),
        ("loading", "0"),
        ("rdb_changes_since_last_save", "2"),
        ("rdb_last_bgsave_status", "ok"),
        ("total_connections_received", "1"),
        ("total_commands_processed", "7"),
        ("instantaneous_ops_per_sec", "1"),
        ("keyspace_hits", "2"),
        ("keyspace_misses", "1"),
        ("expired_keys", "0"),
        ("total_error_replies", "4"),
        ("errorstat_ERR", "count=3"),
        ("errorstat_WRONGPASS", "count=1"),
        ("cmdstat_get", "calls=3,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0"),
        ("cmdstat_set", "calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0"),
        ("cmdstat_incr", "calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1"),
    ] {
        assert_eq!(fields.get(name).map(String::as_str), Some(value), "{name}");
    }
    // A deadline may be rounded up.
    let is_near = |time| fields["db0"] == format!("keys=2,expires=1,avg_ttl={time}");
    assert!(is_near(89_999) || is_near(90_000), "{}", fields["db0"]);
    let number = |name: &str| fields[name].parse::<f64>().unwrap();
    assert!(number("used_memory") > 10_000.0 && number("used_memory_rss") > 1_000_000.0);
    assert!(number("total_net_input_bytes") > 50.0 && number("total_net_output_bytes") > 100.0);
    hand.advance(Duration::from_secs(100));
    client.check(&[("CONFIG RESETSTAT", "+OK|"), ("GET k", "$1|v|")]);
    let (fields, _) = info(&mut client, "all");
    for (name, value) in [
        ("total_connections_received", "0"),
        // With the one that has set it back.
        ("total_commands_processed", "2"),
        ("keyspace_hits", "1"),
        ("keyspace_misses", "0"),
        ("total_error_replies", "0"),
    ] {
        assert_eq!(fields.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(fields.get("cmdstat_set"), None);
}

#[test]
fn all_threads_are_summed_and_those_that_have_left_too() {
    let (server, _) = server();
    let mut client = Client::new(&server);
    for _ in 0..3 {
        let mut other = Client::new(&server);
        other.send(b"GET k\r\nGET k\r\nSET k v\r\nGET k\r\n");
    }
    let (fields, _) = info(&mut client, "commandstats clients");
    assert!(fields["cmdstat_get"].starts_with("calls=9,"), "{fields:?}");
    assert!(fields["cmdstat_set"].starts_with("calls=3,"), "{fields:?}");
    assert_eq!(fields["connected_clients"], "1");
}

#[test]
fn a_batch_is_read_once_however_it_is_carried_out() {
    let mut settings = Settings::default();
    settings.output = 100;
    let server = Server::new(Database::new(Store::new()), settings);
    let mut client = Client::new(&server);
    let stream =
        [&b"SET k v\r\n"[..], &b"ECHO 0123456789012345678901234567890123456789\r\n".repeat(50)];
    client.send(&stream.concat());
    let (fields, _) = info(&mut client, "stats");
    let length = stream.concat().len() + "INFO stats\r\n".len();
    assert_eq!(fields["total_net_input_bytes"], length.to_string());
    assert_eq!(fields["total_reads_processed"], "2");
    assert_eq!(fields["total_net_output_bytes"], (5 + 50 * 47).to_string());
}

#[test]
fn what_is_set_counts_at_once() {
    let (server, hand) = server();
    let mut client = Client::new(&server);
    client.check(&[
        ("CONFIG GET maxclients", "*2|$10|maxclients|$5|10000|"),
        ("CONFIG SET maxclients 1 timeout 5", "+OK|"),
        ("CONFIG GET MaxClients time*", "*4|$10|MaxClients|$1|1|$7|timeout|$1|5|"),
        ("CONFIG GET nope", "*0|"),
        // None of them, if one is wrong.
        (
            "CONFIG SET maxclients 7 timeout x",
            "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer|",
        ),
        ("CONFIG GET maxclients", "*2|$10|maxclients|$1|1|"),
        ("CONFIG SET requirepass secret", "+OK|"),
        ("CONFIG GET requirepass", "*2|$11|requirepass|$6|secret|"),
        ("PING", "+PONG|"),
    ]);
    assert!(server.admit().is_err());
    hand.advance(Duration::from_secs(6));
    assert!(client.connection.is_overdue());
    let mut other = Client::new(&server);
    other.check(&[
        ("PING", "-NOAUTH Authentication required.|"),
        ("AUTH secre", "-WRONGPASS invalid username-password pair or user is disabled.|"),
        ("AUTH secret", "+OK|"),
        ("CONFIG SET requirepass ''", "+OK|"),
        ("RESET", "+RESET|"),
        ("PING", "+PONG|"),
        (
            "AUTH x",
            "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?|",
        ),
    ]);
}

#[test]
fn a_value_may_be_as_long_as_it_says() {
    let (server, _) = server();
    let mut client = Client::new(&server);
    client.check(&[
        ("SETRANGE k 2097151 x", ":2097152|"),
        ("CONFIG SET proto-max-bulk-len 1mb", "+OK|"),
        ("SETRANGE k 2097151 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"),
    ]);
    let worker = Worker::new(&server, || ());
    let mut connection = Connection::new(&worker, "test:2");
    let mut worker = worker;
    connection.input(&mut worker).extend_from_slice(b"*2\r\n$3\r\nGET\r\n$1048577\r\n");
    connection.advance(&mut worker);
    assert_eq!(connection.output(), b"-ERR Protocol error: invalid bulk length\r\n");
}

#[test]
fn memory_can_be_bounded_if_it_was() {
    let mut client = Client::alone();
    client.check(&[
        ("CONFIG GET maxmemory", "*2|$9|maxmemory|$1|0|"),
        ("CONFIG GET maxmemory-policy", "*2|$16|maxmemory-policy|$10|noeviction|"),
        ("CONFIG SET maxmemory 0", "+OK|"),
        (
            "CONFIG SET maxmemory 1gb",
            "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - this server was started without a bound on memory|",
        ),
    ]);
    let store = Store::builder().max_memory(64 << 20).build();
    let server = Server::new(Database::new(store.clone()), Settings::default());
    let mut client = Client::new(&server);
    client.check(&[("CONFIG SET maxmemory 2mb", "+OK|")]);
    assert_eq!(store.max_memory(), Some(2 << 20));
    for number in 0..40 {
        client.say(&format!("SETRANGE k{number} 100000 x"));
    }
    let evicted: u64 = field(&mut client, "stats", "evicted_keys").parse().unwrap();
    assert!(evicted > 10, "{evicted}");
    client.check(&[
        ("CONFIG SET maxmemory 0", "+OK|"),
        ("CONFIG GET maxmemory", "*2|$9|maxmemory|$1|0|"),
    ]);
}

#[test]
fn all_parameters_are_told_in_both_versions() {
    for version in ["2", "3"] {
        let mut client = Client::alone();
        client.say(&format!("HELLO {version}"));
        let reply = client.say("CONFIG GET *");
        for name in ["save", "appendonly", "databases", "port", "dir", "hz"] {
            assert!(reply.contains(&format!("|{name}|")), "{name}");
        }
        assert!(reply.starts_with(if version == "3" { "%" } else { "*" }));
        client.check(&[
            ("CONFIG SET save '60 1000 10 1'", "+OK|"),
            ("CONFIG SET appendonly no", "+OK|"),
        ]);
        assert!(client.say("CONFIG GET save").ends_with("$4|save|$12|60 1000 10 1|"));
    }
}
