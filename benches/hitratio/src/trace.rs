//! A sequence of requests as dense ids, and where it comes from.

use std::collections::HashMap;
use std::path::Path;

use purekv::replay::{Workload, read_trace};

/// Something to replay, by the number its key has in the order of first appearance: so that a model can keep what
/// it knows about a key in an array.
pub(crate) struct Trace {
    pub(crate) ids: Vec<u32>,
    pub(crate) unique: usize,
}

impl Trace {
    pub(crate) fn new(keys: impl IntoIterator<Item = u64>) -> Self {
        let mut known: HashMap<u64, u32, ahash::RandomState> = HashMap::default();
        let ids = keys
            .into_iter()
            .map(|key| {
                let next = known.len() as u32;
                *known.entry(key).or_insert(next)
            })
            .collect();
        Self { ids, unique: known.len() }
    }
}

impl From<&Workload> for Trace {
    fn from(workload: &Workload) -> Self {
        Self::new(workload.requests().iter().map(|request| request.key))
    }
}

/// A trace that is not in memory yet.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) load: Box<dyn Fn() -> Result<Trace, String> + Send + Sync>,
}

/// The traces in a directory, by name.
pub(crate) fn list(directory: &Path) -> Result<Vec<Source>, String> {
    let shown = directory.display();
    let entries = std::fs::read_dir(directory)
        .map_err(|error| format!("no traces, nothing measured: {shown}: {error}"))?;
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{shown}: {error}"))?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let plain = file.strip_suffix(".zst").unwrap_or(file);
        let Some(name) = plain.strip_suffix(".csv").filter(|name| *name != "reference") else {
            continue;
        };
        sources.push(Source {
            name: name.to_owned(),
            load: Box::new(move || {
                let workload = read_trace(&path, usize::MAX).map_err(|error| error.to_string())?;
                Ok(Trace::from(&workload))
            }),
        });
    }
    if sources.is_empty() {
        return Err(format!("no traces, nothing measured: {shown} has no *.csv or *.csv.zst"));
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sources)
}
