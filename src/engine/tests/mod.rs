//! The engine by itself: one key or two, every race between operations, clock and ticker.
//!
//! A tick is one nanosecond, and time begins at 0. Under `--cfg purekv_loom` the bodies are models, with the table and the
//! wheel as small as they get; otherwise short stress tests.

mod deadlines;
mod evict;
mod idle;
mod timers;
mod walks;

use std::ptr::NonNull;
use std::time::Duration;

use super::{
    Capacity, Config, Deadline, Decided, Decision, Engine, Hard, IfHeavy, Listener, Observer,
    Retimed, Timer, Until,
};
use crate::clock::{Clock, ManualClock, NEVER, Now};
use crate::kv::RemovalCause;
use crate::policy::Mark;
use crate::sync::epoch::{self, Guard, Retire};
use crate::sync::{Arc, Track, UnsafeCell, thread};
use crate::table::{Node, Owned, Shared};

/// The deadline comes first, so that the model of epochs knows its address as the entry's.
#[repr(C)]
struct Entry {
    deadline: Deadline,
    timer: Timer,
    mark: Mark,
    hard: Option<Hard>,
    key: u64,
    /// A cell, so that loom sees who looks at it without having been shown it.
    value: UnsafeCell<u64>,
    weight: u64,
    /// And who forgets to free it.
    _freed: Track<()>,
}

// SAFETY: the cell is written when nobody else has the entry, before it is inserted.
unsafe impl Sync for Entry {}

impl Entry {
    fn value(&self) -> u64 {
        // SAFETY: only read while it is shared.
        self.value.with(|value| unsafe { value.read() })
    }
}

// SAFETY: a Box of Send data.
unsafe impl Retire for Entry {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract; every Entry comes from `entry`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

impl Node for Entry {
    type Context = ();

    fn hash(node: Shared<'_, Self>, (): &()) -> u64 {
        hash(node.get().key)
    }
}

impl super::Entry for Entry {
    fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    fn timer(&self) -> &Timer {
        &self.timer
    }

    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn hard(entry: Shared<'_, Self>) -> Option<&Hard> {
        entry.get().hard.as_ref()
    }

    fn weight(entry: Shared<'_, Self>, (): &()) -> u64 {
        entry.get().weight
    }

    fn bytes(_: Shared<'_, Self>) -> usize {
        size_of::<Self>()
    }
}

/// Keys share a bucket under loom, and are told apart by their tags.
fn hash(key: u64) -> u64 {
    key << 48
}

fn entry(key: u64, value: u64, deadline: u64) -> Owned<Entry> {
    heavy(key, value, Until { deadline, hard: None }, 1)
}

fn entry_until(key: u64, value: u64, until: Until) -> Owned<Entry> {
    heavy(key, value, until, 1)
}

/// An entry of this weight.
fn heavy(key: u64, value: u64, until: Until, weight: u64) -> Owned<Entry> {
    let (deadline, timer) = (Deadline::new(until.deadline), Timer::new());
    let entry = NonNull::from(Box::leak(Box::new(Entry {
        deadline,
        timer,
        mark: Mark::new(),
        hard: until.hard.map(Hard::new),
        key,
        value: UnsafeCell::new(value),
        weight,
        _freed: Track::new(()),
    })));
    // SAFETY: fresh, and `free` undoes exactly this.
    unsafe { Owned::new(entry) }
}

/// What its listener was told of: the value of each entry that has left, and why.
///
/// A lock of the standard library: no race is to be made by it, or hidden.
type Told = std::sync::Arc<std::sync::Mutex<Vec<(u64, RemovalCause)>>>;

/// An engine and the hand of its clock. Times are given as instants, not as durations.
struct World {
    engine: Engine<Entry>,
    hand: ManualClock,
    told: Told,
}

/// With a wheel, or without one: what is due goes when it is met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wheel {
    With,
    Without,
}

impl World {
    fn new(wheel: Wheel) -> Arc<Self> {
        Self::bounded(wheel, None)
    }

    fn bounded(wheel: Wheel, capacity: Option<Capacity>) -> Arc<Self> {
        Self::with(wheel, capacity, None)
    }

