//! `purekv bench render`: reports made again from their JSON, and documents that quote them.

use std::path::{Path, PathBuf};

use clap::Args;

use super::render;
use super::report::Report;

/// Make a report again from its JSON, or renew the tables of documents that quote it
#[derive(Args)]
pub(crate) struct Render {
    /// What `purekv bench` has written: report.json; of several, comparisons of later ones take the place of earlier ones
    #[arg(long, value_name = "FILE", required = true)]
    from: Vec<PathBuf>,
    /// Write report.html, report.md and report.json here
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Renew what lies between `<!-- bench: … -->` and `<!-- bench: end -->` in this document; its pictures go to pictures/ beside it
    #[arg(long, value_name = "FILE")]
    into: Vec<PathBuf>,
    /// Change nothing; fail if a document is not as it would be made
    #[arg(long, requires = "into", conflicts_with = "out")]
    check: bool,
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(path: &Path) -> Result<Report, String> {
    serde_json::from_str(&read(path)?)
        .map_err(|error| format!("{}: no report of this version: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

impl Render {
    /// What is to be printed.
    pub(crate) fn run(self) -> Result<String, String> {
        let mut reports = self.from.iter().map(|path| parse(path));
        let mut report = reports.next().ok_or("no report is given")??;
        for later in reports {
            report.renew(later?)?;
        }
        if let Some(folder) = &self.out {
            render::write(&report, folder)?;
        }
        for document in &self.into {
            self.renew(document, &report)?;
        }
        Ok(String::new())
    }

    fn renew(&self, path: &Path, report: &Report) -> Result<(), String> {
        let old = read(path)?;
        let named = |told: String| format!("{}: {told}", path.display());
        let new = render::renew(&old, report).map_err(named)?;
        self.put(path, &old, &new)?;
        let folder = path.parent().unwrap_or(Path::new("")).join("pictures");
        for (name, picture) in render::pictures(&old, report) {
            let path = folder.join(name);
            let old = read(&path).unwrap_or_default();
            if !self.check {
                std::fs::create_dir_all(&folder)
                    .map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            self.put(&path, &old, &picture)?;
        }
        Ok(())
    }

    fn put(&self, path: &Path, old: &str, new: &str) -> Result<(), String> {
        if old == new {
            return Ok(());
        }
        if !self.check {
            return write(path, new);
        }
        let line = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
        let at = |text: &str| text.lines().nth(line).unwrap_or("the end").to_owned();
        Err(format!(
            "{}: line {}: expected {:?}, found {:?}: it is not what `purekv bench render` makes of the report",
            path.display(),
            line + 1,
            at(new),
            at(old)
        ))
    }
}
