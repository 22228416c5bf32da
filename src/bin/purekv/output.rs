//! Where text goes to: standard output, or a file that is replaced as a whole, as dumps are.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Bytes that are written at once.
const AT_ONCE: usize = 1 << 18;

pub(crate) enum Output {
    Standard(BufWriter<io::StdoutLock<'static>>),
    /// A file beside the one at the path, which gets its name at the end.
    Beside(BufWriter<NamedTempFile>, PathBuf),
    /// A pipe or a device, which nobody can replace.
    Direct(BufWriter<File>),
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// As any new file: whoever may read it by the process's umask.
#[cfg(unix)]
fn for_all(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;

    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn for_all(_: &mut tempfile::Builder<'_, '_>) {}

impl Output {
    /// None: standard output.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::with_capacity(AT_ONCE, io::stdout().lock())));
        };
        // Also through a link: a device behind one is not to become a file, nor the link.
        if path.metadata().is_ok_and(|old| !old.is_file()) {
            let file = File::options().write(true).open(path)?;
            return Ok(Self::Direct(BufWriter::with_capacity(AT_ONCE, file)));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".").suffix(".purekv-tmp");
        for_all(&mut builder);
        let file = builder.tempfile_in(folder_of(path))?;
        // Those may read it that might read the old one.
        if let Ok(old) = path.metadata().map(|old| old.permissions()) {
            file.as_file().set_permissions(old)?;
        }
        Ok(Self::Beside(BufWriter::with_capacity(AT_ONCE, file), path.to_owned()))
    }

    /// Writes what is left, and puts the file into its place.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Standard(mut out) => out.flush(),
            Self::Direct(mut out) => out.flush(),
            Self::Beside(out, path) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist(&path).map_err(|error| error.error)?;
                // Elsewhere a folder cannot be opened.
                if cfg!(unix) { File::open(folder_of(&path))?.sync_all() } else { Ok(()) }
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::Beside(out, _) => out.write(bytes),
            Self::Direct(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::Beside(out, _) => out.flush(),
            Self::Direct(out) => out.flush(),
        }
    }
}
