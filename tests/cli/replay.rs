//! `purekv replay`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, io};

use purekv::replay::subjects;
use serde_json::Value;

use crate::{complaint, file, path, printed, purekv, text};

fn replay(arguments: &[&str]) -> Output {
    let small = ["replay", "--repeat", "2", "--threads", "2"];
    purekv(&[&small[..], arguments].concat())
}

#[test]
fn the_table_has_every_store_side_by_side() {
    let output = replay(&["--requests", "20000", "--keys", "1000"]);
    let table = printed(&output);
    let names: Vec<&str> =
        table.lines().nth(3).expect("a line of names").split_whitespace().collect();
    let expected: Vec<&str> = subjects().iter().map(|subject| subject.name()).collect();
    assert_eq!(names, expected, "{table}");
    for row in ["requests/s", "hit ratio", "get p99.9", "insert p50", "expiry lag p99", "CPU share"]
    {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row}: {table}");
    }
}

#[test]
fn with_capacities_there_is_a_line_for_each_and_small_caches_miss_more() {
    let capacities = ["--requests", "20000", "--keys", "1000", "--capacity", "1%,50%,2000"];
    let output = replay(&capacities);
    let table = printed(&output);
    assert!(table.contains("ttl none") && table.contains("cache misses"), "{table}");
    let lines = table.lines().filter(|line| line.starts_with("zipf"));
    assert_eq!(lines.count(), 3, "{table}");

    let output = replay(&[&capacities[..], &["--json"]].concat());
    let rows: Value = serde_json::from_str(printed(&output)).expect("it is JSON");
    let rows = rows.as_array().expect("a list of lines");
    let hits = |row: usize, store: usize| {
        let figures = &rows[row]["report"]["subjects"][store]["figures"];
        figures["hit_ratio"]["median"].as_f64().expect("there were gets")
    };
    for store in 0..2 {
        assert!(hits(0, store) < hits(1, store) && hits(1, store) < hits(2, store), "{rows:?}");
        assert!((hits(2, store) - hits(2, 2)).abs() < 0.01, "{rows:?}");
    }
    assert_eq!(rows[2]["capacity"], 2000);
}

#[test]
fn json_holds_the_same_figures() {
    let arguments =
        ["--requests", "5000", "--keys", "100", "--zipf", "0", "--ttl", "none", "--json"];
    let output = replay(&arguments);
    let report: Value = serde_json::from_str(printed(&output)).expect("it is JSON");
    assert_eq!(report["workload"]["requests"], 5000);
    assert_eq!(report["workload"]["unique_keys"], 100);
    assert_eq!(report["options"]["ttl"], "none");
    let stores = report["subjects"].as_array().expect("a list of stores");
    assert_eq!(stores.len(), subjects().len());
    for store in stores {
        let figures = &store["figures"];
        assert_eq!(figures["entries"]["median"], 100.0, "{store}");
        assert!(figures["hit_ratio"]["min"].as_f64().is_some_and(|ratio| ratio > 0.9), "{store}");
        assert_eq!(figures["requests_per_second"]["runs"].as_array().map(Vec::len), Some(2));
        assert!(figures["expiry_lag_max_ns"]["max"].is_null(), "{store}");
    }
}

#[test]
fn one_store_alone() {
    let output = replay(&["--requests", "1000", "--only", "mutex", "--json"]);
    let report: Value = serde_json::from_str(printed(&output)).expect("it is JSON");
    assert_eq!(report["subjects"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["subjects"][0]["name"], "mutex");
}

#[test]
fn a_trace_plain_and_compressed() {
    let trace =
        "key,size,ttl,op,timestamp\n1,10,60,get,0\n2,20,0,set,0\n1,10,60,get,1\n2,20,0,get,2\n";
    let plain = file("plain.csv", trace.as_bytes());
    let packed =
        file("packed.csv.zst", &zstd::encode_all(trace.as_bytes(), 3).expect("it compresses"));
    for trace in [plain, packed] {
        let arguments = [path(&trace), "--ttl", "trace", "--value-size", "trace", "--json"];
        let output = replay(&arguments);
        let report: Value = serde_json::from_str(printed(&output)).expect("it is JSON");
        assert_eq!(report["workload"]["requests"], 4);
        for store in report["subjects"].as_array().expect("a list of stores") {
            // Gets miss, hit, hit; one block, so one thread and no doubt about the order.
            assert_eq!(store["figures"]["hit_ratio"]["median"], 2.0 / 3.0, "{store}");
        }
    }
}

#[test]
fn a_bad_file_is_named_with_its_line() {
    let keys: String = (0..1000).map(|key| format!("{key}\n")).collect();
    let mut cut = zstd::encode_all(format!("key\n{keys}").as_bytes(), 3).expect("it compresses");
    cut.truncate(cut.len() / 2);
    let bad: [(&str, &[u8], &str); 6] = [
        ("header.csv", b"name\n1\n", "line 1: expected a header"),
        ("empty.csv", b"", "line 1: expected a header"),
        ("number.csv", b"key\n1\ntwo\n", "line 3: expected a whole number as key, found \"two\""),
        ("fields.csv", b"key,size\n1,2\n1\n", "line 3: expected 2 fields, found \"1\""),
        ("no-zstd.csv.zst", b"key\n1\n2\n", "line 1: cannot read on"),
        ("cut.csv.zst", &cut, "cannot read on"),
    ];
    for (name, content, expected) in bad {
        let trace = file(name, content);
        let output = replay(&[path(&trace)]);
        let message = complaint(&output);
        assert!(message.starts_with("purekv: ") && message.contains(name), "{message}");
        assert!(message.contains(expected) && message.contains(": line "), "{message}");
    }
    let output = replay(&["no-such-file.csv.zst"]);
    assert!(complaint(&output).contains("no-such-file.csv.zst: cannot open"));
    let nothing = file("nothing.csv", b"key\n");
    let output = replay(&[path(&nothing)]);
    assert!(complaint(&output).contains("nothing.csv: no requests"));
}

#[test]
fn help_explains_every_option() {
    let output = purekv(&["replay", "--help"]);
    let help = printed(&output);
    for option in [
        "[FILE]",
        "--threads",
        "--value-size",
        "--ttl",
        "--requests",
        "--keys",
        "--zipf",
        "--repeat",
        "--sample",
        "--only",
        "--seed",
        "--json",
    ] {
        assert!(help.contains(option), "{option}: {help}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_purekv"))
        .args(["replay", "--requests", "1000", "--repeat", "1"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(|child| child.wait_with_output())
        .expect("it runs");
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    assert_eq!(text(&status.stderr), "");
}

#[test]
fn a_real_trace() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    let traces = env::var_os("PUREKV_TRACES").map_or_else(beside, PathBuf::from);
    let trace = traces.join("nasa-web.csv.zst");
    if !trace.is_file() {
        println!("skipped: no traces here; PUREKV_TRACES names their directory");
        return;
    }
    let arguments = [path(&trace), "--ttl", "none", "--threads", "1", "--repeat", "1", "--json"];
    let output = purekv(&[&["replay"], &arguments[..]].concat());
    let report: Value = serde_json::from_str(printed(&output)).expect("it is JSON");
    assert_eq!(report["workload"]["requests"], 30_873);
    assert_eq!(report["workload"]["unique_keys"], 2_088);
    for store in report["subjects"].as_array().expect("a list of stores") {
        // A cache without bound misses each key once and never again.
        let ratio = store["figures"]["hit_ratio"]["median"].as_f64().expect("a hit ratio");
        assert!((ratio - (1.0 - 2_088.0 / 30_873.0)).abs() < 1e-9, "{store}");
    }
}
