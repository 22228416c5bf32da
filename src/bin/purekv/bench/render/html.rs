//! The report as a page: complete in one file, readable without its script.

use std::fmt::Write as _;

use super::text::{count, escape, identifier};
use super::{palette, section, summary};
use crate::bench::report::{Machine, Report, Section};

/// All of it.
pub(crate) fn page(report: &Report) -> String {
    let title = format!("purekv {} beside others", escape(&report.version));
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{}{}{}</style>\n</head>\n<body>\n",
        palette::page_css(),
        include_str!("style.css"),
        include_str!("chart.css"),
    );
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "<header>\n<h1>{title}</h1>\n{}<button id=\"theme\" type=\"button\" hidden>theme</button>\n</header>\n<main>\n",
        lead(report)
    );
    text.push_str(&summary::write(report));
    text.push_str(&contents(report));
    text.push_str(&setting(report));
    report.sections.iter().for_each(|part| text.push_str(&section::write(part)));
    let _ = write!(
        text,
        "</main>\n<div id=\"told\" role=\"status\" hidden></div>\n<script>\n{}</script>\n</body>\n</html>\n",
        include_str!("script.js")
    );
    text
}

/// What this is, in a sentence.
fn lead(report: &Report) -> String {
    let ran = report.sections.iter().filter(|section| section.skipped.is_none());
    let rows: usize = report.sections.iter().map(|section| section.rows.len()).sum();
    format!(
        "<p class=\"lead\">{}, {}, on one machine, in {} ({} effort), {}.</p>\n",
        count(ran.count(), "comparison", "comparisons"),
        count(rows, "row of figures", "rows of figures"),
        duration(report.seconds),
        escape(&report.effort),
        escape(&report.began)
    )
}

/// `135` as `2 min 15 s`.
fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

fn contents(report: &Report) -> String {
    let items = report.sections.iter().map(|section| {
        let (id, title) = (identifier(&section.name), escape(&section.title));
        format!("<li><a href=\"#{id}\">{title}</a> {}</li>\n", state(section))
    });
    let items: String = items.collect();
    format!("<nav aria-label=\"Contents\">\n<h2>Contents</h2>\n<ol>\n{items}</ol>\n</nav>\n")
}

/// How a section went, in a few words.
fn state(section: &Section) -> String {
    if section.skipped.is_some() {
        return "<small>not run</small>".into();
    }
    let rows = count(section.rows.len(), "row", "rows");
    let failed = match section.failures.len() {
        0 => String::new(),
        n => format!(", <b class=\"behind\">{n} failed</b>"),
    };
    let behind = summary::behind(section);
    let behind = match behind {
        0 => String::new(),
        n => format!(", <b class=\"behind\">▼ {n} behind</b>"),
    };
    format!("<small>{rows}{behind}{failed}</small>")
}

/// Machine, versions, command.
fn setting(report: &Report) -> String {
    let Machine { cpu, cores, memory, kernel, huge_pages, rustc, allocator, versions } =
        &report.machine;
    let memory = format!("{:.1} GiB", *memory as f64 / f64::from(1 << 30));
    let facts = [
        ("Processor", escape(cpu)),
        ("Cores", cores.to_string()),
        ("Memory", memory),
        ("Kernel", format!("Linux {}", escape(kernel))),
        ("Transparent huge pages", escape(huge_pages)),
        ("Compiler", escape(rustc)),
        ("Allocator", escape(allocator)),
        ("Command", format!("<code>{}</code>", escape(&report.command))),
    ];
    let facts =
        facts.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
    let facts: String = facts.collect();
    let versions = versions
        .iter()
        .map(|(name, version)| format!("<li><b>{}</b> {}</li>\n", escape(name), escape(version)));
    let versions: String = versions.collect();
    let versions = if versions.is_empty() {
        versions
    } else {
        format!("<h3>Versions</h3>\n<ul class=\"versions\">\n{versions}</ul>\n")
    };
    format!(
        "<section id=\"machine\" class=\"setting\">\n<h2>Measured on</h2>\n<dl>\n{facts}</dl>\n{versions}</section>\n"
    )
}
