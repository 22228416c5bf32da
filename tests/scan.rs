//! Scans: a key that is there throughout is shown exactly once, whatever comes and goes, and however the table is split, between two calls.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use purekv::{Cache, Clock, Expiry, Store, Ttl};

/// Hashes that leave so many bits of what they are given, so that shards are split early, and, with few of them, buckets are chained.
#[derive(Clone)]
struct Poor {
    bits: u32,
}

struct PoorHasher {
    bits: u32,
    hash: u64,
}

impl BuildHasher for Poor {
    type Hasher = PoorHasher;

    fn build_hasher(&self) -> PoorHasher {
        PoorHasher { bits: self.bits, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Hasher for PoorHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        (self.hash ^ self.hash >> 29) & ((1 << self.bits) - 1)
    }
}

/// What is done between two calls.
#[derive(Clone, Debug)]
enum Change {
    Insert(std::ops::Range<u16>),
    Remove(std::ops::Range<u16>),
}

fn change() -> impl Strategy<Value = Change> {
    let range = (0..1000_u16, 0..400_u16).prop_map(|(from, count)| from..from + count);
    prop_oneof![range.clone().prop_map(Change::Insert), range.prop_map(Change::Remove),]
}

/// All calls of one scan, with `between` called after each; how often each key was shown.
fn shown<S: BuildHasher + Send + Sync + 'static>(
    store: &Store<S>,
    count: usize,
    mut between: impl FnMut(),
) -> BTreeMap<Vec<u8>, usize> {
    let (mut cursor, mut shown) = (0, BTreeMap::new());
    loop {
        cursor = store.scan(cursor, count, |key, entry| {
            assert_eq!(entry.value(), key);
            *shown.entry(key.to_vec()).or_default() += 1;
        });
        if cursor == 0 {
            return shown;
        }
        between();
    }
}

proptest! {
    // A failure becomes a story in tests/regression.rs, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..Default::default() })]

    #[test]
    fn a_key_that_is_there_throughout_is_shown_once(
        bits in prop_oneof![Just(64 - 1), 2..12_u32],
        shards in prop_oneof![Just(1_usize), Just(4)],
        first in 0..800_u16,
        count in 1..60_usize,
        changes in vec(change(), 0..30),
    ) {
        let (clock, _) = Clock::manual();
        let store = Store::builder().clock(clock).shards(shards).hasher(Poor { bits }).build();
        let key = |number: u16| number.to_be_bytes();
        let mut there: BTreeSet<u16> = (0..first).collect();
        there.iter().for_each(|&number| store.insert(&key(number), &key(number)));
        let (mut throughout, mut ever) = (there.clone(), there.clone());
        let mut changes = changes.into_iter();
        let shown = shown(&store, count, || match changes.next() {
            Some(Change::Insert(range)) => for number in range {
                store.insert(&key(number), &key(number));
                there.insert(number);
                ever.insert(number);
            },
            Some(Change::Remove(range)) => for number in range {
                store.remove(&key(number));
                there.remove(&number);
                throughout.remove(&number);
            },
            None => {}
        });
        for number in throughout {
            prop_assert_eq!(shown.get(&key(number)[..]), Some(&1), "{}", number);
        }
        for (key, times) in shown {
            prop_assert_eq!(times, 1, "{:?}", &key);
            prop_assert!(ever.contains(&u16::from_be_bytes([key[0], key[1]])));
        }
    }
}

#[test]
fn a_store_that_grows_a_hundredfold_meanwhile() {
    const FIRST: u32 = 1_000;
    let store = Store::builder().expiry(Expiry::Off).build();
    let insert = |number: u32| store.insert(&number.to_be_bytes(), &number.to_be_bytes());
    (0..FIRST).for_each(insert);
    let mut next = FIRST;
    // No more than that: a scan that is outrun by insertions does not come to its end.
    let shown = shown(&store, 100, || {
        if next < 100 * FIRST {
            (next..next + 10_000).for_each(insert);
            next += 10_000;
        }
    });
    assert!(store.stats().shards > 16, "{} shards", store.stats().shards);
    for number in 0..FIRST {
        assert_eq!(shown.get(&number.to_be_bytes()[..]), Some(&1), "{number}");
    }
    assert!(shown.values().all(|&times| times == 1));
}

