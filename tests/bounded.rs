//! Caches with a capacity: what they hold, what goes, who is told, and that the accounts are right whatever threads do.

#[path = "bounded/accounts.rs"]
mod accounts;
#[path = "bounded/capacity.rs"]
mod capacity;
#[path = "bounded/known.rs"]
mod known;
#[path = "bounded/listener.rs"]
mod listener;
#[path = "bounded/memory.rs"]
mod memory;
#[path = "bounded/policy.rs"]
mod policy;
#[path = "support/random.rs"]
mod random;

use std::hash::Hash;
use std::time::Duration;

use purekv::{Builder, Cache, Clock, Expiry, ManualClock};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Settings for a cache of at most `capacity` whose clock stands still and that has no thread of its own.
pub(crate) fn bounded<K, V>(capacity: u64) -> (Builder<Cache<K, V>>, ManualClock)
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    let (clock, time) = Clock::manual();
    let builder = Cache::builder().max_capacity(capacity).clock(clock).expiry(Expiry::Manual);
    (builder, time)
}
