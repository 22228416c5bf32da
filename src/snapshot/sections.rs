//! Sections of entries of an open dump: verified when they are first touched, and unpacked if they were packed.
//!
//! One that lies in the file as it is, is read there. One that is packed is unpacked into memory of its own, which is kept as long as the dump is open if there are to be references to
//! it ([`Opened::section`]), or used again for the next one ([`Opened::section_in`]).

use super::archive::View;
use super::error::DumpError;
use super::opened::{Opened, part};
use super::pack::Scratch;
use super::tables::{SECTION_ENTRIES, Section};
use crate::sync::{OnceLock, Ordering};

impl Opened {
    /// A section of entries; None: it holds something else. Verified on first touch, when `check` is asked, too, about it.
    ///
    /// If it is packed, it is unpacked then, and kept.
    pub(super) fn section(
        &self,
        number: usize,
        check: impl FnOnce(View<'_>, u64) -> Result<(), DumpError>,
    ) -> Result<Option<View<'_>>, DumpError> {
        let Some(section) = self.line(number)? else { return Ok(None) };
        if !section.is_packed() {
            return self.plain(number, section, check).map(Some);
        }
        let Some(place) = self.unpacked.get(number) else { return Ok(None) };
        if place.get().is_none() {
            let mut scratch = Scratch::default();
            self.unpack(&section, &mut scratch, check)?;
            // Another thread may have been faster: what it has put there is as good. Nobody waits for the other's work.
            let _ = place.set(scratch.bytes);
        }
        let Some(bytes) = place.get() else { return Ok(None) };
        // SAFETY: they were checked before they were put there, and stay where they are.
        Ok(Some(unsafe { View::again(bytes, section.entries) }))
    }

    /// As [`section`](Self::section); one that is packed and was not kept is unpacked into `scratch`, and checked each time.
    pub(super) fn section_in<'m>(
        &'m self,
        number: usize,
        scratch: &'m mut Scratch,
        check: impl FnOnce(View<'_>, u64) -> Result<(), DumpError>,
    ) -> Result<Option<View<'m>>, DumpError> {
        match self.line(number)? {
            Some(section) if section.is_packed() => {
                match self.unpacked.get(number).and_then(OnceLock::get) {
                    // SAFETY: as in `section`.
                    Some(bytes) => Ok(Some(unsafe { View::again(bytes, section.entries) })),
                    None => self.unpack(&section, scratch, check).map(Some),
                }
            }
            _ => self.section(number, check),
        }
    }

    /// Whether a section of entries is whole, but for what only types can tell: so nothing of that is remembered.
    pub(super) fn verify_untyped(
        &self,
        number: usize,
        scratch: &mut Scratch,
    ) -> Result<(), DumpError> {
        let Some(section) = self.line(number)? else { return Ok(()) };
        if section.is_packed() {
            return self.unpack(&section, scratch, |_, _| Ok(())).map(drop);
        }
        let Section { offset, len, entries, checksum, .. } = section;
        self.view(self.whole("section", offset, len, checksum)?, offset, entries).map(drop)
    }

    /// Unpacks a section, and checks it before and after.
    fn unpack<'m>(
        &self,
        section: &Section,
        scratch: &'m mut Scratch,
        check: impl FnOnce(View<'_>, u64) -> Result<(), DumpError>,
    ) -> Result<View<'m>, DumpError> {
        self.check_packed()?;
        let &Section { offset, len, entries, checksum, .. } = section;
        let packed = self.whole("section", offset, len, checksum)?;
        scratch
            .unpack(packed)
            .map_err(|flaw| DumpError::flaw(self.path(), "section", offset, flaw))?;
        let view = self.view(&scratch.bytes, offset, entries)?;
        check(view, offset)?;
        Ok(view)
    }

    fn view<'m>(&self, bytes: &'m [u8], offset: u64, entries: u32) -> Result<View<'m>, DumpError> {
        View::check(bytes, entries)
            .map_err(|found| DumpError::format(self.path(), offset, "a section of entries", found))
    }

    /// A section's line; None: it holds something else than entries.
    fn line(&self, number: usize) -> Result<Option<Section>, DumpError> {
        match self.tables().section(number) {
            Some(section) => Ok(Some(section).filter(|it| it.kind == SECTION_ENTRIES)),
            None => {
                let expected = format!("fewer than {} sections", self.sections());
                let offset = self.footer.index_offset;
                Err(DumpError::format(self.path(), offset, expected, number))
            }
        }
    }

    /// A section that lies in the file as it is.
    fn plain(
        &self,
        number: usize,
        section: Section,
        check: impl FnOnce(View<'_>, u64) -> Result<(), DumpError>,
    ) -> Result<View<'_>, DumpError> {
        let Section { offset, len, entries, checksum, .. } = section;
        let good = self.good_sections.get(number);
        // Relaxed: it publishes nothing, for the bytes are the file's.
        if good.is_some_and(|good| good.load(Ordering::Relaxed))
            && let Some(bytes) = part(self.map.bytes(), offset, len)
        {
            // SAFETY: `good` says that this section was checked, and the file does not change.
            return Ok(unsafe { View::again(bytes, entries) });
        }
        let view = self.view(self.whole("section", offset, len, checksum)?, offset, entries)?;
        check(view, offset)?;
        if let Some(good) = good {
            // Relaxed: as above.
            good.store(true, Ordering::Relaxed);
        }
        Ok(view)
    }
}
