//! Asking for the memory of entries that are about to be looked at or changed.

use std::hash::BuildHasher;

use super::store::Store;
use crate::hash::hash_of_bytes;
use crate::sync::epoch;

/// Keys that are asked for together.
const GROUP: usize = 64;

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// Asks for the memory that operations on these keys will read: the bucket of each of them, and then, while those are on their way, the entries. It
    /// is a hint, and changes nothing. Lock-free; O(keys); pins the thread meanwhile.
    pub(crate) fn prefetch<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) {
        let (core, guard) = (self.core(), epoch::pin());
        let mut keys = keys.into_iter();
        let mut hashes = [0; GROUP];
        loop {
            let mut length = 0;
            for (place, key) in hashes.iter_mut().zip(&mut keys) {
                *place = hash_of_bytes(&core.engine.context().hasher, key);
                core.engine.prefetch(*place, &guard);
                length += 1;
            }
            hashes[..length].iter().for_each(|&hash| core.engine.prefetch_entry(hash, &guard));
            if length < GROUP {
                return;
            }
        }
    }
}
