//! Why a command has no reply.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use purekv::resp::error::FrameError;

use super::target::Place;

/// What went wrong, and where.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}: expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], rediss://… or unix:///PATH")]
    Url(String),
    #[error("{}: {what}", path.display())]
    Certificates { path: PathBuf, what: String },
    #[error("TLS: {0}")]
    Tls(String),
    #[error("{place}: cannot connect: {source}")]
    Connect { place: Place, source: io::Error },
    /// The connection is there all the same.
    #[error("{place}: {command} failed: {text}")]
    Login { place: Place, command: &'static str, text: String },
    #[error("{place}: {command}: no reply within {}; {FATE}", humantime::format_duration(*limit))]
    Late { place: Place, command: String, limit: Duration },
    #[error("{place}: {command}: the connection was lost: {source}; {FATE}")]
    Lost { place: Place, command: String, source: io::Error },
    #[error("{place}: {command}: what came is no reply: {source}; {FATE}")]
    NoReply { place: Place, command: String, source: FrameError },
    /// With `--pipe`.
    #[error(
        "{place}: the connection was lost after {replies} replies, {errors} of them errors: {what}; \
        what was sent behind them may have been carried out or not"
    )]
    Broken { place: Place, replies: u64, errors: u64, what: String },
    /// Noticed before the command was sent.
    #[error(
        "{place}: the connection was lost, and what {lost} began with it: {command} was not sent"
    )]
    Undone { place: Place, lost: &'static str, command: String },
    #[error("CLIENT REPLY {0}: not sent, as whoever waits for replies would wait for ever")]
    Silenced(String),
    #[error("standard input: {0}")]
    Input(io::Error),
    #[error("standard output: {0}")]
    Output(io::Error),
    #[error("the prompt: {0}")]
    Prompt(String),
}

const FATE: &str = "it may have been carried out or not, and is not sent again";

impl Failure {
    /// Whether whoever reads our output has gone: `purekv cli KEYS '*' | head -1` has what it wanted.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
