//! What both faces share: the engine, its ticker, and the end of both.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::builder::Builder;
use super::settings::Face;
use super::stats::Stats;
use super::ticker::{self, Background};
use super::warm::Below;
use crate::clock::{Clock, NEVER, Now, WallClock};
use crate::engine::{Engine, Entry, Hooks, Until};
use crate::kv::{Expiration, RemovalCause, Ttl};
use crate::loading::Loads;
use crate::sync::epoch::{self, Guard};
use crate::table::{Cursor, Shared};

/// An entry that can be loaded.
pub(super) trait Loadable: Entry {
    /// By what its load is known.
    type Key: Send + Sync + 'static;
    /// What a load brings.
    type Value: Send + Sync + 'static;
}

/// The last owner's drop ends the ticker and frees everything.
pub(super) struct Core<E: Loadable> {
    pub(super) engine: Arc<Engine<E>>,
    pub(super) loads: Loads<E::Key, E::Value>,
    pub(super) default_ttl: Option<Duration>,
    /// By which deadlines are told and asked for.
    pub(super) wall: WallClock,
    ticker: Option<Background>,
    /// What is not in memory yet.
    pub(super) below: Below<E>,
}

impl<E: Loadable> Core<E> {
    pub(super) fn new<F: Face, S>(
        builder: &Builder<F, S>,
        hooks: Hooks<E>,
        context: E::Context,
    ) -> Self {
        let engine = Arc::new(Engine::new(builder.config(hooks), context));
        let ticker = builder.in_background().then(|| ticker::start(engine.clone())).flatten();
        let (loads, default_ttl) = (Loads::new(), builder.default_ttl);
        let wall = WallClock::now(engine.clock());
        Self { engine, loads, default_ttl, wall, ticker, below: Below::nothing() }
    }

    pub(super) fn clock(&self) -> &Clock {
        self.engine.clock()
    }

    /// The live entry that `is_key` recognises, and its deadline. `stable`: the hash of its key by a snapshot.
    #[inline(always)]
    pub(super) fn read<'g>(
        &'g self,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &'g Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<(Shared<'g, E>, u64)> {
        let engine = &*self.engine;
        let below = || self.below.read(engine, hash, stable, guard, now, is_key);
        engine.read_or(hash, guard, now, is_key, below)
    }

    /// Its deadline; no use of it.
    pub(super) fn deadline(
        &self,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &Guard,
        now: &Now<'_>,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<u64> {
        match self.engine.peek(hash, guard, now, is_key) {
            Some((_, deadline)) => Some(deadline),
            None => self.below.deadline(&self.engine, hash, stable, guard, now, is_key),
        }
    }

    /// To be called before a key is changed, after pinning.
    #[inline]
    pub(super) fn settle(
        &self,
        hash: u64,
        stable: impl FnOnce() -> u64,
        guard: &Guard,
        is_key: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) {
        self.below.settle(&self.engine, hash, stable, guard, is_key);
    }

    /// To be called before all entries are visited; how many have come by that. The caller is not pinned.
    pub(super) fn hydrate(&self) -> usize {
        self.below.hydrate(&self.engine)
    }

    /// When an entry inserted now is due.
    #[inline]
    pub(super) fn until(&self, ttl: Option<Duration>, now: &Now<'_>) -> Until {
        let hard = ttl.or(self.default_ttl).map_or(NEVER, |ttl| now.deadline_after(ttl));
        self.engine.until(hard, now)
    }

