//! A dump of a store, written entry by entry: for what has no store, as who converts other files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::columns::Due;
use super::disk::System;
use super::duplicates;
use super::error::DumpError;
use super::format::NEVER;
use super::hash::hash_of_bytes;
use super::types::Types;
use super::writer::{Pending, Progress, Writer};
use crate::clock::wall;

/// Writes a dump of a [`Store`](crate::Store) entry by entry, without a store.
///
/// What becomes of the file is as with [`Store::dump`](crate::Store::dump): it is written beside `path` and put into its place by [`finish`](Self::finish), as a whole. Dropped before
/// that, it leaves nothing, and the old file was not touched.
///
/// Takes some MiB of memory and 24 for the index, and an entry if that is larger.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("purekv-doc-writer-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("sessions.dump");
/// use purekv::{StoreDumpWriter, StoreSnapshot};
///
/// let mut dump = StoreDumpWriter::create(&path)?;
/// dump.write(b"session:7", b"alice", None)?;
/// assert_eq!(dump.finish()?.entries, 1);
///
/// assert_eq!(StoreSnapshot::open(&path)?.get(b"session:7")?, Some(&b"alice"[..]));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, it leaves nothing"]
pub struct StoreDumpWriter {
    path: PathBuf,
    /// None: something has failed that cannot be made good.
    writer: Option<Writer<'static, System>>,
    pending: Pending,
}

/// An instant as files have it.
fn nanos(instant: Option<SystemTime>) -> u64 {
    let Some(instant) = instant else { return NEVER };
    let since = instant.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(NEVER).min(NEVER - 1)
}

impl StoreDumpWriter {
    /// Begins a dump to `path`. **Blocks** on the disk.
    ///
    /// # Errors
    ///
    /// [`DumpError::Busy`]: another dump to `path` is under way. Otherwise what the system says.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, DumpError> {
        let path = path.as_ref().to_owned();
        let writer = Writer::begin(&System, &path, Types::of_store(), wall(), true)?;
        Ok(Self { path, writer: Some(writer), pending: Pending::new() })
    }

    /// Adds an entry that is absent from `expires_at` on; None: it stays. An instant that has passed is taken as any other: the entry is in the file, and whoever
    /// reads that finds it due. Those before 1970 count as its beginning, those beyond July 2554 as the last nanosecond that a file can name.
    ///
    /// **Blocks** on the disk once a MiB; O(bytes).
    ///
    /// # Errors
    ///
    /// [`DumpError::TooLarge`]: key and value take more than 1 GiB; the entry is left out, and the dump can go on. After any other error it cannot: what comes then is [`DumpError::Stopped`].
    pub fn write(
        &mut self,
        key: &[u8],
        value: &[u8],
        expires_at: Option<SystemTime>,
    ) -> Result<(), DumpError> {
        self.put(key, value, Due { deadline: nanos(expires_at), last: None })
    }

    /// As [`write`](Self::write), with a deadline that no use of the entry puts off, as in a store with a time-to-idle: `expires_at` is when it is due if nobody asks for it.
    /// One that is later than `expires_at_latest` counts as that.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_idle(
        &mut self,
        key: &[u8],
        value: &[u8],
        expires_at: Option<SystemTime>,
        expires_at_latest: Option<SystemTime>,
    ) -> Result<(), DumpError> {
        let last = nanos(expires_at_latest);
        let deadline = nanos(expires_at).min(last);
        // If both are one, the first says it all.
        let last = Some(last).filter(|&last| last != deadline);
        self.put(key, value, Due { deadline, last })
    }

    /// Compresses what comes from here on: see [`DumpOptions::compress`](crate::DumpOptions::compress).
    ///
    /// # Errors
    ///
    /// If there is no memory for it; [`DumpError::Stopped`]: it had failed before.
    #[cfg(feature = "dump-zstd")]
    pub fn compress(&mut self, level: i32) -> Result<(), DumpError> {
        if self.writer.is_none() {
            return Err(self.stopped());
        }
        self.pending.pack(level, &self.path)
    }

    fn put(&mut self, key: &[u8], value: &[u8], due: Due) -> Result<(), DumpError> {
        let Some(writer) = self.writer.take() else { return Err(self.stopped()) };
        let section = self.pending.room_for(Some(key.len().saturating_add(value.len())));
        let pushed = section.push(hash_of_bytes(key), key, value, due);
        if self.pending.is_due() {
            writer.write_full(&mut self.pending)?;
        }
        self.writer = Some(writer);
        pushed.map_err(|refused| refused.into_error(&self.path))
    }

    fn stopped(&self) -> DumpError {
        DumpError::Stopped { path: self.path.clone() }
    }

    /// What was written to the file so far; entries may be on their way that are not counted yet. O(1).
    pub fn progress(&self) -> Progress {
        self.writer.as_ref().map(Writer::progress).unwrap_or_default()
    }

    /// Writes what is left, and puts the dump in its place; how many entries, and how many bytes. **Blocks** on the disk, the fsync included; O(entries).
    ///
    /// # Errors
    ///
    /// [`DumpError::Duplicate`]: two entries have the same key. [`DumpError::Stopped`]: it had failed before. Otherwise what the system says. In each case nothing is left
    /// of it and the old file was not touched, but if all that failed is to bring the new one's *name* to the disk, it is there.
    pub fn finish(self) -> Result<Progress, DumpError> {
        let Some(writer) = self.writer else { return Err(DumpError::Stopped { path: self.path }) };
        writer.write_rest(self.pending)?;
        writer.finish_if(None, |file| duplicates::check(file, &self.path))
    }
}

impl fmt::Debug for StoreDumpWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreDumpWriter").field("path", &self.path).finish_non_exhaustive()
    }
}
