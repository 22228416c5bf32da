//! purekv and the crates of today, as one thread uses them, and as eight do.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;

use foyer_memory::{CacheBuilder, S3FifoConfig};
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{OptionsBuilder, UnitWeighter};

use crate::subjects::Subject;
use crate::trace::Trace;

/// A cache that threads share.
trait Peer: Sync + 'static {
    fn new(capacity: usize) -> Self;

    /// Asks for `id`; inserts it if it was not there. Whether it was.
    fn request(&self, id: u32) -> bool;
}

/// How many threads replay a trace together, in the columns with `-8` to their names. Each takes the next request when it is through
/// with its last: so at any time at most so many requests are out of order, but for those of a thread that the system has stopped.
const THREADS: usize = 8;

/// All peers, in the order of their columns.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects: Vec<Subject> = both::<PureKv>("purekv-cache", "purekv::Cache").into();
    subjects.extend(both::<Moka>("moka", "moka as it is: may hold more than its bound"));
    subjects.push(one::<Tidy>("moka-tidy", "moka, its pending tasks run after every request"));
    subjects.extend(both::<Quick>("quick_cache", "quick_cache, one shard"));
    subjects.extend(both::<Foyer>("foyer-s3fifo", "foyer-memory with S3-FIFO, one shard"));
    subjects
}

fn both<P: Peer>(name: &str, about: &'static str) -> [Subject; 2] {
    let misses = |trace: &Trace, capacity| {
        let (peer, next, misses) = (P::new(capacity), AtomicUsize::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let mut missed = 0;
                    // Relaxed: it hands out numbers; the scope's end publishes the counts.
                    while let Some(&id) = trace.ids.get(next.fetch_add(1, Relaxed)) {
                        missed += u64::from(!peer.request(id));
                    }
                    misses.fetch_add(missed, Relaxed);
                });
            }
        });
        misses.into_inner()
    };
    [one::<P>(name, about), Subject { name: format!("{name}-8"), about, misses: Box::new(misses) }]
}

fn one<P: Peer>(name: &str, about: &'static str) -> Subject {
    let misses = |trace: &Trace, capacity| {
        let peer = P::new(capacity);
        trace.ids.iter().filter(|&&id| !peer.request(id)).count() as u64
    };
    Subject { name: name.to_owned(), about, misses: Box::new(misses) }
}

/// Hashes as other runs do, so that a run can be repeated.
type Hasher = ahash::RandomState;

fn hasher() -> Hasher {
    Hasher::with_seeds(1, 2, 3, 4)
}

struct PureKv(purekv::Cache<u32, (), Hasher>);

impl Peer for PureKv {
    fn new(capacity: usize) -> Self {
        let builder = purekv::Cache::builder().hasher(hasher()).expiry(purekv::Expiry::Off);
        Self(builder.max_capacity(capacity as u64).build())
    }

    fn request(&self, id: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, ());
        }
        hit
    }
}

struct Moka(moka::sync::Cache<u32, (), Hasher>);

impl Peer for Moka {
    fn new(capacity: usize) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(capacity as u64);
        Self(builder.build_with_hasher(hasher()))
    }

    fn request(&self, id: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, ());
        }
        hit
    }
}

struct Tidy(Moka);

impl Peer for Tidy {
    fn new(capacity: usize) -> Self {
        Self(Moka::new(capacity))
    }

    fn request(&self, id: u32) -> bool {
        let hit = self.0.request(id);
        self.0.0.run_pending_tasks();
        hit
    }
}

struct Quick(quick_cache::sync::Cache<u32, (), UnitWeighter, Hasher>);

impl Peer for Quick {
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

    fn request(&self, id: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, ());
        }
        hit
    }
}

struct Foyer(foyer_memory::Cache<u32, (), Hasher>);

impl Peer for Foyer {
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

    fn request(&self, id: u32) -> bool {
        let hit = self.0.get(&id).is_some();
        if !hit {
            self.0.insert(id, ());
        }
        hit
    }
}
