//! purekv's policy as one thread sees it, the naive twin of `src/policy/s3fifo.rs`: S3-FIFO with a small queue that finds its size, and a
//! main queue that asks a returning key for how long it was away. `docs/policy.md` says why, and what each part is worth.
//!
//! ```text
//!              new, or away too long                hit twice
//!   insert ──────────────────────────► small ────────────────────────► main ◄─┐ used: its count − 1
//!     │                                 │ ▲ └─┘ hit once: again, count 0 │ └───┘
//!     │ was evicted from small          │                               │
//!     │ not long ago                    ▼                               ▼
//!     └───────► main               ghosts (stamp: small's clock)   ghosts (stamp: main's clock)
//! ```
//!
//! The column `purekv-cache` is the engine itself. It differs in what a model need not do: clocks in main's records are kept in 11 bits and units of
//! 1/64 to 1/32 of the capacity, here in full; ghosts are as in the engine (16-bit stamps in units of 1/2048 to 1/1024), found
//! by the bits of another hash; and where weight is counted by many threads, here it is exact.
//!
//! Entries have weights here, though the traces do not.

use std::collections::VecDeque;

use super::Policy;
use super::ghost::{Exact, Ghosts, Now, Side, Table};
use super::main_queue::Main;

/// What can be left out or done otherwise, to see what it is worth.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Small's share of the capacity at the beginning.
    pub(crate) first_share: f64,
    /// Whether that changes.
    pub(crate) adapts: bool,
    /// How near, as a share of the capacity, a ghost must have been to staying to say something about it.
    pub(crate) near: f64,
    /// What a ghost of main counts against one of small.
    pub(crate) main_counts: f64,
    /// Whether an entry hit once gets a second turn in small.
    pub(crate) second_turn: bool,
    /// Whether a ghost must come back sooner than main drops what is not used.
    pub(crate) sooner_than_main: bool,
    /// Ghosts that are remembered, in capacities.
    pub(crate) ghosts: f64,
    /// Ghosts without loss, for comparison.
    pub(crate) exact: bool,
    /// Entries that one eviction may look at before it takes the next one whatever its count.
    pub(crate) patience: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            first_share: 0.05,
            adapts: true,
            near: 0.05,
            main_counts: 2.0,
            second_turn: true,
            sooner_than_main: true,
            ghosts: 2.0,
            exact: false,
            patience: 64,
        }
    }
}

const SMALLEST_SHARE: f64 = 0.01;
const LARGEST_SHARE: f64 = 0.95;
/// Hits in small that promote.
const PROMOTES: u8 = 2;
const LARGEST_COUNT: u8 = 3;
/// Units of ghost stamps in a capacity, at least: a unit is a power of two.
const UNITS: u64 = 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Small,
    Main,
}

#[derive(Clone, Copy)]
struct Entry {
    place: Place,
    count: u8,
    weight: u32,
}

/// The cache of keys.
pub(crate) struct Adaptive {
    config: Config,
    entries: Vec<Entry>,
    capacity: u64,
    small: VecDeque<u32>,
    main: Main,
    small_weight: u64,
    main_weight: u64,
    /// Small's share of the capacity, in weight.
    target: f64,
    ghosts: Box<dyn Ghosts>,
    /// Weight that small has evicted, and weight that main's hand has passed: the clocks.
    small_clock: u64,
    main_clock: u64,
}

impl Adaptive {
    pub(crate) fn new(keys: usize, capacity: usize, config: Config) -> Self {
        let cells = (capacity as f64 * config.ghosts) as usize;
        let ghosts: Box<dyn Ghosts> = match config.exact {
            true => Box::new(Exact::new(cells)),
            false => Box::new(Table::new(cells)),
        };
        Self {
            entries: vec![Entry { place: Place::Nowhere, count: 0, weight: 0 }; keys],
            capacity: capacity as u64,
            small: VecDeque::new(),
            main: Main::default(),
            small_weight: 0,
            main_weight: 0,
            target: config.first_share * capacity as f64,
            ghosts,
            small_clock: 0,
            main_clock: 0,
            config,
        }
    }

    /// A hit writes the count, and nothing once that is at its largest.
    fn hit(&mut self, id: u32) {
        let entry = &mut self.entries[id as usize];
        entry.count = (entry.count + 1).min(LARGEST_COUNT);
    }

