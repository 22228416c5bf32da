//! The `purekv` binary, as a user meets it.

#[cfg(all(feature = "bench", unix))]
#[path = "support/browser.rs"]
mod browser;
#[path = "cli/convert.rs"]
mod convert;
#[path = "cli/dump.rs"]
mod dump;
#[path = "cli/faults.rs"]
mod faults;
#[path = "support/folder.rs"]
mod folder;
#[cfg(unix)]
#[path = "cli/load.rs"]
mod load;
#[cfg(unix)]
#[path = "cli/load_faults.rs"]
mod load_faults;
#[cfg(unix)]
#[path = "cli/own.rs"]
mod own;
#[cfg(all(feature = "bench", unix))]
#[path = "support/probed.rs"]
mod probed;
#[cfg(unix)]
#[path = "cli/prompt.rs"]
mod prompt;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "not all of it is needed")]
mod random;
#[path = "cli/replay.rs"]
mod replay;
#[cfg(all(feature = "bench", unix))]
#[path = "cli/report.rs"]
mod report;
#[cfg(unix)]
#[path = "cli/serve.rs"]
mod serve;
#[cfg(target_os = "linux")]
#[path = "cli/serve_crowd.rs"]
mod serve_crowd;
#[cfg(unix)]
#[path = "cli/serve_dumps.rs"]
mod serve_dumps;
#[cfg(target_os = "linux")]
#[path = "cli/serve_memory.rs"]
mod serve_memory;
#[cfg(unix)]
#[path = "cli/served.rs"]
mod served;
#[cfg(unix)]
#[path = "resp_redis/server.rs"]
mod server;
#[cfg(unix)]
#[path = "cli/talk.rs"]
mod talk;
#[cfg(unix)]
#[path = "cli/tls.rs"]
mod tls;
#[cfg(unix)]
#[path = "net/wire.rs"]
#[allow(dead_code, reason = "not all of it is needed")]
mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn purekv(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_purekv")).args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it prints UTF-8")
}

/// Standard output of a run that must succeed and, with no terminal there, say nothing on standard error.
fn printed(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout)
}

/// The one line on standard error of a run that must fail with code 1 and print nothing.
fn complaint(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    let message = text(&output.stderr);
    assert_eq!(message.lines().count(), 1, "{message:?}");
    message
}

/// A file of this test run.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the target directory takes files");
    path
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path of plain characters")
}

#[test]
fn a_wrong_argument_is_a_usage_error() {
    for arguments in [
        &[][..],
        &["play"],
        &["replay", "--threads", "0"],
        &["replay", "--threads", "many"],
        &["replay", "--ttl", "2s..1s"],
        &["replay", "--ttl", "soon"],
        &["replay", "--zipf", "NaN"],
        &["replay", "--keys", "0"],
        &["replay", "--value-size", "2000000"],
        &["replay", "--only", "nobody"],
        &["replay", "--repeat", "0"],
        &["replay", "trace.csv", "--keys", "5"],
        &["replay", "one.csv", "two.csv"],
        &["bench", "--nonsense"],
        &["bench", "server"],
        &["bench", "server", "--target", "nowhere"],
        &["bench", "server", "--target", "h:1", "--requests", "5", "--duration", "1s"],
        &["bench", "server", "--target", "h:1", "--fill", "--no-fill"],
        &["bench", "server", "--target", "h:1", "--arrivals", "fixed"],
        &["bench", "server", "--target", "h:1", "--rate", "0"],
        &["bench", "server", "--target", "h:1", "--ratio", "0:0"],
        &["bench", "server", "--target", "h:1", "--ttl", "trace"],
        &["bench", "server", "--target", "h:1", "--value-size", "9..1"],
        &["bench", "server", "--target", "h:1", "--user", "alice"],
        &["bench", "server", "--target", "h:1", "--command", "GET \"k"],
        &["bench", "server", "--target", "h:1", "--pid", "1", "--pid", "2"],
        &["bench", "server", "--target", "h:1", "--connections", "2", "--threads", "3"],
        &["cli", "--raw", "--json", "PING"],
        &["cli", "-2", "-3", "PING"],
        &["cli", "-p", "70000", "PING"],
        &["cli", "-u", "redis://h", "-p", "1", "PING"],
        &["cli", "-s", "socket", "-h", "h", "PING"],
        &["cli", "-r", "-2", "PING"],
        &["cli", "-i", "-1", "PING"],
        &["cli", "-t", "0", "PING"],
        &["cli", "-t", "soon", "PING"],
        &["cli", "-x"],
        &["cli", "--pipe", "PING"],
        &["cli", "--scan", "PING"],
        &["cli", "--pattern", "x", "PING"],
        &["cli", "--cacert", "ca.pem", "PING"],
        &["cli", "--tls", "--cert", "a.pem", "PING"],
        &["cli", "--tls", "--insecure", "--cacert", "ca.pem", "PING"],
        &["dump"],
        &["dump", "convert", "one.dump"],
        &["dump", "convert", "one.dump", "two.txt"],
        &["dump", "convert", "one.txt", "two.dump"],
        &["dump", "convert", "one.jsonl", "two.jsonl"],
        &["dump", "convert", "one.jsonl", "-"],
        &["dump", "convert", "one.jsonl", "-", "--to", "dump"],
        &["dump", "convert", "-", "two.jsonl", "--from", "dump"],
        &["dump", "convert", "one.dump", "two.jsonl", "--to", "json"],
        &["dump", "convert", "one.dump", "two.jsonl", "--compress"],
        &["dump", "convert", "one.dump", "two.dump", "--compress=0"],
        &["dump", "convert", "one.dump", "two.dump", "--compress=23"],
    ] {
        let output = purekv(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert_eq!(text(&output.stdout), "");
    }
}
