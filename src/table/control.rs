//! The control word of a bucket: one `u64` that says everything about its slots but what is in them.
//!
//! ```text
//!  63          38 37      32   31    30            16 15            1  0
//! ┌──────────────┬──────────┬────────┬────────────────┬───────────────┬───┐
//! │ version: 26  │ line: 6  │ frozen │ reserved: 15   │ valid: 15     │ 0 │
//! └──────────────┴──────────┴────────┴────────────────┴───────────────┴───┘
//!   a slot:  free ──reserve──► reserved ──publish, version + 1──► valid
//!             ▲                    │ release                        │ release
//!             └────────────────────┴────────────────────────────────┘
//!   line:    0 none, n the shard's overflow line n − 1 (slots 7 to 14 of this bucket)
//! ```
//!
//! Only a publication makes a key appear, so only a publication counts the version up: two loads of a control word
//! with one version enclose a time in which no key appeared in the bucket. (The version has 26 bits. To be fooled, a thread must
//! be suspended between two neighbouring loads while its bucket sees an exact multiple of 2^26 publications.)
//!
//! Slot *i* is word *i* + 1 of the bucket's cache line, and its valid bit is bit *i* + 1 here: so a comparison of all eight words of the line,
//! one bit each, can be masked with the control word as it is.
//!
//! Pure functions; `bucket` owns the atomics.

use std::num::NonZero;

/// Slots in the bucket's own cache line.
pub(super) const PRIMARY: usize = if cfg!(purekv_loom) { 2 } else { 7 };
/// Slots in an overflow line.
pub(super) const LINE: usize = if cfg!(purekv_loom) { 1 } else { 8 };
/// Slots a bucket can have.
pub(crate) const SLOTS: usize = PRIMARY + LINE;

const SET_BITS: u32 = 15;
/// A set of all slots.
const ALL: u64 = (1 << SET_BITS) - 1;
const VALID_SHIFT: u32 = 1;
const RESERVED_SHIFT: u32 = VALID_SHIFT + SET_BITS;
const FROZEN_SHIFT: u32 = RESERVED_SHIFT + SET_BITS;
const FROZEN: u64 = 1 << FROZEN_SHIFT;
const LINE_SHIFT: u32 = FROZEN_SHIFT + 1;
const LINE_BITS: u32 = 6;
const VERSION_SHIFT: u32 = LINE_SHIFT + LINE_BITS;
/// The slots in the overflow line, as a set.
const LINE_SET: u64 = ((1 << LINE) - 1) << PRIMARY;

const _: () = assert!(SLOTS <= SET_BITS as usize);
const _: () = assert!(VERSION_SHIFT + 26 == u64::BITS);

const fn valid_bit(slot: usize) -> u64 {
    1 << (slot as u32 + VALID_SHIFT)
}

const fn reserved_bit(slot: usize) -> u64 {
    1 << (slot as u32 + RESERVED_SHIFT)
}

/// One value of a control word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Control(pub(super) u64);

impl Control {
    /// The bit to set in order to freeze.
    pub(super) const FROZEN: u64 = FROZEN;

    #[inline(always)]
    pub(super) fn is_frozen(self) -> bool {
        self.0 & FROZEN != 0
    }

    /// Whether a second look at the bucket, `again`, shows the very same word, and not a frozen one.
    #[inline(always)]
    pub(super) fn is_unfrozen_and(self, again: Self) -> bool {
        // A frozen word stays frozen, and so is never equal to one without the bit.
        self.0 & !FROZEN == again.0
    }

    /// Neither frozen nor with an overflow line: the bucket's own line says it all.
    #[inline(always)]
    pub(super) fn is_plain(self) -> bool {
        self.0 & (FROZEN | ((1 << LINE_BITS) - 1) << LINE_SHIFT) == 0
    }

    #[inline(always)]
    pub(super) fn version(self) -> u32 {
        (self.0 >> VERSION_SHIFT) as u32
    }

    /// The shard's overflow line that this bucket owns.
    #[inline(always)]
    pub(super) fn line(self) -> Option<usize> {
        let line = (self.0 >> LINE_SHIFT) as usize & ((1 << LINE_BITS) - 1);
        line.checked_sub(1)
    }

    /// The valid slots.
    #[inline(always)]
    pub(super) fn valid(self) -> Set {
        Set((self.0 >> VALID_SHIFT & ALL) as u32)
    }

    /// The slots that are reserved or valid.
    fn used(self) -> u64 {
        (self.0 >> VALID_SHIFT | self.0 >> RESERVED_SHIFT) & ALL
    }

    #[inline(always)]
    pub(super) fn is_valid(self, slot: usize) -> bool {
        self.0 >> (slot as u32 + VALID_SHIFT) & 1 != 0
    }

    /// The first free slot among those the bucket has.
    pub(super) fn first_free(self) -> Option<usize> {
        let slot = self.used().trailing_ones() as usize;
        let have = if self.line().is_some() { SLOTS } else { PRIMARY };
        (slot < have).then_some(slot)
    }

    /// Free → reserved.
    pub(super) fn reserve(self, slot: usize) -> Self {
        debug_assert!(self.used() >> slot & 1 == 0);
        Self(self.0 | reserved_bit(slot))
    }

