//! The two shapes that the main queue can have.

use std::collections::VecDeque;

/// Clock readings that a hand keeps of its last turn.
const MARKS: usize = 64;

/// A place for entries with a hand that comes to each in turn. Clock readings are those of small.
pub(super) enum Main {
    /// Records in the order of arrival, each with the clock at that time; what is kept goes to the end again.
    Queue { records: VecDeque<(u32, u64)>, idle_since: u64 },
    /// The hash table itself, in its own order: an entry stays where it is, and a new one sits anywhere.
    Hand(Box<Hand>),
}

pub(super) struct Hand {
    slots: Vec<Option<u32>>,
    free: Vec<usize>,
    at: usize,
    count: usize,
    /// The clock when the hand last came to each 64th of the table.
    marks: [u64; MARKS],
    idle_since: u64,
    random: u64,
}

impl Main {
    pub(super) fn queue() -> Self {
        Self::Queue { records: VecDeque::new(), idle_since: 0 }
    }

    pub(super) fn hand(capacity: usize) -> Self {
        // The hand comes to its next slot first, and to the last one when it has come round.
        Self::Hand(Box::new(Hand {
            slots: vec![None; capacity + 1],
            free: (0..=capacity).collect(),
            at: 0,
            count: 0,
            marks: [0; MARKS],
            idle_since: 0,
            random: 1,
        }))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Queue { records, .. } => records.is_empty(),
            Self::Hand(hand) => hand.count == 0,
        }
    }

    /// Since when an entry that the hand finds unused now has been idle at least.
    pub(super) fn idle_since(&self) -> u64 {
        match self {
            Self::Queue { idle_since, .. } => *idle_since,
            Self::Hand(hand) => hand.idle_since,
        }
    }

    pub(super) fn insert(&mut self, id: u32, clock: u64) {
        match self {
            Self::Queue { records, .. } => records.push_back((id, clock)),
            Self::Hand(hand) => hand.insert(id),
        }
    }

    /// Moves the hand to the next entry: it is to be kept, or to be dropped.
    pub(super) fn next(&mut self, clock: u64) -> Option<u32> {
        match self {
            Self::Queue { records, idle_since } => {
                let (id, arrived) = records.pop_front()?;
                *idle_since = arrived;
                Some(id)
            }
            Self::Hand(hand) => hand.next(clock),
        }
    }

    pub(super) fn keep(&mut self, id: u32, clock: u64) {
        if let Self::Queue { records, .. } = self {
            records.push_back((id, clock));
        }
    }

    pub(super) fn drop(&mut self) {
        if let Self::Hand(hand) = self {
            hand.slots[hand.at] = None;
            hand.free.push(hand.at);
            hand.count -= 1;
        }
    }
}

impl Hand {
    fn insert(&mut self, id: u32) {
        // A linear congruential generator; its high bits choose.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let index = ((self.random >> 32) * self.free.len() as u64) >> 32;
        let slot = self.free.swap_remove(index as usize);
        self.slots[slot] = Some(id);
        self.count += 1;
    }

    fn next(&mut self, clock: u64) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        loop {
            let mark = self.at * MARKS / self.slots.len();
            self.at = (self.at + 1) % self.slots.len();
            let next = self.at * MARKS / self.slots.len();
            if next != mark {
                self.idle_since = std::mem::replace(&mut self.marks[next], clock);
            }
            if let Some(id) = self.slots[self.at] {
                return Some(id);
            }
        }
    }
}
