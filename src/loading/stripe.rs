//! The loads under way of keys whose hashes agree in a few bits.

use std::sync::Arc;

use super::flight::Flight;
use super::lock;
use super::watch::{Watch, Watched};
use crate::hash::Signature;
use crate::sync::Mutex;
use crate::sync::epoch;

/// Those that can be joined, under a lock; and all, for who has none.
///
/// The lock is held for a look through signatures and numbers: keys are compared, made and dropped without it.
pub(super) struct Stripe<K, V> {
    flights: Mutex<Flights<K, V>>,
    pub(super) watch: Watch,
}

struct Flights<K, V> {
    listed: Vec<Listed<K, V>>,
    /// The number of the next.
    next: u64,
}

struct Listed<K, V> {
    number: u64,
    flight: Arc<Flight<K, V>>,
}

impl<K, V> Flights<K, V> {
    /// Those of a signature that can be joined, from number `seen` on; and moves that on. One that was overtaken has begun before
    /// the key was changed, so it is not for those who ask after that.
    fn since(&self, signature: Signature, seen: &mut u64) -> Vec<Arc<Flight<K, V>>> {
        let from = std::mem::replace(seen, self.next);
        self.listed
            .iter()
            .filter(|listed| listed.number >= from && listed.flight.signature == signature)
            .filter(|listed| !listed.flight.fate.is_overtaken())
            .map(|listed| listed.flight.clone())
            .collect()
    }
}

impl<K, V> Stripe<K, V> {
    pub(super) fn new() -> Self {
        let flights = Mutex::new(Flights { listed: Vec::new(), next: 0 });
        Self { flights, watch: Watch::new() }
    }

    /// The loads of keys with this signature, from number `seen` on, which moves on.
    pub(super) fn since(&self, signature: Signature, seen: &mut u64) -> Vec<Arc<Flight<K, V>>> {
        lock(&self.flights).since(signature, seen)
    }

    /// Lists `flight`, unless there are others of its signature from number `seen` on, which moves on.
    pub(super) fn add(
        &self,
        flight: &Arc<Flight<K, V>>,
        seen: &mut u64,
    ) -> Result<(), Vec<Arc<Flight<K, V>>>> {
        let mut flights = lock(&self.flights);
        let newer = flights.since(flight.signature, seen);
        if !newer.is_empty() {
            return Err(newer);
        }
        let number = flights.next;
        flights.next += 1;
        flights.listed.push(Listed { number, flight: flight.clone() });
        self.watch.add(flight.signature, flight.fate.clone());
        Ok(())
    }

    /// Takes out a flight that is listed.
    pub(super) fn remove(&self, flight: &Arc<Flight<K, V>>) {
        let guard = epoch::pin();
        let (listed, watched) = {
            let mut flights = lock(&self.flights);
            let place =
                flights.listed.iter().position(|listed| Arc::ptr_eq(&listed.flight, flight));
            let listed = place.map(|place| flights.listed.swap_remove(place));
            // At rest nothing is left of it.
            if flights.listed.is_empty() {
                flights.listed = Vec::new();
            }
            (listed, self.watch.remove(&flight.fate, &guard))
        };
        // Another's is never the last one: whoever leads it has one too. So no key is dropped here.
        drop(listed);
        if let Some(watched) = watched {
            // SAFETY: unlinked just now, by us and so once; who can still reach it was pinned before.
            unsafe { guard.retire(watched, size_of::<Watched>()) };
        }
    }
}
