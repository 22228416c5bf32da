//! Which slot a tick goes to: pure arithmetic.
//!
//! Slot *number* `n` of level `l` covers the ticks `n << 6l .. (n + 1) << 6l`; numbers go on for ever, and 64 slots in
//! a ring hold the 63 numbers ahead of the current one. A tick goes to the lowest level whose ring reaches it. So what
//! stands on level `l` was at least `63 << 6(l - 1)` ticks away when it was put there, and a tick that has to be rounded
//! is rounded by little against its distance. (Choosing the level by the highest bit in which tick and present
//! differ is simpler by one comparison, but puts a tick two ahead on the top level when a carry lies between.)

use super::Tick;
use super::record::{Frame, OFFSET_BITS};

/// Bits of a tick that one level resolves.
pub(super) const SLOT_BITS: u32 = if cfg!(purekv_loom) { 2 } else { 6 };
/// Slots per level.
pub(super) const SLOTS: usize = 1 << SLOT_BITS;
/// Levels; together they reach (SLOTS - 1) / SLOTS of 2^(SLOT_BITS * LEVELS) ticks ahead.
pub(super) const LEVELS: usize = if cfg!(purekv_loom) { 2 } else { 5 };
/// No clock gets this far, and so no sum of ticks here overflows.
pub(super) const LAST_TICK: Tick = 1 << 62;

const _: () = assert!(SLOTS <= 64, "the occupancy of a level is one word");
const _: () = assert!(SLOT_BITS * (LEVELS as u32) < 62, "the wheel reaches beyond the last tick");

/// Where a record for some tick goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The tick has come.
    Overdue,
    Slot(Slot),
}

/// A slot of the wheel, and the tick in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) level: usize,
    /// The slot's number, not yet folded into the ring.
    pub(super) number: u64,
    /// The tick as the slot can hold it: rounded up.
    pub(super) tick: Tick,
}

impl Slot {
    /// Which of the level's slots it is.
    pub(super) fn index(self) -> usize {
        self.number as usize % SLOTS
    }

    /// Whether a wheel that stands at `elapsed` has come to this slot, or passed it.
    pub(super) fn is_entered(self, elapsed: Tick) -> bool {
        slot_for(elapsed, self.level) >= self.number
    }

    /// How a chunk made for this slot counts.
    pub(super) fn frame(self) -> Frame {
        let base = self.number << width(self.level);
        Frame { base, shift: unit(self.level), overdue: false }
    }
}

/// Log2 of the ticks in one slot of `level`.
const fn width(level: usize) -> u32 {
    SLOT_BITS * level as u32
}

/// Log2 of the ticks by which the offsets on `level` count: as fine as the record has bits for.
const fn unit(level: usize) -> u32 {
    width(level).saturating_sub(OFFSET_BITS)
}

/// The number of the slot of `level` that holds `tick`.
#[inline]
pub(super) fn slot_for(tick: Tick, level: usize) -> u64 {
    tick >> width(level)
}

/// Whether the ring of `level` reaches `tick` from `elapsed`.
#[inline]
fn reaches(elapsed: Tick, tick: Tick, level: usize) -> bool {
    slot_for(tick, level) - slot_for(elapsed, level) < SLOTS as u64
}

/// The place of a record for `due`, seen from `elapsed`; the slot's tick is `due` rounded up, or, if no ring reaches that, the
/// farthest that one reaches at any time.
///
/// Placing the result anew, from the same or a later time, changes its level perhaps, but not its tick.
#[inline]
pub(super) fn place(elapsed: Tick, due: Tick) -> Place {
    if due <= elapsed {
        return Place::Overdue;
    }
    // The rings below this level are too short for the distance as such; on it, the distance in slots may come out one
    // too long, and rounding may carry into a slot that the ring does not reach.
    let mut level = ((due - elapsed).ilog2() / SLOT_BITS) as usize;
    while level < LEVELS {
        let below = (1 << unit(level)) - 1;
        let tick = (due + below) & !below;
        if reaches(elapsed, tick, level) {
            return Place::Slot(Slot { level, number: slot_for(tick, level), tick });
        }
        level += 1;
    }
    let level = LEVELS - 1;
    // As far from the present as may be, and not the end of the last slot: that would be one tick for hours, and so one record, over
    // and over, for an entry that is deleted and set again.
    let farthest = elapsed + ((SLOTS as u64 - 1) << width(level));
    let tick = farthest & !((1 << unit(level)) - 1);
    Place::Slot(Slot { level, number: slot_for(tick, level), tick })
}

/// The tick with which a wheel that stands at `elapsed` enters the slot of `level` with this index, for the next time; 0 for the slot it
/// is in, which may be the ticker's to empty yet.
pub(super) fn next_entry(elapsed: Tick, level: usize, index: usize) -> Tick {
    let current = slot_for(elapsed, level);
    let ahead = (index as u64).wrapping_sub(current) % SLOTS as u64;
    if ahead == 0 { 0 } else { (current + ahead) << width(level) }
}

