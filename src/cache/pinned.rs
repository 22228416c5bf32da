//! Views that hold a pin: many look-ups for one, and values by reference.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};

use super::blob::Blob;
use super::core::{Core, Loadable, enter, ttl_of};
use super::entry::Typed;
use super::store::Store;
use super::typed::Cache;
use super::warm::{stable_hash, stable_hash_of_bytes};
use crate::clock::Now;
use crate::engine::Engine;
use crate::hash::{hash_of, hash_of_bytes};
use crate::kv::Ttl;
use crate::sync::epoch::Guard;
use crate::table::{GROUP, Shared};

/// What both views are made of. The engine and the hasher are named here so that a look-up need not go and find them.
struct View<'c, E: Loadable, S> {
    engine: &'c Engine<E>,
    core: &'c Core<E>,
    hasher: &'c S,
    guard: Guard,
    now: Now<'c>,
}

impl<'c, E: Loadable, S> View<'c, E, S> {
    #[inline]
    fn new(core: &'c Core<E>, hasher: &'c S) -> Self {
        let (guard, now) = enter(core);
        Self { engine: &core.engine, core, hasher, guard, now }
    }

    fn repin(&mut self) {
        self.guard.repin();
        self.now.refresh();
    }

    /// The live entry that `is_key` recognises, and its deadline.
    #[inline(always)]
    fn live(
        &self,
        hash: u64,
        stable: impl FnOnce() -> u64,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<(Shared<'_, E>, u64)> {
        // It has `self` and not four references, which would be made for every hit.
        let below = || {
            let Self { engine, core, guard, now, .. } = self;
            core.below.read(engine, hash, stable, guard, now, is_key)
        };
        self.engine.read_or(hash, &self.guard, &self.now, is_key, below)
    }

    /// Looks for `keys` in groups whose memory accesses overlap.
    fn get_many<'v, Q: ?Sized>(
        &'v self,
        keys: &[&Q],
        hash: impl Fn(&Q) -> u64,
        stable: impl Fn(&Q) -> u64,
        is_key: impl Fn(Shared<'_, E>, &Q) -> bool + Copy,
        mut visit: impl FnMut(usize, Option<Shared<'v, E>>),
    ) {
        for (number, group) in keys.chunks(GROUP).enumerate() {
            let mut hashes = [0; GROUP];
            for (place, key) in hashes.iter_mut().zip(group) {
                *place = hash(key);
            }
            self.engine.read_group(
                &hashes[..group.len()],
                &self.guard,
                &self.now,
                |index, entry| is_key(entry, group[index]),
                |index| {
                    let (hash, key, Self { engine, guard, now, .. }) =
                        (hashes[index], group[index], self);
                    let is_key = |entry: Shared<'_, E>| is_key(entry, key);
                    self.core.below.read(engine, hash, || stable(key), guard, now, is_key)
                },
                |index, entry| visit(number * GROUP + index, entry),
            );
        }
    }
}

/// A view of a [`Cache`] by which values are had as references: see [`Cache::pin`].
pub struct Pinned<'c, K, V, S = ahash::RandomState>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    cache: &'c Cache<K, V, S>,
    view: View<'c, Typed<K, V>, S>,
}

impl<'c, K, V, S> Pinned<'c, K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    #[inline]
    pub(super) fn new(cache: &'c Cache<K, V, S>) -> Self {
        Self { cache, view: View::new(cache.core(), cache.hasher()) }
    }

    #[inline(always)]
    fn live<Q>(&self, key: &Q) -> Option<(Shared<'_, Typed<K, V>>, u64)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let is_key = |entry: Shared<'_, Typed<K, V>>| entry.get().key().borrow() == key;
        self.view.live(hash_of(self.view.hasher, key), || stable_hash(key), is_key)
    }

    /// The value. Lock-free; O(1).
    #[inline(always)]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.live(key)?.0.get().value())
    }

    /// Hands the value of each of `keys` to `visit`, with its index, in order. See [`Cache::get_many`].
    pub fn get_many<'v, Q>(&'v self, keys: &[&Q], mut visit: impl FnMut(usize, Option<&'v V>))
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.view.get_many(
            keys,
            |key| hash_of(self.view.hasher, key),
            stable_hash,
            |entry, key| entry.get().key().borrow() == key,
            |index, entry| visit(index, entry.map(|entry| entry.get().value())),
        );
    }

    /// Whether the key is there. Lock-free; O(1).
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.live(key).is_some()
    }

    /// The time the entry has left, as of this view's time. Lock-free; O(1).
    pub fn ttl<Q>(&self, key: &Q) -> Option<Ttl>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(ttl_of(self.live(key)?.1, &self.view.now))
    }

    /// Lets go of what has been removed so far, and looks at the clock anew: as dropping the view and pinning again, and
    /// cheaper.
    pub fn repin(&mut self) {
        self.view.repin();
    }
}

impl<K, V, S> fmt::Debug for Pinned<'_, K, V, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned").field("cache", self.cache).finish_non_exhaustive()
    }
}

/// A view of a [`Store`] by which values are had as references: see [`Store::pin`].
pub struct PinnedStore<'c, S = ahash::RandomState>
where
    S: BuildHasher + Send + Sync + 'static,
{
    store: &'c Store<S>,
    view: View<'c, Blob<S>, S>,
}

impl<'c, S: BuildHasher + Send + Sync + 'static> PinnedStore<'c, S> {
    #[inline]
    pub(super) fn new(store: &'c Store<S>) -> Self {
        Self { store, view: View::new(store.core(), &store.core().engine.context().hasher) }
    }

    #[inline(always)]
    fn live(&self, key: &[u8]) -> Option<(Shared<'_, Blob<S>>, u64)> {
        let is_key = |entry: Shared<'_, Blob<S>>| Blob::is(entry, key);
        let stable = || stable_hash_of_bytes(key);
        self.view.live(hash_of_bytes(self.view.hasher, key), stable, is_key)
    }

    /// The value. Lock-free; O(1).
    #[inline(always)]
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        Some(Blob::value(self.live(key)?.0))
    }

    /// Hands the value of each of `keys` to `visit`, with its index, in order. See [`Store::get_many`].
    pub fn get_many<'v>(&'v self, keys: &[&[u8]], mut visit: impl FnMut(usize, Option<&'v [u8]>)) {
        self.view.get_many(
            keys,
            |key| hash_of_bytes(self.view.hasher, key),
            stable_hash_of_bytes,
            |entry, key| Blob::is(entry, key),
            |index, entry| visit(index, entry.map(Blob::value)),
        );
    }

    /// Whether the key is there. Lock-free; O(1).
    pub fn contains_key(&self, key: &[u8]) -> bool {
        self.live(key).is_some()
    }

    /// The time the entry has left, as of this view's time. Lock-free; O(1).
    pub fn ttl(&self, key: &[u8]) -> Option<Ttl> {
        Some(ttl_of(self.live(key)?.1, &self.view.now))
    }

    /// Lets go of what has been removed so far, and looks at the clock anew: as dropping the view and pinning again, and
    /// cheaper.
    pub fn repin(&mut self) {
        self.view.repin();
    }
}

impl<S: BuildHasher + Send + Sync + 'static> fmt::Debug for PinnedStore<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedStore").field("store", self.store).finish_non_exhaustive()
    }
}
