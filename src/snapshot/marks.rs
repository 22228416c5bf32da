//! Sections that may be passed over: what a cache's eviction policy knew, of the entries of a section and of all.
//!
//! ```text
//! ┌─────────────────────┬────────────────────┬───┬─────────────────────┬────────────────────┬────────┐
//! │ section of entries  │ its marks          │ … │ section of entries  │ its marks          │ learnt │
//! │ ~ 1 MiB             │ 4 bits an entry    │   │                     │                    │ 16     │
//! └─────────────────────┴────────────────────┴───┴─────────────────────┴────────────────────┴────────┘
//! ```
//!
//! Marks follow the entries that they are of, so that who writes has to keep no more than those of one section, and who reads finds those of any
//! entry in O(1). Of what they mean nothing is known here: four bits, of which 0 is the same as none. A cache without a policy writes neither.
//!
//! They are hints. A damaged section is an error like any; one that is whole but does not fit its entries is as if it were not there.

use super::columns::Padded;
use super::error::DumpError;
use super::format::pad;
use super::index::Location;
use super::opened::Opened;
use super::tables::{SECTION_ENTRIES, SECTION_LEARNT, SECTION_MARKS, Section};

/// What a policy has learnt, in the making.
pub(crate) type Learnt = [u8; 16];

/// Marks of a section in the making.
#[derive(Default)]
pub(super) struct MarksBuilder(Vec<u8>);

impl MarksBuilder {
    /// Marks the entry in a slot: four bits.
    pub(super) fn set(&mut self, slot: usize, mark: u8) {
        // Where all is 0 nothing is written.
        if mark != 0 {
            self.0.resize(self.0.len().max(slot / 2 + 1), 0);
            self.0[slot / 2] |= (mark & 0xf) << (slot % 2 * 4);
        }
    }

    /// The section of marks for so many entries; None: there is nothing to say.
    pub(super) fn finish(&mut self, entries: usize) -> Option<Padded<'_>> {
        if self.0.is_empty() {
            return None;
        }
        let len = entries.div_ceil(2);
        self.0.resize(len, 0);
        pad(&mut self.0);
        Some(Padded { bytes: &self.0, len: len as u64 })
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The marks of a section's entries, which may be none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks<'m>(&'m [u8]);

impl<'m> Marks<'m> {
    pub(crate) fn of(self, slot: usize) -> u8 {
        self.0.get(slot / 2).map_or(0, |pair| pair >> (slot % 2 * 4) & 0xf)
    }

    /// Those of all slots, without end.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> + 'm {
        (0..).map(move |slot| self.of(slot))
    }
}

/// Whether `marks` are those of `entries`.
fn are_of(marks: &Section, entries: &Section) -> bool {
    let kinds = (entries.kind, marks.kind, marks.flags);
    kinds == (SECTION_ENTRIES, SECTION_MARKS, 0)
        && marks.entries == entries.entries
        && marks.len == u64::from(marks.entries.div_ceil(2))
}

impl Opened {
    /// The marks of a section of entries. Verified on first touch.
    pub(super) fn marks(&self, number: usize) -> Result<Marks<'_>, DumpError> {
        let Some(next) = number.checked_add(1) else { return Ok(Marks::default()) };
        match (self.tables().section(number), self.tables().section(next)) {
            (Some(entries), Some(marks)) if are_of(&marks, &entries) => {
                Ok(Marks(self.known(next, marks)?))
            }
            _ => Ok(Marks::default()),
        }
    }

    /// The mark of the entry at this place.
    pub(super) fn mark(&self, place: Location) -> Result<u8, DumpError> {
        Ok(self.marks(place.section as usize)?.of(place.slot as usize))
    }

    /// What the policy had learnt, if it says so. The last section says it: O(1); but looks at the tables of all if it does not.
    pub(super) fn learnt(&self) -> Result<Option<&[u8]>, DumpError> {
        let sections = (0..self.sections()).rev();
        let mut lines =
            sections.filter_map(|number| Some((number, self.tables().section(number)?)));
        let own = lines.find(|(_, line)| (line.kind, line.flags) == (SECTION_LEARNT, 0));
        own.map(|(number, line)| self.known(number, line)).transpose()
    }

    /// A section of a kind that is its bytes.
    fn known(&self, number: usize, line: Section) -> Result<&[u8], DumpError> {
        let good = &self.good_sections[number];
        self.verified(good, "section", line.offset, line.len, line.checksum)
    }

    /// Verifies a section of something else than entries: that it is whole.
    pub(super) fn verify_other(&self, number: usize) -> Result<(), DumpError> {
        match self.tables().section(number) {
            Some(line) if line.kind != SECTION_ENTRIES => {
                self.whole("section", line.offset, line.len, line.checksum).map(drop)
            }
            _ => Ok(()),
        }
    }
}
