//! A cache on top of a snapshot.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::source::{Copied, Pages, Places, Source, Terms};
use super::{Below, Start};
use crate::cache::builder::Builder;
use crate::cache::core::Core;
use crate::cache::entry::Typed;
use crate::cache::settings::Weigher;
use crate::cache::typed::Cache;
use crate::hash::hash_of;
use crate::snapshot::{Due, DumpError, Dumped, Location, Snapshot};

/// What a snapshot of a cache can do, for who does not know that its types can be archived.
#[allow(private_interfaces, reason = "nobody but this crate can name the trait")]
pub trait Frozen<K, V>: Pages {
    /// When the entry at this place is due.
    fn due(&self, place: Location) -> Result<Due, DumpError>;

    /// Copies of its key and value.
    fn copy(&self, place: Location) -> Result<(K, V), DumpError>;
}

#[allow(private_interfaces, reason = "as at the trait")]
impl<K: Dumped + Hash + Eq, V: Dumped> Pages for Snapshot<K, V> {
    fn sections(&self) -> usize {
        self.sections()
    }

    fn entries_in(&self, section: usize) -> u32 {
        self.entries_in(section)
    }

    fn check(&self, section: usize) -> Result<(), DumpError> {
        self.entries(section).map(drop)
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

#[allow(private_interfaces, reason = "as at the trait")]
impl<K: Dumped + Hash + Eq, V: Dumped> Frozen<K, V> for Snapshot<K, V> {
    fn due(&self, place: Location) -> Result<Due, DumpError> {
        Ok(self.at(place)?.due())
    }

    fn copy(&self, place: Location) -> Result<(K, V), DumpError> {
        self.to_owned(&self.at(place)?)
    }
}

struct CacheSource<K, V, S> {
    snapshot: Arc<dyn Frozen<K, V>>,
    hasher: S,
    weigher: Option<Arc<Weigher<K, V>>>,
}

impl<K, V, S> Source<Typed<K, V>> for CacheSource<K, V, S>
where
    K: Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    fn pages(&self) -> &dyn Pages {
        &*self.snapshot
    }

    fn copy(
        &self,
        place: Location,
        hash: Option<u64>,
        terms: &Terms<'_>,
    ) -> Result<Option<Copied<Typed<K, V>>>, DumpError> {
        let Some(until) = terms(self.snapshot.due(place)?) else { return Ok(None) };
        let (key, value) = self.snapshot.copy(place)?;
        let hash = hash.unwrap_or_else(|| hash_of(&self.hasher, &key));
        let weight = self.weigher.as_ref().map_or(1, |weigh| weigh(&key, &value).max(1));
        Ok(Some(Copied { hash, entry: Typed::owned(hash, until, weight, key, value) }))
    }
}

/// Puts a new cache on top of what its builder was given.
pub(in crate::cache) fn start<K, V, S>(
    builder: &Builder<Cache<K, V>, S>,
    core: &mut Core<Typed<K, V>>,
) where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    let Start { snapshot: Some(snapshot), rate } = builder.start.clone() else { return };
    let (hasher, weigher) = (builder.hasher.clone(), builder.face.weigher.clone());
    let source = Box::new(CacheSource { snapshot, hasher, weigher });
    let rate = builder.in_background().then_some(rate).filter(|&rate| rate > 0);
    core.below = Below::on(source, &core.engine, rate);
}

impl<K, V, S> Builder<Cache<K, V>, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Starts on top of a snapshot: the cache has at once what is in it, and serves its first get without having read it. See
    /// [the same of a store](Builder::<crate::Store>::warm_from) for what that means. Keys and values are copied out of their archives when they come into memory.
    ///
    /// If keys do not hash to what they did when the dump was made ([`DumpError::KeyHash`]), all of it is absent, and [`warming_error`](Cache::warming_error) says so.
    ///
    /// ```
    /// # let folder = std::env::temp_dir().join(format!("purekv-doc-warm-typed-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("pages.dump");
    /// use purekv::{Cache, Snapshot};
    ///
    /// let cache: Cache<u64, String> = Cache::new();
    /// cache.insert(7, "seven".to_owned());
    /// cache.dump(&path)?;
    ///
    /// let warm: Cache<u64, String> = Cache::builder().warm_from(Snapshot::open(&path)?).build();
    /// assert_eq!(warm.remove(&7).as_deref(), Some("seven"));
    /// assert_eq!(warm.get(&7), None);
    /// # drop(warm);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warm_from(mut self, snapshot: Snapshot<K, V>) -> Self
    where
        K: Dumped + Hash + Eq,
        V: Dumped,
    {
        self.start.snapshot = Some(Arc::new(snapshot));
        self
    }

    /// How many entries a second come into memory from the snapshot without being asked for, at most; 0: none. See [the same of a store](Builder::<crate::Store>::hydration_rate).
    pub fn hydration_rate(mut self, entries_per_second: u64) -> Self {
        self.start.rate = entries_per_second;
        self
    }
}

/// Of a cache that was started on top of a snapshot: see [`warm_from`](Builder::warm_from).
impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Whether there is a snapshot below it still. Never blocks; O(1).
    pub fn is_warming(&self) -> bool {
        self.core().below.is_warming()
    }

    /// Brings all entries into memory that are not, and lets go of the snapshot; how many this call has brought: see [`Store::hydrate`](crate::Store::hydrate). **Blocks** on the disk.
    pub fn hydrate(&self) -> usize {
        self.core().hydrate()
    }

    /// The first thing that was found wrong with the snapshot; None: nothing so far. What is damaged counts as absent; `stats().warming_errors` says how often that was met.
    pub fn warming_error(&self) -> Option<Arc<DumpError>> {
        self.core().below.error()
    }
}
