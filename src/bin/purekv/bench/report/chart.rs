//! Pictures, as data: lines and bars over axes, a line or a bar for each subject.

use serde::{Deserialize, Serialize};

use super::Spread;

/// How an axis is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scale {
    Linear,
    Log,
    /// Of quantiles below 1: each further nine takes the same room, as in HdrHistogram's plots.
    Nines,
    /// Each value that there is takes the same room, in ascending order.
    Steps,
}

/// One axis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Axis {
    /// With its unit.
    pub(crate) label: String,
    pub(crate) scale: Scale,
    /// Values with names of their own; none: numbers.
    pub(crate) names: Vec<(f64, String)>,
}

impl Axis {
    pub(crate) fn new(label: impl Into<String>, scale: Scale) -> Self {
        Self { label: label.into(), scale, names: vec![] }
    }

    /// With this name for that value.
    pub(crate) fn named(mut self, value: f64, name: impl Into<String>) -> Self {
        self.names.push((value, name.into()));
        self
    }
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// A line through medians, with what the repetitions lie between.
    Lines,
    /// A bar for each value of x and each subject.
    Bars,
}

/// All repetitions of one measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) samples: Vec<f64>,
}

impl Point {
    pub(crate) fn spread(&self) -> Spread {
        Spread::of(&self.samples)
    }
}

/// One subject's points, in ascending order of x.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) subject: String,
    pub(crate) points: Vec<Point>,
}

/// A moment or a place on the x axis to point out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) x: f64,
    pub(crate) label: String,
}

/// A picture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chart {
    /// Of its own within a report: letters, digits, hyphens.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) shape: Shape,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    pub(crate) marks: Vec<Mark>,
}

impl Chart {
    pub(crate) fn lines(id: impl Into<String>, title: impl Into<String>, x: Axis, y: Axis) -> Self {
        let (series, marks) = (vec![], vec![]);
        Self { id: id.into(), title: title.into(), shape: Shape::Lines, x, y, series, marks }
    }

    pub(crate) fn bars(id: impl Into<String>, title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self { shape: Shape::Bars, ..Self::lines(id, title, x, y) }
    }

    /// With a mark at `x`.
    pub(crate) fn marked(mut self, x: f64, label: impl Into<String>) -> Self {
        self.marks.push(Mark { x, label: label.into() });
        self
    }

    pub(super) fn add(&mut self, subject: &str, x: f64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let index = self.series.iter().position(|series| series.subject == subject);
        let index = index.unwrap_or_else(|| {
            self.series.push(Series { subject: subject.to_owned(), points: vec![] });
            self.series.sort_by_key(|series| crate::bench::subjects::position(&series.subject));
            let found = self.series.iter().position(|series| series.subject == subject);
            found.unwrap_or_else(|| unreachable!("pushed just now"))
        });
        let points = &mut self.series[index].points;
        match points.binary_search_by(|point| point.x.total_cmp(&x)) {
            Ok(at) => points[at].samples.push(value),
            Err(at) => points.insert(at, Point { x, samples: vec![value] }),
        }
    }
}
