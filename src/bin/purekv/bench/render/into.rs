//! Puts tables of a report into documents, between marks.
//!
//! ```text
//! <!-- bench: latency -->              the table of that comparison, its notes and its command
//! <!-- bench: latency with pictures --> and its pictures, as pictures/ID.svg beside the document
//! <!-- bench: machine -->              machine, versions, date, command
//! <!-- bench: summary -->              where we stand, counted
//! <!-- bench: rows                     single rows, and single columns of them
//! columns: store, moka
//! latency: insert, p99.9
//! -->
//! whatever was made last time
//! <!-- bench: end -->
//! ```

use std::fmt::Write as _;

use super::markdown;
use crate::bench::report::{Better, Report, Section};

const BEGIN: &str = "<!-- bench: ";
const MARK_END: &str = "-->";
const END: &str = "<!-- bench: end -->";

/// The document anew. An error says what it wants that the report has not, and in which line.
pub(crate) fn renew(document: &str, report: &Report) -> Result<String, String> {
    let mut text = String::with_capacity(document.len());
    let mut rest = document;
    while let Some(at) = rest.find(BEGIN) {
        let line = document[..document.len() - rest.len() + at].lines().count() + 1;
        let wrong = |what: String| format!("line {line}: {what}");
        let body = &rest[at + BEGIN.len()..];
        let (wish, after) = body.split_once(MARK_END).ok_or_else(|| {
            wrong(format!("expected {MARK_END:?} after {BEGIN:?}, found the end"))
        })?;
        let (_, after) = after.split_once(END).ok_or_else(|| {
            wrong(format!("expected {END:?} after {:?}, found the end", wish.trim()))
        })?;
        let block = block(wish.trim(), report).map_err(wrong)?;
        text.push_str(&rest[..at]);
        let _ = write!(text, "{BEGIN}{wish}{MARK_END}\n{}\n{END}", block.trim_end());
        rest = after;
    }
    Ok(text + rest)
}

/// The pictures that the document wants, by their ids.
pub(crate) fn pictures(document: &str, report: &Report) -> Vec<String> {
    let wanted =
        |section: &&Section| document.contains(&format!("{BEGIN}{} with pictures", section.name));
    let sections = report.sections.iter().filter(wanted);
    sections.flat_map(|section| section.charts.iter().map(|chart| chart.id.clone())).collect()
}

fn block(wish: &str, report: &Report) -> Result<String, String> {
    match wish {
        "machine" => Ok(machine(report)),
        "summary" => Ok(report.summary()),
        _ => match wish.strip_prefix("rows") {
            Some(rows) => self::rows(rows, report),
            None => section(wish, report),
        },
    }
}

fn find<'a>(name: &str, report: &'a Report) -> Result<&'a Section, String> {
    let found = report.sections.iter().find(|section| section.name == name);
    found.ok_or_else(|| format!("the report has no comparison {name:?}"))
}

fn section(wish: &str, report: &Report) -> Result<String, String> {
    let (name, has_pictures) = match wish.strip_suffix(" with pictures") {
        Some(name) => (name, true),
        None => (wish, false),
    };
    let section = find(name, report)?;
    let mut text = format!("{}\n\n", section.about);
    if has_pictures {
        for chart in section.charts.iter().filter(|chart| !chart.series.is_empty()) {
            let _ = writeln!(text, "![{}](pictures/{}.svg)", chart.title, chart.id);
        }
        text.push('\n');
    }
    let _ = write!(text, "{}`{}`", markdown::table(section), section.command);
    Ok(text)
}

fn machine(report: &Report) -> String {
    let versions =
        report.machine.versions.iter().map(|(name, version)| format!("{name} {version}"));
    format!(
        "> {}; {}. `{}`, {}, {:.0} minutes.",
        report.machine.line(),
        versions.collect::<Vec<_>>().join(", "),
        report.command,
        report.began,
        report.seconds / 60.0
    )
}

/// `columns: a, b` and lines of `comparison: label`.
fn rows(wish: &str, report: &Report) -> Result<String, String> {
    let mut columns: Vec<&str> = vec![];
    let mut text = String::new();
    for line in wish.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, label) = line
            .split_once(": ")
            .ok_or_else(|| format!("expected `columns: …` or `comparison: row`, found {line:?}"))?;
        if name == "columns" {
            columns = label.split(',').map(str::trim).collect();
            let _ = writeln!(text, "| | {} |", columns.join(" | "));
            let _ = writeln!(text, "|---|{}", "---:|".repeat(columns.len()));
            continue;
        }
        let section = find(name, report)?;
        let row = section.rows.iter().find(|row| row.name.label == label);
        let row = row.ok_or_else(|| format!("{name} has no row {label:?}"))?;
        let arrow = match row.name.better {
            Better::Higher => " ↑",
            Better::Lower => " ↓",
            Better::Neither => "",
        };
        let _ = write!(text, "| {label}, {}{arrow} |", row.name.unit);
        for column in &columns {
            let cell = row.cell(column).map_or("–".into(), |cell| cell.spread().to_string());
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::RowName;

    fn report() -> Report {
        let mut section =
            Section { name: "latency".into(), about: "How long?".into(), ..Section::default() };
        let row = RowName::new("insert, p99.9", "ns", Better::Lower);
        for (subject, value) in [("store", 20.0), ("moka", 40.0)] {
            section.sample(&row, subject, value, Some(1.0));
        }
        Report { sections: vec![section], ..Report::default() }
    }

    #[test]
    fn what_lies_between_the_marks_is_made_anew_and_the_rest_stays() {
        let document = "# Title\n\n<!-- bench: latency -->\nold\n<!-- bench: end -->\nbelow\n<!-- bench: rows\ncolumns: store\nlatency: insert, p99.9\n-->\n<!-- bench: end -->\n";
        let once = renew(document, &report()).unwrap();
        assert!(once.starts_with("# Title\n\n<!-- bench: latency -->\nHow long?\n"), "{once}");
        assert!(
            once.contains("| insert, p99.9, ns ↓ | 20.0 | 40.0 | store 2.00 × moka: ahead |"),
            "{once}"
        );
        assert!(once.contains("<!-- bench: end -->\nbelow\n"));
        assert!(once.ends_with("-->\n| | store |\n|---|---:|\n| insert, p99.9, ns ↓ | 20.0 |\n<!-- bench: end -->\n"), "{once}");
        assert!(!once.contains("old"));
        assert_eq!(renew(&once, &report()).unwrap(), once);
    }

    #[test]
    fn what_the_report_has_not_is_named_with_its_line() {
        let wrong = |document: &str| renew(document, &report()).unwrap_err();
        let told = wrong("\n<!-- bench: churn -->\n<!-- bench: end -->");
        assert_eq!(told, "line 2: the report has no comparison \"churn\"");
        assert!(wrong("<!-- bench: latency -->\n").contains("found the end"));
        let told = wrong("<!-- bench: rows\nlatency: get\n-->\n<!-- bench: end -->");
        assert_eq!(told, "line 1: latency has no row \"get\"");
    }
}
