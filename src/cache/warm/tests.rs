//! One key that is cold, on a cache: who moves it against who changes it. Under `--cfg purekv_loom` models, otherwise short stress tests.

use std::time::Duration;

use super::Below;
use super::source::{Copied, Pages, Places, Source, Terms};
use crate::cache::entry::Typed;
use crate::cache::{Builder, Cache, Expiry};
use crate::clock::Clock;
use crate::snapshot::{Due, DumpError, Location};
use crate::sync::{Arc, check, thread};

const BOUND: usize = 3;
const KEY: u8 = 1;
const OLD: u8 = 10;
const NEW: u8 = 11;

/// A snapshot of one entry, `KEY` with `OLD`.
struct One {
    hash: u64,
}

impl Pages for One {
    fn sections(&self) -> usize {
        1
    }

    fn entries_in(&self, _: usize) -> u32 {
        1
    }

    fn check(&self, _: usize) -> Result<(), DumpError> {
        Ok(())
    }

    fn block_of(&self, _: u64) -> (usize, usize) {
        (0, 0)
    }

    fn places(&self, _: u64) -> Result<Places, DumpError> {
        Ok(std::iter::once(Location { section: 0, slot: 0 }).collect())
    }

    fn mark_at(&self, _: Location) -> Result<u8, DumpError> {
        Ok(0)
    }

    fn learnt(&self) -> Result<Option<&[u8]>, DumpError> {
        Ok(None)
    }

    fn hash_at(&self, _: Location) -> Result<u64, DumpError> {
        Ok(0)
    }

    fn are_same(&self, one: Location, other: Location) -> Result<bool, DumpError> {
        Ok(one == other)
    }
}

impl Source<Typed<u8, u8>> for One {
    fn pages(&self) -> &dyn Pages {
        self
    }

    fn copy(
        &self,
        _: Location,
        _: Option<u64>,
        terms: &Terms<'_>,
    ) -> Result<Option<Copied<Typed<u8, u8>>>, DumpError> {
        let due = Due { deadline: u64::MAX, last: None };
        Ok(terms(due).map(|until| Copied {
            hash: self.hash,
            entry: Typed::owned(self.hash, until, 1, KEY, OLD),
        }))
    }
}

fn world() -> Arc<Cache<u8, u8>> {
    // The hash is part of the schedule.
    let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
    let builder: Builder<Cache<u8, u8>> = Cache::builder();
    let builder = builder.clock(Clock::manual().0).expiry(Expiry::Off).hasher(hasher);
    let mut cache = builder.build();
    let hash = cache.hash(&KEY);
    let inner = std::sync::Arc::get_mut(&mut cache.inner).expect("nobody else has it yet");
    inner.core.below = Below::on(Box::new(One { hash }), &inner.core.engine, None);
    Arc::new(cache)
}

fn spawn<R: Send + 'static>(
    cache: &Arc<Cache<u8, u8>>,
    work: impl FnOnce(&Cache<u8, u8>) -> R + Send + 'static,
) -> thread::JoinHandle<R> {
    let cache = cache.clone();
    thread::spawn(move || work(&cache))
}

#[test]
fn loom_warm_two_readers() {
    check(BOUND, || {
        let cache = world();
        let other = spawn(&cache, |cache| cache.get(&KEY));
        assert_eq!(cache.get(&KEY), Some(OLD), "it was there throughout");
        assert_eq!(other.join().unwrap(), Some(OLD));
        assert_eq!((cache.len(), cache.is_warming()), (1, false), "moved once, and all is done");
    });
}

#[test]
fn loom_warm_a_read_against_a_removal() {
    check(BOUND, || {
        let cache = world();
        let reading = spawn(&cache, |cache| (cache.get(&KEY), cache.get(&KEY)));
        assert_eq!(cache.remove(&KEY), Some(OLD));
        assert_eq!(cache.get(&KEY), None, "it has come back");
        let seen = reading.join().unwrap();
        assert!(seen != (None, Some(OLD)), "it has come back");
        assert_eq!((cache.get(&KEY), cache.len()), (None, 0));
    });
}

#[test]
fn loom_warm_two_removals() {
    check(BOUND, || {
        let cache = world();
        let removing = spawn(&cache, |cache| cache.remove(&KEY));
        let ours = cache.remove(&KEY);
        let removed = [ours, removing.join().unwrap()];
        assert!(removed == [Some(OLD), None] || removed == [None, Some(OLD)], "{removed:?}");
        assert_eq!(cache.len(), 0);
    });
}

#[test]
fn loom_warm_a_read_against_an_insertion() {
    check(BOUND, || {
        let cache = world();
        let reading = spawn(&cache, |cache| (cache.get(&KEY), cache.get(&KEY)));
        cache.insert(KEY, NEW);
        assert_eq!(cache.get(&KEY), Some(NEW), "the insertion was lost");
        let seen = reading.join().unwrap();
        let seen = [seen.0, seen.1].map(|seen| seen.expect("it was there throughout"));
        assert!(seen != [NEW, OLD], "the insertion was lost");
        assert_eq!((cache.get(&KEY), cache.len()), (Some(NEW), 1));
    });
}

