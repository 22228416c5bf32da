//! Charts as SVG: for the page, which has styles and script for it, and alone, for any place that shows an image.
//!
//! All are drawn 400 units wide, so that on a phone their text is still about 10 pixels high, and grow downwards as far as their labels need.

mod axes;
mod bars;
mod labels;
mod lines;
mod marker;
mod scale;
mod ticks;

use std::fmt::Write as _;

use super::palette;
use super::text::{count, escape, wrap};
use crate::bench::report::{Chart, Scale, Series, Shape, number};

/// What a value of an axis is called.
pub(super) use self::ticks::name;

/// Width of every picture.
const WIDTH: f64 = 400.0;
/// Size of text along axes, and below.
const SMALL: f64 = 11.0;
/// Size of names of subjects.
const NAME: f64 = 12.0;
/// Size of the title of a picture that stands alone.
const TITLE: f64 = 14.5;
/// Subjects whose value is a limit and not a result: others are not pressed to the ground to show how high it lies.
const CEILINGS: [&str; 1] = ["none"];

/// What a chart comes to.
struct Drawing {
    body: String,
    height: f64,
    /// What is to be said below.
    notes: Vec<String>,
}

/// For the page: no styles, no title, no background.
pub(super) fn inline(chart: &Chart) -> String {
    let Drawing { mut body, height, notes } = draw(chart);
    let height = write_notes(&mut body, &notes, height);
    wrapped(chart, "", &body, height)
}

/// A whole SVG file, in colours by the reader's preference.
pub(super) fn alone(chart: &Chart) -> String {
    let Drawing { mut body, height, notes } = draw(chart);
    let height = write_notes(&mut body, &notes, height);
    let title = wrap(&chart.title, TITLE, WIDTH - 8.0);
    let above = 8.0 + title.len() as f64 * (TITLE + 3.0);
    let mut all = format!(
        "<style>{}{}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        palette::picture_css(),
        include_str!("../chart.css")
    );
    // Writing to a String cannot fail.
    for (index, line) in title.iter().enumerate() {
        let y = at((index + 1) as f64 * (TITLE + 3.0));
        let _ = writeln!(all, "<text class=\"title\" x=\"4\" y=\"{y}\">{}</text>", escape(line));
    }
    let _ = writeln!(all, "<g transform=\"translate(0 {})\">\n{body}</g>", at(above));
    wrapped(chart, " xmlns=\"http://www.w3.org/2000/svg\" width=\"640\"", &all, height + above)
}

fn draw(chart: &Chart) -> Drawing {
    match chart.shape {
        Shape::Lines => lines::draw(chart),
        Shape::Bars => bars::draw(chart),
    }
}

fn wrapped(chart: &Chart, attributes: &str, body: &str, height: f64) -> String {
    let id = super::text::identifier(&chart.id);
    let points: usize = chart.series.iter().map(|series| series.points.len()).sum();
    format!(
        "<svg class=\"chart\"{attributes} viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" \
         data-chart=\"{id}\" data-series=\"{}\" data-points=\"{points}\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{body}</svg>\n",
        at(WIDTH),
        at(height),
        chart.series.len(),
        escape(&chart.title),
        escape(&description(chart)),
    )
}

/// The picture in words, for who cannot see it.
fn description(chart: &Chart) -> String {
    let kind = match chart.shape {
        Shape::Lines => "Lines",
        Shape::Bars => "Bars",
    };
    let mut text = format!("{kind}: {} by {}.", chart.y.label, chart.x.label);
    for series in &chart.series {
        let ends = [series.points.first(), series.points.last()];
        let ends = ends.into_iter().flatten().map(|point| {
            let median = number(point.spread().median);
            format!("{median} at {}", ticks::name(&chart.x, point.x))
        });
        let mut ends: Vec<String> = ends.collect();
        ends.dedup();
        let ends = if ends.is_empty() { "no figures".into() } else { ends.join(", ") };
        let _ = write!(text, " {}: {ends}.", series.subject);
    }
    text
}

/// Lines below a chart; where they end.
fn write_notes(body: &mut String, notes: &[String], mut y: f64) -> f64 {
    for line in notes.iter().flat_map(|note| wrap(note, SMALL, WIDTH - 8.0)) {
        y += SMALL + 3.0;
        let _ =
            writeln!(body, "<text class=\"note\" x=\"4\" y=\"{}\">{}</text>", at(y), escape(&line));
    }
    y + 6.0
}

/// What is not drawn, said.
fn left_out(chart: &Chart) -> Vec<String> {
    let mut notes = vec![];
    let empty = chart.series.iter().filter(|series| series.points.is_empty());
    let empty: Vec<&str> = empty.map(|series| series.subject.as_str()).collect();
    if !empty.is_empty() {
        notes.push(format!("No figures: {}.", empty.join(", ")));
    }
    let missing: usize = chart.series.iter().map(|series| undrawn(chart, series)).sum();
    let logarithmic = chart.x.scale == Scale::Log || chart.y.scale == Scale::Log;
    let why = if logarithmic { "not above 0, or no number" } else { "no number" };
    if missing > 0 {
        notes.push(format!("Left out: {} ({why}).", count(missing, "point", "points")));
    }
    notes
}

/// How many points of a series have no place.
fn undrawn(chart: &Chart, series: &Series) -> usize {
    let drawn = |x: f64, y: f64| scale::fits(chart.x.scale, x) && scale::fits(chart.y.scale, y);
    series.points.iter().filter(|point| !drawn(point.x, point.spread().median)).count()
}

/// A coordinate, to a tenth of a unit.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".into() } else { text.into() }
}
