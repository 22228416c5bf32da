//! S3-FIFO (Yang et al. 2023) with a small queue that finds its size, and a main queue that asks a returning key for how long it was away.
//! `docs/policy.md` has the algorithm, what each part is worth, and what else was tried.
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
//! All that adapts is fed by misses and evictions. Its numbers are relaxed atomics: a lost update is one ghost's opinion.

use crossbeam_utils::CachePadded;

use super::ghost::{Clocks, Ghosts};
use super::mark::{Marked, Place, Serial};
use super::queue::Queue;
use super::record::{Record, STAMPS};
#[cfg(feature = "dump")]
use super::standing::Learnt;
use super::{Policy, Turn, Verdict};
use crate::hash::Signature;
use crate::sync::Ordering;
use crate::sync::epoch::Guard;
use crate::sync::hint::AtomicU64;

/// The whole, where shares of the capacity are counted.
const ONE: u64 = 1 << 32;

const fn percent(percent: u64) -> u64 {
    ONE * percent / 100
}

/// Small's share: at the beginning, at least, and at most.
const FIRST_SHARE: u64 = percent(5);
const SMALLEST_SHARE: u64 = percent(1);
const LARGEST_SHARE: u64 = percent(95);

/// How near a ghost must have been to staying, to say something about small's size.
const NEAR: u64 = percent(5);
/// What a ghost of main counts against one of small: a key that main has evicted has to pass through small once more.
const MAIN_COUNTS: u64 = 2;
/// Hits in small that promote.
const PROMOTES: u8 = 2;

/// Units of a ghost's age in a capacity, at least; up to twice as many, for a unit is a power of two: nobody divides, and the room that there
/// is may change a little without a change of the unit, which would make nonsense of all stamps.
const AGE_UNITS: u64 = 1024;
/// Units of a stamp in main's records in a capacity, at most, and at least half as many.
const STAMP_UNITS: u64 = 64;

/// One eviction in so many, by chance, looks whether there are as many ghosts as there should be.
const RESIZE_ONE_IN: u64 = if cfg!(purekv_loom) { 1 } else { 64 };

/// Moves a clock on. Of two threads that do so at once one may be lost: the clock is a little slow then, for all who read it.
fn advance(clock: &AtomicU64, weight: u64) {
    clock.store(clock.load(Ordering::Relaxed).wrapping_add(weight), Ordering::Relaxed);
}

/// At most one move in so many, of as much more, where nobody reads the clock so finely: each makes all threads fetch its line.
const LARGEST_STEP_LOG: u32 = 4;

/// [`advance`], in the mean: by chance, for which the signature of a key will do.
fn advance_for(key: Signature, clock: &AtomicU64, weight: u64, capacity: u64) {
    let step = age_unit_log(capacity).min(LARGEST_STEP_LOG);
    if key.bits().trailing_zeros() >= step {
        advance(clock, weight << step);
    }
}

/// `share` of `of`, rounded up.
fn share_of(share: u64, of: u64) -> u64 {
    let product = u128::from(share) * u128::from(of);
    ((product + u128::from(ONE - 1)) >> ONE.ilog2()) as u64
}

/// See the [module](self).
pub(crate) struct S3Fifo {
    small: CachePadded<Queue>,
    main: CachePadded<Queue>,
    state: CachePadded<State>,
    ghosts: Ghosts,
}

struct State {
    /// Weight of the entries in small; wraps below zero for moments.
    small_weight: AtomicU64,
    /// Small's share of the capacity, in parts of [`ONE`].
    share: AtomicU64,
    /// Weight that small has evicted.
    small_clock: AtomicU64,
    /// Weight that main has looked at.
    main_clock: AtomicU64,
    /// Small's clock when that came to main which main looked at last.
    idle_since: AtomicU64,
}

impl State {
    fn small_weight(&self) -> u64 {
        let weight = self.small_weight.load(Ordering::Relaxed);
        if weight > u64::MAX / 2 { 0 } else { weight }
    }

    fn clocks(&self, capacity: u64) -> Clocks {
        let unit = age_unit_log(capacity);
        let units = |clock: &AtomicU64| (clock.load(Ordering::Relaxed) >> unit) as u16;
        Clocks { small: units(&self.small_clock), main: units(&self.main_clock) }
    }
}

