//! What all connections of a server have in common.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

use super::clients::Clients;
use super::counters::Totals;
use super::dumps::Dumps;
use super::execute::{Database, Figures};
use super::info::Rates;
use super::live::Live;
use super::pause::Pause;
use super::shutdown::Shutdown;
use super::slow::SlowLog;
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
    /// Where dumps are written: by SAVE, BGSAVE and SHUTDOWN, and by themselves. Without, these are refused.
    pub dump: Option<PathBuf>,
    /// How often a dump is written by itself, if anything has changed, as by Redis's `save SECONDS 1`: see [`Server::tick`]. Never unless said otherwise; whole seconds.
    pub save_interval: Option<Duration>,
    /// Whether a dump is written at the end also where none is written by itself. No unless said otherwise, as in Redis; `CONFIG SET save` says so, too.
    pub dump_at_end: bool,
    /// Whether DEBUG is allowed, as by Redis's `enable-debug-command`. No unless said otherwise.
    pub debug: bool,
    /// Where it listens, which is only told: INFO and CONFIG GET show it.
    pub listens: Listens,
}

/// Where a server listens, as INFO and CONFIG GET show it.
#[derive(Clone, Debug, Default)]
pub struct Listens {
    /// The port; 0: at none.
    pub port: u16,
    /// Addresses, as Redis's `bind`.
    pub bind: Vec<String>,
    /// A unix socket.
    pub socket: Option<PathBuf>,
    /// Threads that serve; 0: as many as have a worker.
    pub threads: usize,
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
            dump: None,
            save_interval: None,
            dump_at_end: false,
            debug: false,
            listens: Listens::default(),
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
        shown.field("output_limit", &self.output_limit).field("dump", &self.dump);
        shown.field("save_interval", &self.save_interval).field("dump_at_end", &self.dump_at_end);
        shown.field("debug", &self.debug).field("listens", &self.listens).finish()
    }
}

/// What connections share: the database, the settings, and the numbers that they are given.
#[derive(Debug)]
pub struct Server {
    pub(super) database: Database,
    pub(super) settings: Settings,
    pub(super) clients: Arc<Clients>,
    pub(super) pause: Pause,
    pub(super) live: Live,
    pub(super) dumps: Dumps,
    pub(super) shutdown: Shutdown,
    pub(super) rates: Rates,
    pub(super) slow_log: SlowLog,
    peak: AtomicU64,
    /// When it was made: milliseconds since the epoch.
    pub(super) since: u64,
    /// For who asks whether it is still the same server.
    pub(super) run_id: String,
    workers: Mutex<Crew>,
    /// Connections that were turned away.
    rejected: AtomicU64,
}

/// The threads that serve, and what they have counted.
#[derive(Debug, Default)]
pub(super) struct Crew {
    at_work: Vec<Arc<Inbox>>,
    /// By those that have left.
    gone: Totals,
    /// Before it was counted anew.
    before: Totals,
    before_figures: Figures,
    before_clients: u64,
    before_rejected: u64,
}

impl Crew {
    pub(super) fn join(&mut self, inbox: &Arc<Inbox>) {
        self.at_work.push(inbox.clone());
    }

    pub(super) fn leave(&mut self, inbox: &Arc<Inbox>) {
        self.gone.add(&inbox.counters);
        self.at_work.retain(|other| !Arc::ptr_eq(other, inbox));
    }

    fn sum(&self) -> Totals {
        let mut totals = self.gone.clone();
        self.at_work.iter().for_each(|inbox| totals.add(&inbox.counters));
        totals
    }
}

impl Server {
    /// A server with no connection yet. Starts no thread and opens nothing.
    pub fn new(database: Database, settings: Settings) -> Arc<Self> {
        let since = database.millis();
        Arc::new(Self {
            live: Live::new(&settings),
            dumps: Dumps::new(since / 1000, database.figures().changes),
            shutdown: Shutdown::default(),
            rates: Rates::new(since),
            slow_log: SlowLog::default(),
            peak: AtomicU64::new(0),
            since,
            run_id: run_id(),
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
        self.admit_to(self.clients.len())
    }

    /// The same where so many are there.
    pub(super) fn admit_to(&self, connected: usize) -> Result<(), &'static [u8]> {
        if connected < self.live.max_clients.size() {
            return Ok(());
        }
        // Relaxed: a figure.
        self.rejected.fetch_add(1, Ordering::Relaxed);
        Err(b"-ERR max number of clients reached\r\n")
    }

    /// Ends a pause; who waits for that goes on.
    pub(super) fn end_pause(&self) {
        self.pause.end();
        self.wake_held();
    }

    /// Has all threads look at what waits, and at whether this is the end.
    pub(super) fn wake_held(&self) {
        self.workers().at_work.iter().for_each(|inbox| inbox.wake_held());
    }

    /// What was counted since the beginning, or since CONFIG RESETSTAT. O(threads).
    pub(super) fn totals(&self) -> Totals {
        let crew = self.workers();
        crew.sum().since(&crew.before)
    }

    /// What was counted since the beginning. O(threads).
    pub(super) fn all_totals(&self) -> Totals {
        self.workers().sum()
    }

    /// Connections that were turned away.
    pub(super) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Counts from 0.
    pub(super) fn reset_totals(&self) {
        let mut crew = self.workers();
        crew.before = crew.sum();
        crew.before_figures = self.database.figures();
        crew.before_clients = self.clients.count();
        crew.before_rejected = self.rejected();
    }

    /// Figures of the store, from then on if they count up. O(shards).
    pub(super) fn figures(&self) -> Figures {
        self.database.figures().since(&self.workers().before_figures)
    }

    /// Connections that have come, and those that were turned away, from then on.
    pub(super) fn arrivals(&self) -> (u64, u64) {
        let crew = self.workers();
        (self.clients.count() - crew.before_clients, self.rejected() - crew.before_rejected)
    }

    /// How many threads serve it.
    pub(super) fn threads(&self) -> usize {
        match self.settings.listens.threads {
            0 => self.workers().at_work.len(),
            threads => threads,
        }
    }

    /// The most bytes that were ever seen in use.
    pub(super) fn peak(&self, used: u64) -> u64 {
        self.peak.fetch_max(used, Ordering::Relaxed).max(used)
    }

    /// What becomes of entries that there is no room for, in the nearest of Redis's words: S3-FIFO goes by how often an entry is used.
    pub(super) fn policy(&self) -> &'static str {
        if self.database.evicts() { "allkeys-lfu" } else { "noeviction" }
    }

    /// Seconds of silence after which to ask whether a client's machine is still there (TCP keep-alive); None: never.
    pub fn keepalive(&self) -> Option<Duration> {
        let seconds = self.live.keepalive.get().cast_unsigned();
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// The threads that serve it.
    pub(super) fn workers(&self) -> MutexGuard<'_, Crew> {
        self.workers.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// 40 hexadecimal digits by chance.
fn run_id() -> String {
    let digits: String =
        (0..3).map(|number| format!("{:016x}", RandomState::new().hash_one(number))).collect();
    digits[..40].to_owned()
}
