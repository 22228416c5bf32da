//! Tables and JSON.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use crate::cells::Row;
use crate::subjects::Subject;

/// Cells this large and larger count in "mean gap": those that issue and reference speak of.
const COUNTS_FROM: usize = 100;

/// Our name of a policy, and that in the table of published results.
const NAMES: [(&str, &str); 4] =
    [("belady", "Belady"), ("lru", "LRU"), ("fifo", "FIFO"), ("s3-fifo", "S3-FIFO")];

/// Miss ratios that others have computed, by trace, capacity and policy.
#[derive(Default)]
pub(crate) struct Reference(HashMap<(String, usize, String), f64>);

impl Reference {
    /// What is in the file; nothing, if there is none.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let parse = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            let &[trace, _, capacity, _, _, policy, _, ratio, ..] = fields.as_slice() else {
                return None;
            };
            let key = (trace.to_owned(), capacity.parse().ok()?, policy.to_owned());
            Some((key, ratio.parse().ok()?))
        };
        Self(text.lines().filter_map(parse).collect())
    }

    fn ratio(&self, row: &Row, name: &str) -> Option<f64> {
        let (_, theirs) = NAMES.iter().find(|(ours, _)| *ours == name)?;
        self.0.get(&(row.trace.clone(), row.capacity, (*theirs).to_owned())).copied()
    }
}

/// What `name` misses in `row`: as computed, or else as the reference has it.
fn ratio(row: &Row, subjects: &[Subject], reference: &Reference, name: &str) -> Option<f64> {
    match subjects.iter().position(|subject| subject.name == name) {
        Some(index) => Some(row.ratio(index)),
        None => reference.ratio(row, name),
    }
}

/// Miss ratios, summary, and how far this is from the reference, as Markdown.
pub(crate) fn text(rows: &[Row], subjects: &[Subject], reference: &Reference) -> String {
    let mut text = String::new();
    let names: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    let _ = writeln!(text, "| trace | size | capacity | {} |", names.join(" | "));
    let _ = writeln!(text, "|---|---:|---:|{}", "---:|".repeat(names.len()));
    for row in rows {
        let _ = write!(text, "| {} | {} % | {} |", row.trace, row.percent, row.capacity);
        let best =
            (0..names.len()).filter(|&index| names[index] != "belady").map(|i| row.misses[i]).min();
        for index in 0..names.len() {
            let mark = if Some(row.misses[index]) == best && names.len() > 2 { "**" } else { "" };
            let _ = write!(text, " {mark}{:.4}{mark} |", row.ratio(index));
        }
        text.push('\n');
    }
    summary(&mut text, rows, subjects, reference);
    difference(&mut text, rows, subjects, reference);
    text
}

fn summary(text: &mut String, rows: &[Row], subjects: &[Subject], reference: &Reference) {
    let _ = writeln!(
        text,
        "\nGap: points of miss ratio above Belady, mean of the cells (those with capacity ≥ {COUNTS_FROM}; all). \
         Against LRU: the worst cell (of those; of all).\n\n\
         | subject | gap, ≥ {COUNTS_FROM} | gap, all | worst − LRU, ≥ {COUNTS_FROM} | worst − LRU, all | its cell |\n\
         |---|---:|---:|---:|---:|---|"
    );
    for (index, subject) in subjects.iter().enumerate() {
        let gaps = |from: usize| -> Vec<f64> {
            let cells = rows.iter().filter(|row| row.capacity >= from);
            cells
                .filter_map(|row| {
                    Some(row.ratio(index) - ratio(row, subjects, reference, "belady")?)
                })
                .collect()
        };
        let worst = |from: usize| {
            let cells = rows.iter().filter(|row| row.capacity >= from);
            cells
                .filter_map(|row| {
                    Some((row.ratio(index) - ratio(row, subjects, reference, "lru")?, row))
                })
                .max_by(|a, b| a.0.total_cmp(&b.0))
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            subject.name,
            mean(&gaps(COUNTS_FROM)),
            mean(&gaps(0)),
            worst(COUNTS_FROM).map_or_else(dash, |(worst, _)| format!("{:+.2}", 100.0 * worst)),
            worst(0).map_or_else(dash, |(worst, _)| format!("{:+.2}", 100.0 * worst)),
            worst(0).map_or_else(dash, |(_, row)| format!("{} {} %", row.trace, row.percent)),
        );
    }
}

fn dash() -> String {
    "–".to_owned()
}

fn mean(gaps: &[f64]) -> String {
    match gaps.len() {
        0 => dash(),
        count => format!("{:.3}", 100.0 * gaps.iter().sum::<f64>() / count as f64),
    }
}

/// The models against what others' implementations of the same policies miss.
fn difference(text: &mut String, rows: &[Row], subjects: &[Subject], reference: &Reference) {
    for (index, subject) in subjects.iter().enumerate() {
        let differences = rows.iter().filter_map(|row| {
            Some(((row.ratio(index) - reference.ratio(row, &subject.name)?).abs(), row))
        });
        if let Some((largest, row)) = differences.max_by(|a, b| a.0.total_cmp(&b.0)) {
            let _ = writeln!(
                text,
                "\n{}: differs from the reference by at most {largest:.6} ({} {} %)",
                subject.name, row.trace, row.percent
            );
        }
    }
}

/// The rows as JSON.
pub(crate) fn json(rows: &[Row], subjects: &[Subject]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let ratios = subjects.iter().enumerate().map(|(i, s)| (s.name.clone(), row.ratio(i)));
            json!({
                "trace": row.trace,
                "percent": row.percent,
                "capacity": row.capacity,
                "requests": row.requests,
                "unique": row.unique,
                "miss_ratio": ratios.collect::<HashMap<_, _>>(),
            })
        })
        .collect();
    format!("{:#}\n", json!(rows))
}