/// The slots of `level`, one bit each, that a wheel enters when it goes from `from` to `to`.
pub(super) fn entered(from: Tick, to: Tick, level: usize) -> u64 {
    const ALL: u64 = u64::MAX >> (64 - SLOTS);
    let first = slot_for(from, level) + 1;
    let count = slot_for(to, level) + 1 - first;
    if count >= SLOTS as u64 {
        return ALL;
    }
    let start = first as u32 % SLOTS as u32;
    let bits = (1_u64 << count) - 1;
    // What hangs over the end of the ring goes to its start. In two shifts: a single one might be by all 64 bits.
    let over = bits >> 1 >> (SLOTS as u32 - 1 - start);
    (bits << start | over) & ALL
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slot(elapsed: Tick, due: Tick) -> Slot {
        match place(elapsed, due) {
            Place::Slot(slot) => slot,
            Place::Overdue => panic!("{due} is overdue at {elapsed}"),
        }
    }

    /// Times around the places where carries happen, and any others.
    fn ticks() -> impl Strategy<Value = Tick> {
        let near_carry = (0_u32..40, 0_u64..600, any::<bool>()).prop_map(|(bit, by, up)| {
            let carry = 1_u64 << bit;
            if up { carry + by } else { carry.saturating_sub(by) }
        });
        prop_oneof![near_carry, 0_u64..1 << 45]
    }

    fn distances() -> impl Strategy<Value = Tick> {
        (0_u32..31).prop_flat_map(|bit| 1_u64 << bit..2_u64 << bit)
    }

    proptest! {
        #[test]
        fn a_slot_is_entered_next_when_it_says(elapsed in ticks(), distance in distances()) {
            let slot = slot(elapsed, elapsed + distance);
            let entry = next_entry(elapsed, slot.level, slot.index());
            prop_assert!(entry > elapsed && entry <= slot.tick);
            prop_assert!(slot.is_entered(entry) && !slot.is_entered(entry - 1));
            let current = slot_for(elapsed, slot.level) as usize % SLOTS;
            prop_assert_eq!(next_entry(elapsed, slot.level, current), 0);
        }
    }

    #[test]
    fn the_lowest_ring_that_reaches_is_taken() {
        let level_for = |elapsed, due| slot(elapsed, due).level;
        assert_eq!(level_for(0, 1), 0);
        assert_eq!(level_for(0, 63), 0);
        assert_eq!(level_for(0, 64), 1);
        assert_eq!(level_for(63, 64), 0);
        assert_eq!(level_for(63, 126), 0);
        assert_eq!(level_for(1, 4095), 1);
        assert_eq!(level_for(1, 4096), 2);
        assert_eq!(level_for((1 << 24) - 1, (1 << 24) + 1), 0);
    }

    #[test]
    fn beyond_the_range_is_the_farthest_tick() {
        let last = (64 << 24) - 512;
        let farthest = 63 << 24;
        assert_eq!(slot(0, last).tick, last);
        assert_eq!(slot(0, last + 1).tick, farthest);
        assert_eq!(slot(0, Tick::MAX).tick, farthest);
        assert_eq!(slot(1000, Tick::MAX).tick, farthest + 512);
        assert_eq!(slot(LAST_TICK, Tick::MAX).tick, LAST_TICK + farthest);
    }

    #[test]
    fn what_has_come_is_overdue() {
        assert_eq!(place(5, 5), Place::Overdue);
        assert_eq!(place(5, 0), Place::Overdue);
        assert_eq!(slot(5, 6).tick, 6);
    }

    proptest! {
        #[test]
        fn rounding_is_up_and_little(elapsed in ticks(), distance in distances()) {
            let due = elapsed + distance;
            let slot = slot(elapsed, due);
            if slot.tick >= due {
                let late = slot.tick - due;
                prop_assert!(late << 14 < distance, "{late} late of {distance}");
                prop_assert!(distance > 1 << 17 || late == 0);
            } else {
                prop_assert!(distance > 62 << 24);
            }
        }

        #[test]
        fn a_placed_tick_stays_what_it_is(elapsed in ticks(), distance in distances(), later in 0_u64..1 << 30) {
            let first = slot(elapsed, elapsed + distance);
            match place(elapsed + later, first.tick) {
                Place::Overdue => prop_assert!(first.tick <= elapsed + later),
                Place::Slot(again) => {
                    prop_assert_eq!(again.tick, first.tick);
                    prop_assert!(again.level <= first.level);
                }
            }
        }

        #[test]
        fn a_slot_is_ahead_and_within_its_ring(elapsed in ticks(), distance in distances()) {
            let slot = slot(elapsed, elapsed + distance);
            let ahead = slot.number - slot_for(elapsed, slot.level);
            prop_assert!((1..SLOTS as u64).contains(&ahead));
            prop_assert!(!slot.is_entered(elapsed));
            prop_assert!(slot.is_entered(slot.tick));
        }

        #[test]
        fn a_slot_entered_cascades_to_a_lower_level(elapsed in ticks(), distance in distances()) {
            let slot = slot(elapsed, elapsed + distance);
            let entry = slot.number << width(slot.level);
            if let Place::Slot(again) = place(entry, slot.tick) {
                prop_assert!(again.level < slot.level);
            }
        }

        #[test]
        fn entered_is_the_naive_walk(from in ticks(), by in distances(), level in 0..LEVELS) {
            let (first, last) = (slot_for(from, level), slot_for(from + by, level));
            let naive = (first + 1..=last).take(SLOTS).fold(0, |bits, number| bits | 1_u64 << (number % SLOTS as u64));
            prop_assert_eq!(entered(from, from + by, level), naive);
        }

        #[test]
        fn the_frame_of_a_slot_holds_its_tick(elapsed in ticks(), distance in distances()) {
            let slot = slot(elapsed, elapsed + distance);
            let signature = crate::hash::Signature::from_bits(distance);
            let word = slot.frame().pack(signature, slot.tick).unwrap();
            prop_assert_eq!(slot.frame().unpack(word).tick, slot.tick);
        }
    }
}
