//! Where table and wheel meet: the one place where an entry is born, read, expires and dies.
//!
//! - [`entry`], [`deadline`]: the two words of an entry that change while it is in the table, and their protocols.
//! - [`read`]: look-ups. An entry that is due is absent for every operation from its very instant; whoever finds one removes it.
//! - [`write`]: insert, remove, change of deadline; `replace`: one entry for another; [`retime`]: the same on a condition; `publish`: an insertion in steps; `standing`: what the policy knows of an entry, for dumps. [`arm`]: which record of the wheel will fire for that.
//! - [`expire`]: what the wheel brings up, and the removal of what nobody asks for any more.
//! - [`bound`], [`evict`]: bounded memory, and the rules that keep entries and the policy's records together.
//! - [`idle`]: what a look-up does besides: count, and put off deadlines.
//! - [`listener`]: who is told of each entry that leaves.
//!
//! Every operation takes the guard and the time of its caller, so that one pin and one clock reading serve many.
//!
//! # Records and entries
//!
//! A record of the wheel names its entry by hash, and an entry's [`Timer`] says at which tick a record will fire for it.
//! The rules that keep both together:
//!
//! 1. A timer is set to *t* before the record for *t* is pushed, and the entry is in the table by then.
//! 2. Whoever changes a timer by CAS to a new tick pushes that record: so no timer is doubled.
//! 3. A replacement may rely on the old entry's record if that is early enough. It publishes the new entry with the old
//!    one's tick, then *seals* the old timer. Was the timer changed in between, it pushes that record once more, for the new
//!    entry or whoever has taken over from it already; is it too late for the deadline, it pushes an earlier one. A ticker
//!    that comes too late finds the seal, looks again, and finds the new entry.
//! 4. A record that fires at *r* serves every entry it finds whose timer is not after *r*.
//! 5. A record is stale if no entry it finds has exactly its tick, or a sealed timer. Stale ones are swept out when there is
//!    more than one for two others.
//! 6. Deadline first, then timer: who changes a deadline checks the timer afterwards, by a CAS even where nothing is to
//!    be changed. Timer first, then deadline: who makes a timer later looks at the deadline again. So one sees the other.

mod arm;
mod bound;
mod counters;
mod deadline;
mod entry;
mod evict;
mod expire;
mod idle;
mod listener;
#[cfg(feature = "dump")]
mod publish;
mod read;
mod replace;
mod retime;
#[cfg(feature = "dump")]
mod standing;
#[cfg(test)]
mod tests;
mod write;

use std::time::Duration;

pub(crate) use bound::{Capacity, Heavy};
pub(crate) use deadline::Deadline;
pub(crate) use entry::{Entry, Timer};
pub(crate) use idle::{Hard, Hooks, Observer, OnRead, Until, given};
pub(crate) use listener::Listener;
#[cfg(feature = "dump")]
pub(crate) use publish::{Arriving, Published};
pub(crate) use read::Elsewhere;
pub(crate) use retime::Retimed;
pub(crate) use write::{Decided, Decision, IfHeavy};

pub(crate) use crate::policy::Mark;
#[cfg(feature = "dump")]
pub(crate) use crate::policy::{Learnt, Standing};

use bound::Bound;
use counters::Counters;
use entry::Armed;

use crate::clock::{Clock, nanos};
use crate::hash::Signature;
use crate::histogram::{Histogram, Recorder};
use crate::kv::RemovalCause;
use crate::sync::epoch::Guard;
use crate::sync::{AtomicUsize, failpoint};
use crate::table::{Shared, Table};
use crate::wheel::Wheel;

/// See the [module](self).
pub(crate) struct Engine<E: Entry> {
    table: Table<E>,
    /// None: entries that expire stay until they are met.
    wheel: Option<Wheel>,
    /// Length of a tick in nanoseconds.
    tick: u64,
    clock: Clock,
    counters: Counters,
    /// None: there may be as many entries as there will.
    bound: Option<Box<Bound>>,
    listener: Option<Listener<E>>,
    /// What look-ups do besides.
    observer: Option<Box<Observer<E>>>,
    /// Whether there is one.
    observes: bool,
    /// Whether look-ups do anything besides: there is a bound, or an observer.
    attends: bool,
    /// Turns of the ticker for which sweeping is no use.
    sweep_pause: AtomicUsize,
    /// From deadline to removal.
    lag: Recorder,
}

/// How to make an engine.
pub(crate) struct Config<E: Entry> {
    pub(crate) clock: Clock,
    pub(crate) tick: Duration,
    /// Whether expired entries are removed without being met.
    pub(crate) expiry: bool,
    /// Whether that is done by a thread of its own.
    pub(crate) in_background: bool,
    /// Shards to begin with, at least.
    pub(crate) shards: usize,
    /// Entries to have room for at the start.
    pub(crate) initial_capacity: usize,
    /// None: there may be as many as there will.
    pub(crate) capacity: Option<Capacity>,
    /// Told of each entry that leaves.
    pub(crate) listener: Option<Listener<E>>,
    /// What look-ups do besides.
    pub(crate) observer: Observer<E>,
}

