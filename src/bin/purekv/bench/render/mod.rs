//! The report as files.

mod markdown;

use std::io;
use std::path::Path;

use crate::bench::report::Report;

pub(crate) use self::markdown::tables;

/// Writes the report into that directory; what is to be said about it.
pub(crate) fn write(report: &Report, folder: &Path) -> Result<String, String> {
    let trouble = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| trouble(folder, error))?;
    let json = serde_json::to_string(report).map_err(|error| error.to_string())?;
    let markdown = tables(report);
    for (name, text) in [("report.json", &json), ("report.md", &markdown)] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| trouble(&path, error))?;
    }
    Ok(markdown)
}
