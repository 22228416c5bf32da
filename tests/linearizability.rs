//! Linearizability: real threads record real histories, and an independent checker looks for an order that explains them,
//! with every deadline taken at its word. What a verdict is worth is argued in `linearizability/checker.rs`.
//!
//! `PUREKV_LIN_SECONDS` sets how long each store is watched (3 s), `PUREKV_LIN_SEED` what the threads do. With
//! `--features failpoints` threads also meet at the CAS sites.

#[path = "linearizability/barrier.rs"]
mod barrier;
#[path = "linearizability/by_hand.rs"]
mod by_hand;
#[path = "linearizability/checker.rs"]
mod checker;
#[path = "linearizability/faulty.rs"]
mod faulty;
#[path = "linearizability/history.rs"]
mod history;
#[path = "linearizability/perform.rs"]
mod perform;
#[path = "support/random.rs"]
mod random;
#[path = "linearizability/spec.rs"]
mod spec;
#[path = "linearizability/workload.rs"]
mod workload;

use std::fmt::Write;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use std::str::FromStr;
use std::time::{Duration, Instant};

use purekv::baseline::MutexCache;
use purekv::{Cache, Clock, Expiry, Kv, Store};

use checker::{Memory, Time, Verdict};
use faulty::{Fault, Faulty};
use random::Random;

fn from_env<T: FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Watches stores for `seconds`; the first violation, told in full, or how much was checked.
fn watch<S: Kv>(seconds: u64, memory: Memory, make: impl Fn(Clock) -> S) -> Result<String, String> {
    let seed = from_env("PUREKV_LIN_SEED", 1);
    let random = Random::new(seed);
    let start = Instant::now();
    let (time, patience) = (Duration::from_secs(seconds), Duration::from_secs(10 * seconds));
    let (mut batches, mut windows, mut wider, mut given_up, mut evicted) = (0, 0, 0, 0, 0);
    let (mut operations, mut overlapping) = (0, 0);
    // On a busy machine threads may not meet for a while.
    while start.elapsed() < time
        || start.elapsed() < patience
            && (overlapping == 0 || memory == Memory::Evicts && evicted == 0)
    {
        for recorded in workload::record(&make, random.fork(batches)) {
            let history = recorded.history;
            windows += 1;
            operations += history.lanes.iter().map(Vec::len).sum::<usize>();
            overlapping += history.overlapping();
            // What has an order in the strict sense of time has one in the wider sense, too.
            let strictly = checker::check(&history, Time::OneInstant, Memory::Keeps);
            if matches!(strictly, Verdict::Linearizable) {
                continue;
            }
            let mut verdict = checker::check(&history, Time::WithinInterval, Memory::Keeps);
            if memory == Memory::Evicts && !matches!(verdict, Verdict::Linearizable) {
                evicted += 1;
                verdict = checker::check(&history, Time::WithinInterval, memory);
            } else {
                wider += 1;
            }
            match verdict {
                Verdict::Linearizable => {}
                Verdict::GivenUp => given_up += 1,
                Verdict::Violation { explained } => {
                    let mut story = format!(
                        "not linearizable: key {}, window {} of batch {batches}, seed {seed}\n{history}",
                        recorded.key, recorded.window
                    );
                    let _ = writeln!(story, "  this much has an order, and nothing can come next:");
                    explained.iter().for_each(|step| _ = writeln!(story, "    {step}"));
                    return Err(story);
                }
            }
        }
        batches += 1;
    }
    assert!(given_up * 100 <= windows, "{given_up} of {windows} windows were too hard to check");
    assert!(overlapping > 0, "no two operations ever met");
    assert!(memory == Memory::Keeps || evicted > 0, "nothing was evicted");
    Ok(format!(
        "{batches} stores, {windows} windows, {operations} operations ({overlapping} overlap others of their key), \
         {wider} windows in which a clock was read before or after the effect, {evicted} in which an entry has vanished, \
         {given_up} given up"
    ))
}

/// Panics with the offending history if there is one.
fn stays_linearizable<S: Kv>(make: impl Fn(Clock) -> S) {
    stays_linearizable_with(Memory::Keeps, make);
}

/// The same where entries may vanish, if the memory is such.
fn stays_linearizable_with<S: Kv>(memory: Memory, make: impl Fn(Clock) -> S) {
    match watch(from_env("PUREKV_LIN_SECONDS", 3), memory, make) {
        Ok(report) => println!("{report}"),
        Err(story) => panic!("{story}"),
    }
}

