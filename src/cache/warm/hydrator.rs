//! Moving all entries, one after the other: in the background at a bounded rate, or at once.

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::backing::Backing;
use super::upper::Upper;
use crate::cache::ticker::Background;
use crate::clock::Now;
use crate::engine::{Engine, Entry};
use crate::sync::epoch;
use crate::sync::{AtomicBool, Ordering};

/// Entries that are looked at under one pin.
const PER_PIN: usize = 64;
/// The background thread rests when it is ahead of its time by this.
const AHEAD: Duration = Duration::from_millis(2);
/// It does not make up for more than this.
const BEHIND: Duration = Duration::from_millis(50);
/// Rest while there is no room.
const FULL: Duration = Duration::from_millis(100);
/// Rest while others may still be looking at what is to be freed.
const WAIT: Duration = Duration::from_millis(5);

/// A place in a snapshot.
#[derive(Default)]
struct Cursor {
    /// The next one.
    section: usize,
    numbers: Range<u64>,
}

/// What a step has done.
struct Step {
    /// Cold entries that it has met.
    met: u64,
    /// How many of them have come into the table.
    moved: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    /// There was no room for the next one.
    Full,
    /// All are settled.
    Done,
}

impl<E: Entry> Upper<E> {
    /// Moves the next few entries.
    fn step(&self, cursor: &mut Cursor, engine: &Engine<E>) -> Step {
        let mut step = Step { met: 0, moved: 0, state: State::Going };
        let (guard, now) = (epoch::pin(), Now::new(engine.clock()));
        let Some(backing) = self.backing(&guard) else {
            step.state = State::Done;
            return step;
        };
        for _ in 0..PER_PIN {
            while cursor.numbers.is_empty() {
                if cursor.section == backing.sections() {
                    self.unlink_if_done(backing, &guard);
                    step.state = State::Done;
                    return step;
                }
                let section = cursor.section;
                cursor.section += 1;
                let numbers = backing.numbers(section);
                // One that is not whole is settled by that.
                if numbers.clone().any(|number| backing.ledger.is_cold(number))
                    && backing.is_whole(section)
                {
                    cursor.numbers = numbers;
                }
            }
            let number = cursor.numbers.start;
            if !backing.ledger.is_cold(number) {
                cursor.numbers.start += 1;
                continue;
            }
            step.met += 1;
            let section = cursor.section - 1;
            if let Some(cold) = backing.cold_at(engine, section, number, &now) {
                if !engine.has_room_for(cold.entry.shared()) {
                    step.state = State::Full;
                    return step;
                }
                step.moved += usize::from(self.bring(backing, cold, engine, &guard, &now));
            }
            cursor.numbers.start += 1;
        }
        step
    }

    /// Moves all that there is room for, and lets go of the rest; how many have come.
    pub(super) fn hydrate(&self, engine: &Engine<E>) -> usize {
        let mut cursor = Cursor::default();
        let mut moved = 0;
        loop {
            let step = self.step(&mut cursor, engine);
            moved += step.moved;
            match step.state {
                State::Going => {}
                State::Full => {
                    self.close();
                    return moved;
                }
                State::Done => return moved,
            }
        }
    }
}

/// Starts a thread that moves so many entries a second; None if the system has none to give: then they come as they are asked for.
pub(super) fn start<E: Entry>(
    rate: u64,
    upper: Arc<Upper<E>>,
    backing: Arc<Backing<E>>,
    engine: Arc<Engine<E>>,
) -> Option<Background> {
    Background::start("purekv-hydrator", move |stop| {
        run(rate, &upper, &engine, stop);
        // What was linked is freed when nobody is looking any more; and then, or when the cache ends, the file is unmapped here.
        while Arc::strong_count(&backing) > 1 && !is_stopped(stop) {
            epoch::collect_idle();
            thread::park_timeout(WAIT);
        }
    })
}

// Acquire: partner of the Release in `Background::stop`.
fn is_stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Acquire)
}

fn run<E: Entry>(rate: u64, upper: &Upper<E>, engine: &Engine<E>, stop: &AtomicBool) {
    let mut cursor = Cursor::default();
    let (mut begin, mut met) = (Instant::now(), 0_u64);
    while !is_stopped(stop) {
        let step = upper.step(&mut cursor, engine);
        met += step.met;
        match step.state {
            State::Going => {
                let due = Duration::from_secs_f64(met as f64 / rate as f64);
                let elapsed = begin.elapsed();
                if let Some(ahead) = due.checked_sub(elapsed).filter(|&ahead| ahead > AHEAD) {
                    rest(ahead, stop);
                } else if elapsed.saturating_sub(due) > BEHIND {
                    (begin, met) = (Instant::now(), 0);
                }
            }
            State::Full => {
                rest(FULL, stop);
                (begin, met) = (Instant::now(), 0);
            }
            State::Done => return,
        }
    }
}

/// Comes back after so long, or when the thread is to stop.
fn rest(time: Duration, stop: &AtomicBool) {
    let begin = Instant::now();
    // It may wake up early.
    while let Some(left) = time.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
        if is_stopped(stop) {
            return;
        }
        thread::park_timeout(left);
    }
}
