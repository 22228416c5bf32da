//! Crates of today, as one thread uses them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use foyer_memory::{CacheBuilder, S3FifoConfig};
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::policy::Policy;
use crate::subjects::Subject;

/// All peers, in the order of their columns.
pub(crate) fn subjects() -> Vec<Subject> {
    vec![
        Subject::policy(
            "moka",
            "moka as it is: may hold more than its bound for a while",
            |_, n| Moka::new(n, false),
        ),
        Subject::policy("moka-tidy", "moka, its pending tasks run after every request", |_, n| {
            Moka::new(n, true)
        }),
        Subject::policy("quick_cache", "quick_cache, one shard", |_, n| Quick::new(n)),
        Subject::policy("foyer-s3fifo", "foyer-memory with S3-FIFO, one shard", |_, n| {
            Foyer::new(n)
        }),
    ]
}

/// Hashes as other runs do, so that a run can be repeated.
type Hasher = ahash::RandomState;

fn hasher() -> Hasher {
    Hasher::with_seeds(1, 2, 3, 4)
}

struct Moka {
    cache: moka::sync::Cache<u32, (), Hasher>,
    tidy: bool,
}

impl Moka {
    fn new(capacity: usize, tidy: bool) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(capacity as u64);
        Self { cache: builder.build_with_hasher(hasher()), tidy }
    }
}

impl Policy for Moka {
    fn request(&mut self, id: u32) -> bool {
        let hit = self.cache.get(&id).is_some();
        if !hit {
            self.cache.insert(id, ());
        }
        if self.tidy {
            self.cache.run_pending_tasks();
        }
        hit
    }
}

struct Quick(quick_cache::sync::Cache<u32, (), UnitWeighter, Hasher>);

impl Quick {
    fn new(capacity: usize) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(capacity)
            .weight_capacity(capacity as u64)
            .shards(1)
            .build()
            .expect("both capacities are given");
        let lifecycle = DefaultLifecycle::default();
        Self(quick_cache::sync::Cache::with_options(options, UnitWeighter, hasher(), lifecycle))
    }
}

impl Policy for Quick {
    fn request(&mut self, id: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, ());
        }
        hit
    }
}

struct Foyer(foyer_memory::Cache<u32, (), Hasher>);

impl Foyer {
    fn new(capacity: usize) -> Self {
        // A name of its own: caches are told apart by it where metrics are gathered.
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("hitratio-{}", MADE.fetch_add(1, Relaxed));
        let builder = CacheBuilder::new(capacity)
            .with_name(name)
            .with_shards(1)
            .with_hash_builder(hasher())
            .with_eviction_config(S3FifoConfig::default());
        Self(builder.build())
    }
}

impl Policy for Foyer {
    fn request(&mut self, id: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, ());
        }
        hit
    }
}
