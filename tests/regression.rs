//! Bugs that were found in this crate, one story each. The story comes first: what the user saw, and how it came about.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use purekv::{Cache, Clock, Expiry};

/// A cache whose clock stands still and which has no thread of its own.
fn cache<V: Send + Sync + 'static>() -> Cache<u64, V> {
    let (clock, _hand) = Clock::manual();
    Cache::builder().clock(clock).build()
}

/// `clear` and `retain` left entries behind while the table grew.
///
/// A walk reads a bucket whole and then decides entry by entry. Was the bucket's shard frozen for a split in between,
/// the removal failed; it helped with the split, as it must, and took that for an entry that somebody had replaced, which it
/// leaves alone. So everything in that bucket stayed. Here the growth happens in the very callback; another thread
/// that inserts will do as well.
#[test]
fn retain_removes_what_a_split_has_moved() {
    const BEFORE: u64 = 500;
    let cache = cache();
    for key in 0..BEFORE {
        cache.insert(key, key);
    }
    let mut grown = false;
    cache.retain(|_, _| {
        if !std::mem::replace(&mut grown, true) {
            (BEFORE..20_000).for_each(|key| cache.insert(key, key));
        }
        false
    });
    let left: Vec<u64> = (0..BEFORE).filter(|key| cache.contains_key(key)).collect();
    assert!(left.is_empty(), "{left:?} were there when it began");
}

/// A value that counts its destructor's runs; some of them panic.
struct Fragile {
    breaks: bool,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
        assert!(!self.breaks, "a destructor panics, as this test wants it to");
    }
}

/// One value whose destructor panicked took 63 others with it, and the ticker.
///
/// Removed entries are freed in bundles, by whichever thread comes to it. The panic left the bundle half done: the
/// others in it leaked, of other caches too. It surfaced in some unrelated `get`, or ended the background thread without a
/// word, after which nothing expired any more; in a thread that was just ending it aborted the process.
#[test]
fn a_destructor_that_panics_harms_nobody_else() {
    const VALUES: usize = 300;
    const PATIENCE: Duration = Duration::from_secs(30);

    let dropped = Arc::new(AtomicUsize::new(0));
    let cache = Cache::new();
    for key in 0..VALUES {
        let value = Fragile { breaks: key % 100 == 7, dropped: dropped.clone() };
        cache.insert_with_ttl(key, value, Duration::from_millis(1));
    }
    let start = Instant::now();
    while dropped.load(Ordering::SeqCst) < VALUES {
        let left = VALUES - dropped.load(Ordering::SeqCst);
        assert!(start.elapsed() < PATIENCE, "{left} values were never dropped");
        std::thread::yield_now();
    }
}

/// A cache was dropped, one value's destructor panicked, and all entries not freed by then leaked, with their shards.
#[test]
fn a_destructor_that_panics_does_not_keep_a_cache_from_being_freed() {
    const VALUES: usize = 5000;
    let dropped = Arc::new(AtomicUsize::new(0));
    let cache = cache();
    for key in 0..VALUES {
        let value = Fragile { breaks: key % 1000 == 7, dropped: dropped.clone() };
        cache.insert(key as u64, value);
    }
    drop(cache);
    assert_eq!(dropped.load(Ordering::SeqCst), VALUES);
    assert_eq!(Arc::strong_count(&dropped), 1, "of what broke the rest was dropped too");
}

/// Two overwrites in a row, the first of them overtaken by the ticker: the entry outlived its deadline in memory.
///
/// An entry due in an hour waits for an early record, of 10 s, that an overwrite passed on to it. One writer reads that timer and
/// is about to pass it on once more; the record fires, and the ticker re-arms the entry for the hour. The writer
/// publishes, but before it notices that the record is gone a second writer takes the timer over from it, finds
/// nothing amiss, and seals. Now the first cannot arm what is no longer there and takes it for granted that "somebody else"
/// has: the last entry waits for a record that was consumed long ago.
#[cfg(feature = "failpoints")]
#[test]
fn a_timer_passed_on_twice_is_not_lost() {
    let (clock, hand) = Clock::manual();
    let cache = Cache::builder().clock(clock).build();
    let seconds = Duration::from_secs;
    cache.insert_with_ttl(1, 0, seconds(10));
    cache.insert_with_ttl(1, 1, seconds(3600));
    let unhook = purekv::failpoint::set_hook({
        let cache = cache.clone();
        let hand = hand.clone();
        move |site| match site {
            "table::replace::before" => {
                hand.advance(seconds(10));
                assert_eq!(cache.advance(), 0, "it is re-armed");
            }
            "engine::replace::done" => cache.insert_with_ttl(1, 3, seconds(20)),
            _ => {}
        }
    });
    cache.insert_with_ttl(1, 2, seconds(20));
    drop(unhook);
    assert_eq!(cache.get(&1), Some(3));
    hand.advance(seconds(20));
    assert_eq!(cache.advance(), 1, "due, and nobody has asked for it");
    assert!(cache.is_empty());
}

