//! Which keys are watched, by whom, and who of them was told of a write.
//!
//! A command that has changed a key says so, by [`Watches::touch`], before it ends. While nobody watches anything that is one load of a word that nobody
//! writes to. Else who watches that key is marked, and its EXEC will do nothing.
//!
//! # Why nothing is missed
//!
//! Keys are added with the gate closed: each writer either has left it before, and its write is seen by what the client reads afterwards, or enters it
//! later, and finds the key among those that are watched. EXEC looks at its mark with the gate closed as well: a writer that has been inside has marked it.
//! So all orderings here are Relaxed; what they need is done by the gate. Giving up a watch needs no gate: who finds it a moment longer marks what nobody
//! looks at.
//!
//! What is done without the server's commands is not told: the entry expires, or is evicted, or somebody uses the store directly. So EXEC also compares
//! whether each key is there with whether it was; an entry that has gone and come back meanwhile did so by a write, which has told.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;

use crate::sync::{Arc, AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};

/// Writers of different keys should seldom meet, even while there are watches.
const STRIPES: usize = if cfg!(purekv_loom) { 1 } else { 64 };
/// What a watched key costs besides its bytes, about.
const OVERHEAD: usize = 128;

/// That something was written which its owner watches.
type Mark = AtomicBool;
type Keys = HashMap<Box<[u8]>, Vec<Arc<Mark>>>;

/// The keys that are watched.
pub(super) struct Watches {
    /// How many, each counted for each who watches it.
    count: AtomicUsize,
    stripes: Box<[Stripe]>,
    hasher: ahash::RandomState,
}

#[derive(Default)]
struct Stripe {
    count: AtomicUsize,
    keys: Mutex<Keys>,
}

/// What one connection watches: until this is dropped, or cleared.
pub(super) struct Watching {
    watches: Arc<Watches>,
    mark: Arc<Mark>,
    /// Each key with whether it was there.
    keys: HashMap<Box<[u8]>, bool>,
    bytes: usize,
}

impl Watches {
    pub(super) fn new() -> Arc<Self> {
        let stripes = (0..STRIPES).map(|_| Stripe::default()).collect();
        Arc::new(Self { count: AtomicUsize::new(0), stripes, hasher: ahash::RandomState::new() })
    }

    /// A key was written to.
    #[inline]
    pub(super) fn touch(&self, key: &[u8]) {
        // Relaxed, as all here: it is the gate that orders. See the module's documentation.
        if self.count.load(Ordering::Relaxed) != 0 {
            self.mark(key);
        }
    }

    #[cold]
    fn mark(&self, key: &[u8]) {
        let stripe = self.stripe(key);
        if stripe.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        for mark in stripe.keys().get(key).into_iter().flatten() {
            mark.store(true, Ordering::Relaxed);
        }
    }

    fn stripe(&self, key: &[u8]) -> &Stripe {
        &self.stripes[self.hasher.hash_one(key) as usize % STRIPES]
    }
}

impl Stripe {
    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

impl Watching {
    /// Nothing yet.
    pub(super) fn new(watches: &Arc<Watches>) -> Self {
        let mark = Arc::new(AtomicBool::new(false));
        Self { watches: watches.clone(), mark, keys: HashMap::new(), bytes: 0 }
    }

    /// Watches one more, which is there or not. The gate is closed.
    pub(super) fn add(&mut self, key: &[u8], is_there: bool) {
        if self.keys.contains_key(key) {
            return;
        }
        let stripe = self.watches.stripe(key);
        stripe.keys().entry(key.into()).or_default().push(self.mark.clone());
        stripe.count.fetch_add(1, Ordering::Relaxed);
        self.watches.count.fetch_add(1, Ordering::Relaxed);
        self.keys.insert(key.into(), is_there);
        self.bytes += cost(key);
    }

    /// What it takes of memory, about, with these keys too.
    pub(super) fn bytes_with<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> usize {
        self.bytes + keys.map(cost).sum::<usize>()
    }

    /// Whether a write was told, of any of the keys. Exact with the gate closed.
    pub(super) fn is_marked(&self) -> bool {
        self.mark.load(Ordering::Relaxed)
    }

    /// Whether any of the keys was written to, or is there and was not, or the other way round. The gate is closed.
    pub(super) fn is_touched(&self, is_there: impl Fn(&[u8]) -> bool) -> bool {
        self.is_marked() || self.keys.iter().any(|(key, was_there)| is_there(key) != *was_there)
    }
}

/// Twice the key, for it is in the table as well.
fn cost(key: &[u8]) -> usize {
    2 * key.len() + OVERHEAD
}

impl Drop for Watching {
    fn drop(&mut self) {
        for key in self.keys.keys() {
            let stripe = self.watches.stripe(key);
            let mut keys = stripe.keys();
            if let Some(marks) = keys.get_mut(key) {
                marks.retain(|mark| !Arc::ptr_eq(mark, &self.mark));
                if marks.is_empty() {
                    keys.remove(key);
                }
            }
            drop(keys);
            stripe.count.fetch_sub(1, Ordering::Relaxed);
            self.watches.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count.load(Ordering::Relaxed);
        f.debug_struct("Watches").field("count", &count).finish_non_exhaustive()
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
