//! What was measured, as a Markdown table for people and as JSON for scripts.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::machine;

/// Subjects of this crate, in the order in which a verdict names them.
const OURS: [&str; 4] = ["store", "store-bound", "cache", "cache-bound"];
/// Subjects that no one competes with: the yardstick, and the run without a store.
const NOT_PEERS: [&str; 2] = ["baseline", "none"];

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Better {
    Higher,
    Lower,
}

/// What the issue demands of a row.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// At least this many times the best peer of the row.
    BestPeer(f64),
    /// At least this many times the mutex baseline.
    Baseline(f64),
    /// At least this many times that peer.
    Peer(&'static str, f64),
    /// For a face with a capacity: at least this many times the same without.
    Unbound(f64),
    /// At least this, in the row's unit.
    AtLeast(f64),
    /// At most this, in the row's unit.
    AtMost(f64),
}

/// One subject's measurements of one row, a sample per repetition.
#[derive(Clone, Debug, Serialize)]
struct Cell {
    subject: &'static str,
    samples: Vec<f64>,
    cpu_share: Vec<f64>,
}

#[derive(Serialize)]
struct Row {
    label: String,
    unit: &'static str,
    better: Better,
    targets: Vec<Target>,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Verdict {
    row: String,
    ours: &'static str,
    target: String,
    reached: String,
    pass: bool,
}

/// A table under construction.
#[derive(Serialize)]
pub(crate) struct Report {
    workload: &'static str,
    machine: String,
    command: String,
    notes: Vec<String>,
    rows: Vec<Row>,
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

fn least(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Three significant digits, or all before the point.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Median and spread.
fn spread(samples: &[f64]) -> String {
    match samples {
        [only] => number(*only),
        _ => format!(
            "{} ({}–{})",
            number(median(samples)),
            number(least(samples)),
            number(most(samples))
        ),
    }
}

impl Row {
    fn cell(&self, subject: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.subject == subject)
    }

    fn disturbed(&self) -> bool {
        self.cells.iter().flat_map(|cell| &cell.cpu_share).any(|share| *share < 0.95)
    }

    fn best_peer(&self) -> Option<&Cell> {
        let peers = self
            .cells
            .iter()
            .filter(|cell| !OURS.contains(&cell.subject) && !NOT_PEERS.contains(&cell.subject));
        let order = |a: &&Cell, b: &&Cell| median(&a.samples).total_cmp(&median(&b.samples));
        match self.better {
            Better::Higher => peers.max_by(order),
            Better::Lower => peers.min_by(order),
        }
    }

    /// How many times better `ours` is than `theirs`, repetition by repetition.
    fn ratios(&self, ours: &Cell, theirs: &Cell) -> Vec<f64> {
        ours.samples
            .iter()
            .zip(&theirs.samples)
            .map(|(ours, theirs)| match self.better {
                Better::Higher => ours / theirs,
                Better::Lower => theirs / ours,
            })
            .collect()
    }

    fn verdict(&self, ours: &Cell, target: Target) -> Option<Verdict> {
        let (wanted, reached, pass) = match target {
            Target::BestPeer(least)
            | Target::Baseline(least)
            | Target::Peer(_, least)
            | Target::Unbound(least) => {
                let (name, theirs) = match target {
                    Target::BestPeer(_) => ("best peer", self.best_peer()?),
                    Target::Peer(name, _) => (name, self.cell(name)?),
                    Target::Unbound(_) => {
                        let name = ours.subject.strip_suffix("-bound")?;
                        (name, self.cell(name)?)
                    }
                    _ => ("baseline", self.cell("baseline")?),
                };
                let ratios = self.ratios(ours, theirs);
                (
                    format!("≥ {least} × {name}"),
                    format!("{} ×", spread(&ratios)),
                    median(&ratios) >= least,
                )
            }
            Target::AtLeast(least) => {
                let pass = median(&ours.samples) >= least;
                (format!("≥ {} {}", number(least), self.unit), spread(&ours.samples), pass)
            }
            Target::AtMost(most) => {
                let pass = median(&ours.samples) <= most;
                (format!("≤ {} {}", number(most), self.unit), spread(&ours.samples), pass)
            }
        };
        let row = self.label.clone();
        Some(Verdict { row, ours: ours.subject, target: wanted, reached, pass })
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let ours = OURS.iter().filter_map(|name| self.cell(name));
        ours.flat_map(|ours| self.targets.iter().filter_map(|target| self.verdict(ours, *target)))
            .collect()
    }
}

impl Report {
    pub(crate) fn new(workload: &'static str) -> Self {
        let mut arguments = std::env::args();
        let program = arguments.next().unwrap_or_default();
        let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
        let command = arguments.fold(program.into_owned(), |line, word| line + " " + &word);
        Self { workload, machine: machine::describe(), command, notes: vec![], rows: vec![] }
    }

    /// A line under the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Adds one measurement; a row comes to be with its first one.
    pub(crate) fn sample(&mut self, row: &RowName, subject: &'static str, value: f64, share: f64) {
        let index = self.rows.iter().position(|old| old.label == row.label).unwrap_or_else(|| {
            self.rows.push(Row {
                label: row.label.clone(),
                unit: row.unit,
                better: row.better,
                targets: row.targets.clone(),
                cells: vec![],
            });
            self.rows.len() - 1
        });
        let cells = &mut self.rows[index].cells;
        let cell = cells.iter().position(|cell| cell.subject == subject).unwrap_or_else(|| {
            cells.push(Cell { subject, samples: vec![], cpu_share: vec![] });
            cells.len() - 1
        });
        cells[cell].samples.push(value);
        cells[cell].cpu_share.push(share);
    }

