//! A line for each subject through its medians, with what its repetitions lie between.

use std::fmt::Write as _;

use super::super::palette::{is_ours, look};
use super::super::text::escape;
use super::axes::{self, Plot};
use super::labels::{self, End};
use super::scale::Span;
use super::ticks::{self, ticks, widest};
use super::{CEILINGS, Drawing, SMALL, WIDTH, at, left_out, marker, undrawn};
use crate::bench::report::{Chart, Series, number};

/// Height of a plot, unless the names beside it need more.
const HEIGHT: f64 = 208.0;
/// Up to so many points a line has its points marked, and a whisker at each; beyond, a band.
const FEW: usize = 24;
/// How far above all others a ceiling may lie and still be drawn in full.
const FAR: f64 = 1.5;

pub(super) fn draw(chart: &Chart) -> Drawing {
    let shown: Vec<&Series> = chart.series.iter().filter(|one| !one.points.is_empty()).collect();
    let x =
        Span::around(chart.x.scale, shown.iter().flat_map(|one| one.points.iter().map(|p| p.x)));
    let (y, above) = heights(chart, &shown);
    let texts: Vec<String> = shown
        .iter()
        .map(|series| match above.iter().find(|(subject, _)| *subject == series.subject) {
            Some((subject, most)) => format!("{subject} ↑ {}", ticks::short(most.round())),
            None => series.subject.clone(),
        })
        .collect();
    let beside = labels::beside(&texts);

    let tall = HEIGHT.max(beside.map_or(0.0, |_| texts.len() as f64 * labels::LINE));
    let y_ticks = ticks(&chart.y, &y, |_| (SMALL + 3.0) / tall);
    let left = (widest(&y_ticks, SMALL) + 10.0).max(24.0);
    let width = WIDTH - left - beside.unwrap_or(16.0);
    let mut body = String::new();
    let (marks, mark_rows) = axes::rows(&chart.marks, left, width, &x);
    let name = axes::write_y_name(&mut body, &chart.y, WIDTH - 8.0);
    let top = name + 10.0 + marks as f64 * (SMALL + 2.0);
    let plot = Plot { left, top, width, height: tall };

    axes::write_y(&mut body, &plot, &y_ticks);
    axes::write_marks(&mut body, &plot, &chart.marks, &mark_rows, &x);
    let mut end = axes::write_x(&mut body, &plot, &chart.x, &x);
    if !above.is_empty() {
        let (left, top) = (at(plot.left - 4.0), at(plot.top));
        let (width, height) = (at(plot.width + 8.0), at(plot.height + 4.0));
        let id = super::super::text::identifier(&chart.id);
        let _ = writeln!(
            body,
            "<clipPath id=\"{id}-clip\"><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/></clipPath>"
        );
    }
    // Ours last, so that nothing lies over them.
    let (ours, others): (Vec<&Series>, Vec<_>) =
        chart.series.iter().partition(|series| is_ours(&series.subject));
    for series in others.into_iter().rev().chain(ours.into_iter().rev()) {
        let clipped = above.iter().any(|(subject, _)| *subject == series.subject);
        write_series(&mut body, chart, series, &plot, (&x, &y), clipped);
    }
    let names = shown.iter().zip(texts);
    if beside.is_some() {
        let ends = names.filter_map(|(series, text)| line_end(series, text, &plot, (&x, &y)));
        let (top, bottom) = (plot.top - 2.0, plot.bottom() + 2.0);
        labels::write_ends(&mut body, ends.collect(), plot.right(), top, bottom);
    } else {
        let names: Vec<_> = names.map(|(series, text)| (series.subject.as_str(), text)).collect();
        end = labels::write_legend(&mut body, &names, end + 4.0);
    }
    Drawing { body, height: end, notes: left_out(chart) }
}

