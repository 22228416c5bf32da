//! The two faces of the engine, and what belongs to both.
//!
//! [`Cache`] is typed, [`Store`] maps byte strings to byte strings with one allocation an entry. Both are handles: cloning is
//! cheap and gives another handle on the same entries, the last one dropped frees everything.

#[cfg(feature = "server")]
mod ahead;
mod blob;
mod bound;
mod builder;
mod bytes;
mod compute;
mod core;
#[cfg(feature = "dump")]
mod dump;
mod entry;
mod expiration;
mod kv;
mod loader;
#[cfg(feature = "metrics")]
mod metrics;
mod pinned;
mod scan;
mod settings;
mod stats;
mod store;
mod ticker;
mod typed;
mod view;
#[cfg(feature = "dump")]
mod warm;
#[cfg(not(feature = "dump"))]
#[path = "warm/off.rs"]
mod warm;
mod whole;

pub use bound::TooHeavy;
pub use builder::{Builder, Expiry};
#[cfg(feature = "dump")]
pub use dump::{DumpOptions, DumpStatus, LoadOptions, LoadReport, PeriodicDump};
pub use pinned::{Pinned, PinnedStore};
pub use settings::Face;
pub use stats::Stats;
pub use store::Store;
pub use typed::Cache;
pub use view::EntryView;
#[cfg(all(any(fuzzing, test), not(purekv_loom), feature = "dump"))]
pub use warm::forge::Scenario as WarmScenario;
