//! Sections that are compressed: packed one by one when they are written, unpacked one by one when they are touched.
//!
//! ```text
//! ┌────────────────────────┬────────────┐
//! │ length unpacked: 8     │ zstd frame │
//! └────────────────────────┴────────────┘
//! ```
//!
//! What is unpacked is a section as it would be without that. One that would not become smaller by an eighth stays as it is: whoever reads it has it
//! where it lies.
//!
//! A file that was made to do harm may say anything here, with the right checksum. So before a byte is asked for, three numbers are compared: the length with the most that a
//! section may have, with what the frame itself says, and with the most that so few bytes can unpack to.

#[cfg(feature = "dump-zstd")]
use std::io;

use super::columns::{Bytes, Padded};
#[cfg(feature = "dump-zstd")]
use super::columns::{ENTRY_LIMIT, SLOTS};
#[cfg(feature = "dump-zstd")]
use super::format::ALIGN;
use super::format::Flaw;
#[cfg(feature = "dump-zstd")]
use super::writer::SECTION_BYTES;

/// Whether this program can pack and unpack.
pub(super) const CAN: bool = cfg!(feature = "dump-zstd");

/// What a section may take unpacked: a full payload, one entry more, and columns.
#[cfg(feature = "dump-zstd")]
const UNPACKED_LIMIT: usize = ENTRY_LIMIT + (4 << 20);
#[cfg(feature = "dump-zstd")]
const _: () = assert!(SECTION_BYTES + SLOTS * (4 + 4 + 8 + 8) < (4 << 20) - 1024);

/// What a block of a frame, which has at least so many bytes, unpacks to at most.
#[cfg(feature = "dump-zstd")]
const BLOCK: (u64, u64) = (4, 128 << 10);

#[cfg(feature = "dump-zstd")]
const LENGTH: usize = size_of::<u64>();

/// Packs sections.
pub(super) struct Packer {
    #[cfg(feature = "dump-zstd")]
    compressor: zstd::bulk::Compressor<'static>,
    #[cfg(feature = "dump-zstd")]
    packed: Vec<u8>,
    #[cfg(not(feature = "dump-zstd"))]
    never: std::convert::Infallible,
}

#[cfg(feature = "dump-zstd")]
impl Packer {
    /// At this level of zstd's, or the nearest that there is.
    pub(super) fn new(level: i32) -> io::Result<Self> {
        let levels = zstd::compression_level_range();
        let level = level.clamp(1, *levels.end());
        Ok(Self { compressor: zstd::bulk::Compressor::new(level)?, packed: Vec::new() })
    }

    /// The section packed; None: that is not worth it.
    pub(super) fn pack(&mut self, section: &[u8]) -> Option<Padded<'_>> {
        let worth = section.len() - section.len() / 8;
        // What an unusual section took is not kept for the others.
        if self.packed.len() > (4 * SECTION_BYTES).max(worth) {
            self.packed = Vec::new();
        }
        let room = worth.next_multiple_of(ALIGN as usize);
        if self.packed.len() < room {
            self.packed.resize(room, 0);
        }
        let (length, frame) = self.packed[..worth].split_at_mut_checked(LENGTH)?;
        length.copy_from_slice(&(section.len() as u64).to_le_bytes());
        // An error: there is no room for it here.
        let len = self.compressor.compress_to_buffer(section, frame).ok()?;
        let len = LENGTH + len;
        let padded = len.next_multiple_of(ALIGN as usize);
        self.packed[len..padded].fill(0);
        Some(Padded { bytes: &self.packed[..padded], len: len as u64 })
    }
}

#[cfg(not(feature = "dump-zstd"))]
impl Packer {
    pub(super) fn pack(&mut self, _: &[u8]) -> Option<Padded<'_>> {
        match self.never {}
    }
}

/// What is needed to unpack a section, and the section: used again for the next one.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(super) bytes: Bytes,
    #[cfg(feature = "dump-zstd")]
    decompressor: zstd::bulk::Decompressor<'static>,
}

#[cfg(feature = "dump-zstd")]
impl Scratch {
    /// Unpacks a section into `bytes`. Offsets of flaws are into the section as it is in the file.
    pub(super) fn unpack(&mut self, packed: &[u8]) -> Result<(), Flaw> {
        use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};

