//! The verdict: how many rows we are ahead in, level, behind, or cannot tell; and which.

use std::fmt::Write as _;

use super::text::{count, escape, identifier};
use crate::bench::report::{OURS, Report, Row, Section, Standing, Tally, Word};

/// In the order in which they are shown.
const WORDS: [Word; 4] = [Word::Ahead, Word::Level, Word::TooNoisy, Word::Behind];
/// So many rows ahead are named, or as many as we are behind in.
const AHEAD: usize = 8;

/// A row with what it says of some of ours.
struct Found<'a> {
    section: &'a Section,
    row: &'a Row,
    standings: Vec<Standing>,
}

/// Class, sign and name of a word.
pub(super) fn sign(word: Word) -> (&'static str, &'static str) {
    match word {
        Word::Ahead => ("ahead", "▲"),
        Word::Level => ("level", "="),
        Word::Behind => ("behind", "▼"),
        Word::TooNoisy => ("noisy", "?"),
    }
}

/// Rows of a section in which any of ours is behind.
pub(super) fn behind(section: &Section) -> usize {
    let lost = |row: &&Row| row.standings().iter().any(|one| one.word == Word::Behind);
    section.rows.iter().filter(lost).count()
}

pub(super) fn write(report: &Report) -> String {
    let mut text = String::from("<section id=\"verdict\">\n<h2>In short</h2>\n");
    text.push_str(&sentences(report));
    text.push_str(&warning(report));
    let all = |word| found(report, word);
    let (behind, ahead) = (all(Word::Behind), all(Word::Ahead));
    let most = behind.len().max(AHEAD);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "<div class=\"sides\">\n{}{}</div>\n",
        list("Where we are behind", "worst first", &behind, usize::MAX),
        list("Where we are ahead", "best first", &ahead, most),
    );
    for (title, word) in [("Too noisy to tell", Word::TooNoisy), ("Level", Word::Level)] {
        let rows = all(word);
        if !rows.is_empty() {
            let rows = items(&rows, usize::MAX);
            let _ = writeln!(
                text,
                "<details><summary>{title}: {}</summary>\n{rows}</details>",
                count(all(word).len(), "row", "rows")
            );
        }
    }
    text.push_str("</section>\n");
    text
}

/// For each of ours a bar of its rows, and the same in words.
fn sentences(report: &Report) -> String {
    let mut text = String::new();
    for ours in OURS {
        let Tally { ahead, level, behind, too_noisy } = report.tally(ours);
        let counts = [ahead, level, too_noisy, behind];
        let rows: usize = counts.iter().sum();
        if rows == 0 {
            continue;
        }
        let (mut bar, mut told) = (String::new(), vec![]);
        for (word, n) in WORDS.into_iter().zip(counts) {
            let (class, sign) = sign(word);
            if n > 0 {
                let _ =
                    write!(bar, "<i class=\"{class}\" style=\"flex-grow:{n}\">{sign}\u{a0}{n}</i>");
            }
            told.push(format!("<b class=\"{class}\">{n}</b> {}", word.text()));
        }
        let _ = writeln!(
            text,
            "<div class=\"tally\"><p><b class=\"who\">{ours}</b> beside the best other crate of each row, {}: {}.</p>\
             <div class=\"bar\" aria-hidden=\"true\">{bar}</div></div>",
            count(rows, "row", "rows"),
            told.join(", ")
        );
    }
    if text.is_empty() {
        text.push_str("<p>No row of this report has another crate to compare with.</p>\n");
    } else {
        text.push_str(
            "<p class=\"quiet\">A factor says how many times better ours is than the best of the others in that row. \
             Ahead: better in every repetition. Behind: worse in every repetition. Level: neither. Too noisy: the repetitions are too far apart to say.</p>\n",
        );
    }
    text
}

