//! What was measured, as data. Tables, pictures and verdicts are made of it and of nothing else, so whatever is in the report can be drawn again from
//! its JSON.

mod chart;
mod machine;
mod row;
mod spread;
mod standing;
mod summary;

use serde::{Deserialize, Serialize};

pub(crate) use self::chart::{Axis, Chart, Mark, Point, Scale, Series, Shape};
pub(crate) use self::machine::Machine;
pub(crate) use self::row::{Better, Cell, Row, RowName};
pub(crate) use self::spread::{Spread, number};
pub(crate) use self::standing::{OURS, Standing, Word};
pub(crate) use self::summary::Tally;

/// All that one run has found out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Version of purekv.
    pub(crate) version: String,
    /// The command, as it was given.
    pub(crate) command: String,
    /// When it began, RFC 3339.
    pub(crate) began: String,
    /// How long it took.
    pub(crate) seconds: f64,
    /// `quick`, `standard` or `full`.
    pub(crate) effort: String,
    pub(crate) machine: Machine,
    pub(crate) sections: Vec<Section>,
}

/// One comparison.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Section {
    /// What `--only` calls it.
    pub(crate) name: String,
    pub(crate) title: String,
    /// What is asked, and how it is measured; plain text.
    pub(crate) about: String,
    /// Runs this comparison alone, as it was run here.
    pub(crate) command: String,
    /// How long it took.
    pub(crate) seconds: f64,
    /// What there is to know besides.
    pub(crate) notes: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) charts: Vec<Chart>,
    /// Why it was not run.
    pub(crate) skipped: Option<String>,
    /// Whose self-check failed, and how: of these no figure counts.
    pub(crate) failures: Vec<Failure>,
}

/// A self-check that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) subject: String,
    pub(crate) message: String,
}

impl Section {
    /// A line under the table, once.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Adds one measurement. A row comes to be with its first; a chart that the row is on gets the same figure.
    pub(crate) fn sample(&mut self, name: &RowName, subject: &str, value: f64, share: Option<f64>) {
        let index = self.rows.iter().position(|row| row.name.label == name.label);
        let index = index.unwrap_or_else(|| {
            self.rows.push(Row { name: name.clone(), cells: vec![] });
            self.rows.len() - 1
        });
        self.rows[index].add(subject, value, share);
        if let Some((chart, x)) = &name.place {
            self.point(chart, subject, *x, value);
        }
    }

    /// Adds one measurement to a chart alone. Panics if there is no such chart: a mistake in a comparison.
    pub(crate) fn point(&mut self, chart: &str, subject: &str, x: f64, value: f64) {
        let chart = self.charts.iter_mut().find(|known| known.id == chart);
        match chart {
            Some(chart) => chart.add(subject, x, value),
            None => unreachable!("a figure for a chart that {} has not announced", self.name),
        }
    }

    /// All who take part, ours first.
    pub(crate) fn subjects(&self) -> Vec<&str> {
        let mut subjects: Vec<&str> = vec![];
        for cell in self.rows.iter().flat_map(|row| &row.cells) {
            if !subjects.contains(&cell.subject.as_str()) {
                subjects.push(&cell.subject);
            }
        }
        subjects.sort_by_key(|name| super::subjects::position(name));
        subjects
    }
}

impl Report {
    /// Takes over the comparisons of a later run.
    ///
    /// # Errors
    ///
    /// If another machine or another version made them: side by side their figures mean nothing.
    pub(crate) fn renew(&mut self, later: Self) -> Result<(), String> {
        let (made, other) = (self.made_by(), later.made_by());
        if made != other {
            return Err(format!("these reports do not belong together: {made}; {other}"));
        }
        for section in later.sections {
            match self.sections.iter_mut().find(|old| old.name == section.name) {
                Some(old) => *old = section,
                None => self.sections.push(section),
            }
        }
        self.command = format!("{}; then {}", self.command, later.command);
        self.seconds += later.seconds;
        Ok(())
    }

    fn made_by(&self) -> String {
        let Self { version, machine, .. } = self;
        format!("purekv {version} on {}, {:?}", machine.line(), machine.versions)
    }

    /// Whether every self-check passed.
    pub(crate) fn passed(&self) -> bool {
        self.sections.iter().all(|section| section.failures.is_empty())
    }
}
