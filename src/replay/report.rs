//! What a comparison has found, as a table for people and as JSON for programs.

use std::fmt;

use serde_json::{Map, Value, json};

use super::latency::clock_cost;
use super::{Options, Outcome, ValueSize, Workload};

/// Below this share of the processors the figures say more about the neighbours than about the stores.
const FAIR_SHARE: f64 = 0.9;

/// The middle and the ends of one figure over the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Spread {
    /// The median; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of `figures`; `None` when there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let median = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
        Some(Self { median, min, max })
    }
}

/// The outcomes of a comparison. [`Display`](fmt::Display) prints the table, one column for each store.
#[derive(Clone, Debug)]
pub struct Report {
    workload: String,
    requests: usize,
    unique_keys: usize,
    options: Options,
    clock_cost: u64,
    columns: Vec<(&'static str, Vec<Outcome>)>,
}

impl Report {
    pub(super) fn new(
        workload: &Workload,
        options: &Options,
        names: impl Iterator<Item = &'static str>,
    ) -> Self {
        Self {
            workload: workload.name().to_owned(),
            requests: workload.requests().len(),
            unique_keys: workload.unique_keys(),
            options: options.clone(),
            clock_cost: clock_cost(),
            columns: names.map(|name| (name, Vec::new())).collect(),
        }
    }

    pub(super) fn add(&mut self, column: usize, outcome: Outcome) {
        self.columns[column].1.push(outcome);
    }

    /// Each store's name with its outcomes, in the order of the runs.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, &[Outcome])> {
        self.columns.iter().map(|(name, outcomes)| (*name, outcomes.as_slice()))
    }

    /// All of it as one JSON object; times in nanoseconds, figures that there are not as null.
    pub fn to_json(&self) -> Value {
        let subjects: Vec<Value> = self
            .columns
            .iter()
            .map(|(name, outcomes)| {
                let figures: Map<String, Value> = METRICS
                    .iter()
                    .map(|metric| {
                        let runs: Vec<Option<f64>> = outcomes.iter().map(metric.figure).collect();
                        let spread = Spread::of(runs.iter().copied().flatten());
                        let figure = json!({
                            "median": spread.map(|spread| spread.median),
                            "min": spread.map(|spread| spread.min),
                            "max": spread.map(|spread| spread.max),
                            "runs": runs,
                        });
                        (metric.key.to_owned(), figure)
                    })
                    .collect();
                json!({ "name": name, "figures": figures })
            })
            .collect();
        json!({
            "workload": {
                "name": self.workload,
                "requests": self.requests,
                "unique_keys": self.unique_keys,
            },
            "options": {
                "threads": self.options.threads,
                "value_bytes": match self.options.value_size {
                    ValueSize::Fixed(bytes) => json!(bytes),
                    ValueSize::Trace => json!("trace"),
                },
                "ttl": self.options.ttl.to_string(),
                "sample": self.options.sample,
                "seed": self.options.seed,
                "repeat": self.repeats(),
            },
            "clock_cost_ns": self.clock_cost,
            "subjects": subjects,
        })
    }

    pub(super) fn workload(&self) -> &str {
        &self.workload
    }

    fn repeats(&self) -> usize {
        self.columns.first().map_or(0, |(_, outcomes)| outcomes.len())
    }

    /// How it was measured.
    pub(super) fn conditions(&self) -> String {
        let values = match self.options.value_size {
            ValueSize::Fixed(bytes) => format!("{} B", grouped(bytes as f64)),
            ValueSize::Trace => "the trace's sizes".to_owned(),
        };
        let threads = match self.options.threads {
            0 | 1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        let repeats = match self.repeats() {
            1 => "one run each".to_owned(),
            repeats => format!("{repeats} runs each in turn: median (min–max)"),
        };
        format!("{threads}, values of {values}, ttl {}, {repeats}", self.options.ttl)
    }

    fn heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} requests, {} different keys",
            self.workload,
            grouped(self.requests as f64),
            grouped(self.unique_keys as f64),
        )?;
        writeln!(f, "{}\n", self.conditions())
    }

    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sampled = match self.options.sample {
            0 | 1 => "every get and every insert".to_owned(),
            n => format!("one get and one insert in {n}"),
        };
        writeln!(f, "\nTimed: {sampled}, each with {} ns of clock in it;", self.clock_cost)?;
        writeln!(f, "a get without the insert that follows a miss.")?;
        let shares = self.columns.iter().flat_map(|(_, outcomes)| outcomes);
        match Spread::of(shares.filter_map(|outcome| outcome.cpu_share)) {
            Some(share) if share.min < FAIR_SHARE => writeln!(
                f,
                "A run got only {:.0} % of its processors: the machine was busy, or threads waited.",
                share.min * 100.0
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heading(f)?;
        let names = self.columns.iter().map(|(name, _)| (*name).to_owned());
        let mut rows = vec![std::iter::once(String::new()).chain(names).collect::<Vec<_>>()];
        for metric in METRICS {
            let cells = self.columns.iter().map(|(_, outcomes)| {
                let spread = Spread::of(outcomes.iter().filter_map(metric.figure));
                spread
                    .map_or("–".to_owned(), |spread| metric.unit.show(spread, outcomes.len() > 1))
            });
            rows.push(std::iter::once(metric.label.to_owned()).chain(cells).collect());
        }
        f.write_str(&aligned(&rows))?;
        self.notes(f)
    }
}

