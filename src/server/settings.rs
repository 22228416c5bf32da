//! What all connections of a server have in common.

use std::fmt;

use super::execute::Database;
use crate::resp::limits::RequestLimits;
use crate::sync::{Arc, AtomicU64, Ordering};

/// What is chosen when a server is made.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// What clients have to say before anything else, as Redis's `requirepass`: nothing unless said otherwise.
    pub password: Option<Vec<u8>>,
    /// Limits on requests. The longest argument is the longest value, too.
    pub limits: RequestLimits,
    /// Bytes of replies that may wait to be written: while it is more, a connection's requests wait. 1 MiB unless said otherwise. A reply that has begun is
    /// finished, and so is a run of GETs, so it may become more by these.
    pub output: usize,
    /// Bytes that a connection's transaction may take: the commands since MULTI, and, by itself, what is watched. What is more is refused, and so is EXEC then. 256 MiB
    /// unless said otherwise.
    pub transaction: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password: None,
            limits: RequestLimits::default(),
            output: 1 << 20,
            transaction: 256 << 20,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        // Whether there is a password may be told, and no more.
        shown.field("has_password", &self.password.is_some());
        shown.field("limits", &self.limits).field("output", &self.output);
        shown.field("transaction", &self.transaction).finish()
    }
}

/// What connections share: the database, the settings, and the numbers that they are given.
#[derive(Debug)]
pub struct Server {
    pub(super) database: Database,
    pub(super) settings: Settings,
    connections: AtomicU64,
}

impl Server {
    /// A server with no connection yet. Starts no thread and opens nothing.
    pub fn new(database: Database, settings: Settings) -> Arc<Self> {
        Arc::new(Self { database, settings, connections: AtomicU64::new(0) })
    }

    /// The number of a new connection: 1, 2, …
    pub(super) fn number(&self) -> u64 {
        // Relaxed: a number, by which nothing else is found.
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether this is the password, in a time that does not tell how much of it was right.
    pub(super) fn is_password(&self, given: &[u8]) -> bool {
        let Some(password) = &self.settings.password else { return true };
        let differ = |places: &[u8], other: &[u8]| {
            places.iter().zip(other).fold(0, |differ, (a, b)| std::hint::black_box(differ | a ^ b))
        };
        given.len() == password.len() && differ(given, password) == 0
    }
}
