//! How a cache is made.

use std::fmt;
use std::time::Duration;

use super::settings::Face;
use crate::clock::Clock;
use crate::engine::{Capacity, Config, Entry, Hooks, Observer};

/// Below it an ordinary stall, of two seconds at 1 ns, would be longer than timers can tell.
const SHORTEST_TICK: Duration = Duration::from_micros(1);

/// Who removes entries that are due and that nobody asks for.
///
/// Whichever it is: an entry that is due is absent for every operation, and the operation that meets one removes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// A thread of the cache's own, once a tick. It ends when the cache is dropped. With a manual clock, which
    /// no thread can sleep by, this is [`Manual`](Self::Manual).
    #[default]
    Background,
    /// Whoever calls `advance`.
    Manual,
    /// Nobody. An entry that is due and never met stays in memory.
    Off,
}

/// Settings of a [`Cache`](crate::Cache) or a [`Store`](crate::Store): see their `builder()`.
///
/// `F` is the face that [`build`](Builder::build) makes.
#[derive(Clone)]
#[must_use]
pub struct Builder<F: Face, S = ahash::RandomState> {
    pub(super) hasher: S,
    pub(super) default_ttl: Option<Duration>,
    idle: Option<Duration>,
    counts: bool,
    pub(super) expiry: Expiry,
    clock: Clock,
    tick: Duration,
    shards: usize,
    initial_capacity: usize,
    pub(super) capacity: Option<Capacity>,
    /// What only this face can be told.
    pub(super) face: F::Settings,
    /// Something to be started on.
    pub(super) start: F::Start,
}

impl<F: Face> Builder<F> {
    pub(super) fn new() -> Self {
        Self {
            hasher: ahash::RandomState::new(),
            default_ttl: None,
            idle: None,
            counts: false,
            expiry: Expiry::default(),
            clock: Clock::system(),
            tick: Duration::from_millis(1),
            shards: 1,
            initial_capacity: 0,
            capacity: None,
            face: F::Settings::default(),
            start: F::Start::default(),
        }
    }
}

impl<F: Face, S> Builder<F, S> {
    /// Hashes keys with `hasher`. Default: ahash, keyed at random. The hash of any other hasher is mixed once more. One that gives
    /// many keys the same hash makes operations on these O(their number).
    pub fn hasher<T>(self, hasher: T) -> Builder<F, T> {
        Builder {
            hasher,
            default_ttl: self.default_ttl,
            idle: self.idle,
            counts: self.counts,
            expiry: self.expiry,
            clock: self.clock,
            tick: self.tick,
            shards: self.shards,
            initial_capacity: self.initial_capacity,
            capacity: self.capacity,
            face: self.face,
            start: self.start,
        }
    }

    /// The time-to-live of entries that are inserted without one of their own; zero makes them due at once. Default: they never
    /// expire.
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.default_ttl = Some(ttl);
        self
    }

    /// How long an entry stays that nobody asks for; from the last `get`, `read`, `get_many`, look-up by a view, or change. Beside a time-to-live,
    /// whichever ends first. Default: for ever.
    ///
    /// An entry that is asked for all the time is written to once a tick only, or in 64 parts of this time if they are shorter; by so
    /// much it may be absent early. `contains_key` and `ttl` are no use of an entry. Entries take 8 bytes more, in a store 24.
    pub fn time_to_idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// Counts hits and misses for `stats()`. Default: no, for it is some nanoseconds a look-up; everything else is counted in any case.
    pub fn record_stats(mut self) -> Self {
        self.counts = true;
        self
    }

    /// Who removes what is due. Default: a background thread.
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = expiry;
        self
    }

    /// How often what is due is removed: the granularity of the timing wheel. Default: 1 ms; a shorter one than 1 µs is 1 µs.
    /// Reads are exact to the nanosecond whatever the tick. The wheel reaches 2^30 ticks (12 days at 1 ms) far; what is due later
    /// is armed again on the way.
    ///
    /// Entries keep 32 bits of a tick. So the entry of a thread that is stopped for 2^31 ticks (24 days at 1 ms, 35 minutes at 1 µs) in
    /// the very middle of an insertion may be overlooked when it is due: it is absent then, but stays in memory until its
    /// key is asked for.
    pub fn tick(mut self, tick: Duration) -> Self {
        self.tick = tick.max(SHORTEST_TICK);
        self
    }

    /// Where time comes from. Default: the system's monotonic clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How many shards (of 20 KiB) there are at the start, rounded up to a power of two, 2^20 at most. Default: 1. They split as entries
    /// come, so this is about the first moments only.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Makes room for about this many entries before the first split: 16 to 32 bytes of table for each, at once. No bound: see
    /// [`max_capacity`](Self::max_capacity).
    pub fn initial_capacity(mut self, entries: usize) -> Self {
        self.initial_capacity = entries;
        self
    }

    /// How many entries there may be; with a weigher, how much they may weigh together. Default: as many as there will. One bound for the whole cache,
    /// however keys fall on shards.
    ///
    /// Whoever inserts evicts what is too much before it returns: after any insertion there is at most one entry for each thread that is still
    /// inserting above the bound. What goes is chosen by S3-FIFO with a small queue that finds its own size (`docs/policy.md`); entries that
    /// are due go before any other. Takes 16 bytes an entry for queues and the memory of evicted keys, none of it before there are
    /// entries. A hit writes a count into its entry, up to three times.
    pub fn max_capacity(mut self, capacity: u64) -> Self {
        self.capacity = Some(Capacity::Weight(capacity));
        self
    }

    pub(super) fn config<E: Entry>(&self, hooks: Hooks<E>) -> Config<E> {
        Config {
            clock: self.clock.clone(),
            tick: self.tick,
            expiry: self.expiry != Expiry::Off,
            in_background: self.in_background(),
            shards: self.shards,
            initial_capacity: self.initial_capacity,
            capacity: self.capacity,
            listener: hooks.listener,
            observer: Observer { counts: self.counts, idle: self.idle, on_read: hooks.on_read },
        }
    }

    pub(super) fn in_background(&self) -> bool {
        self.expiry == Expiry::Background && !self.clock.is_manual()
    }
}

impl<F: Face, S> fmt::Debug for Builder<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("time_to_live", &self.default_ttl)
            .field("time_to_idle", &self.idle)
            .field("expiry", &self.expiry)
            .field("tick", &self.tick)
            .field("shards", &self.shards)
            .field("initial_capacity", &self.initial_capacity)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
