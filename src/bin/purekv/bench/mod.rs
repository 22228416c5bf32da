//! `purekv bench`: this crate beside the mutex baseline and the crates of today, on the machine at hand.
//!
//! All of it is in the binary, on purpose: the library is measured from another crate, as its users have it, and not inlined into its own benchmark.
#![allow(clippy::disallowed_methods, reason = "a bench waits for what it measures")]

mod again;
pub(crate) mod alloc;
mod compare;
mod keys;
mod latencies;
mod machine;
mod park;
mod progress;
mod render;
mod report;
mod run;
mod settings;
mod subjects;
mod suite;
mod ticks;
mod workload;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::report::Section;
use self::settings::Settings;
use crate::load;

/// Compare purekv with the mutex baseline and the crates of today, on this machine
///
/// Writes a report with pictures (HTML, complete in one file), its tables as Markdown, and everything as JSON. Every figure has its median,
/// what the repetitions lie between, and, where it is timed, the share of the processors that the process got. Every workload checks what it reads: who gives wrong answers has no figures.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
    /// Only these comparisons; `--list` has their names
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// Where the report goes: report.html, report.md, report.json
    #[arg(long, value_name = "DIR", default_value = "purekv-bench")]
    out: PathBuf,
    /// Name the comparisons and the stores, and end
    #[arg(long)]
    list: bool,
    /// Measure this store alone and print its figures: what a parent process asks for
    #[arg(long, hide = true, value_parser = subjects::parse)]
    child: Option<&'static str>,
}

#[derive(Subcommand)]
enum Command {
    Server(Box<load::Server>),
    Render(again::Render),
    #[command(hide = true)]
    Single(workload::single::Arguments),
}

impl Bench {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        match &self.command {
            Some(Command::Server(options)) => options.misuse(),
            _ => None,
        }
    }

    /// What is to be printed.
    pub(crate) fn run(self) -> Result<String, String> {
        match self.command {
            Some(Command::Server(options)) => {
                return options.run().map_err(|error| error.to_string());
            }
            Some(Command::Render(arguments)) => return arguments.run(),
            Some(Command::Single(arguments)) => return workload::single::run(&arguments),
            None => {}
        }
        if self.list {
            return Ok(suite::list(&self.settings));
        }
        let mut comparisons = suite::choose(&self.settings, &self.only)?;
        if let Some(subject) = self.child {
            let comparison = comparisons.first_mut().ok_or("--child takes --only")?;
            return compare::child(comparison.as_mut(), subject).map(|text| text + "\n");
        }
        // Before the hours, and not after them.
        render::prepare(&self.out)?;
        let report = suite::run(&self.settings, comparisons);
        render::write(&report, &self.out)?;
        let is_empty = |section: &&Section| section.rows.is_empty() && section.failures.is_empty();
        let mut asked = report.sections.iter().filter(|section| self.only.contains(&section.name));
        if let Some(nothing) = asked.find(is_empty) {
            let why = nothing.skipped.as_deref().unwrap_or("none of these stores takes part");
            return Err(format!("{}: nothing was measured: {why}", nothing.name));
        }
        let said =
            format!("{}- report: {}\n", report.summary(), self.out.join("report.html").display());
        if report.passed() { Ok(said) } else { Err(format!("a self-check failed\n{said}")) }
    }
}
