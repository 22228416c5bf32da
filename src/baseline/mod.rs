//! The mutex baseline: pure-kv's design, translated well.
//!
//! It is the yardstick of the benchmarks and the oracle of the tests, so it is built to be as fast as its design
//! lets it be, and correct. It is not what you want in a program; that is [`Store`](crate::Store).
//!
//! ```text
//!            hash ──► shard: Mutex<HashMap<key, (value, deadline)>>   × 32
//!  set with TTL ──┐
//!                 ▼
//!          Mutex<min-heap of (deadline, key)>    one for all shards
//!                 │ every `ttl_garbage_timeout`: pops all that is due, under the lock
//!                 ▼
//!             collector ──► deletes from the shards, one lock at a time
//! ```
//!
//! What is kept of pure-kv, costs included: the shards and their locks; the single heap, whose lock every write with a
//! TTL takes; the collector, which holds that lock until it has popped everything that is due, so that
//! a mass expiry blocks writers; heap records that outlive the key they were pushed for, until they come due; a
//! reader that meets an expired entry leaves it where it is; a time-out of zero means no collector at all.
//!
//! What is different:
//!
//! - pure-kv's collector deletes whatever is stored under a due record's key, also a value that was set later and lives
//!   longer. Ours looks at the stored deadline and deletes only what is due by itself.
//! - The writer pushes onto the heap itself, once it has let go of its shard, where pure-kv sends a message to a goroutine
//!   and waits for it with the shard locked. The collector deletes after it has let go of the heap.
//! - A plain mutex per shard and not a readers-writer lock: the critical sections are shorter than the latter's
//!   own bookkeeping. Each shard has cache lines of its own; a key is hashed once; what can be allocated and freed
//!   outside a lock is.
//!
//! Every method takes a lock and may block. Closures run with a shard locked: one that calls the same cache deadlocks.

mod builder;
mod collector;
mod map;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_utils::CachePadded;

pub use self::builder::Builder;
use self::collector::{Deadlines, Worker};
use self::map::{HashedKey, Map, Probe, Slot};
use crate::clock::{Clock, NEVER, Now, WallClock};
use crate::hash::hash_of;
use crate::histogram::{Histogram, Recorder};
use crate::kv::{Computed, Expiration, Kv, Op, Ttl};
use crate::sync::{Arc, failpoint};

/// A cache after pure-kv's design: sharded mutexes over hash maps, one heap of deadlines, a collector.
///
/// ```
/// use purekv::Kv;
/// use purekv::baseline::MutexCache;
///
/// let cache = MutexCache::new();
/// cache.insert(b"key", b"value");
/// assert_eq!(cache.get(b"key").as_deref(), Some(&b"value"[..]));
/// ```
#[derive(Debug)]
pub struct MutexCache {
    shared: Arc<Shared>,
    /// Stopped and joined when the cache is dropped.
    _collector: Option<Worker>,
}

/// What the collector's thread has a hold of, too.
#[derive(Debug)]
struct Shared {
    shards: Box<[CachePadded<Mutex<Map>>]>,
    /// By how much to shift a hash so that the shard's number is in its low bits.
    shard_shift: u32,
    hasher: ahash::RandomState,
    clock: Clock,
    wall: WallClock,
    default_ttl: Option<Duration>,
    /// Absent when nobody will ever collect: a record of a deadline would only pile up.
    deadlines: Option<CachePadded<Mutex<Deadlines>>>,
    expiry_lag: Recorder,
}

/// Locks, and goes on after a panic elsewhere: closures are called before anything is changed, so what a
/// panic leaves behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for MutexCache {
    fn default() -> Self {
        Self::new()
    }
}