fn is_caught(fault: Fault) {
    is_caught_with(Memory::Keeps, fault);
}

fn is_caught_with(memory: Memory, fault: Fault) {
    // Found within the first second as a rule; the limit is for machines that are busy elsewhere.
    let result = watch(60, memory, |clock| Faulty::new(baseline(clock), fault));
    println!("{}", result.expect_err("the fault went unnoticed"));
}

fn baseline(clock: Clock) -> MutexCache {
    MutexCache::builder().shards(2).clock(clock).build()
}

#[test]
fn the_baseline_is_linearizable() {
    stays_linearizable(baseline);
}

#[test]
fn the_store_is_linearizable() {
    stays_linearizable(|clock| Store::builder().clock(clock).expiry(Expiry::Manual).build());
}

#[test]
fn the_cache_is_linearizable() {
    stays_linearizable(|clock| {
        Cache::<Vec<u8>, Vec<u8>>::builder().clock(clock).expiry(Expiry::Manual).build()
    });
}

/// What can be evicted and never is stays.
#[test]
fn a_store_with_room_for_all_is_linearizable() {
    stays_linearizable(|clock| {
        let builder = Store::builder().clock(clock).expiry(Expiry::Manual);
        builder.max_capacity(10_000_000).build()
    });
}

/// The filler pushes the tested keys out.
#[test]
fn a_store_with_little_room_is_linearizable() {
    stays_linearizable_with(Memory::Evicts, |clock| {
        let builder = Store::builder().clock(clock).expiry(Expiry::Manual);
        builder.max_capacity(100).build()
    });
}

/// Updates too make entries heavier, and evict.
#[test]
fn a_cache_with_little_room_and_weights_is_linearizable() {
    stays_linearizable_with(Memory::Evicts, |clock| {
        let builder = Cache::<Vec<u8>, Vec<u8>>::builder().clock(clock).expiry(Expiry::Manual);
        builder.weigher(|_, value| value.len() as u32).max_capacity(1000).build()
    });
}

/// A handful: who inserts meets the records of the others all the time.
#[test]
fn a_store_with_hardly_any_room_is_linearizable() {
    stays_linearizable_with(Memory::Evicts, |clock| {
        let builder = Store::builder().clock(clock).expiry(Expiry::Manual);
        builder.max_capacity(4).build()
    });
}

/// All keys in one chain, but for the filler's, which are many.
#[test]
fn the_store_with_a_weak_hasher_is_linearizable() {
    stays_linearizable(|clock| {
        let hasher = BuildHasherDefault::<FewForTested>::default();
        Store::builder().hasher(hasher).clock(clock).expiry(Expiry::Manual).build()
    });
}

/// One hash for the tested keys and for one in sixteen of the filler's.
#[derive(Default)]
struct FewForTested(DefaultHasher, bool);

impl Hasher for FewForTested {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1 |= bytes.starts_with(b"tested ");
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finish();
        if self.1 || hash.is_multiple_of(16) { 0 } else { hash }
    }
}

#[test]
fn a_stale_get_is_caught() {
    is_caught(Fault::StaleGet);
}

#[test]
fn a_forgotten_ttl_is_caught() {
    is_caught(Fault::ForgottenTtl);
}

#[test]
fn an_expired_get_is_caught() {
    is_caught(Fault::ExpiredGet);
}

#[test]
fn a_compute_in_two_steps_is_caught() {
    is_caught(Fault::TornCompute);
}

#[test]
fn an_insert_if_absent_in_two_steps_is_caught() {
    is_caught(Fault::TornInsertIfAbsent);
}

#[test]
fn a_removal_that_leaves_its_entry_is_caught() {
    is_caught(Fault::HalfRemove);
}

#[test]
fn an_entry_that_vanishes_is_caught() {
    is_caught(Fault::Forgetful);
}

/// So it is what comes afterwards that is caught in the next one.
#[test]
fn where_entries_are_evicted_one_may_vanish() {
    stays_linearizable_with(Memory::Evicts, |clock| Faulty::new(baseline(clock), Fault::Forgetful));
}

#[test]
fn an_evicted_entry_that_comes_back_is_caught() {
    is_caught_with(Memory::Evicts, Fault::Haunted);
}

/// That an entry may vanish is no excuse for the rest.
#[test]
fn other_faults_are_caught_where_entries_are_evicted() {
    for fault in [Fault::StaleGet, Fault::ExpiredGet, Fault::TornCompute, Fault::HalfRemove] {
        is_caught_with(Memory::Evicts, fault);
    }
}
