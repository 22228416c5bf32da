//! Replays a trace of requests against the stores of this crate, and measures them side by side.
//!
//! ```text
//! trace ─┐
//!        ├─► Workload ──► run::replay(store) ──► Outcome ─┐
//! zipf  ─┘                     × stores × repeats         ├─► Report ──► table or JSON
//!                                                        ─┘
//! ```
//!
//! The replay is *cache-aside*: each request is a get, and a miss inserts the value; a `set` of the trace
//! inserts without asking. Every value carries its key, and a hit that brings another key's value
//! fails the run: a fast store that is wrong must not get into a table.
//!
//! What the measurement keeps out of the figures: decoding the trace (it is in memory first), starting threads
//! (they wait at a gate), filling values (one buffer a thread), copying them out (hits read in place), and most of the
//! clock's own cost (one request in [`Options::sample`] is timed).
//!
//! Only with the `cli` feature.

mod capacity;
mod cpu;
mod error;
mod latency;
mod report;
mod run;
mod size;
mod sizes;
mod subjects;
mod trace;
mod ttl;
mod workload;
mod zipf;

pub use capacity::{Capacity, ParseCapacityError};
pub use error::ReplayError;
pub use latency::Latency;
pub use report::{Report, Spread, Unit, aligned, grouped};
pub use run::{Options, Outcome, replay};
pub use size::{ParseSizeError, ValueSize};
pub use sizes::SizeTable;
pub use subjects::{Subject, bounded_subjects, compare, subjects};
pub use trace::{parse_trace, read_trace};
pub use ttl::{ParseTtlError, TtlChoice};
pub use workload::{Operation, Request, Workload};
pub use zipf::zipf;
