//! `purekv dump convert`: a store's dump to JSON lines, and back.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::conversion;
use crate::dump::Failure;

/// Convert a store's dump to JSON lines, JSON lines to a dump, or write a dump anew
///
/// One line an entry: {"key":"…","value":"…","expires_at":"2026-11-27T20:27:25.000000001Z"}. Without expires_at an entry stays.
/// Keys and values that are not UTF-8 are key_base64 and value_base64 (RFC 4648, padded). Of a store with a time-to-idle,
/// expires_at is when an entry is due if nobody asks for it, and expires_at_latest when it is whatever happens (null: never;
/// absent: as expires_at). Instants are UTC, to the nanosecond.
///
/// All entries of IN are in OUT, in their order, those included that are due by now: to JSON lines and back is the same
/// dump, but for what the eviction policy of a store with a bound knew, which goes nowhere. A key may be there once. OUT is replaced when all is written, and untouched if anything fails; a pipe
/// or a device is written to directly.
#[derive(Args)]
pub(crate) struct Convert {
    /// *.dump, *.jsonl, or - for JSON lines from standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// *.dump, *.jsonl, or - for JSON lines to standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// What IN is, if its name does not tell
    #[arg(long, value_name = "FORM")]
    from: Option<Form>,
    /// What OUT is to be, if its name does not tell
    #[arg(long, value_name = "FORM")]
    to: Option<Form>,
    /// Compress the dump by zstd, 1 (fast) to 22 (small) [default: not at all; without LEVEL: 3]
    #[arg(long, value_name = "LEVEL", num_args = 0..=1, require_equals = true, default_missing_value = "3", value_parser = clap::value_parser!(i32).range(1..=22))]
    compress: Option<i32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Dump,
    Jsonl,
}

/// Standard input or output.
fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn form_of(path: &Path, told: Option<Form>) -> Option<Form> {
    let by_name = || match path.extension().and_then(|extension| extension.to_str()) {
        _ if is_standard(path) => Some(Form::Jsonl),
        Some("dump") => Some(Form::Dump),
        Some("jsonl" | "ndjson") => Some(Form::Jsonl),
        _ => None,
    };
    told.or_else(by_name)
}

impl Convert {
    fn forms(&self) -> (Option<Form>, Option<Form>) {
        (form_of(&self.input, self.from), form_of(&self.output, self.to))
    }

    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        let is_piped = |path, form| is_standard(path) && form == Some(Form::Dump);
        match self.forms() {
            (None, _) => Some("the name of IN does not tell what it is: give --from"),
            (_, None) => Some("the name of OUT does not tell what it is to be: give --to"),
            (Some(Form::Jsonl), Some(Form::Jsonl)) => Some("from JSON lines to JSON lines"),
            (from, to) if is_piped(&self.input, from) || is_piped(&self.output, to) => {
                Some("a dump is a file, and not standard input or output")
            }
            (_, Some(Form::Jsonl)) if self.compress.is_some() => {
                Some("only a dump can be compressed")
            }
            _ => None,
        }
    }

    /// What is to be printed.
    pub(crate) fn run(&self) -> Result<Vec<u8>, Failure> {
        let named = |path| (!is_standard(path)).then_some(path);
        let entries = match self.forms() {
            (Some(Form::Jsonl), _) => {
                conversion::to_dump(named(&self.input), &self.output, self.compress)?
            }
            (_, Some(Form::Jsonl)) => conversion::to_lines(&self.input, named(&self.output))?,
            _ => conversion::rewrite(&self.input, &self.output, self.compress)?,
        };
        if is_standard(&self.output) {
            return Ok(Vec::new());
        }
        Ok(format!("{}: {entries} entries\n", self.output.display()).into_bytes())
    }
}