impl<E: Entry> Engine<E> {
    pub(crate) fn new(config: Config<E>, context: E::Context) -> Self {
        let tick = nanos(config.tick).max(1);
        let start = config.clock.now() / tick;
        let depth = config.shards.clamp(1, 1 << 20).next_power_of_two().ilog2();
        Self {
            table: Table::new(depth.max(Table::<E>::depth_for(config.initial_capacity)), context),
            wheel: config.expiry.then(|| Wheel::new(start)),
            tick,
            clock: config.clock,
            counters: Counters::default(),
            bound: config.capacity.map(|capacity| {
                let expires = config.expiry && !config.in_background;
                Box::new(Bound::new(capacity, expires))
            }),
            listener: config.listener,
            observes: config.observer.is_wanted(),
            attends: config.capacity.is_some() || config.observer.is_wanted(),
            observer: config.observer.is_wanted().then(|| Box::new(config.observer)),
            sweep_pause: AtomicUsize::new(0),
            lag: Recorder::new(),
        }
    }

    pub(crate) fn tick(&self) -> Duration {
        Duration::from_nanos(self.tick)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn context(&self) -> &E::Context {
        self.table.context()
    }

    /// Entries stored, due ones included.
    pub(crate) fn len(&self) -> usize {
        self.counters.entries()
    }

    pub(crate) fn table(&self) -> &Table<E> {
        &self.table
    }

    pub(crate) fn lag(&self) -> Histogram {
        self.lag.snapshot()
    }

    /// How many entries have left for this cause.
    pub(crate) fn departed(&self, cause: RemovalCause) -> usize {
        match cause {
            // By another entry, or by one that was due when it came.
            RemovalCause::Replaced => {
                self.counters.entries_replaced() + self.counters.entries_departed(cause)
            }
            _ => self.counters.entries_departed(cause),
        }
    }

    /// How many entries have come to keys that were absent.
    pub(crate) fn inserted(&self) -> usize {
        self.counters.entries_inserted()
    }

    /// Records in the wheel, and those of them that an entry waits for.
    pub(crate) fn records(&self) -> (usize, usize) {
        let records = self.wheel.as_ref().map_or(0, Wheel::records);
        (records, self.counters.entries_armed())
    }

    pub(crate) fn wheel_memory(&self) -> usize {
        self.wheel.as_ref().map_or(0, Wheel::memory)
    }

    /// The first tick that is not before `deadline`.
    fn tick_of(&self, deadline: u64) -> u64 {
        deadline.div_ceil(self.tick)
    }

    /// Accounts for an entry that this thread has unlinked, and frees it when nobody can look at it any more.
    fn bury(&self, entry: Shared<'_, E>, cause: RemovalCause, guard: &Guard) {
        self.depart(entry, cause);
        self.leave_policy(entry);
        self.let_go(entry, cause, guard);
    }

    /// The first part of [`bury`](Self::bury).
    #[inline]
    fn depart(&self, entry: Shared<'_, E>, cause: RemovalCause) {
        self.counters.entry_gone(cause);
        // Sealed, so that a change of deadline that comes too late arms nothing and is not counted.
        if self.wheel.is_some() && entry.get().timer().seal() != Armed::No {
            self.counters.disarmed();
        }
        failpoint::hit("engine::bury::sealed");
    }

    /// The last part of [`bury`](Self::bury).
    #[inline]
    fn let_go(&self, entry: Shared<'_, E>, cause: RemovalCause, guard: &Guard) {
        self.tell(entry, cause);
        self.retire(entry, guard);
    }

    /// As [`bury`](Self::bury), for an entry that another has taken the place of; timer and mark are sealed.
    #[inline(always)]
    fn bury_replaced(&self, entry: Shared<'_, E>, guard: &Guard) {
        self.counters.entry_replaced();
        self.let_go(entry, RemovalCause::Replaced, guard);
    }

    /// Calls of the listener that have panicked.
    pub(crate) fn listener_panics(&self) -> usize {
        self.listener.as_ref().map_or(0, Listener::panics)
    }

    fn tell(&self, entry: Shared<'_, E>, cause: RemovalCause) {
        if let Some(listener) = &self.listener {
            listener.tell(entry, cause);
        }
    }

    #[inline]
    fn retire(&self, entry: Shared<'_, E>, guard: &Guard) {
        let bytes = E::bytes(entry);
        // SAFETY: only who won the CAS that took it out of its slot comes here, and only once.
        unsafe { guard.retire(entry.as_ptr(), bytes) };
    }
}

/// The signature of a hash, for a record.
fn signature(hash: u64) -> Signature {
    Signature::of(hash)
}
