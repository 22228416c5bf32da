//! Why there are no figures. Each error is a single line.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::reply::shown;

#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// Arguments that do not go together.
    #[error("{0}")]
    Arguments(String),
    #[error("{target}: cannot connect: {source}")]
    Connect { target: String, source: io::Error },
    /// Before the load.
    #[error("{target}: {told}")]
    Greeting { target: String, told: String },
    /// During the load. No figure of such a run is shown.
    #[error("{target}: {fault}")]
    Fault { target: String, fault: Fault },
    #[error("{}: cannot write: {source}", path.display())]
    Output { path: PathBuf, source: io::Error },
}

/// What has gone wrong at a connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("connection {connection}, request {number}, {request}: {told}")]
    Wrong {
        connection: usize,
        /// Of this connection, from 1.
        number: u64,
        request: String,
        /// What was expected and what has come.
        told: String,
    },
    #[error(
        "connection {connection}: {} that nobody has asked for, after {answered} replies",
        shown(found)
    )]
    Surplus { connection: usize, answered: u64, found: Vec<u8> },
    #[error(
        "connection {connection}: closed by the server after {answered} replies, {missing} more were to come{}",
        begun(rest)
    )]
    Closed {
        connection: usize,
        answered: u64,
        missing: usize,
        /// What has come of the next reply.
        rest: Vec<u8>,
    },
    #[error(
        "connection {connection}: nothing has come for {}, {missing} replies are missing after {answered}{}",
        humantime::format_duration(*patience),
        begun(rest)
    )]
    Silent { connection: usize, answered: u64, missing: usize, patience: Duration, rest: Vec<u8> },
    #[error("connection {connection}, after {answered} replies: {source}")]
    Io { connection: usize, answered: u64, source: io::Error },
    #[error("{what}: {source}")]
    System { what: &'static str, source: io::Error },
    /// Values that are not there, or counters that stand wrong, after all was answered.
    #[error("{0}")]
    Lost(String),
    /// Another thread has failed.
    #[error("stopped")]
    Stopped,
}

fn begun(rest: &[u8]) -> String {
    if rest.is_empty() { String::new() } else { format!("; the next one begins {}", shown(rest)) }
}
