//! An embedded, lock-free cache: concurrent, with a time-to-live for each entry.
//!
//! [`Cache`] maps keys to values of your types, [`Store`] byte strings to byte strings with one allocation an entry. Both
//! are handles on one engine: a hash table that never locks and never stops to grow, a timing wheel that
//! brings up what is due, a policy that says what goes when there is no room, and epochs by which removed memory is freed.
//!
//! ```
//! use std::time::Duration;
//! use purekv::{Cache, Expiry, Ttl};
//!
//! let cache: Cache<String, Vec<u8>> = Cache::new();
//! cache.insert("page".to_owned(), b"<html>".to_vec());
//! cache.insert_with_ttl("token".to_owned(), vec![7; 16], Duration::from_secs(60));
//!
//! assert_eq!(cache.read("page", Vec::len), Some(6));
//! assert!(matches!(cache.ttl("token"), Some(Ttl::Remaining(left)) if left <= Duration::from_secs(60)));
//! assert!(cache.persist("token"));
//!
//! // Settings, a clock for tests among them.
//! let (clock, time) = purekv::Clock::manual();
//! let sessions = Cache::builder().clock(clock).time_to_live(Duration::from_secs(1800)).build();
//! sessions.insert(7, "alice");
//! time.advance(Duration::from_secs(1800));
//! assert_eq!(sessions.get(&7), None);
//!
//! // A bound, in entries or by weight: who inserts evicts what is too much.
//! let pages = Cache::builder().max_capacity(1 << 20).weigher(|_, page: &Vec<u8>| page.len() as u32).build();
//! for number in 0..100 {
//!     pages.insert(number, vec![0; 100_000]);
//! }
//! assert_eq!((pages.len(), pages.weight()), (10, 1_000_000));
//! ```
//!
//! # What holds for every operation
//!
//! - **It never blocks**, unless its own documentation says so, as that of [`Cache::get_or_insert_with`] and its like does (and a cache
//!   that was started on top of a snapshot, by the feature `dump`, for changes of keys that are not in memory yet): no locks, no
//!   spinning, no waiting for another thread. It is lock-free, so it may have to start over when others change the very same bucket, but then they
//!   have got on. Allocation may lock inside the allocator; closures, hashers and destructors are yours.
//! - **An entry that is due is absent** from its very instant on. An operation that meets one removes it; the others
//!   are removed as [`Expiry`] says.
//! - **A look-up, insert or removal is O(1)**: a miss touches one cache line of the table, a hit also its entry. A full
//!   shard of some 1,500 entries is split by the insert that meets it, in microseconds. That takes hashes that differ: where more than
//!   15 keys agree in 28 bits of their hash, operations on these are O(their number).
//! - **Memory of removed values comes back later**: values are dropped by whichever thread comes to it, once no thread
//!   can be looking at them, and so they are `Send + Sync + 'static`. A thread that stays pinned (in
//!   [`Cache::read`], or with a [`Pinned`]) holds that back for all caches of the process: see
//!   [`Stats::retired_bytes`].
//!
//! # Panics
//!
//! Inserting panics when the allocator hands out addresses of more than 48 bits. A panic in a closure, a hasher or an `Eq` passes
//! through and leaves the cache in order. A panic in the destructor of a removed value, or of one
//! that is freed with its cache, is reported by the panic hook and goes no further.
//!
//! # Features
//!
//! `async` adds loaders that are futures: `get_or_insert_async` and its like. `dump` adds dump files: `dump` and `load` of both faces, snapshots that are read where they lie, and caches that are started on top of one (`Builder::warm_from`). `dump-zstd` adds dumps that are compressed. `metrics` adds `Stats::export`, for the facade of that name. `resp` adds [`resp`], the Redis protocol as bytes and frames. `server` adds [`server`], a server that speaks it and carries out its commands on a [`Store`]; `server-tls` TLS for it. `client` adds a client of such servers, and of Redis, which blocks; `client-async` the same on tokio; `client-tls` and `client-async-tls` TLS for them. `cli` builds the `purekv` binary, `bench` the same with its comparisons. `failpoints` is for this crate's own tests.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod baseline;
mod cache;
#[cfg(feature = "client")]
pub mod client;
mod clock;
mod engine;
mod hash;
mod histogram;
mod kv;
mod loading;
mod policy;
#[cfg(feature = "cli")]
pub mod replay;
#[cfg(feature = "resp")]
pub mod resp;
#[cfg(all(feature = "server", not(purekv_loom)))]
pub mod server;
/// Of the server what has models: the rest is made of sockets and threads.
#[cfg(all(feature = "server", purekv_loom))]
#[allow(dead_code, reason = "what uses it is not there")]
mod server {
    mod gate;
    mod watch;
}
#[cfg(feature = "dump")]
mod snapshot;
mod sync;
mod table;
mod wheel;

pub use cache::{
    Builder, Cache, EntryView, Expiry, Face, Pinned, PinnedStore, Stats, Store, TooHeavy,
};
#[cfg(feature = "dump")]
pub use cache::{DumpOptions, DumpStatus, LoadOptions, LoadReport, PeriodicDump};
pub use clock::{Clock, ManualClock};
pub use histogram::Histogram;
pub use kv::{Computed, Expiration, Kv, Op, RemovalCause, TryKv, Ttl};
#[cfg(feature = "dump")]
pub use snapshot::{
    DumpError, DumpInfo, DumpKind, DumpProgress, Dumped, Snapshot, SnapshotEntry, StoreDumpWriter,
    StoreSnapshot,
};
#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub mod failpoint {
    //! Hooks for the stall and linearizability tests; no part of the API.
    pub use crate::sync::failpoint::{Unhook, set_hook};
}
#[cfg(all(any(fuzzing, test), not(purekv_loom)))]
#[doc(hidden)]
pub mod fuzzing {
    //! What the fuzz targets cannot reach otherwise; no part of the API.
    #[cfg(feature = "dump")]
    pub use crate::cache::WarmScenario;
    #[cfg(feature = "resp")]
    pub use crate::resp::check::case as resp_case;
    #[cfg(feature = "dump")]
    pub use crate::snapshot::forge::Scenario as DumpScenario;
    pub use crate::wheel::naive::Scenario as WheelScenario;
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
