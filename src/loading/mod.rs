//! Loads: of all who ask for a missing key one loads it, and the others wait for it.
//!
//! Everywhere else in this crate nobody waits for anybody. Here waiting is the feature, so here, and only here, are locks and sleeping
//! threads. Nothing of it is on the way of a look-up that finds its key.
//!
//! - [`flight`]: one load, its waiters, its end.
//! - [`stripe`]: the loads under way, by hash; shared by all who want to join one.
//! - [`watch`]: the same for who changes a key, without a lock: a load that somebody overtakes is not stored.
//! - [`lead`]: the duty to load, and how it is handed on.
//! - [`wait`]: a thread that waits as a future does. There is one protocol, that of futures; so threads and tasks wait
//!   for each other, and for a thread there is nothing else to get right.
//!
//! What is loaded, and where it is kept, the layer above knows: see `cache::loader`.
//!
//! # How one load comes about
//!
//! 1. A caller that has missed its key looks for a flight of it. There is one: it waits. Else it lists one of its own, and leads.
//! 2. Who leads looks into the cache again. For the flight before may have ended between the caller's miss and its look: it stored its
//!    value before it was taken off the list, and we have listed ours after that; so if it was there, we see its value now.
//! 3. It runs its loader, stores what that brings, takes the flight off the list, and ends it.
//!
//! No lock is held while somebody else's code runs: hashing, comparing, cloning and dropping of keys and values, loaders, wakers.

mod counters;
mod flight;
mod lead;
mod stripe;
#[cfg(test)]
mod tests;
mod wait;
mod watch;

use std::sync::{Arc, PoisonError};

pub(crate) use counters::LoadStats;
pub(crate) use flight::{Outcome, Waiting};
pub(crate) use lead::Lead;
pub(crate) use wait::block_on;
pub(crate) use watch::Fate;

use counters::Counters;
use flight::Flight;
use stripe::Stripe;

use crate::hash::{DIRECTORY_BITS, Signature};
use crate::sync::epoch::Guard;
use crate::sync::{Mutex, MutexGuard, OnceLock};

const STRIPES: usize = if cfg!(purekv_loom) { 1 } else { 64 };

/// The loads of a cache. Takes no memory of its own before the first.
pub(crate) struct Loads<K, V>(OnceLock<Box<Shared<K, V>>>);

/// What there is once something has been loaded.
pub(crate) struct Shared<K, V> {
    stripes: [Stripe<K, V>; STRIPES],
    counters: Counters,
}

/// What a caller that misses its key has to do.
pub(crate) enum Entered<'l, K, V> {
    /// Wait for another.
    Joined(Waiting<K, V>),
    /// Look again, then load.
    Lead(Lead<'l, K, V>),
}

impl<K, V> Shared<K, V> {
    fn new() -> Self {
        Self { stripes: std::array::from_fn(|_| Stripe::new()), counters: Counters::new() }
    }

    fn stripe(&self, signature: Signature) -> &Stripe<K, V> {
        &self.stripes[(signature.bits() >> DIRECTORY_BITS) as usize % STRIPES]
    }
}

impl<K, V> Loads<K, V> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    fn shared(&self) -> &Shared<K, V> {
        self.0.get_or_init(|| Box::new(Shared::new()))
    }

    /// Joins the load of the key that `is_key` recognises, or begins one under the key that `key` makes.
    ///
    /// Of a hash only the signature counts, here and below: the rest is not for ever known of an entry.
    pub(crate) fn enter(
        &self,
        hash: u64,
        is_key: impl Fn(&K) -> bool,
        key: impl FnOnce() -> K,
    ) -> Entered<'_, K, V> {
        let shared = self.shared();
        let signature = Signature::of(hash);
        let stripe = shared.stripe(signature);
        let find = |flights: Vec<Arc<Flight<K, V>>>| {
            flights.into_iter().find(|flight| is_key(&flight.key)).map(Waiting::new)
        };
        let mut seen = 0;
        if let Some(waiting) = find(stripe.since(signature, &mut seen)) {
            return Entered::Joined(waiting);
        }
        let flight = Arc::new(Flight::new(signature, key()));
        loop {
            // Equal signatures and different keys are rare: as a rule this ends at once.
            match stripe.add(&flight, &mut seen) {
                Ok(()) => break,
                Err(newer) => {
                    if let Some(waiting) = find(newer) {
                        return Entered::Joined(waiting);
                    }
                }
            }
        }
        shared.counters.started();
        Entered::Lead(Lead::new(shared, flight))
    }

    /// The key with this hash is about to be changed: what is being loaded for it now is not to be stored. To be called after pinning,
    /// before the change. Lock-free; a look at one word if nothing was ever loaded.
    #[inline]
    pub(crate) fn overtake(&self, hash: u64, guard: &Guard) {
        if let Some(shared) = self.0.get() {
            let signature = Signature::of(hash);
            shared.stripe(signature).watch.overtake(Some(signature), guard);
        }
    }

    /// As [`overtake`](Self::overtake), for all keys. O(loads under way).
    pub(crate) fn overtake_all(&self, guard: &Guard) {
        for stripe in self.0.get().iter().flat_map(|shared| &shared.stripes) {
            stripe.watch.overtake(None, guard);
        }
    }

    /// Whether a key with this hash is being loaded. Lock-free.
    #[inline]
    pub(crate) fn is_loading(&self, hash: u64, guard: &Guard) -> bool {
        let signature = Signature::of(hash);
        self.0.get().is_some_and(|shared| shared.stripe(signature).watch.has(signature, guard))
    }

    /// Whether anything was ever loaded.
    #[inline]
    pub(crate) fn are_used(&self) -> bool {
        self.0.get().is_some()
    }

    pub(crate) fn stats(&self) -> LoadStats {
        self.0.get().map_or_else(LoadStats::default, |shared| shared.counters.snapshot())
    }
}

/// No code that may panic runs under our locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