/// The logarithm of the unit of age.
fn age_unit_log(capacity: u64) -> u32 {
    (capacity / AGE_UNITS).max(1).ilog2()
}

/// The logarithm of the unit of stamps.
fn stamp_unit_log(capacity: u64) -> u32 {
    (capacity / STAMP_UNITS).max(1).next_power_of_two().ilog2()
}

/// [`NEAR`] in units of age.
fn near(capacity: u64) -> u16 {
    (share_of(NEAR, capacity) >> age_unit_log(capacity)).max(1) as u16
}

impl S3Fifo {
    pub(crate) fn new() -> Self {
        Self {
            small: CachePadded::new(Queue::new()),
            main: CachePadded::new(Queue::new()),
            state: CachePadded::new(State {
                small_weight: AtomicU64::new(0),
                share: AtomicU64::new(FIRST_SHARE),
                small_clock: AtomicU64::new(0),
                main_clock: AtomicU64::new(0),
                idle_since: AtomicU64::new(0),
            }),
            ghosts: Ghosts::new(),
        }
    }

    /// What the entries in small weigh, as it is counted.
    #[cfg(test)]
    pub(crate) fn small_weight(&self) -> u64 {
        self.state.small_weight.load(Ordering::Relaxed)
    }

    /// What it knows that entries do not.
    #[cfg(feature = "dump")]
    pub(crate) fn learnt(&self) -> Learnt {
        // Below `ONE`, by `LARGEST_SHARE`.
        Learnt { share: self.state.share.load(Ordering::Relaxed) as u32 }
    }

    /// Goes on from what another has learnt, unless this one may have learnt something itself: then there are ghosts.
    #[cfg(feature = "dump")]
    pub(crate) fn learn_from(&self, learnt: Learnt, guard: &Guard) {
        let share = u64::from(learnt.share);
        if (SMALLEST_SHARE..=LARGEST_SHARE).contains(&share) && self.ghosts.are_none(guard) {
            self.state.share.store(share, Ordering::Relaxed);
        }
    }

    fn queue(&self, place: Place) -> &Queue {
        match place {
            Place::Small => &self.small,
            Place::Main => &self.main,
        }
    }

    /// The weight that small is to have.
    fn target(&self, capacity: u64) -> u64 {
        share_of(self.state.share.load(Ordering::Relaxed), capacity)
    }

    fn small_is_full(&self, capacity: u64) -> bool {
        self.state.small_weight() >= self.target(capacity)
    }

    /// Where who looks for somebody to evict looks first.
    fn first_place(&self, capacity: u64, weight: u64, is_last: bool) -> Place {
        let main_weight = weight.saturating_sub(self.state.small_weight());
        match main_weight == 0 || !is_last && self.small_is_full(capacity) {
            true => Place::Small,
            false => Place::Main,
        }
    }

    /// What the return of an evicted key says about small's share.
    fn learn(&self, place: Place, weight: u64, capacity: u64) {
        let step = (weight.min(u32::MAX.into()) * ONE / capacity.max(1)).min(ONE);
        let share = self.state.share.load(Ordering::Relaxed);
        let learnt = match place {
            Place::Small => share + step,
            Place::Main => share.saturating_sub(MAIN_COUNTS * step),
        };
        self.state.share.store(learnt.clamp(SMALLEST_SHARE, LARGEST_SHARE), Ordering::Relaxed);
    }

    /// Whether a key that was away for so long is asked for sooner than what main drops.
    fn is_sooner_than_main(&self, age: u16, capacity: u64) -> bool {
        let since = self.state.idle_since.load(Ordering::Relaxed);
        let idle = self.state.small_clock.load(Ordering::Relaxed).saturating_sub(since);
        u64::from(age) << age_unit_log(capacity) <= idle
    }

    fn stamp(&self, capacity: u64) -> u64 {
        (self.state.small_clock.load(Ordering::Relaxed) >> stamp_unit_log(capacity)) % STAMPS
    }

    /// An entry that came to main at `stamp` is looked at.
    fn look_back(&self, stamp: u64, capacity: u64) {
        let clock = self.state.small_clock.load(Ordering::Relaxed);
        let unit = stamp_unit_log(capacity);
        let ago = (clock >> unit).wrapping_sub(stamp) % STAMPS;
        self.state.idle_since.store(clock.saturating_sub(ago << unit), Ordering::Relaxed);
    }
}

