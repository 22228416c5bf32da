//! Miss ratio and throughput, trace by trace and size by size.

use std::fmt;

use serde_json::{Value, json};

use super::report::{Unit, aligned, grouped};
use super::{Capacity, Outcome, Report, Spread};

/// A comparison of bounded stores for each of several workloads and capacities. [`Display`](fmt::Display) prints the table, a
/// line for each.
#[derive(Clone, Debug, Default)]
pub struct SizeTable {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    size: Capacity,
    entries: u64,
    report: Report,
}

impl SizeTable {
    /// One without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what [`compare`](super::compare) has said of [`bounded_subjects`](super::bounded_subjects) of so many `entries`, which is what
    /// `size` means for that workload.
    pub fn add(&mut self, size: Capacity, entries: u64, report: Report) {
        self.rows.push(Row { size, entries, report });
    }

    /// All of it as one JSON array, each line an object with its report.
    pub fn to_json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "size": row.size.to_string(),
                "capacity": row.entries,
                "report": row.report.to_json(),
            })
        };
        self.rows.iter().map(row).collect()
    }
}

/// One figure of all runs of a store; the ends only where they say something.
fn cell(outcomes: &[Outcome], unit: Unit, figure: impl Fn(&Outcome) -> Option<f64>) -> String {
    let spread = Spread::of(outcomes.iter().filter_map(figure));
    spread.map_or("–".to_owned(), |spread| unit.show(spread, spread.max > spread.min))
}

impl fmt::Display for SizeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.rows.first() else { return Ok(()) };
        writeln!(f, "{}\n", first.report.conditions())?;
        let names = || first.report.outcomes().map(|(name, _)| name);
        let mut table = vec![
            ["trace", "size", "entries"]
                .into_iter()
                .map(str::to_owned)
                .chain(names().map(|name| format!("{name} misses")))
                .chain(names().map(|name| format!("{name} requests/s")))
                .collect::<Vec<_>>(),
        ];
        for Row { size, entries, report } in &self.rows {
            let outcomes = || report.outcomes().map(|(_, outcomes)| outcomes);
            let misses = |outcome: &Outcome| outcome.hit_ratio().map(|hits| 1.0 - hits);
            let speed = |outcome: &Outcome| Some(outcome.requests_per_second());
            table.push(
                [report.workload().to_owned(), size.to_string(), grouped(*entries as f64)]
                    .into_iter()
                    .chain(outcomes().map(|outcomes| cell(outcomes, Unit::Share, misses)))
                    .chain(outcomes().map(|outcomes| cell(outcomes, Unit::Rate, speed)))
                    .collect(),
            );
        }
        f.write_str(&aligned(&table))?;
        writeln!(f, "\nmutex has no bound: it misses what is asked for the first time.")
    }
}
