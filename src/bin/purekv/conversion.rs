//! Dumps to JSON lines and back, entry by entry.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

use indicatif::ProgressBar;
use purekv::{DumpError, StoreDumpWriter, StoreSnapshot};

use crate::dump::{Failure, set_template};
use crate::lines::{self, Entry, excerpt};
use crate::output::Output;

fn open(input: &Path) -> Result<(StoreSnapshot, ProgressBar), Failure> {
    let snapshot = StoreSnapshot::open(input).map_err(|error| match error {
        DumpError::Types { path, found, .. } => Failure::Typed { path, found },
        error => error.into(),
    })?;
    let bar = ProgressBar::new(snapshot.len());
    set_template(&bar, "{wide_bar} {human_pos}/{human_len} entries, {eta} left");
    Ok((snapshot, bar))
}

/// `output`: None is standard output. How many entries.
pub(crate) fn to_lines(input: &Path, output: Option<&Path>) -> Result<u64, Failure> {
    let (snapshot, bar) = open(input)?;
    let failed = |source| {
        let path = output.unwrap_or(Path::new("standard output")).to_owned();
        Failure::Output { path, source }
    };
    let mut lines = Output::open(output).map_err(failed)?;
    let written = snapshot.try_for_each(|entry| {
        bar.inc(1);
        lines::write(&mut lines, &entry).map_err(failed)
    });
    bar.finish_and_clear();
    match written.and_then(|()| lines.finish().map_err(failed)) {
        // `purekv dump convert sessions.dump - | head -1` has what it wanted.
        Err(Failure::Output { source, .. })
            if output.is_none() && source.kind() == ErrorKind::BrokenPipe => {}
        result => result?,
    }
    Ok(snapshot.len())
}

/// `level`: of compression, if it is to be.
fn create(output: &Path, level: Option<i32>) -> Result<StoreDumpWriter, DumpError> {
    let mut dump = StoreDumpWriter::create(output)?;
    if let Some(level) = level {
        dump.compress(level)?;
    }
    Ok(dump)
}

/// How many entries.
pub(crate) fn rewrite(input: &Path, output: &Path, level: Option<i32>) -> Result<u64, Failure> {
    let (snapshot, bar) = open(input)?;
    let mut dump = create(output, level)?;
    snapshot.try_for_each(|entry| {
        bar.inc(1);
        dump.write_idle(entry.key, entry.value, entry.expires_at, entry.expires_at_latest)
    })?;
    bar.finish_and_clear();
    Ok(dump.finish()?.entries)
}

fn reader(input: Option<&Path>) -> io::Result<(Box<dyn BufRead>, ProgressBar)> {
    let Some(path) = input else {
        return Ok((Box::new(io::stdin().lock()), ProgressBar::new_spinner()));
    };
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let bar = if metadata.is_file() {
        let bar = ProgressBar::new(metadata.len());
        set_template(&bar, "{wide_bar} {bytes}/{total_bytes}, {eta} left");
        bar
    } else {
        ProgressBar::new_spinner()
    };
    Ok((Box::new(BufReader::with_capacity(1 << 18, file)), bar))
}

/// `input`: None is standard input. How many entries.
pub(crate) fn to_dump(
    input: Option<&Path>,
    output: &Path,
    level: Option<i32>,
) -> Result<u64, Failure> {
    let path = input.unwrap_or(Path::new("standard input"));
    let failed = |source| Failure::Input { path: path.to_owned(), source };
    let at_line = |number, what| Failure::Line { path: path.to_owned(), number, what };
    let (mut input, bar) = reader(input).map_err(failed)?;
    let mut dump = create(output, level)?;
    let (mut line, mut number) = (Vec::new(), 0_u64);
    while lines::next(&mut input, &mut line).map_err(failed)? {
        number += 1;
        bar.inc(line.len() as u64 + 1);
        let Entry { key, value, expires_at, expires_at_latest } =
            lines::parse(&line).map_err(|wrong| at_line(number, wrong.to_string()))?;
        let written = dump.write_idle(&key, &value, expires_at, expires_at_latest);
        written.map_err(|error| match error {
            DumpError::TooLarge { .. } => at_line(number, error.to_string()),
            error => error.into(),
        })?;
    }
    bar.finish_and_clear();
    let done = dump.finish().map_err(|error| match error {
        // Each line is an entry.
        DumpError::Duplicate { key, first, again, .. } => {
            let key = excerpt(&String::from_utf8_lossy(&key));
            let what = format!("the key {key} again, which is in line {}", first + 1);
            at_line(again + 1, what)
        }
        error => error.into(),
    })?;
    Ok(done.entries)
}
