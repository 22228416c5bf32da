//! A bar for each subject, to the right, with its figure at the end; in groups, one for each value of x.

use std::fmt::Write as _;

use super::super::palette::{is_ours, look};
use super::super::text::{escape, width, wrap};
use super::axes;
use super::labels;
use super::scale::Span;
use super::ticks::{self, ticks};
use super::{CEILINGS, Drawing, NAME, SMALL, WIDTH, at, left_out};
use crate::bench::report::{Chart, Point, Series, number};

/// From one bar to the next.
const LINE: f64 = 16.0;
/// Thickness of a bar.
const THICK: f64 = 11.0;
/// Wider names stand above their bars.
const WIDEST: f64 = 120.0;
/// How far above all others a ceiling may lie and still be drawn in full.
const FAR: f64 = 1.5;

/// Where bars are.
struct Field {
    left: f64,
    width: f64,
    /// Names stand above their bars.
    above: bool,
}

pub(super) fn draw(chart: &Chart) -> Drawing {
    let points = || chart.series.iter().flat_map(|series| &series.points);
    let mut groups: Vec<f64> = points().map(|point| point.x).collect();
    groups.sort_by(f64::total_cmp);
    groups.dedup_by(|one, other| one.total_cmp(other).is_eq());
    let span = lengths(chart);

    let names = chart.series.iter().map(|series| labels::room(&series.subject));
    let widest = names.fold(0.0, f64::max);
    let above = widest > WIDEST;
    let figures = points().map(|point| width(&number(point.spread().median), NAME));
    let figures = figures.fold(0.0, f64::max) + 12.0;
    let left = if above { 4.0 } else { widest + 10.0 };
    let field = Field { left, width: WIDTH - left - figures, above };

    let (mut body, mut bars) = (String::new(), String::new());
    let mut y = axes::write_y_name(&mut body, &chart.y, WIDTH - 8.0) + 4.0;
    let from = y;
    for group in &groups {
        // One group needs no name, unless it has been given one.
        if groups.len() > 1 || !chart.x.names.is_empty() {
            y += 4.0;
            let name = heading(chart, *group);
            for line in wrap(&name, NAME, WIDTH - 8.0) {
                y += NAME + 4.0;
                axes::text(&mut bars, "group", 4.0, y, &line);
            }
            y += 5.0;
        }
        for series in &chart.series {
            let same = |point: &&Point| point.x.total_cmp(group).is_eq();
            if let Some(point) = series.points.iter().find(same) {
                y = write_bar(&mut bars, chart, series, point, &field, &span, y);
            }
        }
    }
    let labels = ticks(&chart.y, &span, |label| (width(label, SMALL) + 8.0) / field.width);
    for tick in labels {
        let x = at(field.left + tick.place * field.width);
        let class = if tick.place == 0.0 { "axis" } else { "grid" };
        let _ = writeln!(body, "<path class=\"{class}\" d=\"M{x} {}V{}\"/>", at(from), at(y + 2.0));
        axes::text(
            &mut bars,
            "tick middle",
            field.left + tick.place * field.width,
            y + 14.0,
            &tick.label,
        );
    }
    body.push_str(&bars);
    Drawing { body, height: y + 18.0, notes: left_out(chart) }
}

/// What a group is called; a number by itself says too little.
fn heading(chart: &Chart, x: f64) -> String {
    let name = ticks::name(&chart.x, x);
    let named = chart.x.names.iter().any(|(value, _)| *value == x);
    if named || chart.x.label.is_empty() { name } else { format!("{name} {}", chart.x.label) }
}

fn lengths(chart: &Chart) -> Span {
    let ends = |ceilings: bool| {
        let series = chart.series.iter();
        let series = series.filter(move |one| CEILINGS.contains(&one.subject.as_str()) == ceilings);
        let spreads = series.flat_map(|series| series.points.iter().map(Point::spread));
        spreads.flat_map(|spread| [spread.least, spread.most]).filter(|end| end.is_finite())
    };
    let most = |ceilings: bool| ends(ceilings).fold(f64::MIN, f64::max);
    let (others, ceilings) = (most(false), most(true));
    let all = others <= 0.0 || ceilings <= others * FAR;
    Span::rounded(chart.y.scale, ends(false).chain(ends(true).filter(|_| all)))
}

/// A bar from `y` downwards; where it ends.
fn write_bar(
    out: &mut String,
    chart: &Chart,
    series: &Series,
    point: &Point,
    field: &Field,
    span: &Span,
    mut y: f64,
) -> f64 {
    let (look, spread) = (look(&series.subject), point.spread());
    let strong = if is_ours(&series.subject) { " ours" } else { "" };
    let subject = escape(&series.subject);
    let name = escape(&ticks::name(&chart.x, point.x));
    let _ = writeln!(
        out,
        "<g class=\"bar h-{}{strong}\" data-subject=\"{subject}\" data-points=\"1\"><title>{subject}, {name}: {spread}</title>",
        look.hue
    );
    if field.above {
        y += NAME + 2.0;
        let _ = writeln!(out, "<text x=\"{}\" y=\"{}\">{subject}</text>", at(field.left), at(y));
        y += 3.0;
    } else {
        let (x, y) = (at(field.left - 6.0), at(y + LINE / 2.0 + 4.0));
        let _ = writeln!(out, "<text class=\"end\" x=\"{x}\" y=\"{y}\">{subject}</text>");
    }
    let x = |value: f64| {
        span.place(value).map(|place| field.left + place.clamp(0.0, 1.0) * field.width)
    };
    let middle = y + LINE / 2.0;
    let origin = x(0.0).unwrap_or(field.left);
    let mut tip = origin;
    if let Some(end) = x(spread.median) {
        let (from, length) = (at(origin.min(end)), at((end - origin).abs()));
        let class = if CEILINGS.contains(&series.subject.as_str()) { "body bare" } else { "body" };
        let top = at(middle - THICK / 2.0);
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{from}\" y=\"{top}\" width=\"{length}\" height=\"{THICK}\"/>"
        );
        tip = end.max(origin);
        let (least, most) = (x(spread.least).unwrap_or(end), x(spread.most).unwrap_or(end));
        if most - least > 1.0 {
            let _ = writeln!(
                out,
                "<path class=\"whisker\" d=\"M{least} {low}V{high}M{least} {middle}H{most}M{most} {low}V{high}\"/>",
                least = at(least),
                most = at(most),
                low = at(middle - 3.0),
                high = at(middle + 3.0),
                middle = at(middle)
            );
            tip = tip.max(most);
        }
    }
    let beyond = span.place(spread.median).is_some_and(|place| place > 1.0 + 1e-9);
    let figure = format!("{}{}", number(spread.median), if beyond { " →" } else { "" });
    let (x, at_y) = (at(tip + 5.0), at(middle + 4.0));
    let _ = writeln!(out, "<text class=\"figure\" x=\"{x}\" y=\"{at_y}\">{figure}</text></g>");
    y + LINE
}
