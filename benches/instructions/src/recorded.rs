//! The values that are checked in, and what they were recorded with.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::callgrind::{self, said};

/// `benches/instructions.toml`.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../instructions.toml");

/// With another compiler or C library, other counts are to be expected.
#[derive(PartialEq, Eq)]
pub(crate) struct Tools(Vec<(&'static str, String)>);

impl Tools {
    /// What is here.
    pub(crate) fn here() -> Self {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let rustc = said(Command::new(rustc).arg("-vV")).unwrap_or_default();
        let field = |name: &str| {
            let value = rustc.lines().find_map(|line| line.strip_prefix(name));
            value.unwrap_or("unknown").to_owned()
        };
        let libc = said(Command::new("getconf").arg("GNU_LIBC_VERSION"));
        Self(vec![
            ("rustc", field("release: ")),
            ("target", field("host: ")),
            ("libc", libc.unwrap_or_else(|| "unknown".to_owned())),
            ("valgrind", callgrind::version().unwrap_or_else(|| "unknown".to_owned())),
        ])
    }

    /// What is not as it was; empty: all is.
    pub(crate) fn unlike(&self, recorded: &Self) -> String {
        let pairs = self.0.iter().zip(&recorded.0).filter(|(here, there)| here != there);
        let pairs = pairs.map(|((name, here), (_, there))| format!("{name} {here}, not {there}"));
        pairs.collect::<Vec<_>>().join("; ")
    }
}

/// Instructions per operation, by name.
pub(crate) struct Recorded {
    pub(crate) tools: Tools,
    pub(crate) counts: BTreeMap<String, f64>,
}

impl Recorded {
    pub(crate) fn read() -> Result<Self, String> {
        let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{FILE}: {error}"))?;
        let tool = |name: &str| match table.get(name).and_then(toml::Value::as_str) {
            Some(version) => version.to_owned(),
            None => "unknown".to_owned(),
        };
        let tools = ["rustc", "target", "libc", "valgrind"].map(|name| (name, tool(name)));
        let mut counts = BTreeMap::new();
        for (name, count) in
            table.get("instructions").and_then(toml::Value::as_table).into_iter().flatten()
        {
            let count = count.as_float().filter(|count| *count > 0.0);
            let count =
                count.ok_or_else(|| format!("{FILE}: {name}: expected a number like 163.0"))?;
            counts.insert(name.clone(), count);
        }
        Ok(Self { tools: Tools(tools.into()), counts })
    }

    /// Where it lies, if it could be written.
    pub(crate) fn write(
        &self,
        order: impl Iterator<Item = &'static str>,
    ) -> Result<&'static Path, String> {
        let mut text =
            "# Instructions per operation; `ci/instructions.sh --update` writes this file.\n"
                .to_owned();
        for (name, version) in &self.tools.0 {
            let _ = writeln!(text, "{name} = {version:?}");
        }
        text.push_str("\n[instructions]\n");
        for name in order {
            if let Some(count) = self.counts.get(name) {
                let _ = writeln!(text, "{name:?} = {count:.1}");
            }
        }
        fs::write(FILE, text).map_err(|error| format!("{FILE}: {error}"))?;
        Ok(Path::new(FILE))
    }
}
