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

/// Stamps are modulo this.
pub(super) const STAMPS: u64 = 1 << STAMP_BITS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) signature: Signature,
    pub(crate) serial: Serial,
    pub(super) stamp: u64,
}

impl Record {
    pub(super) fn pack(self) -> NonZeroU64 {
        let serial = self.serial.bits() << STAMP_BITS;
        let stamp = self.stamp % STAMPS;
        let word = self.signature.bits() << SIGNATURE_SHIFT | serial | stamp;
        // For the compiler: no serial is 0.
        NonZeroU64::new(word).unwrap_or(NonZeroU64::MIN)
    }

    pub(super) fn unpack(word: u64) -> Self {
        Self {
            signature: Signature::from_bits(word >> SIGNATURE_SHIFT),
            serial: Serial::from_bits(word >> STAMP_BITS & ((1 << SERIAL_BITS) - 1)),
            stamp: word % STAMPS,
        }
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_gives_back_what_went_in() {
        for number in 0..100_u64 {
            for bits in [0, 1, number << 40, (1 << Signature::BITS) - 1] {
                let record = Record {
                    signature: Signature::from_bits(bits),
                    serial: Serial::new(number),
                    stamp: number * 31 % STAMPS,
                };
                assert_eq!(Record::unpack(record.pack().get()), record);
                assert_ne!(record.pack(), NonZeroU64::MAX);
            }
        }
    }
}
