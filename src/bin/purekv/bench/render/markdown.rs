//! The report as Markdown: its tables, with where we stand beside each row.

use std::fmt::Write as _;

use crate::bench::report::{Better, Report, Row, Section, Standing};

/// All of it.
pub(crate) fn tables(report: &Report) -> String {
    let mut text = format!("# purekv {} beside others\n\n", report.version);
    let _ = writeln!(text, "{}\n\n`{}`, {}\n", report.machine.line(), report.command, report.began);
    for section in &report.sections {
        let _ = writeln!(text, "## {}\n\n{}\n", section.title, section.about);
        text.push_str(&table(section));
        let _ = writeln!(text, "`{}`\n", section.command);
    }
    text
}

/// The table of a section with all that belongs to it, but for title and command.
pub(crate) fn table(section: &Section) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(why) = &section.skipped {
        let _ = writeln!(text, "Not run: {why}.\n");
    }
    for failure in &section.failures {
        let _ =
            writeln!(text, "**{} failed its self-check**: {}\n", failure.subject, failure.message);
    }
    if !section.rows.is_empty() {
        rows(&mut text, section);
        text.push('\n');
    }
    for note in &section.notes {
        let _ = writeln!(text, "{note}\n");
    }
    text
}

fn rows(text: &mut String, section: &Section) {
    let subjects = section.subjects();
    let compares = section.rows.iter().any(|row| !row.standings().is_empty());
    let beside = if compares { " beside the best peer |" } else { "" };
    let _ = writeln!(text, "| | {} |{beside} CPU share |", subjects.join(" | "));
    let rule = if compares { "---|" } else { "" };
    let _ = writeln!(text, "|---|{}{rule}---|", "---:|".repeat(subjects.len()));
    for row in &section.rows {
        let unit = match row.name.better {
            Better::Neither => row.name.unit.clone(),
            Better::Higher => format!("{} ↑", row.name.unit),
            Better::Lower => format!("{} ↓", row.name.unit),
        };
        let _ = write!(text, "| {}, {unit} |", row.name.label);
        for name in &subjects {
            let cell = row.cell(name).map_or("–".into(), |cell| cell.spread().to_string());
            let _ = write!(text, " {cell} |");
        }
        if compares {
            let standings: Vec<String> = row.standings().iter().map(standing).collect();
            let _ = write!(text, " {} |", standings.join("; "));
        }
        let _ = writeln!(text, " {} |", share(row));
    }
}

/// `store 0.92 (0.88–0.95) × scc-index: behind`
pub(crate) fn standing(standing: &Standing) -> String {
    let Standing { ours, peer, ratio, word } = standing;
    format!("{ours} {ratio} × {peer}: {}", word.text())
}

/// Of the processors, in percent; with a sign where somebody was kept from them.
fn share(row: &Row) -> String {
    let Some(share) = row.share() else { return "–".into() };
    let mark = if row.is_disturbed() { " ⚠" } else { "" };
    format!("{:.0}–{:.0} %{mark}", share.least * 100.0, share.most * 100.0)
}
