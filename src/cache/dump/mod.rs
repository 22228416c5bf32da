//! Dumping a cache, and loading one: the way between the engine and [`snapshot`](crate::snapshot).
//!
//! A dump walks the table as [`iter`](crate::Cache::iter) does, pinned for one bucket at a time: entries are copied or archived while
//! pinned, written while not, so that a slow disk holds nothing back.
//!
//! Deadlines in a cache are instants of its monotonic clock, in a file of the wall clock. Both are read once, at the start of a dump or a load.

mod crew;
mod load;
mod options;
mod periodic;
mod standing;
mod store;
#[cfg(all(test, not(purekv_loom)))]
mod tests;
mod times;
mod typed;
mod walk;

pub use load::LoadReport;
pub use options::{DumpOptions, LoadOptions};
pub use periodic::{DumpStatus, PeriodicDump};
pub(super) use standing::learn_from;
pub(super) use times::Times;
