//! Whether a key is in a dump twice.
//!
//! A walk through a store promises that none is; of entries that come from elsewhere it is found out when the file is complete, before it gets its name. Two entries of
//! one key are in one bucket of the index and have the same tag, so all but the index is read only where these agree: once in three million entries if all
//! keys differ.

use std::collections::HashMap;
use std::path::Path;

use super::error::DumpError;
use super::index::{Cell, Location};
use super::store::StoreSnapshot;

/// Looks through the dump in `file`, which is to be `target`. O(entries).
pub(super) fn check(file: &Path, target: &Path) -> Result<(), DumpError> {
    let snapshot = StoreSnapshot::open(file)?;
    let mut cells = Vec::new();
    for bucket in 0..snapshot.file.buckets() {
        cells.clear();
        cells.extend(snapshot.file.bucket(bucket)?);
        // By tag, and then by place.
        cells.sort_unstable_by_key(|cell: &Cell| cell.0);
        for alike in cells.chunk_by(|one, other| one.is_alike(*other)) {
            if let [_, _, ..] = alike {
                check_alike(&snapshot, alike, target)?;
            }
        }
    }
    Ok(())
}

fn check_alike(snapshot: &StoreSnapshot, cells: &[Cell], target: &Path) -> Result<(), DumpError> {
    let mut seen = HashMap::new();
    for location in cells.iter().map(|cell| cell.location()) {
        let key = snapshot.at(location)?.key;
        if let Some(first) = seen.insert(key, location) {
            let (first, again) = (number(snapshot, first), number(snapshot, location));
            let (path, key) = (target.to_owned(), key.to_vec());
            return Err(DumpError::Duplicate { path, key, first, again });
        }
    }
    Ok(())
}

/// How many entries come before it.
fn number(snapshot: &StoreSnapshot, location: Location) -> u64 {
    let before = (0..location.section as usize).map(|section| snapshot.entries_in(section));
    before.map(u64::from).sum::<u64>() + u64::from(location.slot)
}
