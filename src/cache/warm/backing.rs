//! A snapshot below a cache, with the account of what of it still counts.

use std::sync::Arc;

use super::ledger::{Hold, Ledger};
use super::source::{Copied, Places, Source};
use super::trouble::Trouble;
use crate::cache::dump::{Times, learn_from};
use crate::clock::{NEVER, Now};
use crate::engine::{Arriving, Engine, Entry, Published, Standing, Until};
use crate::snapshot::{Due, DumpError, Location};
use crate::sync::epoch::Guard;
use crate::sync::{AtomicBool, Ordering, failpoint};
use crate::table::{Owned, Shared};

/// See the [module](self).
pub(super) struct Backing<E: Entry> {
    source: Box<dyn Source<E>>,
    /// The number of each section's first entry, and at the end how many there are.
    bases: Box<[u64]>,
    pub(super) ledger: Ledger,
    times: Times,
    /// When what is not asked for is due, in a cache with a time-to-idle: that runs from when the cache was made.
    idle_until: u64,
    /// Blocks of the index that are damaged: to find that out again would take a checksum for each look-up.
    damaged_blocks: Box<[AtomicBool]>,
    /// Whether what the policy knew is to be asked for: there is one, and so far that was whole.
    has_standings: AtomicBool,
    trouble: Arc<Trouble>,
}

/// What is known of a key.
pub(super) enum Look<E: Entry> {
    /// The snapshot has never had it.
    Unknown,
    /// The table alone knows.
    Settled,
    /// It is what the snapshot says, and nobody has changed it.
    Cold(Cold<E>),
}

/// A key that is cold, and a copy of its entry.
pub(super) struct Cold<E: Entry> {
    pub(super) number: u64,
    place: Location,
    pub(super) hash: u64,
    pub(super) entry: Owned<E>,
}

