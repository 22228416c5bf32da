//! A file in memory.

use std::fs::{File, OpenOptions};
use std::path::Path;

use memmap2::Mmap;

use super::error::DumpError;

/// The bytes of a file, read from the disk as they are looked at.
///
/// # What may happen to the file meanwhile
///
/// This crate never writes to a dump that has its name: it is replaced as a whole, by renaming, and what is mapped here
/// stays what it was until the last one lets go of it, whether it still has a name or not. Somebody else who *changes the file in place* breaks that, and
/// no program can guard itself against it: bytes change under references that say they do not; and if the file is *truncated*, touching a page behind its new end
/// raises SIGBUS, which ends the process. (`cp` onto a dump in use does that. `mv` does not.) A shared advisory lock is
/// held for those who ask before they write, and the length of the file is compared with the map's when it is opened. A page that the disk
/// cannot read is SIGBUS, too.
pub(super) struct Map {
    map: Option<Mmap>,
    /// Holds the lock.
    _file: File,
}

impl Map {
    pub(super) fn open(path: &Path) -> Result<Self, DumpError> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;

            // To be told that it is a pipe, and not to wait for somebody to write to it.
            options.custom_flags(libc::O_NONBLOCK);
        }
        let file = options.open(path).map_err(|source| DumpError::io(path, "open", source))?;
        // Not an error where it cannot be had: who has just renamed the file may not have let go of it yet, and some file systems have no locks.
        let _ = file.try_lock_shared();
        let metadata = file.metadata().map_err(|source| DumpError::io(path, "open", source))?;
        if !metadata.is_file() {
            return Err(DumpError::NotAFile { path: path.to_owned() });
        }
        // An empty file cannot be mapped.
        let map = if metadata.len() == 0 {
            None
        } else {
            // SAFETY: nobody changes the file while it is mapped: this crate does not, and of others the documentation asks it.
            let map = unsafe { Mmap::map(&file) };
            Some(map.map_err(|source| DumpError::io(path, "map", source))?)
        };
        Ok(Self { map, _file: file })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}
