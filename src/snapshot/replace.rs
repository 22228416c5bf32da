//! Replacing a file as a whole or not at all.
//!
//! 1. A file beside it, of the same name with `.purekv-tmp` behind, is opened and locked: two that write to one path, in one process or in
//!    two, meet here, and the second one is told so. One that was left behind by a process that was killed is simply used again.
//! 2. All is written to that, and brought to the disk (fsync).
//! 3. It is renamed to what it is for. Whoever opens that name sees the old file or the new one; whoever has the old one open keeps it.
//! 4. The folder is brought to the disk.
//!
//! If anything fails before 3 is done, the file beside is removed and the old one was not touched. If 4 fails, the new file is
//! there, and whether it will be after a power failure is not known; that is reported as an error all the same.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::disk::{Disk, folder_of};
use super::error::DumpError;

/// What the file beside is called.
const SUFFIX: &str = ".purekv-tmp";

/// A file on its way. Dropped before it is [`commit`](Self::commit)ted, it leaves nothing.
pub(super) struct Replacement<'d, D: Disk> {
    disk: &'d D,
    /// None: it has its name.
    file: Option<File>,
    target: PathBuf,
    beside: PathBuf,
    synced: bool,
}

impl<'d, D: Disk> Replacement<'d, D> {
    /// Begins to replace what is at `target`, if there is anything. `synced`: wait for the disk.
    pub(super) fn begin(disk: &'d D, target: &Path, synced: bool) -> Result<Self, DumpError> {
        let Some(name) = target.file_name() else {
            return Err(DumpError::NotAFile { path: target.to_owned() });
        };
        // A device would be replaced like a file, if one may do that: `/dev/null`, say, for everybody; or a link to one. A link to a file may be.
        if target.metadata().is_ok_and(|old| !old.is_file()) {
            return Err(DumpError::NotAFile { path: target.to_owned() });
        }
        let mut name = name.to_owned();
        name.push(SUFFIX);
        let beside = folder_of(target).join(name);
        let file = match disk.claim(&beside) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(DumpError::Busy { path: target.to_owned() }),
            Err(source) => return Err(DumpError::io(&beside, "make the file", source)),
        };
        let target = target.to_owned();
        let replacement = Self { disk, file: Some(file), target, beside, synced };
        let target = &replacement.target;
        replacement.on_file("empty the file", |disk, file| disk.prepare(file, target))?;
        Ok(replacement)
    }

    fn on_file(
        &self,
        action: &'static str,
        step: impl FnOnce(&D, &File) -> std::io::Result<()>,
    ) -> Result<(), DumpError> {
        match &self.file {
            Some(file) => {
                step(self.disk, file).map_err(|source| DumpError::io(&self.beside, action, source))
            }
            None => Ok(()),
        }
    }

    /// What is being replaced.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    pub(super) fn beside(&self) -> &Path {
        &self.beside
    }

    pub(super) fn disk(&self) -> &'d D {
        self.disk
    }

    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DumpError> {
        self.on_file("write", |disk, file| {
            disk.write_at(file, bytes, offset)?;
            if self.synced {
                disk.begin_sync(file, offset, bytes.len() as u64);
            }
            Ok(())
        })
    }

    /// Puts what was written into the place of the old file.
    pub(super) fn commit(mut self) -> Result<(), DumpError> {
        if self.synced {
            self.on_file("bring it to the disk", |disk, file| disk.sync(file))?;
        }
        self.disk
            .rename(&self.beside, &self.target)
            .map_err(|source| DumpError::io(&self.target, "rename a file to it", source))?;
        // Its lock goes with it. What is dropped from here on has nothing to remove.
        self.file = None;
        if self.synced {
            let folder = folder_of(&self.target);
            self.disk
                .sync_folder(folder)
                .map_err(|source| DumpError::io(folder, "bring it to the disk", source))?;
        }
        Ok(())
    }
}

impl<D: Disk> Drop for Replacement<'_, D> {
    fn drop(&mut self) {
        // While it is locked: another one that waited for the name would lose its own file otherwise.
        if let Some(file) = self.file.take() {
            // Nobody is left to be told if this fails; the next dump uses the file again.
            let _ = self.disk.remove(&self.beside);
            drop(file);
        }
    }
}
