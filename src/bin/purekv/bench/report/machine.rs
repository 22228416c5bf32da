//! What everything was measured on, and with.

use serde::{Deserialize, Serialize};

/// The machine, the compiler, the versions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    /// Bytes.
    pub(crate) memory: u64,
    pub(crate) kernel: String,
    /// Transparent huge pages: always, madvise, never.
    pub(crate) huge_pages: String,
    pub(crate) rustc: String,
    pub(crate) allocator: String,
    /// Of the crates that are compared, by name.
    pub(crate) versions: Vec<(String, String)>,
}

impl Machine {
    /// In one line, without the versions.
    pub(crate) fn line(&self) -> String {
        format!(
            "{}, {} cores, {} GiB, Linux {}, transparent huge pages: {}; {}, {}",
            self.cpu,
            self.cores,
            self.memory >> 30,
            self.kernel,
            self.huge_pages,
            self.rustc,
            self.allocator
        )
    }
}
