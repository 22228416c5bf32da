//! Dump and load of a store.

use std::hash::BuildHasher;
use std::path::Path;

use super::load::{LoadReport, PER_PIN, load_all};
use super::options::{DumpOptions, LoadOptions};
use super::standing::{Round, learn_from, standings};
use super::times::Times;
use super::walk::dump;
use crate::cache::blob::Blob;
use crate::cache::core::enter;
use crate::cache::store::Store;
use crate::snapshot::{DumpError, DumpProgress, StoreSnapshot, Types, hash_of_bytes};

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// Writes all live entries, with their deadlines, to the file `path`; how many, and how many bytes. [`load`](Self::load) and [`StoreSnapshot`] read it.
    ///
    /// **What is in it**: each entry was live at some instant between the call and its end, and no key is in it twice. An entry that was there and was not
    /// changed throughout is in it; of one that was written, removed or due meanwhile, any state that it had. Others read and write as
    /// usual; none of them waits for the dump. In a store with a bound, what the eviction policy knows of each entry is in it, too.
    ///
    /// **What becomes of the file**: it is written beside `path` (with `.purekv-tmp` behind the name) and renamed when it is complete and on the disk. So there is the whole
    /// old file or the whole new one at `path`, whatever happens; who has the old one open keeps it. On an error nothing is left of the new one (but if all
    /// that failed is to bring its *name* to the disk, it is there). A process that is killed may leave the file beside, which the next dump to `path` takes over.
    /// The new file may be read and written by whom the old one might; a symbolic link at `path` is replaced, not followed.
    ///
    /// **Blocks** on the disk, the fsync included. As several threads do it ([`DumpOptions::threads`]), each is pinned for a bucket at a time, never while it writes. Takes some MiB of memory a thread, and 24 for the index; with a
    /// single entry or bucket larger than that, so much. O(entries).
    ///
    /// # Errors
    ///
    /// [`DumpError::Busy`]: another dump to `path` is under way. [`DumpError::TooLarge`]: an entry of more than 1 GiB. Otherwise what the system says: [`NoRoom`](DumpError::NoRoom),
    /// [`Permission`](DumpError::Permission), [`Io`](DumpError::Io).
    pub fn dump(&self, path: impl AsRef<Path>) -> Result<DumpProgress, DumpError> {
        self.dump_with(path, DumpOptions::new())
    }

    /// As [`dump`](Self::dump), with options.
    ///
    /// # Errors
    ///
    /// As [`dump`](Self::dump).
    pub fn dump_with(
        &self,
        path: impl AsRef<Path>,
        options: DumpOptions<'_>,
    ) -> Result<DumpProgress, DumpError> {
        dump(self.core(), path.as_ref(), Types::of_store(), options, |pending, entry, due| {
            let (key, value) = Blob::parts(entry);
            let section = pending.room_for(Some(key.len().saturating_add(value.len())));
            section.push(hash_of_bytes(key), key, value, due)
        })
    }

    /// Inserts what is in the dump at `path`, unless its key is there already: what is in the store is newer, and stays. What became of it.
    ///
    /// Deadlines are those of the dump, by the wall clock: what was due in the meantime is not inserted, and an entry that never expired still does not, whatever
    /// time-to-live new ones get. In a store with a bound, entries are evicted to make room for others as for any insertion; and if the dump is of one with a bound, the
    /// eviction policy goes on from where that was: each entry has the queue and the use count that it had, and a store that has not evicted anything yet takes over what was learnt of
    /// the queues' sizes. Of more than fits, what was used is loaded last, so that it stays.
    ///
    /// The store can be used meanwhile. Several threads load (see [`load_with`](Self::load_with)); the calling one **blocks** until all is done. O(entries).
    ///
    /// # Errors
    ///
    /// See [`DumpError`]. What was inserted before the error was met stays.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<LoadReport, DumpError> {
        self.load_with(path, LoadOptions::new())
    }

    /// As [`load`](Self::load), with options.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_with(
        &self,
        path: impl AsRef<Path>,
        options: LoadOptions,
    ) -> Result<LoadReport, DumpError> {
        let snapshot = StoreSnapshot::open(path)?;
        let engine = &*self.core().engine;
        learn_from(engine, || snapshot.learnt())?;
        let times = Times::now(self.core().clock());
        let rounds = Round::of(engine, snapshot.len(), snapshot.info().bytes);
        load_all(&options, snapshot.sections(), rounds, |section, round, scratch, report| {
            let standings = standings(engine, || snapshot.marks(section))?;
            let entries = snapshot.raw_entries_in(section, scratch)?.zip(standings);
            let mut entries = entries.filter(|(_, standing)| round.takes(*standing)).peekable();
            let mut group = Vec::with_capacity(PER_PIN);
            while entries.peek().is_some() {
                let (guard, now) = enter(self.core());
                for (raw, standing) in entries.by_ref().take(PER_PIN) {
                    let until = times.until(raw.due, |hard| engine.until(hard, &now));
                    let Some(until) = until.filter(|until| !now.is_due(until.deadline)) else {
                        report.expired += 1;
                        continue;
                    };
                    let hash = self.hash(raw.key);
                    engine.prefetch(hash, &guard);
                    group.push((raw.key, hash, Blob::owned(until, raw.key, raw.value), standing));
                }
                for (key, hash, entry, standing) in group.drain(..) {
                    let arriving = engine.arriving(hash, entry, standing);
                    report.count(arriving.map(|it| self.admit_arriving(key, it, &guard, &now)));
                }
            }
            Ok(())
        })
    }
}
