//! Tests of more than one file.

#[allow(clippy::duplicate_mod, reason = "the wheel's tests have it, too")]
#[path = "../../../tests/support/corpus.rs"]
mod corpus;
mod faults;
#[path = "../../../tests/support/folder.rs"]
mod folder;
mod hostile;
mod marks;
#[cfg(feature = "dump-zstd")]
mod packed;
#[allow(dead_code, reason = "not all of it is needed")]
#[path = "../../../tests/support/random.rs"]
mod random;

use std::path::Path;

use super::columns::Due;
use super::disk::Disk;
use super::error::DumpError;
use super::forge::Scenario;
use super::format::NEVER;
use super::hash::hash_of_bytes;
use super::types::Types;
use super::writer::{Pending, Progress, Writer};

#[test]
fn what_the_fuzzer_has_found() {
    corpus::replay("dump", |bytes| {
        let bytes = arbitrary::Unstructured::new(bytes);
        if let Ok(scenario) = <Scenario as arbitrary::Arbitrary>::arbitrary_take_rest(bytes) {
            scenario.check();
        }
    });
}

/// Writes a dump of these entries with sections of some 100 bytes.
fn write<'k>(
    disk: &impl Disk,
    path: &Path,
    entries: impl IntoIterator<Item = (&'k [u8], &'k [u8])>,
) -> Result<Progress, DumpError> {
    let writer = Writer::begin(disk, path, Types::of_store(), 1_000_000, true)?;
    let mut pending = Pending::of(100);
    for (key, value) in entries {
        let section = pending.room_for(Some(key.len() + value.len()));
        let due = Due { deadline: NEVER, last: None };
        section.push(hash_of_bytes(key), key, value, due).expect("it is small");
        if pending.is_due() {
            writer.write_full(&mut pending)?;
        }
    }
    writer.write_rest(pending)?;
    writer.finish(None)
}