#[test]
fn loom_warm_a_look_against_a_read() {
    check(BOUND, || {
        let cache = world();
        let reading = spawn(&cache, |cache| cache.get(&KEY));
        assert!(cache.contains_key(&KEY), "it was there throughout");
        assert_eq!(reading.join().unwrap(), Some(OLD));
    });
}

#[test]
fn loom_warm_clear_against_a_read() {
    check(BOUND, || {
        let cache = world();
        let reading = spawn(&cache, |cache| (cache.get(&KEY), cache.get(&KEY)));
        cache.clear();
        assert_eq!(cache.get(&KEY), None, "it was cleared");
        let seen = reading.join().unwrap();
        assert!(seen != (None, Some(OLD)), "it has come back");
        assert_eq!((cache.get(&KEY), cache.len(), cache.is_warming()), (None, 0, false));
    });
}

/// The one who changes it comes between the closing and the unlinking.
#[test]
fn loom_warm_clear_against_a_removal() {
    check(BOUND, || {
        let cache = world();
        let clearing = spawn(&cache, |cache| cache.clear());
        let removed = cache.remove(&KEY);
        assert!(matches!(removed, None | Some(OLD)));
        assert_eq!(cache.get(&KEY), None, "it has come back");
        clearing.join().unwrap();
        assert_eq!((cache.get(&KEY), cache.len()), (None, 0));
    });
}

#[test]
fn loom_warm_clear_against_a_read_and_a_removal() {
    check(2, || {
        let cache = world();
        let clearing = spawn(&cache, |cache| cache.clear());
        let reading = spawn(&cache, |cache| cache.get(&KEY));
        cache.invalidate(&KEY);
        assert_eq!(cache.get(&KEY), None, "it has come back");
        reading.join().unwrap();
        clearing.join().unwrap();
        assert_eq!((cache.get(&KEY), cache.len()), (None, 0));
    });
}

#[test]
fn loom_warm_all_against_a_change_of_deadline() {
    check(BOUND, || {
        let cache = world();
        let hydrating = spawn(&cache, |cache| cache.hydrate());
        assert!(cache.set_ttl(&KEY, Duration::from_secs(1)), "it is there");
        hydrating.join().unwrap();
        assert!(matches!(cache.ttl(&KEY), Some(crate::kv::Ttl::Remaining(_))), "it was lost");
        assert!(!cache.is_warming());
    });
}

/// Files that no dump writes, with all their checksums right.
#[cfg(not(purekv_loom))]
mod deceitful {
    use crate::cache::{Expiry, Store};
    use crate::clock::Clock;
    use crate::snapshot::{Due, Pending, StoreSnapshot, System, Types, Writer, hash_of_bytes};

    /// A store on top of these keys and values, each found by the hash of the first.
    fn store(name: &str, entries: &[(&[u8], &[u8], &[u8])]) -> Store {
        let name = format!("purekv-{}-deceitful-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let writer =
            Writer::begin(&System, &path, Types::of_store(), crate::clock::wall(), false).unwrap();
        let mut pending = Pending::new();
        for (found_by, key, value) in entries {
            let section = pending.room_for(Some(key.len() + value.len()));
            let due = Due { deadline: u64::MAX, last: None };
            section.push(hash_of_bytes(found_by), key, value, due).unwrap();
            if pending.is_due() {
                writer.write_full(&mut pending).unwrap();
            }
        }
        writer.write_rest(pending).unwrap();
        writer.finish(None).unwrap();
        let snapshot = StoreSnapshot::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let builder = Store::builder().clock(Clock::manual().0).expiry(Expiry::Off);
        builder.warm_from(snapshot).build()
    }

    /// The second would bring it back.
    #[test]
    fn a_key_that_is_there_twice_is_removed_once() {
        let twice =
            || store("twice", &[(b"k", b"k", b"one"), (b"x", b"x", b""), (b"k", b"k", b"two")]);
        let removed = twice();
        let value = removed.remove(b"k").expect("one of both");
        assert_eq!(removed.get(b"k"), None);
        assert!(!removed.contains_key(b"k"));
        assert_eq!((removed.hydrate(), removed.get(b"k"), removed.len()), (1, None, 1));

        let overwritten = twice();
        overwritten.insert(b"k", b"new");
        overwritten.remove(b"k");
        assert_eq!((overwritten.hydrate(), overwritten.get(b"k")), (1, None));

        let all = twice();
        assert_eq!((all.hydrate(), all.get(b"k"), all.len()), (2, Some(value), 2));
    }

    #[test]
    fn a_key_that_is_not_found_does_not_come() {
        let store = store("lost", &[(b"other", b"k", b"lost"), (b"x", b"x", b"there")]);
        assert_eq!((store.get(b"k"), store.get(b"other")), (None, None));
        assert_eq!((store.hydrate(), store.get(b"k"), store.is_warming()), (1, None, false));
    }
}
