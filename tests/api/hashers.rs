//! Hashers of the user's own, bad ones too.

use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use purekv::{Cache, Clock, Expiry, Store};

/// An integer is its own hash.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// One multiplication a word, as rustc's: good at the top, and the low bits know little of the high ones.
#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Integers that differ in a few bits only, wherever these are, each serve as a key.
fn integers_are_keys<H: Hasher + Default + 'static>() {
    const KEYS: u64 = 10_000;
    for shift in [0, 7, 24, 40, 50] {
        let cache =
            Cache::builder().hasher(BuildHasherDefault::<H>::default()).expiry(Expiry::Off).build();
        for key in 0..KEYS {
            cache.insert(key << shift, key);
        }
        assert_eq!(cache.len(), KEYS as usize);
        for key in 0..KEYS {
            assert_eq!(cache.get(&(key << shift)), Some(key), "shift {shift}");
        }
        // The entries sit as densely as with a good hash: no bucket had to be split for want of spread.
        assert!(cache.stats().shards <= 16, "shift {shift}: {} shards", cache.stats().shards);
    }
}

#[test]
fn identity() {
    integers_are_keys::<Identity>();
}

#[test]
fn multiplication() {
    integers_are_keys::<Multiply>();
}

#[test]
fn the_one_of_std() {
    integers_are_keys::<DefaultHasher>();
}

#[test]
fn a_store_takes_a_hasher_too() {
    let store = Store::builder()
        .hasher(BuildHasherDefault::<Multiply>::default())
        .expiry(Expiry::Off)
        .build();
    for number in 0..20_000_u32 {
        store.insert(&number.to_be_bytes(), &number.to_le_bytes());
    }
    for number in 0..20_000_u32 {
        assert_eq!(store.get(&number.to_be_bytes()).as_deref(), Some(&number.to_le_bytes()[..]));
    }
}

/// Knows one hash.
#[derive(Default)]
struct Constant;

impl Hasher for Constant {
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        7
    }
}

/// Keys with one hash are told apart by the keys themselves, however many there are: slowly, and without a table for it.
#[test]
fn a_thousand_keys_with_one_hash() {
    const KEYS: u32 = 1000;
    let cache = Cache::builder().hasher(BuildHasherDefault::<Constant>::default()).build();
    for number in 0..KEYS {
        cache.insert(number, number * number);
        assert_eq!(cache.get(&(number / 2)), Some((number / 2) * (number / 2)));
    }
    for number in (0..KEYS).step_by(3) {
        assert!(cache.invalidate(&number));
        assert!(!cache.invalidate(&number));
    }
    for number in 0..KEYS {
        assert_eq!(cache.get(&number), (number % 3 != 0).then_some(number * number));
    }
    assert_eq!(cache.stats().shards, 1);
    cache.clear();
    assert!(cache.is_empty());
}

/// A few hundred hashes for many keys: most buckets are chains, and the table stays in proportion.
#[test]
fn many_keys_with_few_hashes() {
    const KEYS: u64 = 30_000;

    /// A number modulo 300.
    #[derive(Default)]
    struct Coarse(u64);

    impl Hasher for Coarse {
        fn write(&mut self, bytes: &[u8]) {
            bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
        }

        fn write_u64(&mut self, number: u64) {
            self.0 = number;
        }

        fn finish(&self) -> u64 {
            self.0 % 300
        }
    }

    let cache = Cache::builder().hasher(BuildHasherDefault::<Coarse>::default()).build();
    for key in 0..KEYS {
        assert!(cache.insert_if_absent(key, key));
    }
    assert!((0..KEYS).all(|key| cache.get(&key) == Some(key)));
    assert_eq!(cache.len(), KEYS as usize);
    let shards = cache.stats().shards;
    assert!(shards <= 32, "{shards} shards");
    for key in 0..KEYS {
        assert_eq!(cache.remove(&key), Some(key));
    }
    assert!(cache.iter().next().is_none());
}

/// Ten thousand entries with one hash fall due at once: each is found by its record, or by another's.
#[test]
fn many_with_one_hash_due_at_once() {
    const KEYS: u32 = 10_000;
    let (clock, time) = Clock::manual();
    let cache = Cache::builder()
        .hasher(BuildHasherDefault::<Constant>::default())
        .clock(clock)
        .expiry(Expiry::Manual)
        .build();
    for number in 0..KEYS {
        cache.insert_with_ttl(number, number, Duration::from_secs(1 + u64::from(number % 2)));
    }
    time.advance(Duration::from_millis(1500));
    assert_eq!(cache.advance(), KEYS as usize / 2);
    time.advance(Duration::from_secs(1));
    assert_eq!(cache.advance(), KEYS as usize / 2);
    assert_eq!(cache.stats().entries, 0);
}
