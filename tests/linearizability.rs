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

use checker::{Time, Verdict};
use faulty::{Fault, Faulty};
use random::Random;

fn from_env<T: FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Watches stores for `seconds`; the first violation, told in full, or how much was checked.
fn watch<S: Kv>(seconds: u64, make: impl Fn(Clock) -> S) -> Result<String, String> {
    let seed = from_env("PUREKV_LIN_SEED", 1);
    let random = Random::new(seed);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut batches, mut windows, mut wider, mut given_up) = (0, 0, 0, 0);
    let (mut operations, mut overlapping) = (0, 0);
    while Instant::now() < until {
        for recorded in workload::record(&make, random.fork(batches)) {
            let history = recorded.history;
            windows += 1;
            operations += history.lanes.iter().map(Vec::len).sum::<usize>();
            overlapping += history.overlapping();
            // What has an order in the strict sense of time has one in the wider sense, too.
            if matches!(checker::check(&history, Time::OneInstant), Verdict::Linearizable) {
                continue;
            }
            wider += 1;
            match checker::check(&history, Time::WithinInterval) {
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
    Ok(format!(
        "{batches} stores, {windows} windows, {operations} operations ({overlapping} overlap others of their key), \
         {wider} windows in which a clock was read before or after the effect, {given_up} given up"
    ))
}

/// Panics with the offending history if there is one.
fn stays_linearizable<S: Kv>(make: impl Fn(Clock) -> S) {
    match watch(from_env("PUREKV_LIN_SECONDS", 3), make) {
        Ok(report) => println!("{report}"),
        Err(story) => panic!("{story}"),
    }
}

fn is_caught(fault: Fault) {
    // Found within the first second as a rule; the limit is for machines that are busy elsewhere.
    let result = watch(60, |clock| Faulty::new(baseline(clock), fault));
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
