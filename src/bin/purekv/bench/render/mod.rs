//! The report as files: a page with pictures, tables as Markdown, all of it as JSON.

#[cfg(test)]
#[path = "../../../../../tests/support/browser.rs"]
mod browser;
mod html;
mod into;
mod markdown;
mod palette;
#[cfg(test)]
#[path = "../../../../../tests/support/probed.rs"]
mod probed;
#[cfg(test)]
mod sample;
mod section;
mod summary;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::path::Path;

use crate::bench::report::Report;

use self::html::page;
pub(crate) use self::into::renew;
use self::markdown::tables;

fn trouble(path: &Path, error: io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Makes the directory, and sees whether a file can be written there.
pub(crate) fn prepare(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| trouble(folder, error))?;
    let probe = folder.join("report.tmp");
    std::fs::write(&probe, "").map_err(|error| trouble(&probe, error))?;
    std::fs::remove_file(&probe).map_err(|error| trouble(&probe, error))
}

/// Writes the report into that directory.
pub(crate) fn write(report: &Report, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| trouble(folder, error))?;
    let json = serde_json::to_string(report).map_err(|error| error.to_string())?;
    let files =
        [("report.html", page(report)), ("report.json", json), ("report.md", tables(report))];
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| trouble(&path, error))?;
    }
    Ok(())
}

/// The pictures that a document wants: names of files, and what is to be in them.
pub(crate) fn pictures(document: &str, report: &Report) -> Vec<(String, String)> {
    let wanted = into::pictures(document, report);
    let charts = report.sections.iter().flat_map(|section| &section.charts);
    charts
        .filter(|chart| wanted.contains(&chart.id) && !chart.series.is_empty())
        .map(|chart| (format!("{}.svg", chart.id), svg::alone(chart)))
        .collect()
}
