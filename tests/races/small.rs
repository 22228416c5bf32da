//! A cache that a few entries fill, and that is asked afterwards whether everything is in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purekv::{Cache, Clock, Expiry, ManualClock, RemovalCause};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Numbers by which values are told apart are less than this.
const NUMBERS: u32 = 100_000;

/// A small cache, whose values say what they weigh.
pub(crate) struct Small {
    pub(crate) cache: Cache<u32, u32>,
    told: Arc<Mutex<Vec<(u32, u32, RemovalCause)>>>,
    pub(crate) hand: ManualClock,
    pub(crate) capacity: u64,
}

impl Small {
    pub(crate) fn new(capacity: u64) -> Self {
        let (clock, hand) = Clock::manual();
        let told = Arc::new(Mutex::new(Vec::new()));
        let cache = Cache::builder()
            .clock(clock)
            .expiry(Expiry::Manual)
            .max_capacity(capacity)
            .weigher(|_, value| weight(*value))
            .removal_listener({
                let told = told.clone();
                move |&key, &value, cause| told.lock().unwrap().push((key, value, cause))
            })
            .build();
        Self { cache, told, hand, capacity }
    }

    /// Brings up what is due.
    pub(crate) fn pass(&self) {
        self.hand.advance(2 * SECOND);
        self.cache.advance();
    }

    pub(crate) fn use_often(&self, key: u32) {
        for _ in 0..3 {
            self.cache.get(&key);
        }
    }

    pub(crate) fn told(&self) -> Vec<(u32, u32, RemovalCause)> {
        self.told.lock().unwrap().clone()
    }

    pub(crate) fn weight_of_entries(&self) -> u64 {
        self.cache.iter().map(|(_, value)| u64::from(weight(value))).sum()
    }

    /// Nothing moves any more.
    pub(crate) fn check(&self, story: &str) {
        let cache = &self.cache;
        let expect_agreement = |capacity| {
            let there: Vec<_> = cache.iter().collect();
            let sum: u64 = there.iter().map(|(_, value)| u64::from(weight(*value))).sum();
            assert_eq!(cache.weight(), sum, "{story}: {there:?}");
            assert_eq!(cache.len(), there.len(), "{story}: {there:?}");
            assert!(sum <= capacity, "{story}: {there:?}");
        };
        expect_agreement(self.capacity);
        // Which is an eviction of each, by its record.
        cache.set_max_capacity(0);
        assert_eq!((cache.len(), cache.weight()), (0, 0), "{story}: {:?}", cache.iter().next());
        // It goes on as if nothing had been.
        cache.set_max_capacity(10);
        (100..150).for_each(|key| cache.insert(key, value(1, key)));
        assert_eq!((cache.len(), cache.weight()), (10, 10), "{story}");
        expect_agreement(10);
        let mut times = HashMap::new();
        self.told()
            .into_iter()
            .for_each(|(key, value, _)| *times.entry((key, value)).or_insert(0) += 1);
        assert!(times.values().all(|&times| times == 1), "{story}: {:?}", self.told());
    }
}

/// A value of this weight, told apart by a number.
pub(crate) const fn value(weight: u32, number: u32) -> u32 {
    weight * NUMBERS + number
}

fn weight(value: u32) -> u32 {
    value / NUMBERS
}
