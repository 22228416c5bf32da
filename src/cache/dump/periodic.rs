//! Dumps that are made again and again.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::options::DumpOptions;
use super::walk::wait_until;
use crate::cache::store::Store;
use crate::cache::typed::Cache;
use crate::snapshot::{DumpError, DumpProgress, Dumped};
use crate::sync::{AtomicBool, Ordering};

/// A cache that is dumped again and again, by a thread of its own: see [`Store::dump_every`] and [`Cache::dump_every`].
///
/// Dropped, it ends that. A dump under way is given up, and the one before it stays; the drop **blocks** until the thread has come to its next bucket or has
/// finished the write or fsync it is at. It keeps the cache alive as long as it lives.
#[must_use = "dropped, it makes no dumps"]
pub struct PeriodicDump {
    shared: Arc<Shared>,
    /// None: it was ended.
    thread: Option<JoinHandle<()>>,
}

/// What has become of a [`PeriodicDump`] so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DumpStatus {
    /// Dumps that are complete.
    pub completed: u64,
    /// Dumps that have failed.
    pub failed: u64,
    /// When the last complete one was done, and how large it is.
    pub last: Option<(SystemTime, DumpProgress)>,
    /// Why the last one that failed did, and when.
    pub last_error: Option<(SystemTime, Arc<DumpError>)>,
}

struct Shared {
    stop: AtomicBool,
    status: Mutex<DumpStatus>,
}

impl Shared {
    /// What was counted; also after a panic, for it is whole at any time.
    fn with_status<R>(&self, look: impl FnOnce(&mut DumpStatus) -> R) -> R {
        look(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_stopped(&self) -> bool {
        // Relaxed: whoever has set it waits for the thread's end.
        self.stop.load(Ordering::Relaxed)
    }

    /// `dump`, each `interval` from the begin of one to the begin of the next. What takes longer than that makes up for nothing.
    fn run(
        &self,
        interval: Duration,
        path: &Path,
        dump: impl Fn(&Path, DumpOptions<'_>) -> Result<DumpProgress, DumpError>,
    ) {
        let mut begin = Instant::now();
        loop {
            wait_until(begin, interval, || self.is_stopped());
            if self.is_stopped() {
                return;
            }
            begin = Instant::now();
            self.dump_once(path, &dump);
        }
    }

    fn dump_once(
        &self,
        path: &Path,
        dump: impl Fn(&Path, DumpOptions<'_>) -> Result<DumpProgress, DumpError>,
    ) {
        let options = DumpOptions::new().threads(1).stopped_by(&self.stop);
        // What panics is code of the cache's user; the cache itself has no half-done work in a dump, nor has the file.
        let result = catch_unwind(AssertUnwindSafe(|| dump(path, options)))
            .unwrap_or_else(|_| Err(DumpError::Panicked { path: path.to_owned() }));
        let now = SystemTime::now();
        self.with_status(|status| match result {
            Ok(progress) => {
                status.completed += 1;
                status.last = Some((now, progress));
            }
            Err(DumpError::Stopped { .. }) => {}
            Err(error) => {
                status.failed += 1;
                status.last_error = Some((now, Arc::new(error)));
            }
        });
    }
}

impl PeriodicDump {
    fn start(
        interval: Duration,
        path: PathBuf,
        dump: impl Fn(&Path, DumpOptions<'_>) -> Result<DumpProgress, DumpError> + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { stop: AtomicBool::new(false), status: Mutex::default() });
        let thread = thread::Builder::new().name("purekv-dump".into()).spawn({
            let shared = shared.clone();
            move || shared.run(interval, &path, dump)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// What has become of it so far. Does not wait for a dump that is under way.
    pub fn status(&self) -> DumpStatus {
        self.shared.with_status(|status| status.clone())
    }
}

impl Drop for PeriodicDump {
    fn drop(&mut self) {
        // Relaxed: the unpark below passes it on, or the thread's next look finds it.
        self.shared.stop.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        // A destructor of a value may come here on that very thread, which cannot wait for itself.
        if thread.thread().id() != thread::current().id() {
            // A panic was caught there.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for PeriodicDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeriodicDump").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// Dumps the store to `path` each `interval`, from the begin of one dump to the begin of the next, by a thread of its own, until what this returns is dropped.
    /// The first time after `interval`. Never two at once: a dump that takes longer is followed by the next one. One that fails leaves the one before it, and is
    /// tried again after the next `interval`; see [`PeriodicDump::status`].
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn dump_every(
        &self,
        interval: Duration,
        path: impl Into<PathBuf>,
    ) -> io::Result<PeriodicDump> {
        let store = self.clone();
        PeriodicDump::start(interval, path.into(), move |path, options| {
            store.dump_with(path, options)
        })
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Dumped + Send + Sync + 'static,
    V: Dumped + Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Dumps the cache to `path` each `interval`: see [`Store::dump_every`](crate::Store::dump_every).
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn dump_every(
        &self,
        interval: Duration,
        path: impl Into<PathBuf>,
    ) -> io::Result<PeriodicDump> {
        let cache = self.clone();
        PeriodicDump::start(interval, path.into(), move |path, options| {
            cache.dump_with(path, options)
        })
    }
}
