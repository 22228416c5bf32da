//! What a face is told about its bound, and what it says about it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::builder::Builder;
use super::store::Store;
use super::typed::Cache;
use crate::engine::{Capacity, Heavy};
use crate::kv::RemovalCause;

/// What is built by a [`Builder`]: [`Cache`] and [`Store`], and nothing else.
pub trait Face: sealed::Sealed {
    /// What only this one can be told.
    #[doc(hidden)]
    type Settings: Default + Clone;
}

mod sealed {
    pub trait Sealed {}
}

/// What a [`Cache`] asks for an entry's weight.
pub(super) type Weigher<K, V> = dyn Fn(&K, &V) -> u32 + Send + Sync;
/// Whom a face tells of each entry that leaves.
pub(super) type Listener<K, V> = dyn Fn(&K, &V, RemovalCause) + Send + Sync;

/// Settings of a [`Cache`].
pub struct TypedSettings<K, V> {
    pub(super) weigher: Option<Arc<Weigher<K, V>>>,
    pub(super) listener: Option<Arc<Listener<K, V>>>,
}

/// Settings of a [`Store`].
#[derive(Clone, Default)]
pub struct StoreSettings {
    pub(super) listener: Option<Arc<Listener<[u8], [u8]>>>,
}

impl<K, V> Default for TypedSettings<K, V> {
    fn default() -> Self {
        Self { weigher: None, listener: None }
    }
}

impl<K, V> Clone for TypedSettings<K, V> {
    fn clone(&self) -> Self {
        Self { weigher: self.weigher.clone(), listener: self.listener.clone() }
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> sealed::Sealed for Cache<K, V> {}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Face for Cache<K, V> {
    type Settings = TypedSettings<K, V>;
}

impl sealed::Sealed for Store {}

impl Face for Store {
    type Settings = StoreSettings;
}

impl<K, V, S> Builder<Cache<K, V>, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// What an entry counts for in [`max_capacity`](Self::max_capacity): asked once, when it is made, before any other thread can see it. 0
    /// counts as 1. Default: every entry weighs 1.
    pub fn weigher(mut self, weigh: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        self.face.weigher = Some(Arc::new(weigh));
        self
    }

    /// Who is told of each entry that leaves the cache, exactly once: key, value, why. Not of those that are there when the cache is dropped.
    ///
    /// Called by the thread that made the entry leave (for those that are due often the background thread), when it is out of the
    /// cache and accounted for, and before its operation returns. The thread is pinned meanwhile, so let it be short. It may use this cache
    /// and others; one that inserts what was evicted does that for ever. Calls for different entries may overlap, and those for one key may
    /// come in another order than its entries left. If it panics, the operation goes on, and
    /// [`Stats::listener_panics`](crate::Stats) counts it; with `panic = "abort"` it does not.
    pub fn removal_listener(
        mut self,
        listener: impl Fn(&K, &V, RemovalCause) + Send + Sync + 'static,
    ) -> Self {
        self.face.listener = Some(Arc::new(listener));
        self
    }
}

impl<S> Builder<Store, S> {
    /// How many bytes the store may take: entries by what allocators take for them, the table, the timing wheel, and the policy's queues. One
    /// bound for the whole store. In place of [`max_capacity`](Self::max_capacity): the one that is called last counts.
    ///
    /// What was removed and waits to be freed (some hundred KiB a thread, `stats().retired_bytes`) comes on top, and the memory that the
    /// allocator keeps to itself.
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.capacity = Some(Capacity::Memory(bytes));
        self
    }

    /// Who is told of each entry that leaves the store: as for a [`Cache`].
    pub fn removal_listener(
        mut self,
        listener: impl Fn(&[u8], &[u8], RemovalCause) + Send + Sync + 'static,
    ) -> Self {
        self.face.listener = Some(Arc::new(listener));
        self
    }
}

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
