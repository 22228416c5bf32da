//! This program once more, under callgrind.

use std::env;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Output};

/// Does `work`; nothing else is counted, by [`count`]'s `--toggle-collect`.
#[inline(never)]
pub(crate) fn counted<R>(work: impl FnOnce() -> R) -> R {
    black_box(work())
}

/// Whether there is a valgrind, and which.
pub(crate) fn version() -> Option<String> {
    said(Command::new("valgrind").arg("--version"))
}

/// The instructions of [`counted`] when this program runs with these arguments. With a directory, callgrind leaves there where they were.
pub(crate) fn count(arguments: [&str; 2], profiles: Option<&Path>) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    let name = arguments[1].replace('/', ".");
    let out = match profiles {
        Some(directory) => directory.join(format!("callgrind.{name}")),
        None => "/dev/null".into(),
    };
    let mut command = Command::new("valgrind");
    command.args([
        "--tool=callgrind",
        "--toggle-collect=*::callgrind::counted*",
        "--dump-instr=yes",
    ]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(program).args(arguments);
    let output = command.output().map_err(|error| format!("valgrind does not start: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {}\n{log}", arguments[1], output.status));
    }
    let collected = log.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse().ok()
    });
    match collected {
        Some(count) if count > 0 => Ok(count),
        _ => Err(format!("{}: callgrind has counted nothing:\n{log}", arguments[1])),
    }
}

/// What a command prints; None if it fails.
pub(crate) fn said(command: &mut Command) -> Option<String> {
    let Output { status, stdout, .. } = command.output().ok()?;
    status.success().then(|| String::from_utf8_lossy(&stdout).trim().to_owned())
}