/// A key that was set, deleted and set again within one step of the wheel filled it with records that no sweep could tell apart,
/// and kept a processor busy for good.
///
/// Far deadlines are rounded, those beyond the wheel's range to steps of hours. So a loop of `SET k EX` and `DEL k` pushed the
/// same record over and over; as long as the key was there with that very tick each of them passed for the one it waits for. The stale ones
/// outnumbered the others after every sweep, so each tick began another.
#[test]
fn copies_of_a_record_are_swept_out() {
    const TURNS: usize = 50_000;
    let (clock, hand) = Clock::manual();
    let cache = Cache::builder().clock(clock).build();
    for ttl in [Duration::from_secs(3600), Duration::from_secs(60 * 24 * 3600)] {
        for turn in 0..TURNS {
            cache.invalidate(&1);
            cache.insert_with_ttl(1, turn, ttl);
            if turn % 1000 == 0 {
                cache.advance();
            }
        }
        for _ in 0..10 {
            hand.advance(Duration::from_millis(1));
            cache.advance();
        }
        let stats = cache.stats();
        assert!(stats.wheel_records < 3000, "{} records for one entry", stats.wheel_records);
    }
}

/// A walk that was held up returned entries that had expired meanwhile.
///
/// It looked at the clock once, at its beginning. The caller of an iterator decides how long a walk takes.
#[test]
fn a_long_walk_does_not_return_what_has_expired() {
    const ENTRIES: u64 = 1000;
    let (clock, hand) = Clock::manual();
    let cache = Cache::builder().clock(clock).build();
    (0..ENTRIES).for_each(|key| cache.insert_with_ttl(key, key, Duration::from_secs(1)));
    let mut walk = cache.iter();
    assert!(walk.next().is_some());
    hand.advance(Duration::from_secs(1));
    // What is left of the bucket that it stands in was cloned before.
    assert!(walk.count() < 20);

    (0..ENTRIES).for_each(|key| cache.insert_with_ttl(key, key, Duration::from_secs(1)));
    let mut seen = 0;
    cache.retain(|_, _| {
        seen += 1;
        hand.advance(Duration::from_secs(1));
        true
    });
    assert!(seen < 20, "{seen} entries");
}

/// A walk passed over an entry that it found due when it could not remove it, because somebody had just extended or replaced
/// it, or because its shard was being split.
///
/// The first broke the promise that a key which is there throughout is visited: the walk looks at the bucket first and at the
/// clock afterwards, and an entry that was extended in time meanwhile was taken for gone (`loom_a_walk_against_set_ttl`).
/// Now the bucket is read again. Here the shard is split under it, so that it must be read in another place.
#[cfg(feature = "failpoints")]
#[test]
fn a_walk_reads_again_what_it_could_not_remove() {
    const BEFORE: u64 = 500;
    const AFTER: u64 = 20_000;
    let (clock, hand) = Clock::manual();
    let cache = Cache::builder().clock(clock).build();
    for key in 0..BEFORE {
        match key % 2 {
            0 => cache.insert(key, key),
            _ => cache.insert_with_ttl(key, key, Duration::from_secs(1)),
        }
    }
    hand.advance(Duration::from_secs(1));
    let unhook = purekv::failpoint::set_hook({
        let cache = cache.clone();
        let mut grown = false;
        move |site| {
            if site == "engine::expire::before_claim" && !std::mem::replace(&mut grown, true) {
                (BEFORE..AFTER).for_each(|key| cache.insert(key, key));
            }
        }
    });
    let mut met: Vec<u64> = cache.iter().map(|(key, _)| key).collect();
    drop(unhook);
    met.sort_unstable();
    met.retain(|key| *key < BEFORE);
    assert_eq!(met, (0..BEFORE).step_by(2).collect::<Vec<_>>());
    assert_eq!(cache.len() as u64, AFTER - BEFORE / 2, "what is due is gone");
}

