//! What is written along an axis.

use super::super::text;
use super::scale::Span;
use crate::bench::report::{Axis, Scale};

/// One place on an axis, 0 to 1, with what is written there; empty: a thin line only.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) place: f64,
    pub(super) label: String,
    /// The line of its label, 0 or 1.
    pub(super) line: usize,
}

/// All of an axis; of those whose names would touch, the more important ones keep theirs, or quantiles go to a second line. `room(label)` is the part of the axis that a label takes.
pub(super) fn ticks(axis: &Axis, span: &Span, room: impl Fn(&str) -> f64) -> Vec<Tick> {
    let named = axis.names.iter().filter(|(value, _)| span.shows(*value));
    let candidates: Vec<(f64, String)> = match axis.scale {
        Scale::Steps => span.steps.iter().map(|step| (*step, name(axis, *step))).collect(),
        _ if !axis.names.is_empty() => named.cloned().collect(),
        Scale::Linear => linear(span),
        Scale::Log => logarithmic(span),
        Scale::Nines => quantiles(span),
    };
    let mut kept: Vec<Tick> = vec![];
    let mut bare = vec![];
    let place =
        |(value, label): (f64, String)| Some(Tick { place: span.place(value)?, label, line: 0 });
    for tick in candidates.into_iter().filter_map(place) {
        let touches = |line: usize| {
            kept.iter().filter(|other| other.line == line).any(|other| {
                let apart = (room(&tick.label) + room(&other.label)) / 2.0;
                (tick.place - other.place).abs() < apart
            })
        };
        let lines = if axis.scale == Scale::Nines { 2 } else { 1 };
        let free = (0..lines).find(|line| !touches(*line));
        match free {
            Some(line) if !tick.label.is_empty() => kept.push(Tick { line, ..tick }),
            _ => bare.push(Tick { label: String::new(), ..tick }),
        }
    }
    kept.extend(bare);
    kept.sort_by(|one, other| one.place.total_cmp(&other.place));
    kept
}

/// What a value of that axis is called.
pub(in crate::bench::render) fn name(axis: &Axis, value: f64) -> String {
    let named = axis.names.iter().find(|(known, _)| *known == value);
    match (named, axis.scale) {
        (Some((_, name)), _) => name.clone(),
        (None, Scale::Nines) => percent(value),
        (None, _) => short(value),
    }
}

fn linear(span: &Span) -> Vec<(f64, String)> {
    let step = span.step(4.0);
    let first = (span.low / step - 1e-9).ceil() as i64;
    let last = (span.high / step + 1e-9).floor() as i64;
    let value = |index: i64| {
        // Not the sum of steps: 3 × 0.1 is to be 0.3.
        let value = index as f64 * step;
        (value * 1e12 / step).round() / 1e12 * step
    };
    (first..=last).map(|index| (value(index), short(value(index)))).collect()
}

/// Powers of ten first, then 1, 2, 5 between if there are few of them.
fn logarithmic(span: &Span) -> Vec<(f64, String)> {
    let (first, last) = (span.low.log10().floor() as i32, span.high.log10().ceil() as i32);
    let decades = span.high.log10() - span.low.log10();
    let apart = if decades > 7.0 { 2 } else { 1 };
    let mut found = vec![];
    for (times, labelled) in [(1.0, true), (2.0, decades <= 2.0), (5.0, decades <= 3.0)] {
        for power in first..=last {
            let value = times * 10_f64.powi(power);
            if span.shows(value) {
                let labelled = labelled && power.rem_euclid(apart) == 0;
                found.push((value, if labelled { short(value) } else { String::new() }));
            }
        }
    }
    found
}

/// The nines first, then the median and the least.
fn quantiles(span: &Span) -> Vec<(f64, String)> {
    let nines = (1..=9).map(|nines| 1.0 - 10_f64.powi(-nines));
    let all = nines.chain([0.5, 0.0]).filter(|quantile| span.shows(*quantile));
    all.map(|quantile| (quantile, percent(quantile))).collect()
}

/// `0.999` as `99.9%`.
fn percent(quantile: f64) -> String {
    let text = format!("{:.7}", quantile * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A number with no digit too many: `2.5`, `16`, `1500`, `20 k`, `3 M`.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    let thousands = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")];
    let (unit, suffix) = thousands.into_iter().find(|(from, _)| size >= *from).unwrap_or((1.0, ""));
    let unit = if suffix == " k" { 1e3 } else { unit };
    let scaled = value / unit;
    let digits = match scaled.abs() {
        0.0 => 0,
        size => (2 - size.log10().floor() as i32).clamp(0, 12) as usize,
    };
    let text = format!("{scaled:.digits$}").replace('-', "−");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{suffix}")
}

/// The widest of the labels.
pub(super) fn widest(ticks: &[Tick], size: f64) -> f64 {
    ticks.iter().map(|tick| text::width(&tick.label, size)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, values: &[f64], room: f64) -> Vec<String> {
        let span = Span::rounded(axis.scale, values.iter().copied());
        let labels = ticks(axis, &span, |_| room).into_iter().map(|tick| tick.label);
        labels.filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn numbers_have_no_digit_too_many() {
        let texts: Vec<String> =
            [0.0, 0.001, 2.5, 16.0, 1500.0, 20_000.0, 2.5e6, 4e9, -0.3].map(short).into();
        assert_eq!(texts, ["0", "0.001", "2.5", "16", "1500", "20 k", "2.5 M", "4 G", "−0.3"]);
        assert_eq!(percent(0.99999), "99.999%");
    }

    #[test]
    fn every_scale_is_labelled_in_its_own_way() {
        let axis = |scale| Axis::new("", scale);
        assert_eq!(labels(&axis(Scale::Linear), &[0.37], 0.1), ["0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(
            labels(&axis(Scale::Log), &[3.0, 90_000.0], 0.1),
            ["10", "100", "1000", "10 k", "100 k"]
        );
        assert_eq!(labels(&axis(Scale::Log), &[3.0, 20.0], 0.1), ["2", "5", "10", "20"]);
        assert_eq!(
            labels(&axis(Scale::Nines), &[0.0, 0.999], 0.08),
            ["0%", "50%", "90%", "99%", "99.9%"]
        );
        let named = axis(Scale::Steps).named(1.0, "one").named(64.0, "L1 <all>");
        assert_eq!(labels(&named, &[1.0, 64.0, 500.0], 0.1), ["one", "L1 <all>", "500"]);
    }

    #[test]
    fn names_that_would_touch_are_left_out_the_less_important_ones_first() {
        let axis = Axis::new("", Scale::Nines);
        // Those of quantiles have two lines.
        assert_eq!(labels(&axis, &[0.0, 0.9999], 0.4), ["50%", "90%", "99%", "99.9%", "99.99%"]);
        let axis = Axis::new("", Scale::Log);
        assert_eq!(labels(&axis, &[1.0, 100.0], 0.4), ["1", "10", "100"]);
    }
}
