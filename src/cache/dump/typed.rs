//! Dump and load of a cache.

use std::hash::{BuildHasher, Hash};
use std::path::Path;

use super::load::{LoadReport, PER_PIN, load_all};
use super::options::{DumpOptions, LoadOptions};
use super::standing::{Round, learn_from, standings};
use super::times::Times;
use super::walk::dump;
use crate::cache::entry::Typed;
use crate::cache::typed::Cache;
use crate::clock::Now;
use crate::snapshot::{DumpError, DumpProgress, Dumped, Snapshot, Types, hash_of};
use crate::sync::epoch;

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Dumped + Send + Sync + 'static,
    V: Dumped + Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Writes all live entries, with their deadlines, to the file `path`; how many, and how many bytes. [`load`](Self::load) and [`Snapshot`] read it. See
    /// [`Store::dump`](crate::Store::dump) for what is in it, what becomes of the file, and that it **blocks** on the disk.
    ///
    /// Keys and values are archived by rkyv, by reference, on the threads that dump ([`DumpOptions::threads`]), pinned meanwhile; and checked, as they will be when they are read. A panic in
    /// that ends the dump and leaves nothing of it.
    ///
    /// # Errors
    ///
    /// As [`Store::dump`](crate::Store::dump); and [`DumpError::Archive`] if rkyv cannot archive a key or value.
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
        let types = Types::of_cache::<K, V>();
        dump(self.core(), path.as_ref(), types, options, |pending, entry, due| {
            let (key, value) = (entry.get().key(), entry.get().value());
            pending.room_for(None).push_archived(hash_of(key), key, value, due)
        })
    }

    /// Inserts what is in the dump at `path`, unless its key is there already. See [`Store::load`](crate::Store::load). (With a weigher, that not all has room is known beforehand
    /// only if there are more entries than all may weigh.)
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
        let snapshot = Snapshot::<K, V>::open(path)?;
        let engine = &*self.core().engine;
        learn_from(engine, || snapshot.learnt())?;
        let times = Times::now(self.core().clock());
        let rounds = Round::of(engine, snapshot.len(), snapshot.info().bytes);
        load_all(&options, snapshot.sections(), rounds, |section, round, scratch, report| {
            let standings = standings(engine, || snapshot.marks(section))?;
            let entries = snapshot.checked_in(section, scratch)?.zip(standings);
            let mut entries = entries.filter(|(_, standing)| round.takes(*standing)).peekable();
            let mut group = Vec::with_capacity(PER_PIN);
            while entries.peek().is_some() {
                let now = Now::new(self.core().clock());
                for (dumped, standing) in entries.by_ref().take(PER_PIN) {
                    let until = times.until(dumped.due(), |hard| engine.until(hard, &now));
                    let Some(until) = until.filter(|until| !now.is_due(until.deadline)) else {
                        report.expired += 1;
                        continue;
                    };
                    // Copied before the thread is pinned: that is the user's code.
                    let (key, value) = snapshot.to_owned(&dumped)?;
                    let hash = self.hash(&key);
                    let weight = self.weigh(&key, &value);
                    let entry = Typed::owned(hash, until, weight, key, value);
                    group.push((hash, entry, standing));
                }
                let guard = epoch::pin();
                group.iter().for_each(|&(hash, ..)| engine.prefetch(hash, &guard));
                for (hash, entry, standing) in group.drain(..) {
                    let arriving = engine.arriving(hash, entry, standing);
                    report.count(arriving.map(|it| self.admit_arriving(it, &guard, &now)));
                }
            }
            Ok(())
        })
    }
}