/// The y axis, and who goes beyond it, how far.
fn heights<'a>(chart: &Chart, shown: &[&'a Series]) -> (Span, Vec<(&'a str, f64)>) {
    let values = |series: &Series| -> Vec<f64> {
        let spreads = series.points.iter().map(|point| point.spread());
        spreads.flat_map(|spread| [spread.least, spread.median, spread.most]).collect()
    };
    let is_ceiling = |series: &&&Series| CEILINGS.contains(&series.subject.as_str());
    let most = |series: &Series| {
        values(series).into_iter().filter(|value| value.is_finite()).fold(f64::MIN, f64::max)
    };
    let others = shown.iter().filter(|series| !is_ceiling(series));
    let highest = others.map(|series| most(series)).fold(f64::MIN, f64::max);
    let beyond =
        |series: &&&Series| is_ceiling(series) && highest > 0.0 && most(series) > highest * FAR;
    let within = shown.iter().filter(|series| !beyond(series)).flat_map(|series| values(series));
    let above = shown.iter().filter(beyond);
    let above = above.map(|series| (series.subject.as_str(), most(series))).collect();
    (Span::rounded(chart.y.scale, within), above)
}

/// Where a line ends that is to have its name there.
fn line_end<'a>(
    series: &'a Series,
    text: String,
    plot: &Plot,
    (x, y): (&Span, &Span),
) -> Option<End<'a>> {
    let places = series.points.iter().rev();
    let mut places =
        places.filter_map(|point| Some((x.place(point.x)?, y.place(point.spread().median)?)));
    let (x, y) = places.next()?;
    Some(End { subject: &series.subject, text, x: plot.x(x), y: plot.y(y).max(plot.top) })
}

/// A point with a place: its own, and those of its least and most.
struct Spot {
    x: f64,
    y: f64,
    least: f64,
    most: f64,
}

fn write_series(
    out: &mut String,
    chart: &Chart,
    series: &Series,
    plot: &Plot,
    (x, y): (&Span, &Span),
    clipped: bool,
) {
    let look = look(&series.subject);
    let spots = series.points.iter().map(|point| {
        let spread = point.spread();
        let (middle, end) = (y.place(spread.median)?, |value| y.place(value).unwrap_or(0.0));
        let [y, least, most] = [middle, end(spread.least), end(spread.most)].map(|at| plot.y(at));
        Some(Spot { x: plot.x(x.place(point.x)?), y, least, most })
    });
    let spots: Vec<Option<Spot>> = spots.collect();
    let (mut line, mut dots, mut whiskers, mut pen) =
        (String::new(), String::new(), String::new(), 'M');
    for spot in &spots {
        // What has no place leaves a gap.
        let Some(spot) = spot else {
            pen = 'M';
            continue;
        };
        let _ = write!(line, "{pen}{} {}", at(spot.x), at(spot.y));
        pen = 'L';
        dots.push_str(&marker::path(&look, spot.x, spot.y));
        if spot.least - spot.most > 0.5 {
            let _ = write!(whiskers, "M{} {}V{}", at(spot.x), at(spot.least), at(spot.most));
        }
    }
    let hover = series.points.iter().zip(&spots).filter_map(|(point, spot)| {
        let (spot, spread) = (spot.as_ref()?, point.spread());
        let told = if spread.samples == 1 { number(spread.median) } else { spread.to_string() };
        let (x, y) = ((spot.x * 10.0).round() / 10.0, (spot.y * 10.0).round() / 10.0);
        Some(serde_json::json!([x, y, ticks::name(&chart.x, point.x), told]))
    });
    let hover = serde_json::Value::from_iter(hover).to_string();
    let missing = undrawn(chart, series);
    let clip = match clipped {
        true => format!(" clip-path=\"url(#{}-clip)\"", super::super::text::identifier(&chart.id)),
        false => String::new(),
    };
    let _ = writeln!(
        out,
        "<g class=\"series h-{}\" data-subject=\"{}\" data-points=\"{}\" data-left-out=\"{missing}\" data-hover=\"{}\"{clip}>",
        look.hue,
        escape(&series.subject),
        series.points.len() - missing,
        escape(&hover)
    );
    let few = chart.series.iter().all(|series| series.points.len() <= FEW);
    if !few {
        let _ = writeln!(out, "<path class=\"band\" d=\"{}\"/>", band(&spots));
    } else if !whiskers.is_empty() {
        let _ = writeln!(out, "<path class=\"whisker\" d=\"{whiskers}\"/>");
    }
    let _ = writeln!(out, "<path class=\"line\"{} d=\"{line}\"/>", labels::line_style(&look));
    // A line of one point would not be seen.
    if few || series.points.len() == 1 {
        let _ = writeln!(out, "{}", marker::dots(&look, &dots));
    }
    out.push_str("</g>\n");
}

/// The area between least and most, one piece from gap to gap.
fn band(spots: &[Option<Spot>]) -> String {
    let mut path = String::new();
    for piece in spots.split(Option::is_none).filter(|piece| piece.len() > 1) {
        let forth = piece.iter().flatten().map(|spot| (spot.x, spot.most));
        let back = piece.iter().flatten().rev().map(|spot| (spot.x, spot.least));
        for (index, (x, y)) in forth.chain(back).enumerate() {
            let pen = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{pen}{} {}", at(x), at(y));
        }
        path.push('z');
    }
    path
}
