//! One comparison on the page: what is asked, pictures, figures, what went wrong.

use std::fmt::Write as _;

use super::text::{count, escape, identifier, paragraphs, prose};
use super::{summary, svg, table};
use crate::bench::report::{Chart, Row, Section, Word};

/// Beyond so many rows a table below pictures is folded.
const SHORT: usize = 12;

pub(super) fn write(section: &Section) -> String {
    let id = identifier(&section.name);
    let mut text = format!(
        "<section id=\"{id}\" class=\"comparison\">\n<h2><a href=\"#{id}\">{}</a></h2>\n<div class=\"about\">\n{}</div>\n",
        escape(&section.title),
        paragraphs(&section.about)
    );
    // Writing to a String cannot fail.
    if let Some(why) = &section.skipped {
        let _ = writeln!(text, "<p class=\"quiet\">Not run: {}.</p>", prose(why));
    }
    for failure in &section.failures {
        let (subject, message) = (escape(&failure.subject), escape(&failure.message));
        let _ = writeln!(
            text,
            "<p class=\"box failed\" role=\"note\"><b>{subject} failed its self-check</b>, so it has no figures here: {message}</p>"
        );
    }
    let charts: Vec<&Chart> = section.charts.iter().filter(|chart| has_points(chart)).collect();
    if !charts.is_empty() {
        text.push_str("<div class=\"charts\">\n");
        charts.iter().for_each(|chart| text.push_str(&figure(section, chart)));
        text.push_str("</div>\n");
    }
    if !section.rows.is_empty() {
        let open = if charts.is_empty() || section.rows.len() <= SHORT { " open" } else { "" };
        let _ = writeln!(
            text,
            "<details class=\"figures\"{open}><summary>{}</summary>\n{}</details>",
            tally(section),
            table::write(section)
        );
    }
    if !section.notes.is_empty() {
        let notes = section.notes.iter().map(|note| format!("<li>{}</li>\n", prose(note)));
        let notes: String = notes.collect();
        let _ = writeln!(text, "<ul class=\"notes\">\n{notes}</ul>");
    }
    let _ = writeln!(
        text,
        "<p class=\"again\">Again: <code>{}</code></p>\n</section>",
        escape(&section.command)
    );
    text
}

fn has_points(chart: &Chart) -> bool {
    chart.series.iter().any(|series| !series.points.is_empty())
}

/// A picture with its title, and its figures where no table has them.
fn figure(section: &Section, chart: &Chart) -> String {
    let on_chart = |row: &Row| row.name.place.as_ref().is_some_and(|(id, _)| *id == chart.id);
    let figures = match section.rows.iter().any(on_chart) {
        true => String::new(),
        false => format!(
            "<details><summary>Figures</summary>\n{}</details>\n",
            table::write_points(chart)
        ),
    };
    format!(
        "<figure id=\"{}\">\n<figcaption>{}</figcaption>\n{}{figures}</figure>\n",
        identifier(&format!("{}-{}", section.name, chart.id)),
        escape(&chart.title),
        svg::inline(chart)
    )
}

/// What is in a table, before it is unfolded.
fn tally(section: &Section) -> String {
    let mut text = format!("All figures: {}", count(section.rows.len(), "row", "rows"));
    for word in [Word::Ahead, Word::Level, Word::Behind, Word::TooNoisy] {
        let rows = section.rows.iter();
        let rows = rows.filter(|row| row.standings().iter().any(|standing| standing.word == word));
        let (class, sign) = summary::sign(word);
        match rows.count() {
            0 => {}
            n => {
                let _ = write!(text, " <b class=\"{class}\">{sign} {n} {}</b>", word.text());
            }
        }
    }
    text
}
