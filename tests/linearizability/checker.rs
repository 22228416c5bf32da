//! Looks for a linearisation of a history.
//!
//! The search is that of Wing & Gong ("Testing and verifying concurrent objects", 1993) with the memory that
//! Lowe added ("Testing for linearizability", 2017), the one Porcupine is known for: take any operation that no
//! other one still to be taken had to come before, ask the specification whether its answer fits, go on from there;
//! never search twice from the same set of operations taken and the same state. The operations of one thread follow
//! each other, so that set is one number per thread.
//!
//! # Why a verdict can be believed
//!
//! **A violation is real.** `end` is drawn from a shared counter by a read-modify-write after the operation, `start` is
//! what the counter showed before it. If `a.end < b.start`, b's look at the counter has seen a's addition, so a
//! happens-before b, in the sense of the memory model and not only of somebody's watch. The checker holds no order to
//! be binding but this one (which contains each thread's own). The search then tries every total order that extends
//! it, as two equal configurations can be completed in the same ways.
//!
//! **What is accepted is linearizable.** Accepting means that all operations were taken, each when every
//! operation that happened before it had been taken, with the answer the specification gives.
//!
//! **Key by key is enough.** Linearizability is local (Herlihy & Wing 1990): a history is linearizable if
//! it is for each object. Keys share nothing but the clock, which only the driver writes.
//!
//! **Window by window is enough.** Between two windows no operation is under way, so every linearisation of the whole
//! is one of each window in turn. At each border `get` and `ttl` are recorded as operations of the window
//! that ends; their answers determine the state (value and deadline), which the next window starts from.
//!
//! **Time** can be taken in two ways, [`Time`]. [`Time::OneInstant`] makes the moves of the clock operations of the
//! history: each operation happens whole at one time. No lock-free store can promise that: it reads a
//! clock and then does its CAS (or loads an entry and then reads a clock), and the hand may move in between. What it
//! promises is [`Time::WithinInterval`]: an operation takes effect at one point, and judges deadlines by one
//! time that the clock showed between its call and its return. A move that overlaps an operation may have been
//! seen or not; and when the clock has shown a deadline, the entry may be gone also for an operation that judges by an
//! earlier time, because another one has swept it away. The one thing let pass: two operations, one after the other, both within one and the
//! same move, where the first sees the new time and the second the old one. A move is a single atomic addition.
//!
//! **Eviction** ([`Memory::Evicts`]) is an event of its own, which nobody calls and nothing records: at any moment an entry
//! may vanish, and then the key is absent, until something is put there. Nobody can tell when it has happened, but by the first operation
//! that finds nothing: so it is enough to try it just before each operation. What has vanished is in no state any more, and an answer that
//! shows it is a violation.

use std::collections::HashSet;

use crate::history::{Entry, History, State};
use crate::spec;

/// How many threads a history may have.
const LANES: usize = 6;
/// Configurations after which the search is given up. Windows are short; a few hundred are usual.
const PATIENCE: usize = 1 << 20;

/// How operations and time go together; see the module's docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    OneInstant,
    WithinInterval,
}

/// Whether an entry stays until somebody takes it away, or it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    Keeps,
    Evicts,
}

#[derive(Debug)]
pub(crate) enum Verdict {
    Linearizable,
    /// With the longest sequence of operations that could be explained, a line each.
    Violation {
        explained: Vec<String>,
    },
    GivenUp,
}

/// Where the search stands; equal ones have equal futures.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Config {
    taken: [u8; LANES],
    moves_taken: u8,
    state: State,
}

/// Whether some order of the operations explains all answers.
pub(crate) fn check(history: &History, time: Time, memory: Memory) -> Verdict {
    assert!(history.lanes.len() <= LANES);
    let clock = std::iter::once(history.time).chain(history.moves.iter().map(|it| it.to)).collect();
    let mut search = Search {
        history,
        time,
        memory,
        clock,
        seen: HashSet::new(),
        path: Vec::new(),
        longest: Vec::new(),
    };
    let start = Config { taken: [0; LANES], moves_taken: 0, state: history.initial };
    if search.explain_rest(start) {
        Verdict::Linearizable
    } else if search.seen.len() >= PATIENCE {
        Verdict::GivenUp
    } else {
        Verdict::Violation { explained: search.describe_longest() }
    }
}

/// An operation taken: its lane, its place in it, and the index of the time it saw.
type Step = (usize, usize, usize);

struct Search<'h> {
    history: &'h History,
    time: Time,
    memory: Memory,
    /// What the clock showed, before the first move and after each.
    clock: Vec<u64>,
    seen: HashSet<Config>,
    path: Vec<Step>,
    longest: Vec<Step>,
}

impl Search<'_> {
    fn explain_rest(&mut self, config: Config) -> bool {
        if self.seen.len() >= PATIENCE || !self.seen.insert(config) {
            return false;
        }
        if self.path.len() > self.longest.len() {
            self.longest.clone_from(&self.path);
        }
        let history = self.history;
        let heads =
            history.lanes.iter().zip(config.taken).map(|(lane, at)| lane.get(usize::from(at)));
        let next_move = match self.time {
            Time::OneInstant => history.moves.get(usize::from(config.moves_taken)),
            Time::WithinInterval => None,
        };
        // Whatever started after this must wait: something had ended by then that is not taken yet. The first to
        // end is the head of some lane.
        let Some(first_end) =
            heads.clone().flatten().map(|head| head.end).chain(next_move.map(|it| it.end)).min()
        else {
            return true;
        };
        for (lane, head) in heads.enumerate() {
            let Some(event) = head.filter(|event| event.start <= first_end) else { continue };
            let (first, last) = self.times(event.start, event.end, config);
            // Somebody else may have judged by the latest of these times, and swept the entry away; or it was evicted.
            let may_be_gone =
                |entry: &Entry| entry.deadline <= self.clock[last] || self.memory == Memory::Evicts;
            let gone = config.state.filter(may_be_gone).map(|_| None);
            for (now, found) in (first..=last).flat_map(|now| {
                std::iter::once(config.state).chain(gone).map(move |found| (now, found))
            }) {
                if let Some(state) = spec::apply(found, event, self.clock[now]) {
                    let mut next = Config { state, ..config };
                    next.taken[lane] += 1;
                    self.path.push((lane, usize::from(config.taken[lane]), now));
                    if self.explain_rest(next) {
                        return true;
                    }
                    self.path.pop();
                }
            }
        }
        match next_move {
            Some(it) if it.start <= first_end => {
                self.explain_rest(Config { moves_taken: config.moves_taken + 1, ..config })
            }
            _ => false,
        }
    }

    /// The first and the last index into `clock` of the times that an operation may have seen.
    fn times(&self, start: u64, end: u64, config: Config) -> (usize, usize) {
        match self.time {
            Time::OneInstant => (usize::from(config.moves_taken), usize::from(config.moves_taken)),
            Time::WithinInterval => {
                let moves = &self.history.moves;
                (
                    moves.iter().take_while(|it| it.end < start).count(),
                    moves.iter().take_while(|it| it.start <= end).count(),
                )
            }
        }
    }

    fn describe_longest(&self) -> Vec<String> {
        let describe = |&(lane, at, now): &Step| {
            let time = std::time::Duration::from_nanos(self.clock[now]);
            format!("thread {lane} at {time:?}: {}", self.history.lanes[lane][at])
        };
        self.longest.iter().map(describe).collect()
    }
}
