//! What replacing a file asks of the system, so that tests can let each single step fail.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

/// The steps. Each blocks.
pub(crate) trait Disk {
    /// Opens the file at `path`, which is made if there is none, and locks it; None: somebody else has it locked. Changes nothing of what
    /// is in it.
    fn claim(&self, path: &Path) -> io::Result<Option<File>> {
        claim(path)
    }

    /// Makes the file empty, and lets those read and write it that may the one at `target`, if there is one.
    fn prepare(&self, file: &File, target: &Path) -> io::Result<()> {
        file.set_len(0)?;
        match fs::metadata(target) {
            Ok(old) => file.set_permissions(old.permissions()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes all of `bytes` to this place in the file. Several threads may write to one file at a time.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        write_at(file, bytes, offset)
    }

    /// What was written there is to go to the disk by and by, so that less is left to be waited for at the end. A hint.
    fn begin_sync(&self, file: &File, offset: u64, len: u64) {
        begin_sync(file, offset, len);
    }

    /// Comes back when all that was written is on the disk.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Comes back when the names in the folder are on the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened, and renaming is as lasting as the system makes it.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// A file without a name, to write to and read from, beside `path`.
    fn nameless(&self, path: &Path) -> io::Result<File> {
        nameless(path)
    }
}

/// The system.
pub(crate) struct System;

impl Disk for System {}

fn claim(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        // Not through a link that somebody has put there to have another file emptied; and a pipe makes nobody wait.
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    loop {
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever had it locked may have given it its real name, or removed it, between our two steps: then it is not ours to write to.
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
}

/// Whether `path` is a name of `file`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(other) => Ok((own.dev(), own.ino()) == (other.dev(), other.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open cannot be renamed by others, nor removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn begin_sync(file: &File, offset: u64, len: u64) {
    use std::os::fd::AsRawFd;

    let (Ok(offset), Ok(len)) = (offset.try_into(), len.try_into()) else { return };
    let fd = file.as_raw_fd();
    // SAFETY: the call has no memory of ours to look at, and `file` is open. What it says of success, fsync will say with more right.
    let _ = unsafe { libc::sync_file_range(fd, offset, len, libc::SYNC_FILE_RANGE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
fn begin_sync(_: &File, _: u64, _: u64) {}

fn nameless(path: &Path) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;

        let folder = folder_of(path);
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_TMPFILE).mode(0o600);
        // Not every file system can do it.
        if let Ok(file) = options.open(folder) {
            return Ok(file);
        }
    }
    let mut name = path.as_os_str().to_owned();
    name.push("-index");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&name)?;
    // Where this cannot be done while it is open, the next dump uses it again.
    let _ = fs::remove_file(&name);
    Ok(file)
}

/// The folder that `path` is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
