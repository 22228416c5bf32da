//! A record of a queue: one word, which names an entry and keeps nothing of it.
//!
//! ```text
//!  63                          16 15      11 10         0
//! ┌──────────────────────────────┬──────────┬────────────┐
//! │ signature: 48                │ serial: 5│ stamp: 11  │     never 0, and never all ones, for no serial is
//! └──────────────────────────────┴──────────┴────────────┘
//! ```
//!
//! The stamp is the time, by small's clock, at which an entry of main came there, in 64ths of the capacity or up to twice as much.

use std::num::NonZeroU64;

use super::mark::Serial;
use crate::hash::Signature;

const STAMP_BITS: u32 = 11;
const SERIAL_BITS: u32 = 5;
const SIGNATURE_SHIFT: u32 = STAMP_BITS + SERIAL_BITS;

const _: () = assert!(Signature::BITS + SIGNATURE_SHIFT == u64::BITS);

const SERIAL: u64 = (1 << SERIAL_BITS) - 1;

/// Stamps are modulo this.
pub(super) const STAMPS: u64 = 1 << STAMP_BITS;

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record(NonZeroU64);

impl Record {
    pub(super) fn new(signature: Signature, serial: Serial, stamp: u64) -> Self {
        let word = signature.bits() << SIGNATURE_SHIFT;
        Self::from_parts(word | (stamp % STAMPS), serial)
    }

    /// With another serial.
    pub(super) fn with_serial(self, serial: Serial) -> Self {
        Self::from_parts(self.0.get() & !(SERIAL << STAMP_BITS), serial)
    }

    /// From a word without a serial.
    fn from_parts(rest: u64, serial: Serial) -> Self {
        // For the compiler: no serial is 0.
        Self(NonZeroU64::new(rest | serial.bits() << STAMP_BITS).unwrap_or(NonZeroU64::MIN))
    }

    /// From what [`pack`](Self::pack) gave.
    pub(super) fn unpack(word: NonZeroU64) -> Self {
        Self(word)
    }

    pub(super) fn pack(self) -> NonZeroU64 {
        self.0
    }

    pub(crate) fn signature(self) -> Signature {
        Signature::from_bits(self.0.get() >> SIGNATURE_SHIFT)
    }

    pub(crate) fn serial(self) -> Serial {
        Serial::from_bits(self.0.get() >> STAMP_BITS & SERIAL)
    }

    pub(super) fn stamp(self) -> u64 {
        self.0.get() % STAMPS
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_gives_back_what_went_in() {
        for number in 0..100_u64 {
            for bits in [0, 1, number << 40, (1 << Signature::BITS) - 1] {
                let (signature, serial) = (Signature::from_bits(bits), Serial::new(number));
                let stamp = number * 31 % STAMPS;
                let record = Record::new(signature, serial, stamp);
                assert_eq!(Record::unpack(record.pack()), record);
                assert_eq!((record.signature(), record.serial()), (signature, serial));
                assert_eq!(record.stamp(), stamp);
                let moved = record.with_serial(serial.next());
                assert_eq!(moved, Record::new(signature, serial.next(), stamp));
                assert_ne!(record.pack(), NonZeroU64::MAX);
            }
        }
    }
}
