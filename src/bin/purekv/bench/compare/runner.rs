//! Runs one comparison.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::Comparison;
use crate::bench::machine;
use crate::bench::progress::Progress;
use crate::bench::report::{Failure, RowName, Section};
use crate::bench::settings::Settings;

/// More than any child uses, of a quick run and of another.
const BACKED: [usize; 2] = [1 << 28, 3 << 29];

/// What one turn of one subject has measured.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Figures of rows, with the CPU share that the process got meanwhile.
    samples: Vec<(RowName, f64, Option<f64>)>,
    /// Points of charts alone: chart, x, value; and the line they are on, if it is not the subject's own.
    points: Vec<(String, f64, f64, Option<String>)>,
    notes: Vec<String>,
}

impl Outcome {
    /// A figure, and the share of its processors that the process got meanwhile. What is no number is left out.
    pub(crate) fn sample(&mut self, row: RowName, value: f64, share: f64) {
        if value.is_finite() {
            self.samples.push((row, value, Some(share)));
        }
    }

    /// A figure of which the share would say nothing.
    pub(crate) fn figure(&mut self, row: RowName, value: f64) {
        if value.is_finite() {
            self.samples.push((row, value, None));
        }
    }

    pub(crate) fn point(&mut self, chart: &str, x: f64, value: f64) {
        self.points.push((chart.to_owned(), x, value, None));
    }

    /// On a line of another name than the subject's.
    pub(crate) fn point_of(&mut self, chart: &str, line: &str, x: f64, value: f64) {
        self.points.push((chart.to_owned(), x, value, Some(line.to_owned())));
    }

    /// Something to say below the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// Measures every subject in turn. What fails its self-check has no figures, and is named.
pub(crate) fn run(
    comparison: &mut dyn Comparison,
    settings: &Settings,
    progress: &mut Progress,
) -> Section {
    let start = Instant::now();
    let mut arguments = vec!["purekv bench".to_owned(), "--only".into(), comparison.name().into()];
    arguments.extend(settings.arguments());
    let mut section = Section {
        name: comparison.name().into(),
        title: comparison.title().into(),
        about: comparison.about(),
        command: arguments.join(" "),
        charts: comparison.charts(),
        skipped: comparison.obstacle(),
        ..Section::default()
    };
    if section.skipped.is_some() {
        return section;
    }
    comparison.notes().into_iter().for_each(|note| section.note(note));
    if !comparison.in_child() {
        comparison.prepare();
        // What it needs may turn out not to be there only now.
        section.skipped = comparison.obstacle();
        if section.skipped.is_some() {
            return section;
        }
    }
    for rep in 0..comparison.reps() {
        for subject in settings.turn(rep, comparison) {
            if section.failures.iter().any(|failure| failure.subject == subject) {
                continue;
            }
            progress.turn(comparison.name(), subject, comparison.seconds());
            let outcome = if comparison.in_child() {
                machine::back_memory(settings.pick(BACKED[0], BACKED[1], BACKED[1]));
                in_child(comparison.name(), subject, settings)
            } else {
                attempt(comparison, subject)
            };
            match outcome {
                Ok(outcome) => add(&mut section, subject, outcome),
                Err(message) => fail(&mut section, subject, message),
            }
        }
    }
    section.seconds = start.elapsed().as_secs_f64();
    section
}

fn add(section: &mut Section, subject: &str, outcome: Outcome) {
    for (row, value, share) in outcome.samples {
        section.sample(&row, subject, value, share);
    }
    for (chart, x, value, line) in outcome.points {
        section.point(&chart, line.as_deref().unwrap_or(subject), x, value);
    }
    outcome.notes.into_iter().for_each(|note| section.note(note));
}

/// None of its figures is to be believed, earlier ones included.
fn fail(section: &mut Section, subject: &str, message: String) {
    for row in &mut section.rows {
        row.cells.retain(|cell| cell.subject != subject);
    }
    section.rows.retain(|row| !row.cells.is_empty());
    for chart in &mut section.charts {
        chart.series.retain(|series| series.subject != subject);
    }
    section.failures.push(Failure { subject: subject.to_owned(), message });
}

/// What a self-check said when it failed.
fn attempt(comparison: &dyn Comparison, subject: &'static str) -> Result<Outcome, String> {
    // A subject that has panicked is not used again.
    catch_unwind(AssertUnwindSafe(|| comparison.measure(subject))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        text.unwrap_or_else(|| "it panicked".to_owned())
    })
}

/// In a child process: measures and says so as JSON.
pub(crate) fn child(
    comparison: &mut dyn Comparison,
    subject: &'static str,
) -> Result<String, String> {
    comparison.prepare();
    let outcome = attempt(comparison, subject)?;
    serde_json::to_string(&outcome).map_err(|error| error.to_string())
}

/// This very program again, for one turn of one subject.
fn in_child(name: &str, subject: &str, settings: &Settings) -> Result<Outcome, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["bench", "--only", name])
        .args(settings.arguments())
        .args(["--child", subject])
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("purekv: ");
        return Err(format!("its process ended with {}: {said}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}