/// An entry outlived its deadline in memory, because its record came two seconds late.
///
/// An inserter was stopped between publishing an entry and pushing its record. By then the wheel had passed the record's tick by
/// so much that a record can no longer say it exactly, and by more than 2^31 ticks, beyond which the 32 bits of an
/// entry's timer do not tell early from late: the record was not taken for the entry's. With a tick of 1 ns that is two seconds; so now
/// the shortest tick is 1 µs, and it is half an hour.
#[cfg(feature = "failpoints")]
#[test]
fn a_record_pushed_late_is_served() {
    for late in [Duration::from_secs(3), Duration::from_secs(2000)] {
        let (clock, hand) = Clock::manual();
        let cache = Cache::builder().clock(clock).tick(Duration::from_nanos(1)).build();
        let unhook = purekv::failpoint::set_hook({
            let cache = cache.clone();
            move |site| {
                if site == "table::insert::published" {
                    hand.advance(late);
                    cache.advance();
                }
            }
        });
        cache.insert_with_ttl(1, 1, Duration::from_millis(1));
        drop(unhook);
        assert_eq!(cache.advance(), 1, "{late:?} late, and nobody has asked for it");
        assert!(cache.is_empty());
    }
}

/// A hasher that tells no key from another.
#[derive(Clone, Default)]
struct Constant;

impl std::hash::Hasher for Constant {
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        0
    }
}

/// A bucket had room for fifteen keys. The sixteenth with their hash made the cache split for ever longer suffixes, and then
/// panic; at first even with the shard frozen, so that every later write to it panicked too.
#[test]
fn there_is_room_for_more_keys_with_one_hash_than_a_bucket_has_slots() {
    const KEYS: u64 = 100;
    let hasher = std::hash::BuildHasherDefault::<Constant>::default();
    let (clock, _hand) = Clock::manual();
    let cache = Cache::<u64, u64>::builder().hasher(hasher).clock(clock).build();
    for key in 0..KEYS {
        cache.insert(key, key);
        assert_eq!(cache.get(&key), Some(key));
    }
    assert_eq!(cache.len() as u64, KEYS);
    assert!((0..KEYS).all(|key| cache.get(&key) == Some(key)));
    assert_eq!(cache.remove(&3), Some(3));
    assert_eq!(cache.get(&3), None);
    cache.insert(3, 4);
    assert_eq!(cache.get(&3), Some(4));
    assert_eq!(cache.stats().shards, 1);
}

/// Entries with a long time-to-live that were removed early left their records in the wheel for as long as traffic went on.
///
/// Stale records are swept out when they outnumber the others, a slice of the sweep and a slice of expiry in turn. The
/// latter took what the former had in hand for its own, and put all of it back. So a sweep got through one slice of each list, and
/// with one time-to-live for all entries almost everything is in one list: 10^9 inserts and removes left 4 GB.
#[test]
fn records_of_removed_entries_are_swept_out_however_many_there_are() {
    const LIVE: u64 = 1_000;
    let (clock, _hand) = Clock::manual();
    let cache = Cache::builder().clock(clock).build();
    for key in 0..100_000 {
        cache.insert_with_ttl(key, (), Duration::from_secs(3600));
        if key >= LIVE {
            assert!(cache.invalidate(&(key - LIVE)));
        }
    }
    cache.advance();
    let stats = cache.stats();
    assert_eq!(stats.entries as u64, LIVE);
    assert!(stats.wheel_records <= 3 * LIVE as usize + 1024, "{stats:?}");
    assert!(stats.wheel_bytes < 64 * LIVE as usize, "{stats:?}");
}

/// An update that made its entry heavier evicted that very entry, and not one of many others.
///
/// Who makes room removes first what is due, in batches. After one in sixteen removals it tidied up the policy's records, and at the end of
/// that made room once more: for nobody, so that nobody was spared. The entry was next because it was the oldest.
#[test]
fn an_update_does_not_evict_its_own_entry_while_it_expires_others() {
    let (clock, hand) = Clock::manual();
    let cache = Cache::builder()
        .clock(clock)
        .expiry(Expiry::Manual)
        .max_capacity(200)
        .weigher(|_: &u32, &weight: &u32| weight)
        .build();
    cache.insert(0, 1);
    (1..=32).for_each(|key| cache.insert_with_ttl(key, 1, Duration::from_nanos(1)));
    (33..=132).for_each(|key| cache.insert(key, 1));
    hand.advance(Duration::from_secs(1));
    // 133 and 149 more: with the 32 that are due out of the way there are 50 too many.
    cache.insert(0, 150);
    assert_eq!(cache.get(&0), Some(150));
    assert_eq!((cache.len(), cache.weight()), (51, 200));
}