    /// Nothing, if it is heavier than the whole cache may be.
    fn insert(&mut self, id: u32, weight: u32) {
        if u64::from(weight) > self.capacity {
            return;
        }
        let known = self.ghosts.take(hash(id), self.now());
        let to_main = known.is_some_and(|(side, age)| self.learn(side, age, weight));
        let full = self.weight() + u64::from(weight) > self.capacity;
        while self.weight() + u64::from(weight) > self.capacity {
            self.evict();
        }
        self.entries[id as usize].weight = weight;
        // While there is room, small does not grow beyond its share: what is asked for first is often the best.
        if to_main || (!full && self.small_weight as f64 >= self.target) {
            self.put_main(id, 0);
        } else {
            self.put_small(id);
        }
    }

    fn weight(&self) -> u64 {
        self.small_weight + self.main_weight
    }

    /// What the return of an evicted key says about small's share; and whether the key goes to main.
    fn learn(&mut self, side: Side, age: u16, weight: u32) -> bool {
        if self.config.adapts && age <= self.near() {
            // It would be here still if its queue were a little longer.
            let step = match side {
                Side::Small => f64::from(weight),
                Side::Main => -self.config.main_counts * f64::from(weight),
            };
            let capacity = self.capacity as f64;
            let range = (SMALLEST_SHARE * capacity, LARGEST_SHARE * capacity);
            self.target = (self.target + step).clamp(range.0, range.1);
        }
        // In main it will be passed over only if it comes back sooner than what main drops had been idle.
        let limit = self.small_clock - self.main.idle_since();
        let sooner = u64::from(age) * self.unit() <= limit;
        side == Side::Small && (sooner || !self.config.sooner_than_main)
    }

    /// Makes room by one entry, if there is one.
    fn evict(&mut self) {
        for looked in 1.. {
            let last = looked >= self.config.patience;
            let small = match (self.small.is_empty(), self.main.is_empty()) {
                (true, true) => return,
                (false, false) => !last && self.small_weight as f64 >= self.target,
                (small_is_empty, _) => !small_is_empty,
            };
            let gone = if small { self.step_small(last) } else { self.step_main(last) };
            if gone {
                return;
            }
        }
    }

    /// Looks at small's oldest entry; whether it was evicted.
    fn step_small(&mut self, last: bool) -> bool {
        let Some(id) = self.small.pop_front() else { return false };
        let Entry { count, weight, .. } = self.entries[id as usize];
        self.small_weight -= u64::from(weight);
        match count {
            _ if last => {}
            PROMOTES.. => {
                self.put_main(id, 0);
                return false;
            }
            1.. if self.config.second_turn => {
                self.put_small(id);
                return false;
            }
            _ => {}
        }
        self.forget(id, Side::Small);
        self.small_clock += u64::from(weight);
        true
    }

    /// Looks at the entry that main's hand is at; whether it was evicted.
    fn step_main(&mut self, last: bool) -> bool {
        let Some(id) = self.main.next() else { return false };
        let Entry { count, weight, .. } = self.entries[id as usize];
        if count > 0 && !last {
            self.main_clock += u64::from(weight);
            self.entries[id as usize].count = count - 1;
            self.main.push(id, self.small_clock);
            return false;
        }
        self.main_weight -= u64::from(weight);
        self.forget(id, Side::Main);
        self.main_clock += u64::from(weight);
        true
    }

    fn forget(&mut self, id: u32, side: Side) {
        self.entries[id as usize].place = Place::Nowhere;
        let (now, near) = (self.now(), self.near());
        self.ghosts.put(hash(id), side, now, near);
    }

    fn put_small(&mut self, id: u32) {
        let entry = &mut self.entries[id as usize];
        (entry.place, entry.count) = (Place::Small, 0);
        self.small_weight += u64::from(entry.weight);
        self.small.push_back(id);
    }

    fn put_main(&mut self, id: u32, count: u8) {
        let entry = &mut self.entries[id as usize];
        (entry.place, entry.count) = (Place::Main, count);
        self.main_weight += u64::from(entry.weight);
        self.main.push(id, self.small_clock);
    }

    fn unit(&self) -> u64 {
        1 << (self.capacity / UNITS).max(1).ilog2()
    }

    fn now(&self) -> Now {
        let units = |clock| (clock / self.unit()) as u16;
        Now { small: units(self.small_clock), main: units(self.main_clock) }
    }

    fn near(&self) -> u16 {
        (self.config.near * self.capacity as f64 / self.unit() as f64).max(1.0) as u16
    }
}

impl Policy for Adaptive {
    fn request(&mut self, id: u32) -> bool {
        let hit = self.entries[id as usize].place != Place::Nowhere;
        if hit {
            self.hit(id)
        } else {
            self.insert(id, 1)
        }
        hit
    }
}

/// Mixes the bits of a number, so that neighbours have nothing in common (the finaliser of SplitMix64).
fn hash(id: u32) -> u64 {
    let mut hash = u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
#[path = "adaptive_tests.rs"]
mod tests;