/// What became of an entry that was to be moved into the table.
pub(super) enum Thawed<'b, 'g, E: Entry> {
    /// It was; when the lock is free, it is to be accounted for.
    Moved(Published<'g, E>),
    /// Somebody was faster.
    Settled,
    /// All entries are to go, and it will not be moved; here it is, cold as before.
    Closed(Owned<E>, Hold<'b>),
    /// It is due, or heavier than all may be: it is settled, and absent.
    Absent,
}

impl<E: Entry> Backing<E> {
    /// None: there is nothing in it. O(sections).
    pub(super) fn new(
        source: Box<dyn Source<E>>,
        engine: &Engine<E>,
        trouble: Arc<Trouble>,
    ) -> Option<Self> {
        let mut entries = 0_u64;
        let counts =
            (0..source.pages().sections()).map(|section| source.pages().entries_in(section));
        let mut bases: Vec<u64> = counts
            .map(|count| {
                let base = entries;
                entries += u64::from(count);
                base
            })
            .collect();
        bases.push(entries);
        let idle_until = engine.until(NEVER, &Now::new(engine.clock())).deadline;
        let (_, blocks) = source.pages().block_of(0);
        if let Err(error) = learn_from(engine, || source.pages().learnt()) {
            trouble.note(error);
        }
        (entries > 0).then(|| Self {
            source,
            damaged_blocks: (0..blocks).map(|_| AtomicBool::new(false)).collect(),
            bases: bases.into(),
            ledger: Ledger::new(entries),
            times: Times::now(engine.clock()),
            idle_until,
            has_standings: AtomicBool::new(engine.capacity().is_some()),
            trouble,
        })
    }

    pub(super) fn sections(&self) -> usize {
        self.source.pages().sections()
    }

    /// The numbers of a section's entries.
    pub(super) fn numbers(&self, section: usize) -> std::ops::Range<u64> {
        match (self.bases.get(section), self.bases.get(section + 1)) {
            (Some(&from), Some(&to)) => from..to,
            _ => 0..0,
        }
    }

    pub(super) fn numbers_in_all(&self) -> u64 {
        self.bases.last().copied().unwrap_or(0)
    }

    /// The section of the entry with this number; None: it is beyond the last.
    pub(super) fn section_of(&self, number: u64) -> Option<usize> {
        let after = self.bases.partition_point(|&base| base <= number);
        (after < self.bases.len()).then(|| after.saturating_sub(1))
    }

    /// None: the index leads to where nothing is.
    fn number(&self, place: Location) -> Option<u64> {
        let numbers = self.numbers(place.section as usize);
        let number = numbers.start + u64::from(place.slot);
        numbers.contains(&number).then_some(number)
    }

    /// Whether a section is whole; if it is not, nothing of it counts any more.
    pub(super) fn is_whole(&self, section: usize) -> bool {
        self.noted(self.checked(section)).is_some()
    }

    fn checked(&self, section: usize) -> Result<(), DumpError> {
        self.source.pages().check(section).inspect_err(|_| {
            // Of a damaged section no entry was ever moved.
            self.numbers(section).for_each(|number| self.ledger.settle(number));
        })
    }

    /// Where a key may be; None: that is damaged, and it is absent.
    fn places(&self, stable: u64) -> Option<Places> {
        let damaged = self.damaged_blocks.get(self.source.pages().block_of(stable).0);
        // Relaxed, both: the file says the same to all.
        if damaged.is_some_and(|damaged| damaged.load(Ordering::Relaxed)) {
            return None;
        }
        match self.source.pages().places(stable) {
            Ok(places) => return Some(places),
            // Of all keys, and soon found out.
            Err(DumpError::KeyHash { .. }) if self.trouble.count() > 0 => {}
            Err(error) => {
                let is_block = matches!(error, DumpError::Checksum { .. });
                if let Some(damaged) = damaged.filter(|_| is_block) {
                    damaged.store(true, Ordering::Relaxed);
                }
                self.trouble.note(error);
            }
        }
        None
    }

    fn noted<T>(&self, result: Result<T, DumpError>) -> Option<T> {
        result.map_err(|error| self.trouble.note(error)).ok()
    }

    /// A copy of an entry; Ok(None): it was due when the cache was made.
    fn copy(
        &self,
        engine: &Engine<E>,
        place: Location,
        hash: Option<u64>,
        now: &Now<'_>,
    ) -> Result<Option<Copied<E>>, DumpError> {
        let until = |hard| -> Until {
            let mut until = engine.until(hard, now);
            until.deadline = until.deadline.min(self.idle_until);
            until
        };
        self.source.copy(place, hash, &|due: Due| self.times.until(due, until))
    }

    /// What is known of the key that `is_key` recognises, with this hash by the cache's hasher and `stable` by the snapshot.
    pub(super) fn look(
        &self,
        engine: &Engine<E>,
        hash: u64,
        stable: u64,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'_, E>) -> bool,
    ) -> Look<E> {
        let Some(places) = self.places(stable) else { return Look::Unknown };
        let mut look = Look::Unknown;
        for place in places.iter() {
            let Some(number) = self.number(place) else { continue };
            let is_cold = self.ledger.is_cold(number);
            if !is_cold {
                look = Look::Settled;
                // Of which key it is matters only if there are more.
                if places.is_sole() {
                    break;
                }
            }
            match self.copy(engine, place, Some(hash), now) {
                Ok(Some(Copied { hash, entry })) => {
                    if !is_key(entry.shared()) {
                        continue;
                    }
                    if is_cold {
                        look = Look::Cold(Cold { number, place, hash, entry });
                    }
                    break;
                }
                // Due from the start, or damaged: nobody ever moves it.
                Ok(None) => self.ledger.settle(number),
                Err(error) => {
                    self.ledger.settle(number);
                    // Not each of its entries by itself, at a checksum each.
                    let _ = self.checked(place.section as usize);
                    self.trouble.note(error);
                }
            }
        }
        look
    }

    /// Whether a look-up of the key at this place leads to it, and not to another of the same key or to none.
    fn leads_to(&self, place: Location) -> bool {
        let places =
            self.noted(self.source.pages().hash_at(place)).and_then(|hash| self.places(hash));
        let is_it = |&other: &Location| {
            other == place || self.noted(self.source.pages().are_same(place, other)) == Some(true)
        };
        places.is_some_and(|places| places.iter().find(is_it) == Some(place))
    }

    /// The entry with this number, to be moved; None: it does not count, and that is settled.
    pub(super) fn cold_at(
        &self,
        engine: &Engine<E>,
        section: usize,
        number: u64,
        now: &Now<'_>,
    ) -> Option<Cold<E>> {
        let slot = number - self.numbers(section).start;
        let place = Location { section: section as u32, slot: slot as u32 };
        // One that look-ups do not find must not come into the table: its key may have been removed by now.
        let found = match self.leads_to(place) {
            true => self.noted(self.copy(engine, place, None, now)).flatten(),
            false => None,
        };
        let Some(Copied { hash, entry }) = found else {
            self.ledger.hold(number).settle();
            return None;
        };
        Some(Cold { number, place, hash, entry })
    }

    /// Where an entry that is to be moved stood with the policy; None: that is not known. Not under the lock, for it may wait for the disk.
    pub(super) fn standing(&self, cold: &Cold<E>) -> Option<Standing> {
        // Relaxed, both: at worst it is found out again.
        if !self.has_standings.load(Ordering::Relaxed) {
            return None;
        }
        let mark = self.noted(self.source.pages().mark_at(cold.place));
        if mark.is_none() {
            // Not for each entry by itself, at a checksum each: without it, they come as new ones do.
            self.has_standings.store(false, Ordering::Relaxed);
        }
        Standing::decode(mark?)
    }

    /// Moves an entry into the table: the step under the lock. Nobody else's code runs in it, but a hasher if a shard has to be split.
    pub(super) fn thaw<'b, 'g>(
        &'b self,
        hold: Hold<'b>,
        arriving: Arriving<E>,
        engine: &'g Engine<E>,
        guard: &'g Guard,
    ) -> Thawed<'b, 'g, E> {
        if !hold.is_cold() {
            drop(hold);
            return Thawed::Settled;
        }
        if hold.is_closed() {
            return Thawed::Closed(arriving.into_entry(), hold);
        }
        // Not the caller's time, which may be old: others may have found it due since.
        if engine.is_stillborn(arriving.entry(), &Now::new(engine.clock())) {
            hold.settle();
            drop(hold);
            return Thawed::Absent;
        }
        failpoint::hit("cache::warm::thawing");
        let published = engine.publish(arriving, guard);
        failpoint::hit("cache::warm::published");
        hold.settle();
        drop(hold);
        failpoint::hit("cache::warm::settled");
        published.map_or(Thawed::Settled, Thawed::Moved)
    }
}