#[test]
fn beside_another_thread() {
    let count = if cfg!(debug_assertions) { 2_000 } else { 50_000_u32 };
    let store = Store::builder().expiry(Expiry::Off).build();
    let insert = |number: u32| store.insert(&number.to_be_bytes(), &number.to_be_bytes());
    (0..count).for_each(insert);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in count..20 * count {
                insert(number);
                if number % 3 == 0 {
                    store.remove(&number.to_be_bytes());
                }
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        for _ in 0..3 {
            let shown = shown(&store, 100, || {});
            for number in 0..count {
                assert_eq!(shown.get(&number.to_be_bytes()[..]), Some(&1), "{number}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_call_shows_about_what_it_was_asked_for() {
    let store = Store::builder().expiry(Expiry::Off).build();
    (0..5_000_u32).for_each(|number| store.insert(&number.to_be_bytes(), b""));
    let mut cursor = 0;
    loop {
        let mut shown = 0;
        cursor = store.scan(cursor, 100, |_, _| shown += 1);
        if cursor == 0 {
            break;
        }
        assert!((100..115).contains(&shown), "{shown}");
    }
    // An empty table is looked at in steps, too.
    let empty = Store::builder().expiry(Expiry::Off).build();
    let mut calls = 1;
    while {
        cursor = empty.scan(cursor, 1, |_, _| panic!("it is empty"));
        cursor != 0
    } {
        calls += 1;
    }
    assert!((20..40).contains(&calls), "{calls}");
    assert_eq!(empty.scan(0, usize::MAX, |_, _| {}), 0);
}

#[test]
fn cursors_from_elsewhere_do_no_harm() {
    let store = Store::builder().expiry(Expiry::Off).build();
    (0..5_000_u32).for_each(|number| store.insert(&number.to_be_bytes(), b""));
    for cursor in (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1, u64::MAX << bit]) {
        let mut at = cursor;
        for _ in 0..1_000 {
            at = store.scan(at, 100, |_, _| {});
            if at == 0 {
                break;
            }
        }
        assert_eq!(at, 0, "{cursor}");
    }
}

#[test]
fn what_is_due_is_not_shown_and_deadlines_are() {
    let (clock, time) = Clock::manual();
    let cache = Cache::builder().clock(clock).expiry(Expiry::Manual).build();
    let second = std::time::Duration::from_secs(1);
    cache.insert_with_ttl(1, 'a', second);
    cache.insert_with_ttl(2, 'b', 2 * second);
    cache.insert(3, 'c');
    time.advance(second);
    let mut shown = Vec::new();
    assert_eq!(
        cache.scan(0, 1_000, |&key, entry| shown.push((key, *entry.value(), entry.ttl()))),
        0
    );
    shown.sort_unstable();
    assert_eq!(shown, [(2, 'b', Ttl::Remaining(second)), (3, 'c', Ttl::Never)]);
}

/// By chance: about all of them equally often, in a table whose shards are of one depth.
#[test]
fn entries_by_chance() {
    const KEYS: usize = 500;
    const DRAWS: usize = 200 * KEYS;
    let store = Store::builder().expiry(Expiry::Off).build();
    assert_eq!(store.random_entry(|_, _| ()), None);
    store.insert(b"one", b"1");
    assert_eq!(
        store.random_entry(|key, entry| (key.to_vec(), entry.value().to_vec())),
        Some((b"one".to_vec(), b"1".to_vec()))
    );
    store.remove(b"one");
    for number in 0..KEYS {
        store.insert(&number.to_be_bytes(), b"");
    }
    let mut drawn = [0_u32; KEYS];
    for _ in 0..DRAWS {
        let key = store.random_entry(|key, _| key.to_vec()).unwrap();
        drawn[usize::from_be_bytes(key.try_into().unwrap())] += 1;
    }
    // 200 each, give or take 14: six times that.
    assert!(drawn.iter().all(|times| (116..=284).contains(times)), "{drawn:?}");
}

/// Three in a table of hundreds of places are as likely as each other.
#[test]
fn few_entries_by_chance() {
    let store = Store::builder().expiry(Expiry::Off).build();
    for number in 0..3_u8 {
        store.insert(&[number], b"");
    }
    let mut drawn = [0_u32; 3];
    for _ in 0..3_000 {
        drawn[usize::from(store.random_entry(|key, _| key[0]).unwrap())] += 1;
    }
    // 1,000 each, give or take 26: six times that.
    assert!(drawn.iter().all(|times| (840..=1160).contains(times)), "{drawn:?}");
}

/// Also those of a long chain.
#[test]
fn entries_by_chance_of_a_chain() {
    let store = Store::builder().expiry(Expiry::Off).hasher(Poor { bits: 0 }).build();
    for number in 0..100_u8 {
        store.insert(&[number], b"");
    }
    let mut drawn = BTreeSet::new();
    for _ in 0..5_000 {
        drawn.insert(store.random_entry(|key, _| key[0]).unwrap());
    }
    assert_eq!(drawn.len(), 100);
}
