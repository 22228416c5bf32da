use super::*;

/// Evenly spread numbers below `bound`.
struct Random(u32);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 += 1;
        (((hash(self.0) >> 32) * u64::from(bound)) >> 32) as u32
    }
}

fn configs() -> Vec<Config> {
    let mut configs = Vec::new();
    for patience in [1, 3, 64] {
        configs.push(Config { patience, ..Config::default() });
    }
    configs.push(Config { exact: true, adapts: false, ..Config::default() });
    configs
}

/// What the sums say, counted anew.
fn check(cache: &Adaptive) {
    let weight = |place| -> u64 {
        let entries = cache.entries.iter().filter(|entry| entry.place == place);
        entries.map(|entry| u64::from(entry.weight)).sum()
    };
    assert_eq!(cache.small_weight, weight(Place::Small));
    assert_eq!(cache.main_weight, weight(Place::Main));
    assert!(cache.weight() <= cache.capacity);
}

fn misses(cache: &mut Adaptive, ids: impl IntoIterator<Item = u32>) -> usize {
    ids.into_iter().filter(|&id| !cache.request(id)).count()
}

#[test]
fn never_over_capacity_and_every_weight_counted_once() {
    for config in configs() {
        for capacity in [1, 2, 3, 10, 57, 1000] {
            let mut cache = Adaptive::new(400, capacity, config.clone());
            let mut random = Random(capacity as u32);
            for _ in 0..3000 {
                let id = random.below(400).min(random.below(400));
                match cache.entries[id as usize].place {
                    Place::Nowhere => cache.insert(id, 1 + random.below(12)),
                    _ => cache.hit(id),
                }
                check(&cache);
            }
        }
    }
}

#[test]
fn what_fits_stays() {
    for config in configs() {
        let mut cache = Adaptive::new(100, 100, config);
        assert_eq!(misses(&mut cache, (0..1000).map(|n| n % 100)), 100);
    }
}

#[test]
fn what_is_too_heavy_is_refused_and_evicts_nothing() {
    let mut cache = Adaptive::new(10, 8, Config::default());
    cache.insert(0, 8);
    cache.insert(1, 9);
    assert!(cache.request(0));
    cache.insert(2, 8);
    assert!(cache.request(2) && cache.entries[0].place == Place::Nowhere);
}

#[test]
fn a_scan_leaves_what_was_used() {
    for config in configs().into_iter().filter(|config| config.patience == 64) {
        let mut cache = Adaptive::new(100_000, 100, config);
        misses(&mut cache, (0..500).map(|n| n % 50));
        misses(&mut cache, 1000..1060);
        misses(&mut cache, (0..500).map(|n| n % 50));
        misses(&mut cache, 2000..90_000);
        let left = (0..50).filter(|id| cache.entries[*id].place != Place::Nowhere).count();
        assert!(left >= 40, "{left}");
    }
}

#[test]
fn small_grows_where_what_it_evicts_comes_back_soon_and_shrinks_where_what_main_drops_does() {
    let mut cache = Adaptive::new(1, 1000, Config::default());
    cache.learn(Side::Small, 50, 1);
    assert_eq!(cache.target, 51.0);
    cache.learn(Side::Main, 50, 3);
    assert_eq!(cache.target, 45.0);
    cache.learn(Side::Small, 51, 1);
    cache.learn(Side::Main, 51, 1);
    assert_eq!(cache.target, 45.0);
    cache.learn(Side::Small, 0, 2000);
    assert_eq!(cache.target, 950.0);
    cache.learn(Side::Main, 0, 2000);
    assert_eq!(cache.target, 10.0);
}

/// A key that was away for longer than main keeps what is idle would be dropped there again, unused.
#[test]
fn a_ghost_goes_to_main_if_it_was_away_less_long_than_what_main_drops() {
    let mut cache = Adaptive::new(1, 1000, Config::default());
    cache.small_clock = 500;
    cache.main.push(0, 300);
    let _ = cache.main.next();
    assert!(cache.learn(Side::Small, 200, 1));
    assert!(!cache.learn(Side::Small, 201, 1));
    assert!(!cache.learn(Side::Main, 1, 1));
}
