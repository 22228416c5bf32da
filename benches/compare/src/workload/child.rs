//! Each subject in a child process of its own, where memory is measured: nothing that another one has left behind
//! in the allocator, and no thread of another one, is in the figures.

use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::options::Options;
use crate::report::{Report, RowName};
use crate::{machine, subjects};

/// More than any child uses.
const BACKED: usize = 3 << 29;

/// What one child has measured.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// By the label of the row, in the order of the rows.
    pub(crate) values: Vec<(String, f64)>,
    /// Share of the CPU that the process got.
    pub(crate) share: f64,
    /// A text to show with the last repetition: a time line.
    pub(crate) lines: Vec<String>,
}

impl Outcome {
    pub(crate) fn value(&mut self, label: impl Into<String>, value: f64) {
        self.values.push((label.into(), value));
    }
}

/// In a child: measures and prints. In the parent: starts one child after the other and reports.
pub(crate) fn measure(
    workload: &'static str,
    options: &Options,
    wanted: impl Fn(&str) -> bool,
    visitor: impl Fn(&'static str) -> Outcome,
    row: impl Fn(&str) -> RowName,
    notes: &[&str],
) -> Result<(), String> {
    if let Some(subject) = options.child {
        let text = serde_json::to_string(&visitor(subject)).map_err(|error| error.to_string())?;
        println!("{text}");
        return Ok(());
    }
    let mut report = Report::new(workload);
    for note in notes {
        report.note(*note);
    }
    let mut lines = vec![];
    for rep in 0..options.reps {
        for subject in options.subjects(rep, &wanted) {
            machine::back_memory(BACKED);
            let outcome = run(subject)?;
            for (label, value) in outcome.values {
                report.sample(&row(&label), subject, value, outcome.share);
            }
            if rep + 1 == options.reps && !outcome.lines.is_empty() {
                lines.push((subject, outcome.lines));
            }
        }
    }
    lines.sort_by_key(|(subject, _)| subjects::position(subject));
    for (subject, lines) in lines {
        report.note(format!("{subject}:\n\n{}", lines.join("\n")));
    }
    report.finish(options.json.as_deref())
}

/// This very program, with the same arguments and one more.
fn run(subject: &str) -> Result<Outcome, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(std::env::args_os().skip(1))
        .args(["--child", subject])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{subject}: its process ended with {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{subject}: {error}"))
}