        let Some((length, frame)) = packed.split_first_chunk::<LENGTH>() else {
            return Err(Flaw::value(0, "a length", format!("{} bytes", packed.len())));
        };
        let length = u64::from_le_bytes(*length);
        let (least, most) = BLOCK;
        let most = (frame.len() as u64 / least).saturating_mul(most).min(UNPACKED_LIMIT as u64);
        if length > most {
            let expected = format!("a section of at most {most} bytes");
            return Err(Flaw::value(0, expected, length));
        }
        let in_frame = |expected: String, found: String| Err(Flaw::value(8, expected, found));
        match get_frame_content_size(frame) {
            Ok(Some(content)) if content == length => {}
            other => return in_frame(format!("a frame of {length} bytes"), format!("{other:?}")),
        }
        match find_frame_compressed_size(frame) {
            Ok(len) if len == frame.len() => {}
            Ok(len) => {
                return in_frame(format!("one frame in {} bytes", frame.len()), format!("{len}"));
            }
            Err(code) => return in_frame("a frame".to_owned(), reason(code)),
        }
        // The last one may have been unusually large.
        if self.bytes.capacity() > (4 * SECTION_BYTES).max(length as usize) {
            self.bytes = Bytes::new();
        }
        self.bytes.clear();
        // It may be kept, and would be up to twice as large otherwise.
        self.bytes.reserve_exact(length as usize);
        self.bytes.resize(length as usize, 0);
        match self.decompressor.decompress_to_buffer(frame, &mut self.bytes[..]) {
            Ok(len) if len as u64 == length => Ok(()),
            Ok(len) => in_frame(format!("a frame of {length} bytes"), format!("{len}")),
            Err(error) => in_frame("a frame".to_owned(), error.to_string()),
        }
    }
}

/// What zstd says.
#[cfg(feature = "dump-zstd")]
fn reason(code: usize) -> String {
    zstd::zstd_safe::get_error_name(code).to_owned()
}

#[cfg(not(feature = "dump-zstd"))]
impl Scratch {
    pub(super) fn unpack(&mut self, _: &[u8]) -> Result<(), Flaw> {
        Err(Flaw::value(0, "a section that is not compressed", "one that is"))
    }
}

#[cfg(all(test, feature = "dump-zstd"))]
mod tests {
    use super::*;

    fn packed(section: &[u8]) -> Option<Vec<u8>> {
        let mut packer = Packer::new(3).unwrap();
        packer.pack(section).map(|packed| unpadded(packed).to_vec())
    }

    fn unpadded(packed: Padded<'_>) -> &[u8] {
        assert!(packed.bytes.len().is_multiple_of(ALIGN as usize));
        let (packed, padding) = packed.bytes.split_at(packed.len as usize);
        assert!(padding.iter().all(|&byte| byte == 0));
        packed
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let (mut packer, mut scratch) = (Packer::new(1).unwrap(), Scratch::default());
        for len in [64, 1000, 12 << 20, 1 << 20, 100] {
            let section: Vec<u8> = (0..len).map(|at: u32| (at / 17) as u8).collect();
            let packed = unpadded(packer.pack(&section).unwrap());
            assert!(packed.len() <= section.len() * 7 / 8);
            scratch.unpack(packed).unwrap();
            assert!(*scratch.bytes == section[..]);
        }
        assert!(scratch.bytes.capacity() < 4 << 20 && packer.packed.capacity() < 4 << 20);
    }

    #[test]
    fn what_does_not_become_smaller_is_left_as_it_is() {
        for len in 0..64 {
            assert_eq!(
                packed(&(0..len).map(|at: u8| at.wrapping_mul(37)).collect::<Vec<u8>>()),
                None
            );
        }
        assert_eq!(packed(&[]), None);
    }

    #[test]
    fn no_number_is_believed() {
        let (section, mut scratch) = ([7; 1000], Scratch::default());
        let packed = packed(&section).unwrap();
        let mut flaw = |bytes: &[u8]| {
            let flaw = scratch.unpack(bytes).unwrap_err();
            assert!(scratch.bytes.capacity() < 1 << 20, "{flaw:?}");
            format!("{flaw:?}")
        };
        for length in [0, 999, 1001, 1 << 17, 1 << 30, u64::MAX] {
            let mut lie = packed.clone();
            lie[..8].copy_from_slice(&length.to_le_bytes());
            flaw(&lie);
        }
        for len in 0..packed.len() {
            flaw(&packed[..len]);
        }
        let frame = &packed[8..];
        assert!(flaw(&[&packed[..], &[0]].concat()).contains("one frame in"));
        assert!(flaw(&[&packed[..], frame].concat()).contains("one frame in"));
        // A frame that says nothing of its length, as streams have it.
        let streamed = zstd::encode_all(&section[..], 3).unwrap();
        assert!(flaw(&[&packed[..8], &streamed[..]].concat()).contains("None"));
        // A bomb: a GiB of zeros in a few bytes, which the frame itself admits to.
        let mut bomb = (1_u64 << 30).to_le_bytes().to_vec();
        bomb.extend([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 0x01, 0, 0]);
        assert!(flaw(&bomb).contains("at most"), "{}", flaw(&bomb));
    }
}
