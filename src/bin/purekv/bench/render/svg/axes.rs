//! The frame of a picture of lines: grid, ticks, names of axes, marks.

use std::fmt::Write as _;

use super::super::text::{escape, width, wrap};
use super::scale::Span;
use super::ticks::{Tick, ticks};
use super::{SMALL, at};
use crate::bench::report::{Axis, Mark, Scale};

/// Where the lines are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Plot {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(super) fn x(&self, place: f64) -> f64 {
        self.left + place * self.width
    }

    /// Upwards.
    pub(super) fn y(&self, place: f64) -> f64 {
        self.bottom() - place * self.height
    }
}

/// Lines across the plot with numbers to the left.
pub(super) fn write_y(out: &mut String, plot: &Plot, ticks: &[Tick]) {
    for tick in ticks {
        let y = plot.y(tick.place);
        let class = if tick.label.is_empty() { "grid thin" } else { "grid" };
        let (left, right) = (at(plot.left), at(plot.right()));
        let _ = writeln!(out, "<path class=\"{class}\" d=\"M{left} {0}H{right}\"/>", at(y));
        text(out, "tick end", plot.left - 6.0, y + 4.0, &tick.label);
    }
}

/// The axis below with its names, which may have several lines, and what it is; where all that ends.
pub(super) fn write_x(out: &mut String, plot: &Plot, axis: &Axis, span: &Span) -> f64 {
    let steps = span.steps.len().max(1) as f64;
    let lines = |label: &str| match axis.scale {
        Scale::Steps => wrap(label, SMALL, plot.width / steps - 4.0),
        _ => vec![label.to_owned()],
    };
    let room = |label: &str| {
        let widths = lines(label).into_iter().map(|line| width(&line, SMALL));
        (widths.fold(0.0, f64::max) + 6.0) / plot.width
    };
    let (bottom, left, right) = (plot.bottom(), at(plot.left), at(plot.right()));
    let _ = writeln!(out, "<path class=\"axis\" d=\"M{left} {0}H{right}\"/>", at(bottom));
    let mut end = bottom;
    for tick in ticks(axis, span, room) {
        let x = plot.x(tick.place);
        let length = if tick.label.is_empty() { 3 } else { 5 + 12 * tick.line };
        let _ = writeln!(out, "<path class=\"axis\" d=\"M{} {}v{length}\"/>", at(x), at(bottom));
        for (index, line) in lines(&tick.label).iter().enumerate() {
            let y = bottom + 6.0 + SMALL * 1.1 * (tick.line + index + 1) as f64;
            text(out, "tick middle", x, y, line);
            end = end.max(y);
        }
    }
    for line in wrap(&axis.label, SMALL, plot.right() - 4.0) {
        end += SMALL + 4.0;
        text(out, "name end", plot.right(), end, &line);
    }
    end + 4.0
}

/// What the y axis is, above it; where that ends.
pub(super) fn write_y_name(out: &mut String, axis: &Axis, most: f64) -> f64 {
    let mut y = 0.0;
    for line in wrap(&axis.label, SMALL, most) {
        y += SMALL + 3.0;
        text(out, "name", 4.0, y, &line);
    }
    y
}

/// How many rows of text the marks need so that none is written over another, and the row of each.
pub(super) fn rows(marks: &[Mark], left: f64, across: f64, span: &Span) -> (usize, Vec<usize>) {
    let mut ends: Vec<f64> = vec![];
    let rows = marks.iter().map(|mark| {
        let x = left + span.place(mark.x).unwrap_or(0.0) * across;
        let from = start(&mark.label, x, left + across);
        let free = ends.iter().position(|end| *end + 8.0 < from);
        let row = free.unwrap_or_else(|| {
            ends.push(0.0);
            ends.len() - 1
        });
        ends[row] = from + width(&mark.label, SMALL);
        row
    });
    let rows = rows.collect();
    (ends.len(), rows)
}

/// Where the text of a mark begins: at its line, or as far to the left as it must.
fn start(label: &str, x: f64, right: f64) -> f64 {
    (x + 3.0).min(right - width(label, SMALL)).max(4.0)
}

/// Vertical lines, each with its name above the plot.
pub(super) fn write_marks(
    out: &mut String,
    plot: &Plot,
    marks: &[Mark],
    rows: &[usize],
    span: &Span,
) {
    for (mark, row) in marks.iter().zip(rows) {
        let Some(place) = span.place(mark.x).filter(|_| span.shows(mark.x)) else { continue };
        let (x, y) = (plot.x(place), plot.top - 5.0 - *row as f64 * (SMALL + 2.0));
        let from = at(y - SMALL + 2.0);
        let _ =
            writeln!(out, "<path class=\"mark\" d=\"M{} {from}V{}\"/>", at(x), at(plot.bottom()));
        text(out, "marked", start(&mark.label, x, plot.right()), y, &mark.label);
    }
}

pub(super) fn text(out: &mut String, class: &str, x: f64, y: f64, text: &str) {
    if !text.is_empty() {
        let (x, y) = (at(x), at(y));
        let _ =
            writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(text));
    }
}