    /// Takes overflow line `line` and reserves its first slot.
    pub(super) fn reserve_in_line(self, line: usize) -> Self {
        debug_assert!(self.line().is_none());
        Self(self.0 | (line as u64 + 1) << LINE_SHIFT).reserve(PRIMARY)
    }

    /// Reserved → valid, and the version counts up.
    pub(super) fn publish(self, slot: usize) -> Self {
        debug_assert!(!self.is_valid(slot) && self.used() >> slot & 1 == 1);
        let valid = self.0 & !reserved_bit(slot) | valid_bit(slot);
        // Wraps at the top of the word, where the version is.
        Self(valid.wrapping_add(1 << VERSION_SHIFT))
    }

    /// Reserved or valid → free. When that leaves the overflow line empty the bucket gives it up: the second value.
    pub(super) fn release(self, slot: usize) -> (Self, Option<usize>) {
        let freed = Self(self.0 & !(valid_bit(slot) | reserved_bit(slot)));
        match freed.line() {
            Some(line) if freed.used() & LINE_SET == 0 => {
                (Self(freed.0 & !(((1 << LINE_BITS) - 1) << LINE_SHIFT)), Some(line))
            }
            _ => (freed, None),
        }
    }
}

/// A set of words of a bucket's own cache line: word 0 is the control word, word *i* + 1 slot *i*.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Words(u32);

impl Words {
    #[cfg(any(test, not(target_arch = "x86_64"), miri, purekv_loom))]
    pub(super) const EMPTY: Self = Self(0);

    #[cfg(all(target_arch = "x86_64", not(miri), not(purekv_loom)))]
    #[inline(always)]
    pub(super) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Moves every word up by one, and puts word 0 in if `is_in`. (Compare, add with carry: no branch.)
    #[cfg(any(test, not(target_arch = "x86_64"), miri, purekv_loom))]
    #[inline(always)]
    pub(super) fn push(self, is_in: bool) -> Self {
        Self(self.0 + self.0 + u32::from(is_in))
    }

    /// Those that are valid slots.
    #[inline(always)]
    pub(super) fn valid_in(self, control: Control) -> Self {
        // Bit 0 of a control word is never set.
        Self(self.0 & control.0 as u32)
    }

    /// The lowest word.
    #[inline(always)]
    pub(super) fn first(self) -> Option<usize> {
        NonZero::new(self.0).map(|words| words.trailing_zeros() as usize)
    }

    /// The slots among them.
    #[inline(always)]
    pub(super) fn slots(self) -> Set {
        Set(self.0 >> VALID_SHIFT)
    }
}

/// A set of slots; slot *i* is bit *i*.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Set(u32);

impl Set {
    pub(super) const EMPTY: Self = Self(0);

    /// Moves every slot up by one, and puts slot 0 in if `is_in`. (Compare, add with carry: no branch.)
    #[inline(always)]
    pub(super) fn push(self, is_in: bool) -> Self {
        Self(self.0 + self.0 + u32::from(is_in))
    }

    /// Moves every slot up by `slots`.
    pub(super) fn after(self, slots: usize) -> Self {
        Self(self.0 << slots)
    }

    /// Whether every slot of this set is in `other`.
    pub(super) fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    #[inline(always)]
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Iterator for Set {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_slot_goes_through_its_states() {
        let free = Control(0);
        assert_eq!(free.first_free(), Some(0));
        let reserved = free.reserve(0);
        assert!(!reserved.is_valid(0));
        assert_eq!(reserved.first_free(), Some(1));
        let valid = reserved.publish(0);
        assert!(valid.is_valid(0));
        assert_eq!(valid.version(), 1);
        assert_eq!(valid.valid().collect::<Vec<_>>(), [0]);
        let (released, line) = valid.release(0);
        assert_eq!(released.version(), 1);
        assert_eq!(released.first_free(), Some(0));
        assert_eq!(line, None);
    }

    #[test]
    fn a_line_comes_with_its_first_slot_and_goes_with_its_last() {
        let mut control = Control(0);
        for slot in 0..PRIMARY {
            control = control.reserve(slot).publish(slot);
        }
        assert_eq!(control.first_free(), None);
        control = control.reserve_in_line(62).publish(PRIMARY);
        assert_eq!(control.line(), Some(62));
        for slot in PRIMARY + 1..SLOTS {
            assert_eq!(control.first_free(), Some(slot));
            control = control.reserve(slot).publish(slot);
        }
        assert_eq!(control.first_free(), None);
        assert_eq!(control.valid().count(), SLOTS);
        for slot in PRIMARY..SLOTS {
            let (after, given_up) = control.release(slot);
            assert_eq!(given_up, (slot == SLOTS - 1).then_some(62));
            control = after;
        }
        assert_eq!(control.line(), None);
        assert_eq!(control.valid().count(), PRIMARY);
    }

    #[test]
    fn the_version_wraps_without_touching_the_rest() {
        let last = Control(u64::MAX << VERSION_SHIFT).reserve(3);
        let wrapped = last.publish(3);
        assert_eq!(wrapped.version(), 0);
        assert_eq!(wrapped.0, valid_bit(3));
    }
}
