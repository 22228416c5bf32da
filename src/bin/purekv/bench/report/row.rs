//! Rows of a table: one question, a cell for each who was asked.

use serde::{Deserialize, Serialize};

use super::Spread;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Better {
    Higher,
    Lower,
    /// Neither: a figure to know.
    Neither,
}

/// What a row measures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RowName {
    pub(crate) label: String,
    pub(crate) unit: String,
    pub(crate) better: Better,
    /// The chart that shows it too, and where on its x axis.
    pub(crate) place: Option<(String, f64)>,
    /// Whether it is counted: it comes out the same every time, but for what keys of hashes and the like that are made by chance do to it.
    #[serde(default)]
    pub(crate) is_exact: bool,
}

impl RowName {
    pub(crate) fn new(label: impl Into<String>, unit: &str, better: Better) -> Self {
        Self { label: label.into(), unit: unit.to_owned(), better, place: None, is_exact: false }
    }

    /// Counted, and not timed.
    pub(crate) fn exact(self) -> Self {
        Self { is_exact: true, ..self }
    }

    /// Also a point of that chart.
    pub(crate) fn on(self, chart: impl Into<String>, x: f64) -> Self {
        Self { place: Some((chart.into(), x)), ..self }
    }
}

/// One subject's measurements of one row, a sample per repetition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) subject: String,
    pub(crate) samples: Vec<f64>,
    /// Of the processors it could have used, the share that the process got, in each repetition; empty where that says nothing.
    pub(crate) cpu_share: Vec<f64>,
}

impl Cell {
    pub(crate) fn spread(&self) -> Spread {
        Spread::of(&self.samples)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) name: RowName,
    pub(crate) cells: Vec<Cell>,
}

/// A process that got less of its processors than this was disturbed.
const UNDISTURBED: f64 = 0.95;

impl Row {
    pub(super) fn add(&mut self, subject: &str, value: f64, share: Option<f64>) {
        let index = self.cells.iter().position(|cell| cell.subject == subject);
        let index = index.unwrap_or_else(|| {
            let subject = subject.to_owned();
            self.cells.push(Cell { subject, samples: vec![], cpu_share: vec![] });
            self.cells.len() - 1
        });
        self.cells[index].samples.push(value);
        self.cells[index].cpu_share.extend(share);
    }

    pub(crate) fn cell(&self, subject: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.subject == subject)
    }

    /// The CPU shares of all cells; none where that says nothing.
    pub(crate) fn share(&self) -> Option<Spread> {
        let shares: Vec<f64> =
            self.cells.iter().flat_map(|cell| cell.cpu_share.iter().copied()).collect();
        (!shares.is_empty()).then(|| Spread::of(&shares))
    }

    /// Whether somebody was kept from the processors.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.share().is_some_and(|share| share.least < UNDISTURBED)
    }
}
