//! What was found wrong with a snapshot that a cache was started on.

use std::sync::Arc;

use crate::snapshot::DumpError;
use crate::sync::{AtomicU64, OnceLock, Ordering};

/// How many errors there were, and the first of them.
#[derive(Debug)]
pub(super) struct Trouble {
    count: AtomicU64,
    first: OnceLock<Arc<DumpError>>,
}

impl Trouble {
    pub(super) fn new() -> Self {
        Self { count: AtomicU64::new(0), first: OnceLock::new() }
    }

    pub(super) fn note(&self, error: DumpError) {
        // Relaxed: it orders nothing.
        self.count.fetch_add(1, Ordering::Relaxed);
        // Who comes later is only counted.
        let _ = self.first.set(Arc::new(error));
    }

    pub(super) fn count(&self) -> u64 {
        // Relaxed: as in `note`.
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn first(&self) -> Option<Arc<DumpError>> {
        self.first.get().cloned()
    }
}
