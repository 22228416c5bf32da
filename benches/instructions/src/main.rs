//! Instructions per operation, counted by callgrind and held against `benches/instructions.toml`: a change that costs 3 % more is
//! seen, which no measurement of time would show. It fails on more, and says so on less.
//!
//! Each operation runs in a process of its own, with hashes, keys and values that are always the same; what is counted is a loop of
//! it and nothing before or after. With other tools than the values were recorded with it compares, and fails on nothing.

mod callgrind;
mod embedded;
mod faces;
mod keys;
mod operations;
mod recorded;
mod served;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use recorded::{Recorded, Tools};

const USAGE: &str = "purekv-instructions [--update] [--profiles DIR] [NAME...]
  NAME            only operations with this in their names
  --update        writes benches/instructions.toml anew
  --profiles DIR  leaves callgrind's output there, one file an operation, for callgrind_annotate";

/// The argument by which it calls itself: the operation's name follows.
const ALONE: &str = "--alone";

/// From this part on, more is too much.
const TOLERANCE: f64 = 0.03;

#[derive(Default)]
struct Options {
    update: bool,
    profiles: Option<PathBuf>,
    wanted: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match &arguments[..] {
        [alone, name] if alone == ALONE => run_alone(name).map(|()| true),
        _ => options(arguments).and_then(|options| compare(&options)),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("purekv-instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: Vec<String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match &argument[..] {
            "--update" => options.update = true,
            "--profiles" => {
                let directory = arguments.next().ok_or("--profiles: which directory?")?;
                fs::create_dir_all(&directory).map_err(|error| format!("{directory}: {error}"))?;
                options.profiles = Some(directory.into());
            }
            _ if argument.starts_with('-') => return Err(format!("{argument}?\n{USAGE}")),
            _ => options.wanted.push(argument),
        }
    }
    Ok(options)
}

fn run_alone(name: &str) -> Result<(), String> {
    let found = operations::ALL.iter().find(|(other, _)| *other == name);
    let (_, operation) = found.ok_or_else(|| format!("there is no operation {name}"))?;
    operation();
    Ok(())
}

/// Whether all is well.
fn compare(options: &Options) -> Result<bool, String> {
    if callgrind::version().is_none() {
        println!("skipped: valgrind is not installed");
        return Ok(true);
    }
    let is_wanted = |name: &str| {
        options.wanted.is_empty() || options.wanted.iter().any(|wanted| name.contains(&wanted[..]))
    };
    let names = || operations::ALL.iter().map(|&(name, _)| name);
    let wanted: Vec<&str> = names().filter(|name| is_wanted(name)).collect();
    let counted = count(&wanted, options)?;
    let (tools, recorded) = (Tools::here(), Recorded::read());
    if options.update {
        // What is not wanted stays, if it was counted with the same tools.
        let mut counts = match recorded {
            Ok(recorded) if recorded.tools == tools => recorded.counts,
            _ => Default::default(),
        };
        counts.extend(counted.into_iter().map(|(name, count)| (name.to_owned(), count)));
        let file = Recorded { tools, counts }.write(names())?;
        println!("{} is written", file.display());
        return Ok(true);
    }
    Ok(judge(&counted, &recorded?, &tools))
}

/// Instructions per operation, as many at a time as there are processors.
fn count<'n>(names: &[&'n str], options: &Options) -> Result<Vec<(&'n str, f64)>, String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut counted = Vec::new();
        while let Some(&name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let count = callgrind::count([ALONE, name], options.profiles.as_deref())?;
            counted.push((name, count as f64 / embedded::ROUNDS as f64));
        }
        Ok(counted)
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Result<_, String>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("a thread has panicked".into()))
        };
        threads.into_iter().map(join).collect()
    });
    let parts: Result<Vec<_>, _> = parts.into_iter().collect();
    let mut counted = parts?.concat();
    counted.sort_by_key(|(name, _)| names.iter().position(|other| other == name));
    Ok(counted)
}

/// Prints the table; whether nothing costs more than it may.
fn judge(counted: &[(&str, f64)], recorded: &Recorded, tools: &Tools) -> bool {
    println!("| instructions per | now | recorded | change |\n|---|---:|---:|---:|");
    let (mut more, mut less, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for &(name, now) in counted {
        let Some(&before) = recorded.counts.get(name) else {
            println!("| {name} | {now:.1} | | |");
            new.push(name.to_owned());
            continue;
        };
        let change = now / before - 1.0;
        println!("| {name} | {now:.1} | {before:.1} | {:+.2} % |", change * 100.0);
        let line = || format!("{name} by {:.1} % ({before:.1} → {now:.1})", change.abs() * 100.0);
        if change > TOLERANCE {
            more.push(line());
        } else if change < -TOLERANCE {
            less.push(line());
        }
    }
    println!();
    let renew = "`ci/instructions.sh --update` records what is";
    let unlike = tools.unlike(&recorded.tools);
    if !unlike.is_empty() {
        println!(
            "Nothing is concluded: the values were recorded with other tools ({unlike}). {renew}."
        );
        return true;
    }
    if !less.is_empty() {
        println!("Fewer instructions than recorded, {renew}: {}", less.join(", "));
    }
    if !new.is_empty() {
        println!("FAILED: not recorded, {renew}: {}", new.join(", "));
    }
    if !more.is_empty() {
        println!("FAILED: more instructions than recorded: {}", more.join(", "));
        println!("(`--profiles DIR` shows where. If it has to be: {renew}.)");
    }
    more.is_empty() && new.is_empty()
}
