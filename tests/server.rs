//! The server without its socket: connections are given bytes, and what they reply is compared with what it should be, or with what a real
//! `redis-server` replies. Where there is none on the `PATH`, comparisons are skipped with a message.

#[path = "server/clients.rs"]
mod clients;
#[path = "server/commands.rs"]
mod commands;
#[path = "server/connections.rs"]
mod connections;
#[path = "server/driver.rs"]
mod driver;
#[path = "server/dumps.rs"]
#[cfg(unix)]
mod dumps;
#[path = "support/folder.rs"]
#[cfg(unix)]
mod folder;
#[path = "server/hostile.rs"]
mod hostile;
#[path = "server/info.rs"]
mod info;
#[path = "server/interleaved.rs"]
#[cfg(unix)]
mod interleaved;
#[path = "server/prometheus.rs"]
mod prometheus;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "not all of it is needed")]
mod random;
#[path = "server/redis.rs"]
#[cfg(unix)]
mod redis;
#[path = "server/redis_talk.rs"]
#[cfg(unix)]
mod redis_talk;
#[path = "resp_redis/server.rs"]
#[cfg(unix)]
#[allow(dead_code, reason = "not all of it is needed")]
mod server;
#[path = "server/slow.rs"]
mod slow;
#[path = "server/strings.rs"]
mod strings;
#[path = "server/threads.rs"]
mod threads;
#[path = "server/together.rs"]
mod together;
#[path = "server/transactions.rs"]
mod transactions;
#[path = "server/waiting.rs"]
#[cfg(unix)]
mod waiting;

/// What the fuzzer has found worth keeping: see `fuzz/README.md`.
#[test]
fn the_corpus_of_hostile_connections_does_no_harm() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/connection");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(files.len() >= 30, "{}", files.len());
    for file in files {
        hostile::check(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