    /// What the wall clock shows, as far as this knows.
    pub(super) fn time(&self) -> SystemTime {
        // No clock gets as far as never.
        self.wall.time(self.clock().now()).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The same in whole milliseconds since the epoch.
    #[cfg(feature = "server")]
    pub(super) fn wall_millis(&self) -> u64 {
        self.wall.to_wall(self.clock().now()) / 1_000_000
    }

    /// The instant that is meant; `default`: the time-to-live that a hook gives.
    pub(super) fn due(
        &self,
        expiration: Expiration,
        default: impl FnOnce() -> Option<Duration>,
        now: &Now<'_>,
    ) -> u64 {
        let ttl = match expiration {
            Expiration::Default | Expiration::Keep => default().or(self.default_ttl),
            Expiration::After(ttl) => Some(ttl),
            Expiration::At(time) => return self.wall.instant(time),
            Expiration::Never => None,
        };
        ttl.map_or(NEVER, |ttl| now.deadline_after(ttl))
    }

    pub(super) fn advance(&self) -> usize {
        let removed = self.engine.advance();
        if epoch::retired_bytes() > 0 {
            epoch::collect();
        }
        removed
    }

    /// Visits all live entries; removes those for which `keep` is false. Pinned for one bucket at a time.
    pub(super) fn retain(&self, keep: impl FnMut(Shared<'_, E>) -> bool) {
        self.hydrate();
        self.remove_all_but(RemovalCause::Removed, keep);
    }

    fn remove_all_but(&self, cause: RemovalCause, mut keep: impl FnMut(Shared<'_, E>) -> bool) {
        let mut cursor = Cursor::new();
        loop {
            let (guard, now) = enter(self);
            let more = self.engine.next_bucket(&mut cursor, &guard, &now, |live| {
                if !keep(live.entry()) {
                    // Computing a hash may mean to run the user's hasher.
                    if self.loads.are_used() {
                        let hash = E::hash(live.entry(), self.engine.context());
                        self.loads.overtake(hash, &guard);
                    }
                    self.engine.remove_entry(&live, cause, &guard, &now);
                }
            });
            if !more {
                return;
            }
        }
    }

    /// A deadline that is due is a removal, and loads are told so.
    pub(super) fn overtake_if_due(&self, hash: u64, deadline: u64, guard: &Guard, now: &Now<'_>) {
        if self.loads.are_used() && now.is_due(deadline) {
            self.loads.overtake(hash, guard);
        }
    }

    /// Removes all entries, and lets no load bring one back that has begun before.
    pub(super) fn clear(&self) {
        self.loads.overtake_all(&epoch::pin());
        self.below.close();
        self.remove_all_but(RemovalCause::Cleared, |_| false);
    }

    pub(super) fn stats(&self) -> Stats {
        let loads = self.loads.stats();
        let lookups = self.engine.hits_and_misses();
        let (records, records_live) = self.engine.records();
        Stats {
            entries: self.engine.len(),
            weight: self.engine.weight(),
            hits: lookups.map(|(hits, _)| hits),
            misses: lookups.map(|(_, misses)| misses),
            inserted: self.engine.inserted(),
            replaced: self.engine.departed(RemovalCause::Replaced),
            expired: self.engine.departed(RemovalCause::Expired),
            evicted: self.engine.departed(RemovalCause::Evicted),
            removed: self.engine.departed(RemovalCause::Removed),
            cleared: self.engine.departed(RemovalCause::Cleared),
            listener_panics: self.engine.listener_panics(),
            shards: self.engine.table().shards(),
            table_bytes: self.engine.table().memory(),
            wheel_bytes: self.engine.wheel_memory(),
            wheel_records: records,
            wheel_records_stale: records.saturating_sub(records_live),
            policy_bytes: self.engine.policy_memory(&epoch::pin()),
            policy_records: self.engine.policy_records(&epoch::pin()),
            retired_bytes: epoch::retired_bytes(),
            expiry_lag: self.engine.lag(),
            loads_pending: loads.pending,
            load_successes: loads.successes,
            load_failures: loads.failures,
            load_time: loads.time,
            load_times: loads.times,
            cold: self.below.cold(),
            warming_errors: self.below.errors(),
        }
    }
}

/// What a deadline means at this time.
pub(super) fn ttl_of(deadline: u64, now: &Now<'_>) -> Ttl {
    match deadline {
        NEVER => Ttl::Never,
        // Found live, so what is left is more than nothing, even if the clock has moved on since.
        _ => Ttl::Remaining(Duration::from_nanos(deadline.saturating_sub(now.precise()).max(1))),
    }
}

/// Pins, and fixes the time.
#[inline(always)]
pub(super) fn enter<E: Loadable>(core: &Core<E>) -> (Guard, Now<'_>) {
    (epoch::pin(), Now::new(core.clock()))
}

impl<E: Loadable> Drop for Core<E> {
    fn drop(&mut self) {
        self.below.stop();
        // First those who have the engine too; then whatever waits for reclamation, on whichever thread.
        if let Some(ticker) = self.ticker.take() {
            ticker.stop();
        }
        epoch::collect();
    }
}
