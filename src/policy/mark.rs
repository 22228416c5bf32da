//! What an entry says about itself to the policy: one byte, in the entry.
//!
//! ```text
//!  7          3   2    1     0
//! ┌────────────┬──────┬───────┐
//! │ serial: 5  │ main │ count │     serial 1 … 30: the record that serves the entry has the same; count: hits, up to 3
//! └────────────┴──────┴───────┘
//!   0xff: sealed. The entry has left its slot; if it was replaced, the new one has taken the mark over.
//!   0xfb: no policy. Nothing is written here, and nobody looks for a record.
//!
//!    (place, serial, count) ──hit──► count + 1          as long as it is below 3
//!            │       └──move──► (place', serial', count')    by who holds the record that serves it
//!            └──────────seal──► sealed                       by who has unlinked or replaced the entry
//! ```
//!
//! All changes are compare-and-swaps on this byte, but for the seal, which is a swap. A hit that loses is not counted.

use crate::sync::{AtomicU8, Ordering};

const COUNT_BITS: u32 = 2;
const COUNT: u8 = (1 << COUNT_BITS) - 1;
const MAIN: u8 = 1 << COUNT_BITS;
const SERIAL_SHIFT: u32 = COUNT_BITS + 1;
const SEALED: u8 = u8::MAX;
const NO_POLICY: u8 = SEALED & !MAIN;

/// The largest count: hits beyond it write nothing.
pub(crate) const LARGEST_COUNT: u8 = COUNT;

/// Serials are less than this, and more than 0.
const SERIALS: u8 = SEALED >> SERIAL_SHIFT;

const _: () = assert!(SERIALS == 31 && NO_POLICY == 0xfb);
// A hit asks for nothing but the count: what it must not write to has the largest.
const _: () = assert!(SEALED & COUNT == COUNT && NO_POLICY & COUNT == COUNT);

/// Which queue an entry is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Small,
    Main,
}

/// Tells records of one key apart: those of entries that are gone from the one that serves what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Serial(u8);

impl Serial {
    /// One of the 30, by any number that changes.
    pub(crate) fn new(number: u64) -> Self {
        Self((number % u64::from(SERIALS - 1)) as u8 + 1)
    }

    /// Another one.
    pub(crate) fn next(self) -> Self {
        Self::new(self.0.into())
    }

    /// From what [`bits`](Self::bits) gave.
    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits as u8)
    }

    pub(super) fn bits(self) -> u64 {
        self.0.into()
    }
}

/// What a mark says of an entry that a policy looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) place: Place,
    pub(crate) serial: Serial,
    pub(crate) count: u8,
}

impl Marked {
    fn encode(self) -> u8 {
        let main = if self.place == Place::Main { MAIN } else { 0 };
        self.serial.0 << SERIAL_SHIFT | main | self.count
    }

    fn decode(word: u8) -> Option<Self> {
        let serial = word >> SERIAL_SHIFT;
        (serial < SERIALS).then_some(Self {
            place: if word & MAIN == 0 { Place::Small } else { Place::Main },
            serial: Serial(serial),
            count: word & COUNT,
        })
    }

    /// Whether a record of this place and serial serves it.
    pub(crate) fn is_served_by(self, place: Place, serial: Serial) -> bool {
        self.place == place && self.serial == serial
    }

    /// With one hit more.
    pub(crate) fn hit(self) -> Self {
        Self { count: (self.count + 1).min(LARGEST_COUNT), ..self }
    }
}

/// The byte.
#[derive(Debug)]
pub(crate) struct Mark(AtomicU8);

impl Mark {
    /// Of an entry that no policy looks after, or not yet.
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(NO_POLICY))
    }

    /// Before the entry is published.
    pub(crate) fn set(&self, marked: Marked) {
        // Relaxed: published with the entry.
        self.0.store(marked.encode(), Ordering::Relaxed);
    }

    /// Counts a hit, unless enough were counted.
    #[inline(always)]
    pub(crate) fn hit(&self) {
        // Relaxed: a count orders nothing.
        let word = self.0.load(Ordering::Relaxed);
        if word & COUNT != COUNT {
            self.count(word);
        }
    }

    #[inline(never)]
    fn count(&self, word: u8) {
        // Relaxed, both: a count orders nothing. Who fails has met another hit, or a policy at work, and is not counted.
        let _ = self.0.compare_exchange(word, word + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// What it says; None: it is sealed, or no policy's.
    pub(crate) fn load(&self) -> Option<Marked> {
        // Acquire: partner of the Release in `seal`: who sees the seal finds the slot without this entry.
        Marked::decode(self.0.load(Ordering::Acquire))
    }

    /// Makes another record the one that serves the entry; whoever wins pushes it.
    pub(crate) fn rewrite(&self, from: Marked, to: Marked) -> bool {
        // Relaxed, both: the word says all there is to say; who fails looks again, by `load`.
        self.0
            .compare_exchange(from.encode(), to.encode(), Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Ends it; what it said last.
    pub(crate) fn seal(&self) -> Option<Marked> {
        // Release: partner of the Acquire in `load`: the CAS on the slot comes before.
        Marked::decode(self.0.swap(SEALED, Ordering::Release))
    }

    /// Whether it was sealed.
    #[cfg(all(test, not(purekv_loom)))]
    pub(crate) fn is_sealed(&self) -> bool {
        self.0.load(Ordering::Relaxed) == SEALED
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Marked> {
        let places = [Place::Small, Place::Main];
        (0..200).flat_map(move |number| {
            places.into_iter().flat_map(move |place| {
                (0..=LARGEST_COUNT).map(move |count| Marked {
                    place,
                    serial: Serial::new(number),
                    count,
                })
            })
        })
    }

    #[test]
    fn a_mark_says_what_was_written() {
        for marked in all() {
            let mark = Mark::new();
            assert_eq!(mark.load(), None);
            mark.set(marked);
            assert_eq!(mark.load(), Some(marked));
            assert!(marked.is_served_by(marked.place, marked.serial));
        }
    }

    #[test]
    fn the_next_serial_is_another_one() {
        let first = Serial::new(0);
        let round = std::iter::successors(Some(first), |serial| Some(serial.next()));
        let all: std::collections::HashSet<u64> = round.take(30).map(Serial::bits).collect();
        assert_eq!((all.len(), all.contains(&0), all.contains(&31)), (30, false, false));
    }

    #[test]
    fn hits_are_counted_up_to_the_largest() {
        let mark = Mark::new();
        mark.hit();
        assert_eq!(mark.load(), None);
        let new = Marked { place: Place::Main, serial: Serial::new(29), count: 0 };
        mark.set(new);
        for _ in 0..10 {
            mark.hit();
        }
        assert_eq!(mark.load(), Some(Marked { count: LARGEST_COUNT, ..new }));
    }

    #[test]
    fn what_is_sealed_stays_so() {
        let mark = Mark::new();
        let new = Marked { place: Place::Small, serial: Serial::new(0), count: 1 };
        mark.set(new);
        assert_eq!(mark.seal(), Some(new));
        mark.hit();
        assert!(!mark.rewrite(new, new.hit()) && mark.is_sealed());
        assert_eq!((mark.load(), mark.seal()), (None, None));
    }
}
