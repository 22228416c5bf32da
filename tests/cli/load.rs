//! `purekv bench server` against servers that do well: our own, and others where they are installed.

use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::folder::Folder;
use crate::served::{Served, until};
use crate::server::Server;
use crate::{path, printed, purekv, text};

/// A short run, and what it prints.
pub(crate) fn load(arguments: &[&str]) -> std::process::Output {
    purekv(&[&["bench", "server", "--warmup", "0", "--keys", "1000"], arguments].concat())
}

/// As JSON; it must succeed.
pub(crate) fn loaded(arguments: &[&str]) -> Value {
    serde_json::from_str(printed(&load(&[arguments, &["--json"]].concat()))).expect("it is JSON")
}

pub(crate) fn figure(target: &Value, name: &str) -> f64 {
    let median = &target["figures"][name]["median"];
    median.as_f64().unwrap_or_else(|| panic!("{name}: {median} of {target:#}"))
}

/// A server of ours, as a target.
fn own(arguments: &[&str]) -> (Served, String) {
    let server = Served::start(arguments);
    let target = format!("own={}", server.address);
    (server, target)
}

#[test]
fn all_requests_are_answered_and_counted() {
    let (server, target) = own(&[]);
    let pid = server.line.split("pid ").nth(1).and_then(|rest| rest.split([';', '\n']).next());
    for (pipeline, connections, threads) in [("1", "5", "1"), ("16", "7", "2"), ("64", "3", "3")] {
        let found = loaded(&[
            "--target",
            &target,
            "--requests",
            "20000",
            "--pipeline",
            pipeline,
            "--connections",
            connections,
            "--threads",
            threads,
            "--zipf",
            "0.99",
            "--repeat",
            "2",
        ]);
        let own = &found["targets"][0];
        assert_eq!((&own["name"], &own["server"]), (&"own".into(), &"purekv".into()));
        assert_eq!((&own["replies"], &own["misses"]), (&40_000.into(), &0.into()));
        // Nine of ten are gets.
        let hits = own["hits"].as_f64().unwrap();
        assert!((35_000.0..37_000.0).contains(&hits), "{hits}");
        assert_eq!(figure(own, "hit_ratio"), 1.0);
        assert_eq!(own["figures"]["get_p50_ns"]["runs"].as_array().unwrap().len(), 2);
        for name in ["get", "set"] {
            let quantiles = ["p50_ns", "p99_ns", "p9999_ns", "max_ns"];
            let values = quantiles.map(|key| figure(own, &format!("{name}_{key}")));
            assert!(values[0] > 0.0 && values.is_sorted(), "{values:?}");
            let curve = own["latency"][name].as_array().unwrap();
            assert!(curve.len() > 5, "{curve:?}");
            assert_eq!(curve.last().unwrap()[0], 1.0);
        }
        // 18,000 gets and 2,000 sets, whose replies have some 70 and 5 bytes.
        let seconds = 20_000.0 / figure(own, "requests_per_second");
        let bytes = figure(own, "bytes_in_per_second") * seconds;
        assert!((1.0e6..1.6e6).contains(&bytes), "{bytes}");
        if cfg!(target_os = "linux") {
            assert_eq!(own["process"].as_u64().map(|pid| pid.to_string()).as_deref(), pid);
            assert!(figure(own, "server_cpu_seconds_per_million") > 0.0);
            assert!(figure(own, "generator_cpu_seconds_per_million") > 0.0);
            assert!(figure(own, "server_rss_bytes") > 1e6);
        }
    }
}

#[test]
fn what_is_written_is_what_was_asked_for() {
    let (server, target) = own(&[]);
    let at = ["--target", &target];
    let run = |more: &[&str]| loaded(&[&at[..], &["--requests", "5000"], more].concat());
    let mut wire = server.connect();
    // Values of several sizes that expire, some at once: those that are there are right.
    let found =
        run(&["--value-size", "8:50,100:40,70000:10", "--ttl", "1ms..2h", "--pipeline", "8"]);
    assert_eq!(found["targets"][0]["replies"], 5000);
    assert_ne!(wire.say("PTTL key:000000000007"), ":-1|");
    assert_eq!(wire.say("DBSIZE"), ":1000|");
    let found = run(&[
        "--command",
        "set",
        "--key-prefix",
        "other:",
        "--key-size",
        "9",
        "--value-size",
        "0..9",
    ]);
    assert!(found["targets"][0]["figures"]["hit_ratio"]["median"].is_null(), "{found:#}");
    assert_eq!(wire.say("EXISTS other:999 other:000 other:001 other:002"), ":4|");
    // Counters are counted together afterwards.
    for again in 0..2 {
        run(&["--command", "incr", "--key-prefix", "n:", "--zipf", "1"]);
        let first: u64 = wire.text("GET n:00000000000000").parse().unwrap();
        assert!((400..1000).contains(&first), "{again}: {first}");
    }
    let found = run(&["--command", "mset", "--keys-per-command", "3", "--key-prefix", "m:"]);
    assert_eq!(found["targets"][0]["replies"], 5000);
    let found = run(&["--command", "mget", "--keys-per-command", "20", "--protocol", "resp3"]);
    assert_eq!(found["targets"][0]["hits"], 100_000);
    run(&["--command", "ping"]);
    run(&["--command", "SET s:__key__ \"a __data__\" EX 100", "--pipeline", "3"]);
    assert_eq!(wire.say("STRLEN s:key:000000000001"), ":66|");
}