impl MutexCache {
    /// 32 shards, the system clock, and a collector that runs once a minute, as pure-kv's server has them.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To choose something else.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn probe<'k>(&self, key: &'k [u8]) -> Probe<'k> {
        Probe { hash: hash_of(&self.shared.hasher, key), bytes: key }
    }

    fn now(&self) -> Now<'_> {
        Now::new(&self.shared.clock)
    }

    fn default_deadline(&self, now: &Now<'_>) -> u64 {
        self.shared.default_ttl.map_or(NEVER, |ttl| now.deadline_after(ttl))
    }

    fn deadline(&self, expiration: Expiration, before: Option<u64>, now: &Now<'_>) -> u64 {
        match expiration {
            Expiration::Default => self.default_deadline(now),
            Expiration::Keep => before.unwrap_or_else(|| self.default_deadline(now)),
            Expiration::After(ttl) => now.deadline_after(ttl),
            Expiration::At(time) => self.shared.wall.instant(time),
            Expiration::Never => NEVER,
        }
    }

    fn insert_until(&self, key: &[u8], value: &[u8], deadline: u64) {
        let probe = self.probe(key);
        let slot = Slot { value: value.into(), deadline };
        let replaced = self.shared.shard(probe.hash).put(probe, slot);
        drop(replaced);
        self.shared.remember(probe, deadline);
    }

    fn insert_if_absent_until(
        &self,
        key: &[u8],
        value: &[u8],
        now: &Now<'_>,
        deadline: u64,
    ) -> bool {
        let probe = self.probe(key);
        let replaced = {
            let mut shard = self.shared.shard(probe.hash);
            if shard.live(probe, now).is_some() {
                return false;
            }
            shard.put(probe, Slot { value: value.into(), deadline })
        };
        drop(replaced);
        self.shared.remember(probe, deadline);
        true
    }

    fn read_at<R>(&self, key: &[u8], now: &Now<'_>, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let probe = self.probe(key);
        self.shared.shard(probe.hash).live(probe, now).map(|slot| read(&slot.value))
    }

    /// Gives a live entry a new deadline; whether there was one.
    fn set_deadline(&self, key: &[u8], now: &Now<'_>, deadline: u64) -> bool {
        let probe = self.probe(key);
        match self.shared.shard(probe.hash).live(probe, now) {
            Some(slot) => slot.deadline = deadline,
            None => return false,
        }
        self.shared.remember(probe, deadline);
        true
    }
}

impl Shared {
    fn shard(&self, hash: u64) -> MutexGuard<'_, Map> {
        // The map takes its own bits of the hash from both ends; these are between.
        let shard =
            lock(&self.shards[(hash >> self.shard_shift) as usize & (self.shards.len() - 1)]);
        failpoint::hit("baseline::locked");
        shard
    }

    /// Tells the collector of a deadline. The entry is published already: a record that comes due first would be lost.
    fn remember(&self, key: Probe<'_>, deadline: u64) {
        if let Some(deadlines) = self.deadlines.as_ref().filter(|_| deadline != NEVER) {
            let key = HashedKey::from(key);
            lock(deadlines).push(deadline, key);
        }
    }

    /// Removes what is due; how many that was.
    fn collect(&self) -> usize {
        let Some(deadlines) = &self.deadlines else { return 0 };
        let due = lock(deadlines).pop_due(self.clock.now());
        due.into_iter().filter(|key| self.remove_if_due(key.probe())).count()
    }

    /// Removes the entry that a heap record names, unless its deadline has been moved since, or it is another one by now.
    fn remove_if_due(&self, key: Probe<'_>) -> bool {
        let now = self.clock.now();
        let removed = {
            let mut shard = self.shard(key.hash);
            match shard.get(key) {
                Some(slot) if slot.deadline <= now => shard.take(key),
                _ => None,
            }
        };
        if let Some((_, slot)) = &removed {
            self.expiry_lag.record(now - slot.deadline);
        }
        removed.is_some()
    }
}

impl Kv for MutexCache {
    fn insert(&self, key: &[u8], value: &[u8]) {
        self.insert_until(key, value, self.default_deadline(&self.now()));
    }

    fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) {
        self.insert_until(key, value, self.now().deadline_after(ttl));
    }

    fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> bool {
        let now = self.now();
        let deadline = self.default_deadline(&now);
        self.insert_if_absent_until(key, value, &now, deadline)
    }

    fn insert_if_absent_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> bool {
        let now = self.now();
        let deadline = now.deadline_after(ttl);
        self.insert_if_absent_until(key, value, &now, deadline)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.read(key, <[u8]>::to_vec)
    }

    fn read<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.read_at(key, &self.now(), read)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let now = self.now();
        keys.iter().map(|key| self.read_at(key, &now, <[u8]>::to_vec)).collect()
    }

    fn contains_key(&self, key: &[u8]) -> bool {
        self.read(key, |_| ()).is_some()
    }

    fn remove(&self, key: &[u8]) -> Option<Vec<u8>> {
        let probe = self.probe(key);
        let removed = self.shared.shard(probe.hash).take(probe);
        let (_, slot) = removed?;
        (!self.now().is_due(slot.deadline)).then(|| slot.value.into_vec())
    }

    /// The closure is called once.
    fn compute(
        &self,
        key: &[u8],
        mut decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>,
    ) -> Computed {
        let probe = self.probe(key);
        let now = self.now();
        let mut shard = self.shared.shard(probe.hash);
        let found = shard.live(probe, &now);
        let before = found.as_ref().map(|slot| slot.deadline);
        let (value, deadline) = match decide(found.map(|slot| &*slot.value)) {
            Op::Put(value) => (value, self.default_deadline(&now)),
            Op::PutWithTtl(value, ttl) => (value, now.deadline_after(ttl)),
            Op::PutKeepTtl(value) => (value, before.unwrap_or_else(|| self.default_deadline(&now))),
            Op::PutFor(value, expiration) => (value, self.deadline(expiration, before, &now)),
            Op::Retime(expiration) => {
                let Some(slot) = shard.live(probe, &now) else { return Computed::Absent };
                let (before, deadline) =
                    (slot.deadline, self.deadline(expiration, Some(slot.deadline), &now));
                if matches!(expiration, Expiration::Keep) {
                    return Computed::Kept;
                }
                if now.is_due(deadline) {
                    let removed = shard.take(probe);
                    drop(shard);
                    drop(removed);
                    return Computed::Removed;
                }
                slot.deadline = deadline;
                drop(shard);
                if before != deadline {
                    self.shared.remember(probe, deadline);
                }
                return Computed::Retimed;
            }
            Op::Keep if before.is_some() => return Computed::Kept,
            Op::Remove if before.is_some() => {
                let removed = shard.take(probe);
                drop(shard);
                drop(removed);
                return Computed::Removed;
            }
            Op::Keep | Op::Remove => return Computed::Absent,
        };
        let replaced = shard.put(probe, Slot { value: value.into(), deadline });
        drop(shard);
        drop(replaced);
        // A deadline that was kept has its record already.
        if before != Some(deadline) {
            self.shared.remember(probe, deadline);
        }
        if before.is_some() { Computed::Replaced } else { Computed::Inserted }
    }

    fn ttl(&self, key: &[u8]) -> Option<Ttl> {
        let probe = self.probe(key);
        let deadline = self.shared.shard(probe.hash).get(probe)?.deadline;
        if deadline == NEVER {
            return Some(Ttl::Never);
        }
        let left = deadline.saturating_sub(self.shared.clock.now());
        (left > 0).then(|| Ttl::Remaining(Duration::from_nanos(left)))
    }

    fn set_ttl(&self, key: &[u8], ttl: Duration) -> bool {
        let now = self.now();
        let deadline = now.deadline_after(ttl);
        self.set_deadline(key, &now, deadline)
    }

    fn persist(&self, key: &[u8]) -> bool {
        self.set_deadline(key, &self.now(), NEVER)
    }

    /// O(shards).
    fn len(&self) -> usize {
        self.shared.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn clear(&self) {
        // The heap first: a record pushed from now on may belong to an entry that is inserted behind our back
        // and stays; one that goes now was pushed for an entry that the loop below removes.
        if let Some(deadlines) = &self.shared.deadlines {
            drop(lock(deadlines).take());
        }
        for shard in &self.shared.shards {
            let removed = std::mem::take(&mut *lock(shard));
            drop(removed);
        }
    }

    /// Locks a shard while it visits its entries.
    fn for_each(&self, mut visit: impl FnMut(&[u8], &[u8])) {
        for shard in &self.shared.shards {
            let now = self.now();
            lock(shard)
                .iter()
                .filter(|(_, slot)| !now.is_due(slot.deadline))
                .for_each(|(key, slot)| visit(key, &slot.value));
        }
    }

    /// Locks a shard while it goes through its entries; what is due goes, unasked.
    fn retain(&self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        for shard in &self.shared.shards {
            let now = self.now();
            lock(shard).retain(|key, slot| !now.is_due(slot.deadline) && keep(key, &slot.value));
        }
    }

    fn advance(&self) -> usize {
        self.shared.collect()
    }

    /// Of what the collector removed; an expired entry that a writer replaces or takes away is not counted.
    fn expiry_lag(&self) -> Histogram {
        self.shared.expiry_lag.snapshot()
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests;
