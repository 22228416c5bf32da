//! What concerns all entries at a time, of both faces.

use std::hash::{BuildHasher, Hash};

use super::blob::Blob;
use super::core::{Core, Loadable, enter};
use super::stats::Stats;
use super::store::Store;
use super::typed::Cache;
use crate::table::{Cursor, Shared};

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// How many entries are stored, those included that are due and not removed yet. An estimate while other threads write. Never
    /// blocks; O(1). On top of a snapshot: those in memory.
    pub fn len(&self) -> usize {
        self.core().engine.len()
    }

    /// Whether [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes every entry that is there when it is called; others may come meanwhile, and one that is replaced just then stays.
    /// O(entries); never blocks, but for a moment on top of a snapshot, for those who are just bringing an entry from there.
    pub fn clear(&self) {
        self.core().clear();
    }

    /// Removes every entry for which `keep` is false. An entry that is replaced just then stays. Weakly consistent, as
    /// [`iter`](Self::iter). O(entries); never blocks, but on top of a snapshot, of which it first brings all into memory.
    pub fn retain(&self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.core().retain(|entry| keep(entry.get().key(), entry.get().value()));
    }

    /// Clones of all entries, in no order, while others read and write: an entry that is there throughout comes exactly once,
    /// any other at most once. Due ones are left out, as of the look at their bucket. Pinned for a bucket at a time only. O(entries);
    /// never blocks, but on top of a snapshot, of which it first brings all into memory.
    pub fn iter(&self) -> impl Iterator<Item = (K, V)>
    where
        K: Clone,
        V: Clone,
    {
        copies(self.core(), |entry| (entry.get().key().clone(), entry.get().value().clone()))
    }

    /// Removes what is due by now and frees what can be freed; how many entries it removed. For
    /// [`Expiry::Manual`](crate::Expiry); otherwise nobody needs to call it. While another thread does this, it returns at once. O(due).
    pub fn advance(&self) -> usize {
        self.core().advance()
    }

    /// Figures about its state. O(threads); never blocks.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// How many entries are stored, those included that are due and not removed yet. An estimate while other threads write. Never
    /// blocks; O(1). On top of a snapshot: those in memory.
    pub fn len(&self) -> usize {
        self.core().engine.len()
    }

    /// Whether [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes every entry that is there when it is called: see [`Cache::clear`](crate::Cache::clear).
    pub fn clear(&self) {
        self.core().clear();
    }

    /// Removes every entry for which `keep` is false: see [`Cache::retain`](crate::Cache::retain).
    pub fn retain(&self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        self.core().retain(|entry| {
            let (key, value) = Blob::parts(entry);
            keep(key, value)
        });
    }

    /// Copies of all entries: see [`Cache::iter`](crate::Cache::iter).
    pub fn iter(&self) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        copies(self.core(), |entry| {
            let (key, value) = Blob::parts(entry);
            (key.to_vec(), value.to_vec())
        })
    }

    /// Removes what is due by now: see [`Cache::advance`](crate::Cache::advance).
    pub fn advance(&self) -> usize {
        self.core().advance()
    }

    /// Figures about its state. O(threads); never blocks.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }
}

/// Copies of all live entries, made while pinned, for a bucket at a time.
fn copies<E: Loadable, T>(
    core: &Core<E>,
    copy: impl Fn(Shared<'_, E>) -> T,
) -> impl Iterator<Item = T> {
    core.hydrate();
    let mut cursor = Cursor::new();
    let mut bucket = Vec::new();
    std::iter::from_fn(move || {
        while bucket.is_empty() {
            let (guard, now) = enter(core);
            let more = core.engine.next_bucket(&mut cursor, &guard, &now, |live| {
                bucket.push(copy(live.entry()));
            });
            if !more {
                break;
            }
        }
        bucket.pop()
    })
}
