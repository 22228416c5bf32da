//! What every byte-string store of this crate can do, as one trait, and the small types its operations share.

mod fallible;

use std::time::{Duration, SystemTime};

pub use self::fallible::TryKv;
use crate::histogram::Histogram;

/// What a [`compute`](Kv::compute) closure decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op<V> {
    /// Insert or replace; the cache's default time-to-live applies.
    Put(V),
    /// Insert or replace; due after this long.
    PutWithTtl(V, Duration),
    /// Replace and keep the deadline of what is replaced; with nothing there, as [`Put`](Self::Put).
    PutKeepTtl(V),
    /// Insert or replace; due as said.
    PutFor(V, Expiration),
    /// Leave the value, if there is one, and make it due as said. Due by now: as [`Remove`](Self::Remove).
    Retime(Expiration),
    /// Leave things as they are.
    Keep,
    /// Remove, if there is something.
    Remove,
}

/// What a [`compute`](Kv::compute) has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Computed {
    /// The key was absent and is there now.
    Inserted,
    /// The key was there, with another value.
    Replaced,
    /// The key was there and is gone.
    Removed,
    /// The key was there, and has its value still, but another deadline.
    Retimed,
    /// The key was there and was left alone.
    Kept,
    /// The key was absent and was left so.
    Absent,
    /// What was to be put weighs more than all entries together may. The key is absent now (of a `try_compute` that was never said).
    TooHeavy,
}

/// When an entry is to be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiration {
    /// As for a new entry: the cache's default time-to-live, or what its hook says.
    Default,
    /// As it is. Of a key that was absent: [`Default`](Self::Default).
    Keep,
    /// After this long.
    After(Duration),
    /// From this time of the wall clock on, as the cache knows it: see [`Cache::insert_until`](crate::Cache::insert_until). If that has passed, at
    /// once.
    At(SystemTime),
    /// Never.
    Never,
}

/// The time an entry has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ttl {
    /// Until it is absent; more than zero.
    Remaining(Duration),
    /// It never expires.
    Never,
}

/// Why an entry has left a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemovalCause {
    /// It was due: its time-to-live had passed.
    Expired,
    /// There was no room for it, by the cache's capacity; or the value that was to replace it was heavier than the whole capacity.
    Evicted,
    /// Its key was given another value.
    Replaced,
    /// Somebody has removed it: `remove`, `invalidate`, `retain`, `compute`, or a change of its deadline (`set_ttl`, `update_ttl`, …) to one that was due by then.
    Removed,
    /// It went with all others, by `clear`.
    Cleared,
}

impl RemovalCause {
    /// All of them, each at its number.
    pub const ALL: [Self; 5] =
        [Self::Expired, Self::Evicted, Self::Replaced, Self::Removed, Self::Cleared];
}

const _: () = {
    let mut index = 0;
    while index < RemovalCause::ALL.len() {
        assert!(RemovalCause::ALL[index] as usize == index);
        index += 1;
    }
};

/// Byte strings to byte strings, each with its own time-to-live.
///
/// [`Store`](crate::Store), `Cache<Vec<u8>, Vec<u8>>` and the mutex baseline
/// ([`baseline::MutexCache`](crate::baseline::MutexCache)) all are one, so that one conformance suite and one
/// benchmark run over the three. Each method means what the method of the same name on
/// [`Cache`](crate::Cache) says. An entry that is due is absent for every method from that very instant;
/// only [`len`](Self::len) may still count it.
pub trait Kv: Send + Sync {
    /// Inserts or replaces; the default time-to-live applies (none, unless the store was built with one).
    fn insert(&self, key: &[u8], value: &[u8]);

    /// Inserts or replaces; the entry is absent `ttl` from now. A zero `ttl` is due at once: the key is absent
    /// afterwards.
    fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration);

    /// Inserts unless the key is there; whether it did.
    fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> bool;

    /// As [`insert_if_absent`](Self::insert_if_absent), due after `ttl`.
    fn insert_if_absent_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> bool;

    /// A copy of the value.
    fn get(&self, key: &[u8]) -> Option<Vec<u8>>;

    /// What `read` makes of the value, without a copy.
    fn read<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R>;

    /// Copies of the values, in the order of `keys`.
    fn get_many(&self, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>>;

    /// Whether the key is there.
    fn contains_key(&self, key: &[u8]) -> bool;

    /// Removes the key; what it held.
    fn remove(&self, key: &[u8]) -> Option<Vec<u8>>;

    /// One atomic read-modify-write: `decide` sees the value, or `None`, and its answer is carried out if
    /// nothing has changed the value since; else it is called again.
    fn compute(&self, key: &[u8], decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>) -> Computed;

    /// Replaces the value by what `change` makes of it and keeps the deadline; false if the key is absent.
    fn update(&self, key: &[u8], mut change: impl FnMut(&[u8]) -> Vec<u8>) -> bool {
        let decide = |value: Option<&[u8]>| match value {
            Some(value) => Op::PutKeepTtl(change(value)),
            None => Op::Keep,
        };
        self.compute(key, decide) == Computed::Replaced
    }

    /// The time the entry has left.
    fn ttl(&self, key: &[u8]) -> Option<Ttl>;

    /// Makes the entry due `ttl` from now, sooner or later than it was; false if it is absent.
    fn set_ttl(&self, key: &[u8], ttl: Duration) -> bool;

    /// Makes the entry never expire; false if it is absent.
    fn persist(&self, key: &[u8]) -> bool;

    /// How many entries are stored, counting those that are due and not yet removed.
    fn len(&self) -> usize;

    /// Whether [`len`](Self::len) is 0.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes every entry that was there when it was called.
    fn clear(&self);

    /// Visits every entry that is there throughout exactly once, any other at most once.
    fn for_each(&self, visit: impl FnMut(&[u8], &[u8]));

    /// Removes every entry that `keep` answers with false.
    fn retain(&self, keep: impl FnMut(&[u8], &[u8]) -> bool);

    /// Removes what is due by now, for stores whose expiry is driven by hand; how many it
    /// removed; those that some operation has met, and removed, are not among them.
    fn advance(&self) -> usize;

    /// How long after their deadlines expired entries were removed.
    fn expiry_lag(&self) -> Histogram;
}
