//! The record: one word that names an entry and the tick at which it is to be looked at.
//!
//! ```text
//!  63                                          16 15             1  0
//! ┌──────────────────────────────────────────────┬────────────────┬───┐
//! │ signature: 48                                │ offset: 15     │ 1 │
//! └──────────────────────────────────────────────┴────────────────┴───┘
//! ```
//!
//! The offset counts from the [`Frame`] of the chunk that holds the record, in units of that frame. The lowest bit
//! is set in every record and clear in the two other words that a cell can hold, so all 2^63 records are possible.

use super::{Due, Tick};
use crate::hash::Signature;

/// Marks a record; see the table above.
const RECORD_BIT: u64 = 1;
const OFFSET_SHIFT: u32 = 1;
/// Bits for the tick, as an offset.
pub(super) const OFFSET_BITS: u32 = 15;
const SIGNATURE_SHIFT: u32 = OFFSET_SHIFT + OFFSET_BITS;
const LARGEST_OFFSET: u64 = (1 << OFFSET_BITS) - 1;

/// A cell that nobody has written yet.
pub(super) const EMPTY: u64 = 0;
/// A cell that the ticker has emptied, or found empty: no record goes in any more.
pub(super) const TAKEN: u64 = 2;

const _: () = assert!(SIGNATURE_SHIFT + Signature::BITS == 64, "the widths add up to a word");
const _: () = assert!(RECORD_BIT < 1 << OFFSET_SHIFT, "the mark is below the offset");
const _: () = assert!(EMPTY & RECORD_BIT == 0 && TAKEN & RECORD_BIT == 0 && EMPTY != TAKEN);

/// From where, and in what steps, the offsets of a chunk count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The tick of offset 0.
    pub(super) base: Tick,
    /// Log2 of the ticks per step.
    pub(super) shift: u32,
    /// Whether a tick before the base counts as the base. Only where both have passed.
    pub(super) overdue: bool,
}

impl Frame {
    /// The frame of an overdue list's chunk made at `elapsed`: exact unless a tick is half a minute late already.
    pub(super) fn overdue(elapsed: Tick) -> Self {
        Self { base: elapsed.saturating_sub(LARGEST_OFFSET), shift: 0, overdue: true }
    }

    /// A record; none if `tick` cannot be told in this frame.
    pub(super) fn pack(self, signature: Signature, tick: Tick) -> Option<u64> {
        let tick = if self.overdue { tick.max(self.base) } else { tick };
        let distance = tick.checked_sub(self.base)?;
        let offset = distance >> self.shift;
        let exact = offset << self.shift == distance;
        (exact && offset <= LARGEST_OFFSET)
            .then(|| signature.bits() << SIGNATURE_SHIFT | offset << OFFSET_SHIFT | RECORD_BIT)
    }

    /// What [`pack`](Self::pack) was given.
    pub(super) fn unpack(self, word: u64) -> Due {
        debug_assert!(word & RECORD_BIT != 0, "not a record: {word:#x}");
        let offset = word >> OFFSET_SHIFT & LARGEST_OFFSET;
        Due {
            signature: Signature::from_bits(word >> SIGNATURE_SHIFT),
            tick: self.base + (offset << self.shift),
        }
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    const SIGNATURES: [u64; 3] = [0, 0x1234_5678_9abc, (1 << 48) - 1];

    #[test]
    fn the_extremes_come_back_and_are_neither_empty_nor_taken() {
        let frame = Frame { base: 1 << 40, shift: 9, overdue: false };
        for signature in SIGNATURES.map(Signature::from_bits) {
            for offset in [0, 1, LARGEST_OFFSET] {
                let tick = frame.base + (offset << 9);
                let word = frame.pack(signature, tick).unwrap();
                assert!(word != EMPTY && word != TAKEN);
                assert_eq!(frame.unpack(word), Due { signature, tick });
            }
        }
    }

    #[test]
    fn a_frame_refuses_what_it_cannot_tell() {
        let frame = Frame { base: 1024, shift: 3, overdue: false };
        let signature = Signature::from_bits(7);
        assert_eq!(frame.pack(signature, 1023), None);
        assert_eq!(frame.pack(signature, 1025), None);
        assert_eq!(frame.pack(signature, 1024 + (8 << OFFSET_BITS)), None);
    }

    #[test]
    fn an_overdue_tick_is_never_told_too_early_nor_after_the_present() {
        let frame = Frame::overdue(100_000);
        for tick in [0, 1, 67_232, 67_233, 99_999, 100_000] {
            let told = frame.unpack(frame.pack(Signature::from_bits(1), tick).unwrap()).tick;
            assert!(told >= tick && told <= 100_000);
            assert!(told == tick || tick < 67_233);
        }
        assert_eq!(frame.pack(Signature::from_bits(1), 100_001), None);
    }
}
