//! Hashes that mean the same on every machine and in every run: of keys, for the index, and of parts of a file, as checksums.
//!
//! XXH3 for both. As a checksum it was chosen over crc32c: it is at home in memory bandwidth on any processor, without an
//! instruction that has to be looked for at run time; 64 bits leave a damaged part one chance in 2^64 to pass; and it is
//! one dependency for two needs. That crc32c would find every burst of up to 32 bits for certain, and this only almost
//! certainly, is of no use to sections of a MiB.

use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// Of a part of a file.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

/// Of a key of a store.
#[inline]
pub(crate) fn hash_of_bytes(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// Of a key of a cache: what its `Hash` says, in little-endian, `usize` as 64 bits.
///
/// As stable as that `Hash` is: derived ones change when fields or variants are moved. `std` promises nothing about those of its own types;
/// that they change is noticed when a dump is read (`DumpError::KeyHash`).
pub(crate) fn hash_of<Q: Hash + ?Sized>(key: &Q) -> u64 {
    let mut hasher = StableHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Keys up to this length are hashed at one blow.
const SHORT: usize = 64;

struct StableHasher {
    short: [u8; SHORT],
    len: usize,
    /// Once there was more than fits: all of it.
    long: Option<Box<Xxh3Default>>,
}

impl StableHasher {
    fn new() -> Self {
        Self { short: [0; SHORT], len: 0, long: None }
    }
}

impl Hasher for StableHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        if self.long.is_none()
            && let Some(room) = self.short[self.len..].get_mut(..bytes.len())
        {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
            return;
        }
        let start = &self.short[..self.len];
        let long = self.long.get_or_insert_with(|| {
            let mut long = Box::new(Xxh3Default::new());
            long.update(start);
            long
        });
        long.update(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_i16(&mut self, number: i16) {
        self.write(&number.to_le_bytes());
    }

    fn write_i32(&mut self, number: i32) {
        self.write(&number.to_le_bytes());
    }

    fn write_i64(&mut self, number: i64) {
        self.write(&number.to_le_bytes());
    }

    fn write_i128(&mut self, number: i128) {
        self.write(&number.to_le_bytes());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(number as i64);
    }

    fn finish(&self) -> u64 {
        match &self.long {
            Some(long) => long.digest(),
            None => xxh3_64(&self.short[..self.len]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_in_pieces_or_at_once_is_the_same() {
        let text: Vec<u8> = (0..1000_u32).map(|number| number as u8).collect();
        for len in [0, 1, 8, 63, 64, 65, 200, 1000] {
            for piece in [1, 7, 64, 65] {
                let mut hasher = StableHasher::new();
                text[..len].chunks(piece).for_each(|piece| hasher.write(piece));
                assert_eq!(hasher.finish(), xxh3_64(&text[..len]), "{len} by {piece}");
            }
        }
    }

    /// They are in files: they may never change.
    #[test]
    fn hashes_are_what_they_have_always_been() {
        assert_eq!(hash_of_bytes(b""), 0x2d06_8005_38d3_94c2);
        assert_eq!(hash_of(&7_u64), xxh3_64(&[7, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(hash_of(&7_usize), hash_of(&7_u64));
        assert_eq!(hash_of("key"), xxh3_64(b"key\xff"));
        assert_eq!(hash_of(&"key".to_string()), hash_of("key"));
    }
}
