//! A folder of a test's own.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// Made empty, removed with all that is in it when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        // Another process may have had our number before.
        static SALT: OnceLock<u128> = OnceLock::new();
        let salt = SALT.get_or_init(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
        });
        let folder = format!("purekv-{}-{salt}-{name}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&path).expect("a folder for a test");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What is in it, sorted.
    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("it is there");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("it can be read").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
