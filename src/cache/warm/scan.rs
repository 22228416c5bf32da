//! Cold entries by number, as they lie in the file: for a scan, which is to bring nothing into memory.

use super::{Below, Upper};
use crate::clock::Now;
use crate::engine::{Engine, Entry};
use crate::sync::epoch;
use crate::table::Shared;

/// Cold entries that are looked at under one pin.
const PER_PIN: usize = 16;
/// And others, of which a bit says that they are not.
const BITS_PER_PIN: u64 = 4096;

impl<E: Entry> Upper<E> {
    /// Looks at the entries from number `from` on, and shows those that are cold and not due; the number to go on with, None: that was the last.
    fn scan_some(
        &self,
        engine: &Engine<E>,
        from: u64,
        mut visit: impl FnMut(Shared<'_, E>, u64, &Now<'_>),
    ) -> Option<u64> {
        let (guard, now) = (epoch::pin(), Now::new(engine.clock()));
        let backing = self.backing(&guard)?;
        let mut section = backing.section_of(from)?;
        // Of one that is not whole nothing counts: found out once, and not for each entry.
        let mut is_whole = backing.is_whole(section);
        let (end, mut met) = (from.saturating_add(BITS_PER_PIN), 0);
        for number in from..end {
            if !backing.numbers(section).contains(&number) {
                section = backing.section_of(number)?;
                is_whole = backing.is_whole(section);
            }
            if !is_whole || !backing.ledger.is_cold(number) {
                continue;
            }
            if met == PER_PIN {
                return Some(number);
            }
            met += 1;
            if let Some(cold) = backing.cold_at(engine, section, number, &now)
                && !engine.is_stillborn(&cold.entry, &now)
            {
                let deadline = cold.entry.get().deadline().initial();
                visit(cold.entry.shared(), deadline, &now);
            }
        }
        Some(end)
    }
}

impl<E: Entry> Below<E> {
    /// Shows cold entries from number `from` on; the number to go on with, None: there are no more. Pinned for a few at a time, and no longer than this.
    pub(in crate::cache) fn scan(
        &self,
        engine: &Engine<E>,
        from: u64,
        visit: impl FnMut(Shared<'_, E>, u64, &Now<'_>),
    ) -> Option<u64> {
        self.upper.as_ref()?.scan_some(engine, from, visit)
    }

    /// How many entries there were at first, cold or not any more; 0: all are in memory, or gone.
    pub(in crate::cache) fn numbers(&self) -> u64 {
        let guard = epoch::pin();
        let backing = self.upper.as_ref().and_then(|upper| upper.backing(&guard));
        backing.map_or(0, |backing| backing.numbers_in_all())
    }
}
