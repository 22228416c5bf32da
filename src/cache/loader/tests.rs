//! A load against a writer of its key, on a cache: under `--cfg purekv_loom` models, otherwise short stress tests.

use std::time::Duration;

use crate::cache::{Builder, Cache, Expiry};
use crate::clock::Clock;
use crate::sync::{Arc, Mutex, check, thread};

const BOUND: usize = 3;
const KEY: u8 = 1;
const OLD: u8 = 10;
const NEW: u8 = 11;
const SECOND: Duration = Duration::from_secs(1);

struct World {
    cache: Cache<u8, u8>,
    /// Where values are loaded from. A lock, for what is read here and written there is in some order.
    source: Mutex<u8>,
}

impl World {
    fn new() -> Arc<Self> {
        let builder: Builder<Cache<u8, u8>> = Cache::builder();
        let builder = builder.clock(Clock::manual().0).expiry(Expiry::Off);
        // The hash is part of the schedule.
        let cache = builder.hasher(ahash::RandomState::with_seeds(1, 2, 3, 4)).build();
        // The first load makes what all later ones share, in a way that loom does not know.
        cache.get_or_insert_with_ttl(&KEY, || (OLD, Some(Duration::ZERO)));
        Arc::new(Self { cache, source: Mutex::new(OLD) })
    }

    fn source(&self) -> u8 {
        *self.source.lock().expect("nobody panics")
    }

    /// As who changes what is cached.
    fn change_source(&self) {
        *self.source.lock().expect("nobody panics") = NEW;
    }

    fn load(&self) -> u8 {
        self.cache.get_or_insert_with(&KEY, || self.source())
    }

    fn refresh(&self) -> u8 {
        self.cache.get_or_refresh_with(&KEY, SECOND, || (self.source(), None))
    }

    fn cached(&self) -> Option<u8> {
        self.cache.get(&KEY)
    }
}

fn spawn(world: &Arc<World>, work: impl FnOnce(&World) + Send + 'static) -> thread::JoinHandle<()> {
    let world = world.clone();
    thread::spawn(move || work(&world))
}

#[test]
fn loom_load_against_a_removal() {
    check(BOUND, || {
        let world = World::new();
        let loading = spawn(&world, |world| _ = world.load());
        world.change_source();
        world.cache.invalidate(&KEY);
        loading.join().unwrap();
        assert!(matches!(world.cached(), None | Some(NEW)), "what was read before came back");
    });
}

#[test]
fn loom_load_against_an_insertion() {
    check(BOUND, || {
        let world = World::new();
        let loading = spawn(&world, |world| _ = world.load());
        world.cache.insert(KEY, NEW);
        loading.join().unwrap();
        assert_eq!(world.cached(), Some(NEW), "the insertion was lost");
    });
}

#[test]
fn loom_load_against_an_insertion_if_absent() {
    check(BOUND, || {
        let world = World::new();
        let loading = spawn(&world, |world| _ = world.load());
        let inserted = world.cache.insert_if_absent(KEY, NEW);
        loading.join().unwrap();
        match world.cached() {
            Some(value) => assert_eq!(value, if inserted { NEW } else { OLD }),
            // It had found the loaded value and told the load, which then took it back.
            None => assert!(!inserted),
        }
    });
}

#[test]
fn loom_load_to_refresh_against_an_insertion() {
    check(BOUND, || {
        let world = World::new();
        world.cache.insert_with_ttl(KEY, 1, SECOND);
        let loading = spawn(&world, |world| _ = world.refresh());
        world.cache.insert(KEY, NEW);
        loading.join().unwrap();
        assert_eq!(world.cached(), Some(NEW), "the insertion was lost");
    });
}

#[test]
fn loom_load_to_refresh_against_a_removal() {
    check(BOUND, || {
        let world = World::new();
        world.cache.insert_with_ttl(KEY, 1, SECOND);
        let loading = spawn(&world, |world| _ = world.refresh());
        world.change_source();
        world.cache.invalidate(&KEY);
        loading.join().unwrap();
        assert!(matches!(world.cached(), None | Some(NEW)), "what was read before came back");
    });
}

#[test]
fn loom_load_by_two_callers() {
    check(BOUND, || {
        let world = World::new();
        let loading = spawn(&world, |world| assert_eq!(world.load(), OLD));
        assert_eq!(world.load(), OLD);
        loading.join().unwrap();
        assert_eq!(world.cache.stats().load_successes, 2);
        assert_eq!(world.cache.stats().loads_pending, 0);
    });
}
