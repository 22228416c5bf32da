//! `purekv dump`: a look into dump files, and what they are converted to.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Subcommand;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use purekv::{DumpError, DumpInfo, DumpKind, StoreSnapshot};

use crate::convert::Convert;

/// Look into dump files, and convert them.
#[derive(Subcommand)]
pub(crate) enum Dump {
    /// Print what a dump says of itself. Reads head, tables and footer only.
    Inspect {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Read all of a dump and check it. Of a store's, also that each entry is where the index says
    Verify {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the value of a key of a store's dump, and nothing else
    Get {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(value_name = "KEY")]
        key: String,
    },
    Convert(Convert),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error("{}: no such key, or due by now", .0.display())]
    Absent(PathBuf),
    #[error("{}: a dump of {found}, whose types are not known here: only a store's dump can be converted", path.display())]
    Typed { path: PathBuf, found: String },
    #[error("{}: line {number}: {what}", path.display())]
    Line { path: PathBuf, number: u64, what: String },
    #[error("{}: cannot read: {source}", path.display())]
    Input { path: PathBuf, source: io::Error },
    #[error("{}: cannot write: {source}", path.display())]
    Output { path: PathBuf, source: io::Error },
}

impl Dump {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        match self {
            Self::Convert(convert) => convert.misuse(),
            _ => None,
        }
    }

    /// What is to be printed.
    pub(crate) fn run(self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Inspect { file } => Ok(describe(&DumpInfo::of(file)?).into_bytes()),
            Self::Verify { file } => {
                let bar = progress_bar(DumpInfo::of(&file)?.bytes);
                let info = DumpInfo::verified(&file, |bytes| bar.inc(bytes));
                bar.finish_and_clear();
                let info = info?;
                if info.kind == DumpKind::Store {
                    StoreSnapshot::open(&file)?.verify()?;
                }
                Ok(format!("{}: {} entries, whole\n", file.display(), info.entries).into_bytes())
            }
            Self::Get { file, key } => {
                let snapshot = StoreSnapshot::open(&file)?;
                let value = snapshot.get(key.as_bytes())?.ok_or(Failure::Absent(file))?;
                let mut text = value.to_vec();
                if io::stdout().is_terminal() {
                    text.push(b'\n');
                }
                Ok(text)
            }
            Self::Convert(convert) => convert.run(),
        }
    }
}

fn describe(info: &DumpInfo) -> String {
    let kind = match info.kind {
        DumpKind::Cache => format!("cache of {} to {}", info.key_type, info.value_type),
        _ => "store".to_owned(),
    };
    let time = |time: SystemTime| humantime::format_rfc3339_millis(time).to_string();
    let compression = match info.compressed_sections {
        0 => "none".to_owned(),
        some => format!("zstd, {some} sections"),
    };
    let policy = match info.policy_sections {
        0 => "nothing".to_owned(),
        some => format!("what it knew, {some} sections"),
    };
    let lines = [
        ("format version", info.version.to_string()),
        ("kind", kind),
        ("entries", info.entries.to_string()),
        ("sections", info.sections.to_string()),
        ("compression", compression),
        ("policy", policy),
        ("size", format!("{} ({})", HumanBytes(info.bytes), info.bytes)),
        ("started", time(info.started)),
        ("ended", time(info.ended)),
    ];
    lines.map(|(name, value)| format!("{name:<15} {value}\n")).concat()
}

/// On standard error; it stays silent where that is no terminal.
fn progress_bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    set_template(&bar, "{wide_bar} {bytes}/{total_bytes}, {eta} left");
    bar
}

pub(crate) fn set_template(bar: &ProgressBar, template: &str) {
    // A template that were not valid would leave the bar as it is.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
