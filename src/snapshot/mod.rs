//! Dump files: written beside traffic, replaced as a whole or not at all, read where they lie.
//!
//! This module knows the format and files, and no cache: [`Writer`] is handed entries one after the other, and [`StoreSnapshot`] and [`Snapshot`]
//! hand them out. `docs/dump-format.md` has the byte tables.
//!
//! - [`format`], [`tables`]: head, tables, footer as bytes, and whether they fit each other. Pure.
//! - [`columns`], [`archive`], [`checked`]: a section of entries, written and read; what is checked before a byte of it is believed.
//! - [`marks`]: what a policy knew of entries, beside them.
//! - [`pack`]: sections that are compressed.
//! - [`index`], [`spill`]: from hash to place, and how that is made in bounded memory.
//! - [`disk`], [`replace`]: the steps by which a file is replaced, each of which can fail.
//! - [`writer`]: all of it one behind the other; [`store_writer`], [`duplicates`]: for entries that come from no store.
//! - [`map`], [`opened`], [`sections`]: a file in memory, and what is verified when.
//! - [`store`], [`typed`]: the two faces for reading; [`places`]: by place, for a cache on top of one.
//! - [`hash`], [`types`], [`error`].

mod archive;
mod checked;
mod columns;
mod disk;
mod duplicates;
mod error;
#[cfg(all(any(fuzzing, test), not(purekv_loom)))]
pub(crate) mod forge;
mod format;
mod hash;
mod index;
mod map;
mod marks;
mod opened;
mod pack;
mod places;
mod replace;
mod sections;
mod spill;
mod store;
mod store_writer;
mod tables;
#[cfg(all(test, not(purekv_loom)))]
mod tests;
mod typed;
mod types;
mod writer;

pub use error::DumpError;
pub use format::Kind as DumpKind;
pub use opened::DumpInfo;
pub use store::{SnapshotEntry, StoreSnapshot};
pub use store_writer::StoreDumpWriter;
pub use typed::Snapshot;
pub use types::Dumped;
pub use writer::Progress as DumpProgress;

pub(crate) use columns::{Due, Refused};
pub(crate) use disk::System;
pub(crate) use hash::{hash_of, hash_of_bytes};
pub(crate) use index::Location;
pub(crate) use marks::Marks;
pub(crate) use pack::Scratch;
pub(crate) use types::Types;
pub(crate) use writer::{Pending, Writer};
