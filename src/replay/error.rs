//! What can go wrong between a trace and its report.

use std::io;
use std::path::PathBuf;

/// How much of a bad line an error quotes, in characters.
const QUOTED: usize = 40;

/// Why a replay did not come to its end. Each one reads as a single line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The trace cannot be opened.
    #[error("{}: cannot open: {source}", path.display())]
    Open {
        /// The trace.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The trace ends in the middle of a compressed frame, or cannot be read or decompressed.
    #[error("{}: line {line}: cannot read on: {source}", path.display())]
    Read {
        /// The trace.
        path: PathBuf,
        /// The line that was wanted, from 1.
        line: u64,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// The trace is not what the format says.
    #[error("{}: line {line}: expected {expected}, found {found}", path.display())]
    Format {
        /// The trace.
        path: PathBuf,
        /// The line at fault, from 1.
        line: u64,
        /// What the format wants there.
        expected: String,
        /// What is there instead, quoted and shortened.
        found: String,
    },
    /// There is nothing to replay.
    #[error("{name}: no requests")]
    Empty {
        /// The workload.
        name: String,
    },
    /// The generator cannot make a distribution of these parameters.
    #[error("no zipf distribution of exponent {exponent} over {keys} keys")]
    Zipf {
        /// The exponent asked for; must be finite and not negative.
        exponent: f64,
        /// The number of keys asked for; must not be zero.
        keys: u64,
    },
    /// A thread cannot be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A get brought a value that was never stored under its key.
    #[error("{hits} hits brought the value of another key")]
    WrongValue {
        /// How many did.
        hits: u64,
    },
}

/// `text` as an error quotes it.
pub(super) fn quoted(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut shown: String = text.chars().take(QUOTED).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
