//! What only one of the faces can be told: closures that know its keys and values.

use std::sync::Arc;
use std::time::Duration;

use super::builder::Builder;
use super::store::Store;
use super::typed::Cache;
#[cfg(feature = "dump")]
use super::warm::{Frozen, Start};
use crate::engine::{self, Capacity, Entry, Hooks};
use crate::kv::RemovalCause;
use crate::table::Shared;

/// What is built by a [`Builder`]: [`Cache`] and [`Store`], and nothing else.
pub trait Face: sealed::Sealed {
    /// What only this one can be told.
    #[doc(hidden)]
    type Settings: Default + Clone;

    /// On top of what it is to be started.
    #[doc(hidden)]
    type Start: Default + Clone;
}

mod sealed {
    pub trait Sealed {}
}

/// What a [`Cache`] asks for an entry's weight.
pub(super) type Weigher<K, V> = dyn Fn(&K, &V) -> u32 + Send + Sync;
/// Whom a face tells of each entry that leaves.
type Listener<K, V> = dyn Fn(&K, &V, RemovalCause) + Send + Sync;

/// The time-to-live of an entry that is inserted without one; None: the cache's.
pub(super) type OnWrite<K, V> = dyn Fn(&K, &V) -> Option<Duration> + Send + Sync;
/// Of an entry that was found and the time it has left, what that is to be; None: as it is.
type OnRead<K, V> = dyn Fn(&K, &V, Option<Duration>) -> Option<Duration> + Send + Sync;

/// Settings of a face.
pub struct Settings<K: ?Sized, V: ?Sized> {
    pub(super) weigher: Option<Arc<Weigher<K, V>>>,
    pub(super) on_write: Option<Arc<OnWrite<K, V>>>,
    on_read: Option<Arc<OnRead<K, V>>>,
    listener: Option<Arc<Listener<K, V>>>,
}

impl<K: ?Sized, V: ?Sized> Default for Settings<K, V> {
    fn default() -> Self {
        Self { weigher: None, on_write: None, on_read: None, listener: None }
    }
}

impl<K: ?Sized, V: ?Sized> Clone for Settings<K, V> {
    fn clone(&self) -> Self {
        Self {
            weigher: self.weigher.clone(),
            on_write: self.on_write.clone(),
            on_read: self.on_read.clone(),
            listener: self.listener.clone(),
        }
    }
}

/// An entry that can be looked at as a face's users see it.
pub(super) trait Parts<K: ?Sized, V: ?Sized>: Entry {
    fn parts<'g>(entry: Shared<'g, Self>) -> (&'g K, &'g V);
}

impl<K: ?Sized + 'static, V: ?Sized + 'static> Settings<K, V> {
    /// What the engine is to call.
    pub(super) fn hooks<E: Parts<K, V>>(&self) -> Hooks<E> {
        let listener = self.listener.clone().map(|listener| {
            engine::Listener::new(move |entry: Shared<'_, E>, cause| {
                let (key, value) = E::parts(entry);
                listener(key, value, cause);
            })
        });
        let on_read = self.on_read.clone().map(|on_read| {
            let ask = move |entry: Shared<'_, E>, left: Option<Duration>| {
                let (key, value) = E::parts(entry);
                on_read(key, value, left)
            };
            Box::new(ask) as Box<engine::OnRead<E>>
        });
        Hooks { listener, on_read }
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> sealed::Sealed for Cache<K, V> {}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Face for Cache<K, V> {
    type Settings = Settings<K, V>;
    #[cfg(feature = "dump")]
    type Start = Start<dyn Frozen<K, V>>;
    #[cfg(not(feature = "dump"))]
    type Start = ();
}

impl sealed::Sealed for Store {}

impl Face for Store {
    type Settings = Settings<[u8], [u8]>;
    #[cfg(feature = "dump")]
    type Start = Start<crate::snapshot::StoreSnapshot>;
    #[cfg(not(feature = "dump"))]
    type Start = ();
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

    /// Gives each entry that is inserted without a time-to-live of its own one by what it is; None: the cache's
    /// ([`time_to_live`](Self::time_to_live)). Called before the entry can be seen.
    pub fn expire_after_write(
        mut self,
        ttl: impl Fn(&K, &V) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.face.on_write = Some(Arc::new(ttl));
        self
    }

    /// Asked at each hit what time the entry is to have left from then on, given what it has (None: it never expires); None: as it is. What it answers
    /// replaces the time-to-live, as [`set_ttl`](Cache::set_ttl) does, but that zero does not remove the entry before its next
    /// look-up. Called while the thread is pinned, and for each hit: to put off deadlines by the time of the last use alone,
    /// [`time_to_idle`](Self::time_to_idle) is cheaper. A panic in it passes through.
    pub fn expire_after_read(
        mut self,
        left: impl Fn(&K, &V, Option<Duration>) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.face.on_read = Some(Arc::new(left));
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
    /// How many bytes the store may take: entries by what allocators take for them, the table, the timing wheel, and the policy's queues; an eighth
    /// is set aside for what the allocator keeps to itself. One bound for the whole store. In place of
    /// [`max_capacity`](Self::max_capacity): the one that is called last counts.
    ///
    /// So it is resident memory that is meant, but no allocator says what it keeps: with entries of one size an eighth stays free, and holes between
    /// entries of many sizes, of many threads' heaps, can be more than that (`docs/benchmarks.md`). What was removed and waits to be freed (some
    /// hundred KiB a thread, `stats().retired_bytes`) comes on top.
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.capacity = Some(Capacity::Memory(bytes));
        self
    }

    /// Gives each entry that is inserted without a time-to-live of its own one by what it is; None: the cache's
    /// ([`time_to_live`](Self::time_to_live)). Called before the entry can be seen.
    pub fn expire_after_write(
        mut self,
        ttl: impl Fn(&[u8], &[u8]) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.face.on_write = Some(Arc::new(ttl));
        self
    }

    /// Asked at each hit what time the entry is to have left from then on, given what it has (None: it never expires); None: as it is. What it answers
    /// replaces the time-to-live, as [`set_ttl`](Store::set_ttl) does, but that zero does not remove the entry before its next
    /// look-up. Called while the thread is pinned, and for each hit: to put off deadlines by the time of the last use alone,
    /// [`time_to_idle`](Self::time_to_idle) is cheaper. A panic in it passes through.
    pub fn expire_after_read(
        mut self,
        left: impl Fn(&[u8], &[u8], Option<Duration>) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.face.on_read = Some(Arc::new(left));
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
