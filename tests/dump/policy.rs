//! What a policy had found out goes along with a dump: a cache that comes from it misses about what the old one would have missed. What exactly is
//! the same, tests in `src/cache/dump/tests.rs` say.

use purekv::{Builder, Cache, Clock, Expiry, LoadOptions, Snapshot};

use crate::folder::Folder;
use crate::random::Random;

const CAPACITY: u64 = 1000;
const KEYS: usize = 20_000;

type Numbers = Cache<u64, u64, ahash::RandomState>;

/// All that could be chance is fixed.
fn builder() -> Builder<Cache<u64, u64>, ahash::RandomState> {
    let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
    Cache::builder().hasher(hasher).clock(Clock::manual().0).expiry(Expiry::Off)
}

fn bounded() -> Builder<Cache<u64, u64>, ahash::RandomState> {
    builder().max_capacity(CAPACITY)
}

/// Requests for keys of which the k-th is asked for in proportion to 1 / k^0.9, and every 5,000 a scan of 500 keys that never come again.
fn requests(count: usize) -> Vec<u64> {
    let mut sums = vec![0.0];
    for rank in 1..=KEYS {
        sums.push(sums[rank - 1] + (rank as f64).powf(-0.9));
    }
    let mut random = Random::new(5);
    let mut requests = Vec::with_capacity(count);
    while requests.len() < count {
        let point = random.below(1 << 32) as f64 / (1_u64 << 32) as f64 * sums[KEYS];
        requests.push(sums.partition_point(|&sum| sum <= point) as u64);
        if requests.len().is_multiple_of(5000) {
            let first = (KEYS + requests.len()) as u64;
            requests.extend(first..first + 500);
        }
    }
    requests
}

fn misses(cache: &Numbers, requests: &[u64]) -> usize {
    let mut misses = 0;
    for &key in requests {
        match cache.get(&key) {
            Some(value) => assert_eq!(value, key),
            None => {
                misses += 1;
                cache.insert(key, key);
            }
        }
    }
    misses
}

#[test]
fn a_restart_costs_few_misses() {
    let folder = Folder::new("policy");
    let (path, bare) = (folder.file("dump"), folder.file("bare"));
    let requests = requests(160_000);
    let (before, after) = requests.split_at(80_000);
    let whole = bounded().build();
    misses(&whole, before);
    whole.dump(&path).unwrap();
    // The same entries, by way of a cache without a policy.
    let unbounded = builder().build();
    unbounded.load(&path).unwrap();
    unbounded.dump(&bare).unwrap();

    let load = |path| {
        let cache = bounded().build();
        let report = cache.load_with(path, LoadOptions::new().threads(1)).unwrap();
        assert_eq!(report.loaded, CAPACITY);
        misses(&cache, after)
    };
    let hydrated = bounded().warm_from(Snapshot::open(&path).unwrap()).build();
    hydrated.hydrate();
    let warm = |path| misses(&bounded().warm_from(Snapshot::open(path).unwrap()).build(), after);
    let whole = misses(&whole, after);
    let (loaded, loaded_bare) = (load(&path), load(&bare));
    let (warm, warm_bare) = (warm(&path), warm(&bare));
    let empty = misses(&bounded().build(), after);
    let told = format!(
        "{whole} without a restart; {loaded} loaded, {loaded_bare} without marks; {warm} warm, {warm_bare}; {empty} from nothing"
    );
    let worse = |misses: usize| misses.saturating_sub(whole);
    assert!(worse(loaded) < worse(loaded_bare) / 2, "{told}");
    assert!(worse(misses(&hydrated, after)) < worse(loaded_bare) / 2, "{told}");
    // What is cold is evicted by nothing, so a warm start may even have fewer.
    assert!(worse(warm) < worse(warm_bare) / 2, "{told}");
    assert!(loaded_bare < empty, "{told}");
}
