//! What a dump's keys and values are, and how they are archived: what has to be the same when it is read.

use std::any::type_name;

use rkyv::api::high::{HighDeserializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::{Archive, Archived, Deserialize, Serialize};

use super::columns::Archiver;
use super::error::ArchiveError as Error;
use super::format::{Head, Kind};
use super::hash::checksum;

/// What keys and values of a [`Cache`](crate::Cache) that is dumped must be: types with `#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]`,
/// and what rkyv knows itself (numbers, strings, vectors and so on).
///
/// Implemented for all of them; no other type can.
pub trait Dumped:
    Sized
    + Archive<
        Archived: Deserialize<Self, HighDeserializer<Error>>
                      + for<'b> CheckBytes<HighValidator<'b, Error>>,
    > + for<'w, 'a> Serialize<Archiver<'w, 'a>>
{
}

impl<T> Dumped for T where
    T: Archive<
            Archived: Deserialize<T, HighDeserializer<Error>>
                          + for<'b> CheckBytes<HighValidator<'b, Error>>,
        > + for<'w, 'a> Serialize<Archiver<'w, 'a>>
{
}

/// The types of a dump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types {
    kind: Kind,
    names: [&'static str; 2],
    prints: [u64; 2],
}

impl Types {
    /// Byte strings.
    pub(crate) fn of_store() -> Self {
        Self { kind: Kind::Store, names: ["bytes"; 2], prints: [checksum(b"bytes"); 2] }
    }

    pub(crate) fn of_cache<K: Archive, V: Archive>() -> Self {
        let names = [type_name::<K>(), type_name::<V>()];
        Self { kind: Kind::Cache, names, prints: [print::<K>(), print::<V>()] }
    }

    pub(super) fn head(&self, identity: u64, taken_at: u64) -> Head {
        let [key_type, value_type] = self.prints;
        Head { kind: self.kind, layout: layout(), identity, taken_at, key_type, value_type }
    }

    /// As the tables hold them.
    pub(super) fn names(&self) -> String {
        self.names.join("\0")
    }

    pub(super) fn are(&self, head: &Head) -> bool {
        (self.kind, self.prints) == (head.kind, [head.key_type, head.value_type])
    }

    pub(super) fn describe(&self) -> String {
        describe(self.kind, self.names[0], self.names[1])
    }
}

/// What a dump is of, for people.
pub(super) fn describe(kind: Kind, key: &str, value: &str) -> String {
    match kind {
        Kind::Store => "a Store".to_owned(),
        Kind::Cache => format!("a Cache<{key}, {value}>"),
    }
}

/// Tells types apart: by name, and by how their archives are laid out.
fn print<T: Archive>() -> u64 {
    let (size, align) = (size_of::<Archived<T>>(), align_of::<Archived<T>>());
    checksum(format!("{} {size} {align}", type_name::<T>()).as_bytes())
}

/// How this build's rkyv lays archives out: [`Head::layout`].
pub(super) fn layout() -> [u8; 2] {
    let one = Archived::<u16>::from_native(1);
    let is_big = rkyv::to_bytes::<Error>(&1_u16).is_ok_and(|bytes| bytes.first() == Some(&0));
    let is_unaligned = align_of_val(&one) == 1;
    [size_of::<Archived<usize>>() as u8, u8::from(is_big) | u8::from(is_unaligned) << 1]
}