    fn with(wheel: Wheel, capacity: Option<Capacity>, idle: Option<Duration>) -> Arc<Self> {
        let (clock, hand) = Clock::manual();
        let told = Told::default();
        // Of a bounded one only: the other models have no use for it.
        let listener = capacity.map(|_| {
            let told = told.clone();
            Listener::new(move |entry: Shared<'_, Entry>, cause| {
                let value = entry.get().value();
                told.lock().unwrap().push((value, cause));
            })
        });
        let config = Config {
            clock,
            tick: Duration::from_nanos(1),
            expiry: wheel == Wheel::With,
            in_background: true,
            shards: 1,
            initial_capacity: 0,
            capacity,
            listener,
            observer: Observer { counts: false, idle, on_read: None },
        };
        Arc::new(Self { engine: Engine::new(config, ()), hand, told })
    }

    /// As one operation, with a pin and a time of its own.
    fn enter<T>(&self, operation: impl FnOnce(&Guard, &Now<'_>) -> T) -> T {
        let guard = epoch::pin();
        operation(&guard, &Now::new(self.engine.clock()))
    }

    /// Moves time on, by so many nanoseconds.
    fn pass(&self, nanos: u64) {
        self.hand.advance(Duration::from_nanos(nanos));
    }

    fn insert(&self, key: u64, value: u64, deadline: u64) {
        self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            let inserted =
                self.engine.insert(hash(key), entry(key, value, deadline), guard, now, is_key);
            assert_eq!(inserted, Ok(()));
        });
    }

    fn insert_if_absent(&self, key: u64, value: u64, deadline: u64) -> bool {
        self.enter(|guard, now| {
            let entry = entry(key, value, deadline);
            self.engine
                .insert_if_absent(hash(key), entry, guard, now, |other| other.get().key == key)
                .unwrap()
        })
    }

    /// Value and deadline.
    fn get(&self, key: u64) -> Option<(u64, u64)> {
        self.enter(|guard, now| {
            let live = self.engine.get(hash(key), guard, now, |other| other.get().key == key)?;
            Some((live.entry().get().value(), live.deadline))
        })
    }

    fn value(&self, key: u64) -> Option<u64> {
        self.get(key).map(|(value, _)| value)
    }

    fn remove(&self, key: u64) -> Option<u64> {
        self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            let removed = self.engine.remove(hash(key), guard, now, is_key)?;
            Some(removed.get().value())
        })
    }

    /// Whether the key was there.
    fn set_deadline(&self, key: u64, deadline: u64) -> bool {
        self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            self.engine.set_deadline(hash(key), deadline, guard, now, is_key).is_some()
        })
    }

    /// Makes it due at `deadline` if it is due at `seen`.
    fn retime(&self, key: u64, seen: u64, deadline: u64) -> Retimed {
        self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            self.engine.retime(hash(key), guard, now, is_key, |_, now_due| {
                (now_due == seen).then_some(deadline)
            })
        })
    }

    /// Adds one to the value, if there is one, and keeps the deadline; whether there was one.
    fn increment(&self, key: u64) -> bool {
        self.compute(key, |value| Decision::PutKeepingDeadline(entry(key, value + 1, NEVER)))
    }

    /// As `increment`, with a new deadline.
    fn increment_until(&self, key: u64, deadline: u64) -> bool {
        self.compute(key, |value| Decision::Put(entry(key, value + 1, deadline)))
    }

    fn compute(&self, key: u64, decide: impl Fn(u64) -> Decision<Entry>) -> bool {
        let decided = self.enter(|guard, now| {
            let is_key = |other: Shared<'_, Entry>| other.get().key == key;
            let if_heavy = IfHeavy::Remove;
            self.engine.compute(hash(key), guard, now, is_key, if_heavy, |live| {
                live.map_or(Decision::Keep, |(entry, _)| decide(entry.get().value()))
            })
        });
        decided != Decided::Absent
    }

    fn advance(&self) -> usize {
        self.engine.advance()
    }

    fn expired(&self) -> usize {
        self.engine.departed(RemovalCause::Expired)
    }

    /// Nothing is stored, nothing is counted as waiting, and the wheel has nothing left but what is stale.
    fn assert_empty(&self) {
        assert_eq!(self.engine.len(), 0, "an entry was left behind");
        assert_eq!(self.engine.records().1, 0, "entries that wait for a record");
    }

    /// Every deadline passes; the wheel alone must have removed everything by then.
    fn assert_emptied_by_the_wheel(&self, until: u64) {
        self.pass(until);
        self.advance();
        self.assert_empty();
    }
}

/// Runs `body` in another thread.
fn spawn<T: Send + 'static>(
    world: &Arc<World>,
    body: impl FnOnce(&World) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let world = world.clone();
    thread::spawn(move || body(&world))
}
