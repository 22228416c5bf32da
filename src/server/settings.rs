//! What all connections of a server have in common.

use std::fmt;
use std::time::Duration;

use super::clients::Clients;
use super::execute::Database;
use super::pause::Pause;
use super::worker::Inbox;
use crate::resp::limits::RequestLimits;
use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering};

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
    /// Bytes that a connection's transaction may take: the commands since MULTI, and, by itself, what is watched. What is more is refused, and so is EXEC
    /// then. 256 MiB unless said otherwise.
    pub transaction: usize,
    /// Connections at once, as Redis's `maxclients`: 10,000 unless said otherwise.
    pub max_clients: usize,
    /// Who has said nothing for longer is closed, as by Redis's `timeout`. Never unless said otherwise; whole seconds.
    pub timeout: Option<Duration>,
    /// A connection with more bytes of replies than this waiting is closed, as by the first number of Redis's `client-output-buffer-limit normal`. No limit unless said
    /// otherwise.
    pub output_limit: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password: None,
            limits: RequestLimits::default(),
            output: 1 << 20,
            transaction: 256 << 20,
            max_clients: 10_000,
            timeout: None,
            output_limit: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        // Whether there is a password may be told, and no more.
        shown.field("has_password", &self.password.is_some());
        shown.field("limits", &self.limits).field("output", &self.output);
        shown.field("transaction", &self.transaction);
        shown.field("max_clients", &self.max_clients).field("timeout", &self.timeout);
        shown.field("output_limit", &self.output_limit).finish()
    }
}

/// What connections share: the database, the settings, and the numbers that they are given.
#[derive(Debug)]
pub struct Server {
    pub(super) database: Database,
    pub(super) settings: Settings,
    pub(super) clients: Arc<Clients>,
    pub(super) pause: Pause,
    workers: Mutex<Vec<Arc<Inbox>>>,
    /// Connections that were turned away.
    rejected: AtomicU64,
}

impl Server {
    /// A server with no connection yet. Starts no thread and opens nothing.
    pub fn new(database: Database, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            database,
            settings,
            clients: Arc::default(),
            pause: Pause::default(),
            workers: Mutex::default(),
            rejected: AtomicU64::new(0),
        })
    }

    /// Whether one more connection may be made; if not, what to write to the client before its socket is closed. Threads that ask at the same time may make one each.
    ///
    /// # Errors
    ///
    /// That there are as many as there may be.
    pub fn admit(&self) -> Result<(), &'static [u8]> {
        if self.clients.len() < self.settings.max_clients {
            return Ok(());
        }
        // Relaxed: a figure.
        self.rejected.fetch_add(1, Ordering::Relaxed);
        Err(b"-ERR max number of clients reached\r\n")
    }

    /// Ends a pause; who waits for that goes on.
    pub(super) fn end_pause(&self) {
        self.pause.end();
        self.workers().iter().for_each(|worker| worker.wake_held());
    }

    /// The threads that serve it.
    pub(super) fn workers(&self) -> MutexGuard<'_, Vec<Arc<Inbox>>> {
        self.workers.lock().unwrap_or_else(|broken| broken.into_inner())
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
