//! What a bounded cache is asked beside: to say what it refuses, what it holds, and to hold less or more.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use super::store::Store;
use super::typed::Cache;
use crate::engine::Heavy;

/// An entry was not stored, for it weighs more than all entries together may. Its key is absent now: what it held before was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooHeavy {
    /// What it weighs.
    pub weight: u64,
    /// What all entries may weigh.
    pub capacity: u64,
}

impl From<Heavy> for TooHeavy {
    fn from(Heavy { weight, capacity }: Heavy) -> Self {
        Self { weight, capacity }
    }
}

impl fmt::Display for TooHeavy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weight, capacity } = self;
        write!(f, "an entry of weight {weight} does not fit a cache of capacity {capacity}")
    }
}

impl Error for TooHeavy {}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// As [`insert`](Self::insert), and says so if the entry is too heavy.
    ///
    /// # Errors
    ///
    /// [`TooHeavy`] if the entry weighs more than all entries together may. It is dropped, and its key is absent: what the key held before is
    /// removed, for it was to be replaced.
    pub fn try_insert(&self, key: K, value: V) -> Result<(), TooHeavy> {
        self.put(key, value, None)
    }

    /// As [`insert_with_ttl`](Self::insert_with_ttl), and says so if the entry is too heavy.
    ///
    /// # Errors
    ///
    /// As [`try_insert`](Self::try_insert).
    pub fn try_insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Result<(), TooHeavy> {
        self.put(key, value, Some(ttl))
    }

    /// What all entries weigh: their number, or what the weigher says. 0 in a cache without a bound. Exact as soon as no thread is within
    /// an operation. Never blocks; O(1).
    pub fn weight(&self) -> u64 {
        self.core().engine.weight()
    }

    /// What all entries may weigh; None if there is no bound. Never blocks; O(1).
    pub fn max_capacity(&self) -> Option<u64> {
        self.core().engine.capacity()
    }

    /// Changes what all entries may weigh, and evicts what is too much; false, and nothing is done, if the cache was built without a
    /// capacity. Never blocks; O(evicted).
    pub fn set_max_capacity(&self, capacity: u64) -> bool {
        self.core().engine.set_capacity(capacity)
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// As [`insert`](Self::insert), and says so if the entry is too heavy: see [`Cache::try_insert`](crate::Cache::try_insert).
    ///
    /// # Errors
    ///
    /// [`TooHeavy`].
    pub fn try_insert(&self, key: &[u8], value: &[u8]) -> Result<(), TooHeavy> {
        self.put(key, value, None)
    }

    /// As [`insert_with_ttl`](Self::insert_with_ttl), and says so if the entry is too heavy.
    ///
    /// # Errors
    ///
    /// [`TooHeavy`].
    pub fn try_insert_with_ttl(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), TooHeavy> {
        self.put(key, value, Some(ttl))
    }

    /// What all entries weigh: their number, or their bytes with `max_memory`. 0 in a store without a bound. Never blocks; O(1).
    pub fn weight(&self) -> u64 {
        self.core().engine.weight()
    }

    /// The bound, in entries or in bytes, as it was made; None if there is none. Never blocks; O(1).
    pub fn max_capacity(&self) -> Option<u64> {
        self.core().engine.capacity()
    }

    /// The bound, if it is one in bytes (`max_memory`). Never blocks; O(1).
    pub fn max_memory(&self) -> Option<u64> {
        self.core().engine.memory()
    }

    /// Changes the bound: see [`Cache::set_max_capacity`](crate::Cache::set_max_capacity).
    pub fn set_max_capacity(&self, capacity: u64) -> bool {
        self.core().engine.set_capacity(capacity)
    }
}