/// A box, if the machine was not quiet.
fn warning(report: &Report) -> String {
    let (disturbed, rows) = report.disturbed();
    let noisy = found(report, Word::TooNoisy).len();
    let failures: usize = report.sections.iter().map(|section| section.failures.len()).sum();
    let mut text = String::new();
    if failures > 0 {
        let _ = writeln!(
            text,
            "<p class=\"box failed\" role=\"note\"><b>{} failed.</b> Whoever gave wrong answers has no figures in that comparison.</p>",
            count(failures, "self-check", "self-checks")
        );
    }
    if disturbed + noisy > 0 {
        let _ = writeln!(
            text,
            "<p class=\"box noisy\" role=\"note\"><b>⚠ Was the machine quiet?</b> In {disturbed} of {} the measuring process got less than \
             95 % of the processors it could have used in some repetition (marked ⚠): other work ran beside it, and those figures may be too low for whoever was hit; or its threads slept, as those do that wait for a lock. \
             In {} the repetitions are too far apart to conclude anything. Run it again on a quiet machine, or with <code>--full</code>.</p>",
            count(rows, "row", "rows"),
            count(noisy, "row", "rows"),
        );
    }
    text
}

/// All rows in which that is the word for any of ours; the most extreme first.
fn found(report: &Report, word: Word) -> Vec<Found<'_>> {
    let rows = report
        .sections
        .iter()
        .flat_map(|section| section.rows.iter().map(move |row| (section, row)));
    let rows = rows.map(|(section, row)| {
        let standings = row.standings().into_iter().filter(|one| one.word == word).collect();
        Found { section, row, standings }
    });
    let mut rows: Vec<_> = rows.filter(|found| !found.standings.is_empty()).collect();
    let ratios = |found: &Found<'_>| -> Vec<f64> {
        found.standings.iter().map(|standing| standing.ratio.median).collect()
    };
    let least = |found: &Found<'_>| ratios(found).into_iter().fold(f64::INFINITY, f64::min);
    let most = |found: &Found<'_>| ratios(found).into_iter().fold(f64::NEG_INFINITY, f64::max);
    match word {
        Word::Ahead => rows.sort_by(|one, other| most(other).total_cmp(&most(one))),
        _ => rows.sort_by(|one, other| least(one).total_cmp(&least(other))),
    }
    rows
}

fn list(title: &str, order: &str, rows: &[Found<'_>], most: usize) -> String {
    let (items, order) = match rows.len() {
        0 => ("<p class=\"quiet\">In no row of this report.</p>\n".into(), String::new()),
        n => (items(rows, most), format!(" <small>{}, {order}</small>", count(n, "row", "rows"))),
    };
    format!("<div>\n<h3>{title}{order}</h3>\n{items}</div>\n")
}

fn items(rows: &[Found<'_>], most: usize) -> String {
    let mut text = String::from("<ol class=\"rows\">\n");
    for Found { section, row, standings } in rows.iter().take(most) {
        let factors = standings.iter().map(|standing| factor(standing, true));
        let factors: Vec<String> = factors.collect();
        let warned = if row.is_disturbed() { " <abbr title=\"disturbed\">⚠</abbr>" } else { "" };
        let _ = writeln!(
            text,
            "<li><span>{}{warned} <a href=\"#{}\" title=\"{}\">{}</a></span> <span class=\"factors\">{}</span></li>",
            escape(&row.name.label),
            identifier(&section.name),
            escape(&section.title),
            escape(&section.name),
            factors.join(" "),
        );
    }
    text.push_str("</ol>\n");
    if rows.len() > most {
        let more = count(rows.len() - most, "row", "rows");
        let _ = writeln!(text, "<p class=\"quiet\">and {more} more, in the tables below.</p>");
    }
    text
}

/// `store 0.92 × scc-index · behind`, with the range to be asked for.
pub(super) fn factor(standing: &Standing, bare: bool) -> String {
    let Standing { ours, peer, ratio, word } = standing;
    let (class, sign) = sign(*word);
    let word = if bare { String::new() } else { format!(" <i>{sign} {}</i>", word.text()) };
    format!(
        "<span class=\"factor {class}\" title=\"{ratio}\"><b class=\"who\">{ours}</b> <b>{} ×</b> {}{word}</span>",
        super::super::report::number(ratio.median),
        escape(peer)
    )
}