#[test]
fn a_rate_is_kept_and_the_table_says_what_was_done() {
    let (_server, target) = own(&["--require-pass", "secret"]);
    let folder = Folder::new("load-table");
    let prefix = folder.file("latency");
    for arrivals in ["fixed", "poisson"] {
        let output = load(&[
            "--target",
            &target,
            "--password",
            "secret",
            "--rate",
            "2000",
            "--arrivals",
            arrivals,
            "--duration",
            "1s",
            "--connections",
            "20",
            "--hgrm",
            path(&prefix),
        ]);
        let table = printed(&output);
        assert!(table.starts_with("purekv bench server "), "{table}");
        assert!(!table.contains("secret"), "{table}");
        for told in [
            "gets to sets 9:1; 1,000 keys of 16 bytes, uniform, all written first; values of 64 bytes, ttl none",
            "20 connections, ",
            "open loop, 2,000 requests/s",
            "1s after 0s of warm-up; one run each",
            "\nown: purekv ",
            "\nrequests/s",
            "\nget p99.99",
            "\nbehind p99",
            "replies, as many as requests, all right; ",
            " hits, their values checked, 0 misses",
        ] {
            assert!(table.contains(told), "{told}: {table}");
        }
        let replies = table.split("\nown: ").nth(2).unwrap().split(" replies").next().unwrap();
        let replies: u64 = replies.replace(',', "").parse().unwrap();
        match arrivals {
            "fixed" => assert_eq!(replies, 2000),
            _ => assert!((1750..2250).contains(&replies), "{replies}"),
        }
    }
    assert_eq!(folder.names(), ["latency.own.get.hgrm", "latency.own.set.hgrm"]);
    let output = load(&["--target", &target]);
    let told = crate::complaint(&output);
    assert!(told.contains("own (127.0.0.1:") && told.contains("NOAUTH"), "{told}");
}

/// memcached at a socket of the file system.
struct Memcached(Child);

impl Memcached {
    /// `None`, and a message, if there is none here.
    fn start(socket: &std::path::Path) -> Option<Self> {
        let mut command = Command::new("memcached");
        // As root it wants to be told whom to be; it is told nothing else by that.
        command.args(["-m", "64", "-t", "1", "-u", "root", "-s"]).arg(socket);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(process) => {
                let memcached = Self(process);
                until(|| std::os::unix::net::UnixStream::connect(socket).is_ok());
                Some(memcached)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("skipped: there is no memcached here");
                None
            }
            Err(error) => panic!("memcached: {error}"),
        }
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn servers_of_several_kinds_take_turns() {
    let folder = Folder::new("load-kinds");
    let socket = folder.file("socket");
    let memcached = Memcached::start(&socket);
    let redis = Server::start("load-redis");
    let (own, mut targets) = (Served::start(&[]), Vec::new());
    targets.push((own.address.to_string(), "purekv", "RESP2"));
    if let Some(redis) = &redis {
        targets.push((format!("unix:{}", path(redis.socket())), "redis", "RESP2"));
    }
    if memcached.is_some() {
        targets.push((format!("unix:{}", path(&socket)), "memcached", "memcached"));
    }
    let at: Vec<_> = targets.iter().flat_map(|(at, ..)| ["--target", at]).collect();
    for more in [
        &["--pipeline", "10"][..],
        &["--value-size", "1..30000", "--connections", "3"],
        &["--command", "mget", "--ttl", "1h"],
        &["--command", "incr", "--pipeline", "5"],
        &["--command", "set", "--ttl", "1500ms..40d"],
        &["--command", "ping"],
        &["--rate", "3000", "--pipeline", "2"],
    ] {
        let found = loaded(&[&at[..], more, &["--requests", "3000", "--repeat", "2"]].concat());
        for (place, (at, name, protocol)) in targets.iter().enumerate() {
            let target = &found["targets"][place];
            assert_eq!(target["server"], *name, "{at}");
            assert_eq!(
                (&target["name"], &target["protocol"]),
                (&(*name).into(), &(*protocol).into())
            );
            assert_eq!(
                (&target["replies"], &target["misses"]),
                (&6000.into(), &0.into()),
                "{more:?}"
            );
            if cfg!(target_os = "linux") {
                assert!(figure(target, "server_cpu_seconds_per_million") > 0.0, "{more:?}");
            }
        }
    }
    // What a protocol lacks is said before anything is done.
    if memcached.is_some() {
        let target = format!("unix:{}", path(&socket));
        let output = load(&["--target", &target, "--command", "mset"]);
        assert!(crate::complaint(&output).ends_with("memcached has no mset\n"), "{output:?}");
    }
}

#[test]
fn nobody_there_and_nonsense_are_told_in_a_line() {
    let folder = Folder::new("load-nobody");
    let told = |arguments: &[&str]| crate::complaint(&load(arguments)).to_owned();
    let nobody = format!("unix:{}", path(&folder.file("socket")));
    assert!(told(&["--target", &nobody]).contains(": cannot connect: "));
    let crowded = told(&["--target", &nobody, "--key-size", "5"]);
    assert!(crowded.contains("no room for \"key:\" and 3 digits"), "{crowded}");
    let few = told(&["--target", &nobody, "--command", "mget", "--keys-per-command", "2000"]);
    assert!(few.contains("--keys-per-command 2000, and only 1000 keys"), "{few}");
    let help = purekv(&["bench", "server", "--help"]);
    assert!(text(&help.stdout).contains("open loop"), "{help:?}");
}
