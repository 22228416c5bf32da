//! A store on top of a snapshot.

use std::hash::BuildHasher;
use std::sync::Arc;

use super::source::{Copied, Pages, Places, Source, Terms};
use super::{Below, Start};
use crate::cache::blob::Blob;
use crate::cache::builder::Builder;
use crate::cache::core::Core;
use crate::cache::store::Store;
use crate::hash::hash_of_bytes;
use crate::snapshot::{DumpError, Location, StoreSnapshot};

struct StoreSource<S> {
    snapshot: Arc<StoreSnapshot>,
    hasher: S,
}

#[allow(private_interfaces, reason = "as at the trait")]
impl Pages for StoreSnapshot {
    fn sections(&self) -> usize {
        self.sections()
    }

    fn entries_in(&self, section: usize) -> u32 {
        self.entries_in(section)
    }

    fn check(&self, section: usize) -> Result<(), DumpError> {
        self.raw_entries(section).map(drop)
    }

    fn block_of(&self, hash: u64) -> (usize, usize) {
        self.block_of(hash)
    }

    fn places(&self, hash: u64) -> Result<Places, DumpError> {
        Ok(self.places(hash)?.collect())
    }

    fn mark_at(&self, place: Location) -> Result<u8, DumpError> {
        self.mark_at(place)
    }

    fn learnt(&self) -> Result<Option<&[u8]>, DumpError> {
        self.learnt()
    }

    fn hash_at(&self, place: Location) -> Result<u64, DumpError> {
        self.hash_at(place)
    }

    fn are_same(&self, one: Location, other: Location) -> Result<bool, DumpError> {
        self.are_same(one, other)
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Source<Blob<S>> for StoreSource<S> {
    fn pages(&self) -> &dyn Pages {
        &*self.snapshot
    }

    fn copy(
        &self,
        place: Location,
        hash: Option<u64>,
        terms: &Terms<'_>,
    ) -> Result<Option<Copied<Blob<S>>>, DumpError> {
        let raw = self.snapshot.raw_at(place)?;
        Ok(terms(raw.due).map(|until| Copied {
            hash: hash.unwrap_or_else(|| hash_of_bytes(&self.hasher, raw.key)),
            entry: Blob::owned(until, raw.key, raw.value),
        }))
    }
}

/// Puts a new store on top of what its builder was given.
pub(in crate::cache) fn start<S>(builder: &Builder<Store, S>, core: &mut Core<Blob<S>>)
where
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    let Start { snapshot: Some(snapshot), rate } = builder.start.clone() else { return };
    let source = Box::new(StoreSource { snapshot, hasher: builder.hasher.clone() });
    let rate = builder.in_background().then_some(rate).filter(|&rate| rate > 0);
    core.below = Below::on(source, &core.engine, rate);
}

impl<S> Builder<Store, S> {
    /// Starts on top of a snapshot: the store has at once what is in it, and serves its first get without having read it. An entry comes into memory when it is
    /// asked for, or changed, or when its turn comes in the background ([`hydration_rate`](Self::hydration_rate)); when all have come, the file is let go.
    ///
    /// - **It is as if the dump had been [loaded](Store::load)**: what is removed, replaced or due is so from the first instant. Deadlines are those of the dump, by the wall clock as
    ///   it was at `build`; a time-to-idle runs from then for what was dumped without one.
    /// - **A look-up never waits** for another thread: if what it wants is just being moved, it gets a copy of its own. It may wait for the disk, as with any mapped file (pinned meanwhile), and the first
    ///   one that comes to a section of about a MiB verifies it. **A change of a key** (`insert`, `remove`, `compute`, `set_ttl`, …) that has not come yet brings it first, and waits if
    ///   another thread is just moving an entry of the same stripe of 256; not for the disk, which is read before. Keys that are in memory are changed as ever, once their bit was looked at.
    /// - **[`len`](Store::len) and [`weight`](Store::weight)** count what is in memory. [`iter`](Store::iter), [`retain`](Store::retain) and [`dump`](Store::dump) promise to meet each entry, so they
    ///   first do what [`hydrate`](Store::hydrate) does.
    /// - **In a store with a bound** the background thread stops when that is reached, and goes on when there is room. What is left is served as before, and evicts others when it is asked for.
    ///   Entries come with what the eviction policy of the dumped store knew of them, if that had a bound, too.
    /// - **What is damaged** in the file is absent: see [`warming_error`](Store::warming_error). It must not be changed in place, as with any [`StoreSnapshot`].
    /// - **If the dump is compressed**, who first comes to a section unpacks it, and it stays in memory besides the entries until all have come.
    ///
    /// Takes a bit for each entry of the snapshot, and 32 KiB. A builder that is cloned gives several stores on the same one.
    ///
    /// ```
    /// # let folder = std::env::temp_dir().join(format!("purekv-doc-warm-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("sessions.dump");
    /// use purekv::{Store, StoreSnapshot};
    ///
    /// let store = Store::new();
    /// store.insert(b"session:7", b"alice");
    /// store.dump(&path)?;
    ///
    /// let warm = Store::builder().warm_from(StoreSnapshot::open(&path)?).build();
    /// assert_eq!(warm.get(b"session:7").as_deref(), Some(&b"alice"[..]));
    /// # drop(warm);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warm_from(mut self, snapshot: StoreSnapshot) -> Self {
        self.start.snapshot = Some(Arc::new(snapshot));
        self
    }

    /// How many entries a second come into memory from the snapshot without being asked for, at most; 0: none. Default: 500,000, about half a processor's time.
    ///
    /// It takes a thread of its own, which ends when all have come or the store is dropped. There is none with [`Expiry::Manual`](crate::Expiry), `Off`, or a manual clock: then they come as they are
    /// asked for, or by [`hydrate`](Store::hydrate).
    pub fn hydration_rate(mut self, entries_per_second: u64) -> Self {
        self.start.rate = entries_per_second;
        self
    }
}

/// Of a store that was started on top of a snapshot: see [`warm_from`](Builder::warm_from).
impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// Whether there is a snapshot below it still. Never blocks; O(1).
    pub fn is_warming(&self) -> bool {
        self.core().below.is_warming()
    }

    /// Brings all entries into memory that are not, and lets go of the snapshot; how many this call has brought. With a bound, it ends when that is reached: what has not come
    /// by then is let go too, as if evicted (no listener hears of it, for it never was in memory).
    ///
    /// **Blocks** on the disk; O(entries of the snapshot). Others can use the store meanwhile.
    pub fn hydrate(&self) -> usize {
        self.core().hydrate()
    }

    /// The first thing that was found wrong with the snapshot; None: nothing so far. What is damaged counts as absent; `stats().warming_errors` says how often that was met.
    pub fn warming_error(&self) -> Option<Arc<DumpError>> {
        self.core().below.error()
    }
}
