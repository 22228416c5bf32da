//! What can become of a call.

use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why a call, or the making of a client, has failed. It never shows a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is none, or asks for what this build or client has not.
    #[error("{address:?} is no address of a server: {reason}")]
    Address {
        /// What was given, from behind the password on.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificates or keys that were given, or those of the system, cannot be used.
    #[error("{address}: TLS cannot be set up: {reason}")]
    Tls {
        /// Of the server.
        address: Arc<str>,
        /// What is wrong.
        reason: String,
    },
    /// There was no connection to be had, so nothing was sent.
    #[error("{address}: no connection: {source}")]
    Connect {
        /// Of the server.
        address: Arc<str>,
        /// What the system, or TLS, says.
        source: io::Error,
    },
    /// The server does not let us in: user, password, database or version of the protocol are not to its liking.
    #[error("{address}: not let in: {text}")]
    Login {
        /// Of the server.
        address: Arc<str>,
        /// What it says.
        text: String,
    },
    /// The time of the call was over before its answer had come. The connection is given up, so the answer, should it come, is nobody's.
    #[error("{address}: {operation}: not answered within {limit:?}{}", fate(*.sent))]
    TimedOut {
        /// Of the server.
        address: Arc<str>,
        /// The operation.
        operation: &'static str,
        /// The time it had.
        limit: Duration,
        /// Whether anything of it was sent: then the server may carry it out, or may have done so.
        sent: bool,
    },
    /// All connections of the pool were in use as long as the call had time. Nothing was sent.
    #[error("{address}: {operation}: all {size} connections were in use for {limit:?}")]
    Exhausted {
        /// Of the server.
        address: Arc<str>,
        /// The operation.
        operation: &'static str,
        /// How many connections there may be.
        size: usize,
        /// The time it had.
        limit: Duration,
    },
    /// The connection broke, or what came over it was not the Redis protocol.
    #[error("{address}: {operation}: the connection is lost: {source}{}", fate(*.sent))]
    Lost {
        /// Of the server.
        address: Arc<str>,
        /// The operation.
        operation: &'static str,
        /// Whether anything of it was sent: then the server may have carried it out.
        sent: bool,
        /// What the system says; for what is not the protocol, [`InvalidData`](io::ErrorKind::InvalidData).
        source: io::Error,
    },
    /// The server has refused the operation.
    #[error("{address}: {operation}: the server says {text:?}")]
    Server {
        /// Of the server.
        address: Arc<str>,
        /// The operation.
        operation: &'static str,
        /// What it says.
        text: String,
    },
    /// The server has answered with what is no answer to the operation. It was carried out, as what the server took it for.
    #[error("{address}: {operation}: expected {expected}, the server replied {found}")]
    Reply {
        /// Of the server.
        address: Arc<str>,
        /// The operation.
        operation: &'static str,
        /// What its answer is to be.
        expected: &'static str,
        /// What it was: the beginning of it, with escapes.
        found: String,
    },
}

fn fate(sent: bool) -> &'static str {
    if sent { "; it may have been carried out" } else { "; it was not sent" }
}

impl Error {
    /// Whether it was time that ran out: for an answer, for a connection of the pool, or for a new one.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Exhausted { .. } => true,
            Self::Connect { source, .. } => source.kind() == io::ErrorKind::TimedOut,
            _ => false,
        }
    }

    /// Whether the server may have carried the operation out all the same. If not, it may be done again without a thought.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::TimedOut { sent, .. } | Self::Lost { sent, .. } => *sent,
            Self::Reply { .. } => true,
            _ => false,
        }
    }
}