/// A line for each row, whose cells stand under each other; all rows are of the first one's length.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line += &match column {
                0 => format!("{cell:<width$}"),
                _ => format!("   {cell:>width$}"),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// One line of the table.
struct Metric {
    label: &'static str,
    key: &'static str,
    unit: Unit,
    figure: fn(&Outcome) -> Option<f64>,
}

const fn metric(
    label: &'static str,
    key: &'static str,
    unit: Unit,
    figure: fn(&Outcome) -> Option<f64>,
) -> Metric {
    Metric { label, key, unit, figure }
}

/// `nanos`, unless nothing was measured.
fn of(samples: u64, nanos: u64) -> Option<f64> {
    (samples > 0).then_some(nanos as f64)
}

fn lag(outcome: &Outcome, quantile: f64) -> Option<f64> {
    let lag = &outcome.expiry_lag;
    (lag.count() > 0).then(|| lag.quantile(quantile).as_nanos() as f64)
}

const METRICS: &[Metric] = &[
    metric("requests/s", "requests_per_second", Unit::Rate, |o| Some(o.requests_per_second())),
    metric("hit ratio", "hit_ratio", Unit::Share, |o| o.hit_ratio()),
    metric("get p50", "get_p50_ns", Unit::Nanos, |o| of(o.get.samples, o.get.p50)),
    metric("get p99", "get_p99_ns", Unit::Nanos, |o| of(o.get.samples, o.get.p99)),
    metric("get p99.9", "get_p999_ns", Unit::Nanos, |o| of(o.get.samples, o.get.p999)),
    metric("get max", "get_max_ns", Unit::Nanos, |o| of(o.get.samples, o.get.max)),
    metric("insert p50", "insert_p50_ns", Unit::Nanos, |o| of(o.insert.samples, o.insert.p50)),
    metric("insert p99", "insert_p99_ns", Unit::Nanos, |o| of(o.insert.samples, o.insert.p99)),
    metric("insert p99.9", "insert_p999_ns", Unit::Nanos, |o| of(o.insert.samples, o.insert.p999)),
    metric("insert max", "insert_max_ns", Unit::Nanos, |o| of(o.insert.samples, o.insert.max)),
    metric("expiry lag p50", "expiry_lag_p50_ns", Unit::Nanos, |o| lag(o, 0.5)),
    metric("expiry lag p99", "expiry_lag_p99_ns", Unit::Nanos, |o| lag(o, 0.99)),
    metric("expiry lag max", "expiry_lag_max_ns", Unit::Nanos, |o| lag(o, 1.0)),
    metric("expired", "expired", Unit::Count, |o| Some(o.expiry_lag.count() as f64)),
    metric("entries at the end", "entries", Unit::Count, |o| Some(o.entries as f64)),
    metric("CPU share", "cpu_share", Unit::Share, |o| o.cpu_share),
];

/// How a figure is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Three digits, and "k" or "M" for thousands or millions.
    Rate,
    /// Of one, in percent.
    Share,
    /// Nanoseconds, in the unit that suits them.
    Nanos,
    /// A whole number.
    Count,
}

impl Unit {
    /// The median, with the ends if there are several runs, all in the unit that suits the median.
    pub fn show(self, spread: Spread, ends: bool) -> String {
        let (scale, unit) = match (self, spread.median) {
            (Self::Rate, rate) if rate >= 1e6 => (1e6, " M"),
            (Self::Rate, rate) if rate >= 1e3 => (1e3, " k"),
            (Self::Share, _) => (0.01, " %"),
            (Self::Nanos, nanos) if nanos >= 1e9 => (1e9, " s"),
            (Self::Nanos, nanos) if nanos >= 1e6 => (1e6, " ms"),
            (Self::Nanos, nanos) if nanos >= 1e3 => (1e3, " µs"),
            (Self::Nanos, _) => (1.0, " ns"),
            (Self::Rate | Self::Count, _) => (1.0, ""),
        };
        let number = |figure: f64| match self {
            Self::Count => grouped(figure),
            // 99.95 % and 99.99 % of hits are far apart.
            Self::Share => format!("{:.2}", figure / scale),
            _ => three_digits(figure / scale),
        };
        let median = number(spread.median);
        if ends {
            format!("{median}{unit} ({}–{})", number(spread.min), number(spread.max))
        } else {
            format!("{median}{unit}")
        }
    }
}

/// Three digits that count, and no fewer than are before the point.
fn three_digits(figure: f64) -> String {
    match figure {
        figure if figure < 9.995 => format!("{figure:.2}"),
        figure if figure < 99.95 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// A whole number, in groups of three digits.
pub fn grouped(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_and_the_ends() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { median: 3.0, min: 3.0, max: 3.0 }));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 9.0 }));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]).map(|spread| spread.median), Some(2.5));
    }

    #[test]
    fn figures_are_shown_in_the_medians_unit() {
        let spread = Spread { median: 1500.0, min: 90.0, max: 2_000_000.0 };
        assert_eq!(Unit::Nanos.show(spread, true), "1.50 µs (0.09–2000)");
        assert_eq!(Unit::Nanos.show(spread, false), "1.50 µs");
        assert_eq!(Unit::Count.show(spread, true), "1,500 (90–2,000,000)");
        let share = Spread { median: 0.9134, min: 0.91, max: 0.92 };
        assert_eq!(Unit::Share.show(share, true), "91.34 % (91.00–92.00)");
        let rate = Spread { median: 12.34e6, min: 9e6, max: 13e6 };
        assert_eq!(Unit::Rate.show(rate, true), "12.3 M (9.00–13.0)");
    }
}
