//! What can go wrong with a dump file.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::format::{Flaw, VERSION};

/// What rkyv says. Its own `Error` says nothing in a release build.
pub(super) type ArchiveError = rkyv::rancor::BoxedError;

/// Why a dump was not written, or cannot be read. Each one reads as a single line.
///
/// Offsets are bytes from the beginning of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// The system said no, for a reason that has no variant of its own.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file, or its folder.
        path: PathBuf,
        /// What was to be done, as in "cannot open".
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full, or the user's share of it.
    #[error("{}: cannot {action}: no room: {source}", path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// What was to be done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Not allowed: a read-only folder, or a file of somebody else's.
    #[error("{}: cannot {action}: not allowed: {source}", path.display())]
    Permission {
        /// The file, or its folder.
        path: PathBuf,
        /// What was to be done.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another dump to this path is under way, in this process or another one.
    #[error("{}: another dump to this file is under way", path.display())]
    Busy {
        /// Where the dump was to go.
        path: PathBuf,
    },
    /// The dump was given up: whoever wanted it did not wait for it (see [`PeriodicDump`](crate::PeriodicDump)), or a part of it could not be written (see
    /// [`StoreDumpWriter`](crate::StoreDumpWriter)).
    #[error("{}: the dump was given up", path.display())]
    Stopped {
        /// Where the dump was to go.
        path: PathBuf,
    },
    /// Code of the cache's user panicked while it archived a key or value.
    #[error("{}: a panic while an entry was archived", path.display())]
    Panicked {
        /// Where the dump was to go.
        path: PathBuf,
    },
    /// The path has no file name, or names a folder or a device.
    #[error("{}: not a path of a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// One entry is larger than a dump can hold.
    #[error("{}: an entry of {bytes} bytes or more; at most {limit} can be dumped", path.display())]
    TooLarge {
        /// Where the dump was to go.
        path: PathBuf,
        /// What key and value take, or the part of it that was seen.
        bytes: u64,
        /// What they may take.
        limit: u64,
    },
    /// Two entries have the same key: only of entries that come from no cache, see [`StoreDumpWriter`](crate::StoreDumpWriter).
    #[error("{}: the key {} twice: entries {first} and {again}, counted from 0", path.display(), excerpt(key))]
    Duplicate {
        /// Where the dump was to go.
        path: PathBuf,
        /// The key.
        key: Vec<u8>,
        /// How many entries were written before the first of both.
        first: u64,
        /// How many before the second.
        again: u64,
    },
    /// More entries than a dump can hold: it would be of some 16 TiB.
    #[error("{}: more than {limit} sections", path.display())]
    TooMany {
        /// Where the dump was to go.
        path: PathBuf,
        /// How many sections it may have.
        limit: usize,
    },
    /// A key or value cannot be archived, or could not be read again: it is nested too deep, or its type's archive has a bug.
    #[error("{}: an entry cannot be archived: {reason}", path.display())]
    Archive {
        /// Where the dump was to go.
        path: PathBuf,
        /// What rkyv says.
        reason: String,
    },
    /// The file is something else.
    #[error("{}: not a dump: it begins with {found:02x?}", path.display())]
    NotADump {
        /// The file.
        path: PathBuf,
        /// Its first bytes, as many as a dump's magic has.
        found: Vec<u8>,
    },
    /// A dump of another version of the format.
    #[error("{}: a dump of format version {found}; this is read: {expected}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that can be read.
        expected: u32,
        /// The version that it is of.
        found: u32,
    },
    /// It is compressed, and this program was built without the feature `dump-zstd`.
    #[error("{}: compressed, and this program was built without purekv's feature dump-zstd", path.display())]
    Compressed {
        /// The file.
        path: PathBuf,
    },
    /// The file ends too early: it has no footer at its end.
    #[error("{}: truncated: no footer at the end of {found} bytes, expected {expected}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How many bytes there should be: at least so many, where the file does not say.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A part of the file is not what was written.
    #[error("{}: {part} at {offset}: checksum {expected:016x} expected, {found:016x} found", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Which part: "head", "footer", "tables", "section", "index block".
        part: &'static str,
        /// Where it begins.
        offset: u64,
        /// What the file says that it is.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// The checksums are right, and what they cover is not what the format says: not written by this library.
    #[error("{}: at {offset}: {expected} expected, {found} found", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What the format wants there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A dump of other types of keys or values, or of the other kind: a `Store`'s for a `Cache`, or the reverse.
    #[error("{}: a dump of {found}, opened as {expected}", path.display())]
    Types {
        /// The file.
        path: PathBuf,
        /// The types that it is opened as.
        expected: String,
        /// The types that it was made of.
        found: String,
    },
    /// The dump was made with rkyv's archives laid out in another way: another part of the program has switched on one of rkyv's
    /// format features, or had it on then.
    #[error("{}: archives of layout {found}, this program's have {expected}", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What this program's rkyv does.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The `Hash` of the keys is not what it was when the dump was made, so nothing can be looked up in it. It can still be loaded
    /// and iterated over.
    #[error("{}: the key at {offset} hashes to {found:016x} and is not in the index under that", path.display())]
    KeyHash {
        /// The file.
        path: PathBuf,
        /// Where its entry's section begins.
        offset: u64,
        /// What it hashes to now.
        found: u64,
    },
}

/// Bytes for people, on one line.
fn excerpt(bytes: &[u8]) -> String {
    const MOST: usize = 64;
    let text = format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]));
    if bytes.len() > MOST { format!("{text}…") } else { text }
}

impl DumpError {
    /// What the system said, by what it means.
    pub(super) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Self::NoRoom { path, action, source }
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { path, action, source }
            }
            _ => Self::Io { path, action, source },
        }
    }

    /// A flaw of a part that begins at `offset`.
    pub(super) fn flaw(path: &Path, part: &'static str, offset: u64, flaw: Flaw) -> Self {
        let path = path.to_owned();
        match flaw {
            Flaw::NotADump { found } => Self::NotADump { path, found: found.to_vec() },
            Flaw::Version { found } => Self::Version { path, expected: VERSION, found },
            Flaw::Checksum { expected, found } => {
                Self::Checksum { path, part, offset, expected, found }
            }
            Flaw::Value { at, expected, found } => {
                let found = format!("{found} ({part})");
                Self::Format { path, offset: offset.saturating_add(at), expected, found }
            }
        }
    }

    pub(super) fn format(
        path: &Path,
        offset: u64,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self::Format { path: path.to_owned(), offset, expected, found }
    }
}
