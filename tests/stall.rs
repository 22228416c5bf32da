//! Nobody waits for a thread that stands still.
//!
//! A thread is parked for good at one CAS site after the other. With it standing there, pinned and in the midst of its
//! operation, three others finish 100,000 operations each, on the same keys and on their own, while shards split and entries
//! expire. Then it goes on, and everything must be where it should be. The mutex baseline hangs in the same test,
//! which shows that the test can tell.
//!
//! The sites are those that `src` names: one that no operation comes by is an error, too.

#[path = "stall/audit.rs"]
mod audit;
#[path = "stall/gate.rs"]
mod gate;
#[path = "support/random.rs"]
mod random;
#[path = "stall/subject.rs"]
mod subject;
#[path = "stall/tally.rs"]
mod tally;
#[path = "stall/trial.rs"]
mod trial;
#[path = "stall/values.rs"]
mod values;
#[path = "stall/victim.rs"]
mod victim;
#[path = "stall/worker.rs"]
mod worker;

use std::collections::BTreeSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use purekv::baseline::MutexCache;
use purekv::{Cache, Clock, Expiry, Store};

use subject::Subject;
use trial::{BETWEEN_OPERATIONS, Outcome, discover, park_at};

/// How long all workers may stand still while the machine has other things to do.
const PATIENCE: Duration = Duration::from_secs(20);
/// For finding all sites, those included that take a race.
const DISCOVERY: Duration = Duration::from_secs(60);
/// What the names of the sites in chains begin with.
const CHAINS: &str = "table::chain::";
/// What the names of the sites in loads begin with: their victims are in `tests/races/loads.rs`, for here nobody loads.
const LOADS: &str = "cache::loader::";
/// … and for entries that come from a snapshot: `tests/races/warm.rs`.
const WARM: &str = "cache::warm::";
/// What the names of the sites begin with that only a store with a capacity comes by.
const EVICTION: [&str; 2] = ["engine::evict::", "policy::queue::"];
/// … and only one with a time-to-idle: see `tests/races/idle.rs`, for the accounts here are for entries that stay when nobody asks for them.
const IDLE: &str = "engine::touch::";
/// How often a victim may try to come by a site.
const ATTEMPTS: u64 = 64;

/// The names in `failpoint::hit("…")` under `src`.
fn sites_in_source() -> BTreeSet<String> {
    fn visit(directory: &Path, sites: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).expect("a directory of the crate") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                visit(&path, sites);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                // Not what comments say about it.
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let calls = code.filter_map(|line| line.split_once("failpoint::hit(\""));
                sites.extend(
                    calls.filter_map(|(_, call)| Some(call.split_once('"')?.0.to_string())),
                );
            }
        }
    }
    let mut sites = BTreeSet::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sites);
    sites
}

/// Parks a thread at every site of `make`'s stores that is wanted.
fn nobody_waits<S: Subject>(wanted: impl Fn(&str) -> bool, make: impl Fn(Clock) -> S) {
    let mut sites = sites_in_source();
    sites.retain(|site| wanted(site));
    let mut reached = discover(&make, &sites, DISCOVERY);
    let missing: Vec<_> = sites.iter().filter(|site| !reached.contains(&***site)).collect();
    assert!(missing.is_empty(), "no operation comes by {missing:?}");
    reached.retain(|site| wanted(site));
    let mut failed = Vec::new();
    for site in reached {
        let begin = Instant::now();
        // Every site is tried, so that one run shows all that fail.
        let outcome = catch_unwind(AssertUnwindSafe(|| park_sometime(site, &make)));
        println!("{site}: {outcome:?} after {:?}", begin.elapsed());
        if !matches!(outcome, Ok(Outcome::Finished)) {
            failed.push((site, outcome));
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

/// As many attempts as it takes.
fn park_sometime<S: Subject>(site: &'static str, make: &impl Fn(Clock) -> S) -> Outcome {
    // The first time without `clear`, for then every key must stay where it is.
    (0..ATTEMPTS)
        .map(|attempt| park_at(site, make, attempt % 2 > 0, PATIENCE, attempt))
        .find(|outcome| *outcome != Outcome::Unreached)
        .unwrap_or(Outcome::Unreached)
}

fn baseline(clock: Clock) -> MutexCache {
    MutexCache::builder().shards(8).clock(clock).build()
}

#[test]
fn the_baseline_hangs() {
    let sites = BTreeSet::from(["baseline::locked".to_string()]);
    assert!(sites_in_source().is_superset(&sites));
    assert!(discover(baseline, &sites, DISCOVERY).contains("baseline::locked"));
    let outcome = park_at("baseline::locked", baseline, false, Duration::from_millis(300), 0);
    println!("{outcome:?}");
    assert!(matches!(outcome, Outcome::Stalled(_)), "{outcome:?}");
}

/// It is the lock that hangs, and not the workload: with a victim that holds nothing, the baseline passes.
#[test]
fn the_baseline_finishes_when_nobody_holds_its_lock() {
    let outcome = park_at(BETWEEN_OPERATIONS, baseline, false, PATIENCE, 0);
    assert_eq!(outcome, Outcome::Finished);
}

fn is_of(site: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| site.starts_with(prefix))
}

/// Sites that a store with a good hasher comes by.
fn is_common(site: &str) -> bool {
    !is_of(site, &["baseline::", CHAINS, LOADS, WARM, IDLE]) && !is_of(site, &EVICTION)
}

#[test]
fn nobody_waits_in_the_store() {
    nobody_waits(is_common, |clock| Store::builder().clock(clock).expiry(Expiry::Manual).build());
}

#[test]
fn nobody_waits_in_the_cache() {
    nobody_waits(is_common, |clock| {
        Cache::<Vec<u8>, Vec<u8>>::builder().clock(clock).expiry(Expiry::Manual).build()
    });
}

/// Where keys cannot be told apart by their hashes: at the sites of chains, and where other ways lead into them.
#[test]
fn nobody_waits_in_a_store_with_a_weak_hasher() {
    let wanted = |site: &str| {
        is_of(site, &[CHAINS, "table::split::", "table::replace::", "table::remove::"])
    };
    nobody_waits(wanted, |clock| {
        let hasher = BuildHasherDefault::<OftenTheSame>::default();
        Store::builder().hasher(hasher).clock(clock).expiry(Expiry::Manual).build()
    });
}

/// Operations evict, promote, and look for records without entries; at the sites of that, and where an entry comes or goes.
#[test]
fn nobody_waits_in_a_store_with_a_capacity() {
    let wanted = |site: &str| {
        let others = ["engine::bury::", "engine::replace::", "table::replace::", "table::remove::"];
        is_of(site, &EVICTION) || is_of(site, &others)
    };
    nobody_waits(wanted, |clock| {
        Store::builder().max_capacity(1000).clock(clock).expiry(Expiry::Manual).build()
    });
}

#[test]
fn nobody_waits_in_a_cache_with_weights_and_a_listener() {
    nobody_waits(
        |site| is_of(site, &EVICTION),
        |clock| {
            Cache::<Vec<u8>, Vec<u8>>::builder()
                .max_capacity(1000 * values::HEAVIEST / 2)
                .weigher(|_, value| values::weight(value) as u32)
                .removal_listener(tally::begin())
                .clock(clock)
                .expiry(Expiry::Manual)
                .build()
        },
    );
}

/// One key of sixteen has the same hash as all others of them.
#[derive(Default)]
struct OftenTheSame(DefaultHasher);

impl Hasher for OftenTheSame {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finish();
        if hash.is_multiple_of(16) { 0 } else { hash }
    }
}