    fn subjects(&self) -> Vec<&'static str> {
        let mut subjects = vec![];
        for cell in self.rows.iter().flat_map(|row| &row.cells) {
            if !subjects.contains(&cell.subject) {
                subjects.push(cell.subject);
            }
        }
        subjects.sort_by_key(|name| crate::subjects::position(name));
        subjects
    }

    fn markdown(&self) -> String {
        let mut text = format!("\n## {}\n\n", self.workload);
        let subjects = self.subjects();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n\n`{}`\n", self.machine, self.command);
        let _ = writeln!(text, "| | {} | best peer | CPU share |", subjects.join(" | "));
        let _ = writeln!(text, "|---|{}---|---|", "---:|".repeat(subjects.len()));
        for row in &self.rows {
            let cells: Vec<String> = subjects
                .iter()
                .map(|name| row.cell(name).map_or("–".into(), |cell| spread(&cell.samples)))
                .collect();
            let best = row.best_peer().map_or("–", |cell| cell.subject);
            let shares: Vec<f64> =
                row.cells.iter().flat_map(|cell| cell.cpu_share.iter().copied()).collect();
            let mark = if row.disturbed() { " ⚠" } else { "" };
            let (low, high) = (least(&shares) * 100.0, most(&shares) * 100.0);
            let share = format!("{low:.0}–{high:.0} %{mark}");
            let _ = writeln!(
                text,
                "| {}, {} | {} | {best} | {share} |",
                row.label,
                row.unit,
                cells.join(" | ")
            );
        }
        let verdicts: Vec<Verdict> = self.rows.iter().flat_map(Row::verdicts).collect();
        if !verdicts.is_empty() {
            text.push_str("\n| row | ours | target | reached | |\n|---|---|---|---|---|\n");
        }
        for Verdict { row, ours, target, reached, pass } in verdicts {
            let pass = if pass { "pass" } else { "**short**" };
            let _ = writeln!(text, "| {row} | {ours} | {target} | {reached} | {pass} |");
        }
        if self.rows.iter().any(|row| row.disturbed()) {
            text.push_str("\n⚠: the process got less than 95 % of the CPU in some repetition: other work was going on, run it again.\n");
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text.push_str(
            "\nMedian (min–max) of the repetitions; ratios are taken repetition by repetition.\n",
        );
        text
    }

    /// Prints the table, and writes `json` if there is a place for it.
    pub(crate) fn finish(&self, json: Option<&Path>) -> Result<(), String> {
        println!("{}", self.markdown());
        let Some(path) = json else { return Ok(()) };
        let verdicts: Vec<Verdict> = self.rows.iter().flat_map(Row::verdicts).collect();
        let file = serde_json::json!({ "report": self, "verdicts": verdicts });
        let text = serde_json::to_string_pretty(&file).map_err(|error| error.to_string())?;
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// What a row is called and how it is judged.
#[derive(Clone)]
pub(crate) struct RowName {
    label: String,
    unit: &'static str,
    better: Better,
    targets: Vec<Target>,
}

impl RowName {
    pub(crate) fn new(label: impl Into<String>, unit: &'static str, better: Better) -> Self {
        Self { label: label.into(), unit, better, targets: vec![] }
    }

    /// With one more demand on it.
    pub(crate) fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_to_the_best_peer_of_the_row_turn_by_turn() {
        let mut report = Report::new("test");
        let name = RowName::new("row", "Mops/s", Better::Higher).target(Target::BestPeer(1.2));
        for (subject, samples) in [
            ("store", [12.0, 26.0, 33.0]),
            ("papaya", [10.0, 20.0, 30.0]),
            ("moka", [1.0, 2.0, 100.0]),
            ("baseline", [90.0, 90.0, 90.0]),
        ] {
            samples.iter().for_each(|value| report.sample(&name, subject, *value, 1.0));
        }
        let row = &report.rows[0];
        assert_eq!(row.best_peer().map(|cell| cell.subject), Some("papaya"));
        let verdicts = row.verdicts();
        assert_eq!(verdicts.len(), 1);
        assert!(verdicts[0].pass);
        assert_eq!(verdicts[0].reached, "1.20 (1.10–1.30) ×");
    }

    #[test]
    fn a_face_with_a_capacity_is_held_against_the_same_without() {
        let mut report = Report::new("test");
        let name = RowName::new("row", "Mops/s", Better::Higher)
            .target(Target::Peer("moka", 4.0))
            .target(Target::Unbound(0.95));
        for (subject, value) in [("store", 10.0), ("store-bound", 9.6), ("moka", 2.0)] {
            report.sample(&name, subject, value, 1.0);
        }
        let verdicts = report.rows[0].verdicts();
        let reached: Vec<_> =
            verdicts.iter().map(|verdict| (verdict.ours, verdict.reached.as_str())).collect();
        let wanted = [("store", "5.00 ×"), ("store-bound", "4.80 ×"), ("store-bound", "0.96 ×")];
        assert_eq!(reached, wanted);
        assert!(verdicts.iter().all(|verdict| verdict.pass));
    }

    #[test]
    fn a_limit_is_a_limit() {
        let mut report = Report::new("test");
        let name = RowName::new("row", "ms", Better::Lower).target(Target::AtMost(20.0));
        [19.0, 21.0, 22.0].iter().for_each(|ms| report.sample(&name, "store", *ms, 0.5));
        assert!(!report.rows[0].verdicts()[0].pass);
        assert!(report.rows[0].disturbed());
    }
}
