//! What the test asks of a store beyond its operations.

use std::hash::BuildHasher;

use purekv::baseline::MutexCache;
use purekv::{Cache, Kv, Stats, Store};

pub(crate) trait Subject: Kv {
    /// Its figures, if it has any.
    fn figures(&self) -> Option<Stats>;
}

impl<S: BuildHasher + Send + Sync + 'static> Subject for Store<S> {
    fn figures(&self) -> Option<Stats> {
        Some(self.stats())
    }
}

impl Subject for Cache<Vec<u8>, Vec<u8>> {
    fn figures(&self) -> Option<Stats> {
        Some(self.stats())
    }
}

impl Subject for MutexCache {
    fn figures(&self) -> Option<Stats> {
        None
    }
}
