//! Tables of the page, each in a box of its own that can be scrolled sideways.

use std::fmt::Write as _;

use super::palette::is_ours;
use super::summary::factor;
use super::svg;
use super::text::escape;
use crate::bench::report::{Better, Cell, Chart, Row, Section, Spread, number};

/// Of a chart's points more are not printed: every so many of them is, and all are in the JSON.
const POINTS: usize = 48;

/// All rows of a section.
pub(super) fn write(section: &Section) -> String {
    let subjects = section.subjects();
    let compares = section.rows.iter().any(|row| !row.standings().is_empty());
    let beside =
        if compares { "<th scope=\"col\" class=\"words\">beside the best peer</th>" } else { "" };
    let mut text = head("", beside, &subjects);
    text.push_str(
        "<th scope=\"col\">CPU share</th><th scope=\"col\">reps</th></tr></thead>\n<tbody>\n",
    );
    // Writing to a String cannot fail.
    for row in &section.rows {
        let _ = write!(
            text,
            "<tr><th scope=\"row\">{} <small>{}</small></th>",
            escape(&row.name.label),
            unit(row)
        );
        if compares {
            let standings: String = row.standings().iter().map(|one| factor(one, false)).collect();
            let _ = write!(text, "<td class=\"words\">{standings}</td>");
        }
        let best = best(row);
        for subject in &subjects {
            let spread = row.cell(subject).map(Cell::spread);
            text.push_str(&cell(
                subject,
                spread,
                best.is_some() && spread.map(|one| one.median) == best,
            ));
        }
        let _ = writeln!(text, "{}<td>{}</td></tr>", share(row), reps(row));
    }
    text.push_str("</tbody></table></div>\n");
    text
}

/// The points of a chart, a row for each x.
pub(super) fn write_points(chart: &Chart) -> String {
    let subjects: Vec<&str> = chart.series.iter().map(|series| series.subject.as_str()).collect();
    let mut xs: Vec<f64> =
        chart.series.iter().flat_map(|series| series.points.iter().map(|point| point.x)).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup_by(|one, other| one.total_cmp(other).is_eq());
    let every = xs.len().div_ceil(POINTS).max(1);
    let mut text = head(&escape(&chart.x.label), "", &subjects);
    text.push_str("</tr></thead>\n<tbody>\n");
    for x in xs.iter().step_by(every) {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th>", escape(&svg::name(&chart.x, *x)));
        for series in &chart.series {
            let point = series.points.iter().find(|point| point.x.total_cmp(x).is_eq());
            text.push_str(&cell(&series.subject, point.map(|point| point.spread()), false));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody></table></div>\n");
    let of = escape(&chart.y.label);
    let kept = if every > 1 {
        format!(", at one place in {every} of {}; all are in the JSON", xs.len())
    } else {
        String::new()
    };
    let _ = writeln!(text, "<p class=\"quiet\">{of}{kept}.</p>");
    text
}

fn head(first: &str, second: &str, subjects: &[&str]) -> String {
    let mut text = format!(
        "<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">{first}</th>{second}"
    );
    for subject in subjects {
        let class = ours_class(subject);
        let _ = write!(text, "<th scope=\"col\"{class}>{}</th>", escape(subject));
    }
    text
}

fn ours_class(subject: &str) -> &'static str {
    if is_ours(subject) { " class=\"ours\"" } else { "" }
}

/// The median, and under it what the repetitions lie between.
fn cell(subject: &str, spread: Option<Spread>, best: bool) -> String {
    let class = ours_class(subject);
    let Some(spread) = spread else { return format!("<td{class}>–</td>") };
    let median = number(spread.median);
    let median = if best { format!("<b>{median}</b>") } else { median };
    let range = match spread.samples {
        0 | 1 => String::new(),
        _ => format!("<small>{}–{}</small>", number(spread.least), number(spread.most)),
    };
    format!("<td{class}>{median}{range}</td>")
}

/// The best median of those that are stores.
fn best(row: &Row) -> Option<f64> {
    let stores =
        row.cells.iter().filter(|cell| !["none", "belady"].contains(&cell.subject.as_str()));
    let medians = stores.map(|cell| cell.spread().median).filter(|median| median.is_finite());
    match row.name.better {
        Better::Higher => medians.max_by(f64::total_cmp),
        Better::Lower => medians.min_by(f64::total_cmp),
        Better::Neither => None,
    }
}

/// The unit, with which way is better.
fn unit(row: &Row) -> String {
    let unit = escape(&row.name.unit);
    match row.name.better {
        Better::Higher => format!("{unit}, more is better"),
        Better::Lower => format!("{unit}, less is better"),
        Better::Neither => unit,
    }
}

fn share(row: &Row) -> String {
    let Some(share) = row.share() else { return "<td>–</td>".into() };
    let (least, most) = (share.least * 100.0, share.most * 100.0);
    let range = format!("{least:.0}–{most:.0} %");
    if row.is_disturbed() {
        format!("<td class=\"noisy\" title=\"disturbed: kept from the processors\">{range} ⚠</td>")
    } else {
        format!("<td>{range}</td>")
    }
}

/// How often each was measured.
fn reps(row: &Row) -> String {
    let counts = || row.cells.iter().map(|cell| cell.samples.len());
    match (counts().min(), counts().max()) {
        (Some(least), Some(most)) if least < most => format!("{least}–{most}"),
        (_, most) => most.unwrap_or(0).to_string(),
    }
}
