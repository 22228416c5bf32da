//! What one can say about a dump, or a load.

use std::fmt;
use std::num::NonZeroUsize;
use std::thread;

use crate::snapshot::DumpProgress;
use crate::sync::AtomicBool;

/// Less than that is done before another thread has begun.
const ENTRIES_A_THREAD: usize = 1 << 16;

/// How to dump: for [`Store::dump_with`](crate::Store::dump_with) and [`Cache::dump_with`](crate::Cache::dump_with).
#[must_use]
pub struct DumpOptions<'p> {
    pub(super) synced: bool,
    /// Bytes a second.
    pub(super) rate: Option<u64>,
    pub(super) progress: Option<Box<dyn FnMut(DumpProgress) + 'p>>,
    /// Gives up when this is set.
    pub(super) stop: Option<&'p AtomicBool>,
    threads: Option<NonZeroUsize>,
    /// Of compression.
    #[cfg(feature = "dump-zstd")]
    pub(super) level: Option<i32>,
}

impl Default for DumpOptions<'_> {
    fn default() -> Self {
        Self {
            synced: true,
            rate: None,
            progress: None,
            stop: None,
            threads: None,
            #[cfg(feature = "dump-zstd")]
            level: None,
        }
    }
}

impl<'p> DumpOptions<'p> {
    /// As [`dump`](crate::Store::dump) does it: on the disk when it returns, as fast as it goes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to wait until file and folder are on the disk (fsync). Default: yes. Without, a dump still is whole or not there if the *process* ends at
    /// any point; but after a power failure it may be neither whole nor the old one.
    pub fn sync(mut self, synced: bool) -> Self {
        self.synced = synced;
        self
    }

    /// Writes at most about so many bytes a second, so that something is left of the disk; 0 counts as 1. Default: no limit.
    pub fn bytes_per_second(mut self, rate: u64) -> Self {
        self.rate = Some(rate.max(1));
        self
    }

    /// Compresses sections, of about a MiB each, by zstd at `level`, 1 to 22: the higher, the smaller and the slower; 3 is usual. Beyond that it is the nearest. Default: not at all.
    ///
    /// What would not become smaller by an eighth is written as it is. Takes some MiB a thread at low levels, and some 40 at the highest. The index is not compressed. Who reads such a dump needs the feature `dump-zstd`, too, and no
    /// longer reads it where it lies: see [`StoreSnapshot`](crate::StoreSnapshot).
    #[cfg(feature = "dump-zstd")]
    pub fn compress(mut self, level: i32) -> Self {
        self.level = Some(level);
        self
    }

    /// Called by the thread that has asked for the dump, whenever it has written about a MiB itself; it is not pinned then. A panic in it ends the dump and leaves nothing of it.
    pub fn on_progress(mut self, progress: impl FnMut(DumpProgress) + 'p) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Gives up, with nothing left of the dump, when `stop` is set; at the next bucket, or when a thread that waits for its rate is unparked.
    pub(super) fn stopped_by(mut self, stop: &'p AtomicBool) -> Self {
        self.stop = Some(stop);
        self
    }

    /// How many threads dump, at most, the calling one included; 0 counts as 1. There is never more than one for each 65,536 entries, nor with a
    /// [`bytes_per_second`](Self::bytes_per_second). Default: one less than there are processors, which is left to others; but not more than 4, and in a
    /// [`dump_every`](crate::Store::dump_every) one. Each takes some 4 MiB.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads.max(1));
        self
    }

    /// How many threads dump a cache of so many entries.
    pub(super) fn threads_for(&self, entries: usize) -> usize {
        if self.rate.is_some() {
            // It would wait for most of the time, and so would the others.
            return 1;
        }
        let usual = || thread::available_parallelism().map_or(1, |all| (all.get() - 1).clamp(1, 4));
        let most = entries.div_ceil(ENTRIES_A_THREAD).max(1);
        self.threads.map_or_else(usual, NonZeroUsize::get).min(most)
    }
}

impl fmt::Debug for DumpOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DumpOptions")
            .field("sync", &self.synced)
            .field("bytes_per_second", &self.rate)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// How to load: for [`Store::load_with`](crate::Store::load_with) and [`Cache::load_with`](crate::Cache::load_with).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LoadOptions {
    threads: Option<NonZeroUsize>,
}

impl LoadOptions {
    /// As [`load`](crate::Store::load) does it: with as many threads as there are processors.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many threads load, the calling one included; 0 counts as 1. There are never more than the file has sections, one or two a MiB.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads.max(1));
        self
    }

    pub(super) fn threads_for(&self, sections: usize) -> usize {
        let wanted = self.threads.or_else(|| thread::available_parallelism().ok());
        wanted.map_or(1, NonZeroUsize::get).min(sections).max(1)
    }
}