impl Policy for S3Fifo {
    fn admit(
        &self,
        key: Signature,
        weight: u64,
        capacity: u64,
        has_room: bool,
        guard: &Guard,
    ) -> Place {
        let ghost = self.ghosts.take(key, self.state.clocks(capacity), guard);
        if let Some((place, age)) = ghost {
            if age <= near(capacity) {
                // It would be here still, were its queue a little longer.
                self.learn(place, weight, capacity);
            }
            if place == Place::Small && self.is_sooner_than_main(age, capacity) {
                return Place::Main;
            }
        }
        // While there is room small is no longer than it is to be: what is asked for first is often the best.
        if has_room && self.small_is_full(capacity) { Place::Main } else { Place::Small }
    }

    fn expect(&self, key: Signature, guard: &Guard) {
        self.ghosts.prefetch(key, guard);
    }

    fn upcoming(&self, capacity: u64, weight: u64, guard: &Guard) -> Option<Record> {
        let place = self.first_place(capacity, weight, false);
        self.queue(place).peek(guard).map(Record::unpack)
    }

    fn push(&self, key: Signature, marked: Marked, capacity: u64, guard: &Guard) {
        let stamp = match marked.place {
            Place::Small => 0,
            Place::Main => self.stamp(capacity),
        };
        let record = Record::new(key, marked.serial, stamp);
        self.queue(marked.place).push(record.pack(), guard);
    }

    fn next(&self, capacity: u64, weight: u64, is_last: bool, guard: &Guard) -> Option<Turn> {
        let first = match self.first_place(capacity, weight, is_last) {
            Place::Small => [Place::Small, Place::Main],
            Place::Main => [Place::Main, Place::Small],
        };
        first.into_iter().find_map(|place| self.next_of(place, guard))
    }

    fn next_of(&self, place: Place, guard: &Guard) -> Option<Turn> {
        let word = self.queue(place).pop(guard)?;
        Some(Turn { place, record: Record::unpack(word) })
    }

    fn put_back(&self, turn: Turn, serial: Serial, guard: &Guard) {
        let record = turn.record.with_serial(serial);
        self.queue(turn.place).push(record.pack(), guard);
    }

    fn judge(&self, turn: Turn, count: u8, weight: u64, capacity: u64) -> Verdict {
        if turn.place == Place::Main {
            self.look_back(turn.record.stamp(), capacity);
        }
        match (turn.place, count) {
            (_, 0) => Verdict::Evict,
            (Place::Small, PROMOTES..) => Verdict::Keep { place: Place::Main, count: 0 },
            (Place::Small, _) => Verdict::Keep { place: Place::Small, count: 0 },
            (Place::Main, _) => {
                let key = turn.record.signature();
                advance_for(key, &self.state.main_clock, weight, capacity);
                Verdict::Keep { place: Place::Main, count: count - 1 }
            }
        }
    }

    fn evicted(
        &self,
        turn: Turn,
        weight: u64,
        capacity: u64,
        entries: impl FnOnce() -> usize,
        guard: &Guard,
    ) {
        let (key, place) = (turn.record.signature(), turn.place);
        if key.bits().is_multiple_of(RESIZE_ONE_IN) || self.ghosts.are_none(guard) {
            self.ghosts.make_room_for(entries(), guard);
        }
        let clocks = self.state.clocks(capacity);
        self.ghosts.put(key, place, clocks, near(capacity), guard);
        match place {
            Place::Small => advance_for(key, &self.state.small_clock, weight, capacity),
            Place::Main => advance_for(key, &self.state.main_clock, weight, capacity),
        }
    }

    fn add_to_small(&self, weight: i64) {
        if weight != 0 {
            self.state.small_weight.fetch_add(weight.cast_unsigned(), Ordering::Relaxed);
        }
    }

    fn capacity_changed(&self, guard: &Guard) {
        self.ghosts.clear(guard);
    }

    fn records(&self, guard: &Guard) -> usize {
        self.small.len(guard) + self.main.len(guard)
    }

    fn memory(&self, guard: &Guard) -> usize {
        self.small.memory() + self.main.memory() + self.ghosts.memory(guard)
    }
}
