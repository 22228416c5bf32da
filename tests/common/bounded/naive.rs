//! A bounded cache so simple that it is right: a sorted map, which holds all that was inserted and not told of as gone.
//!
//! It does not choose what goes. What goes it is told, and that has to be something that it holds and that may go; what an operation
//! takes away by itself it knows, and waits to be told of. So it knows at every moment what the cache has in its memory.

use std::collections::BTreeMap;
use std::time::Duration;

use purekv::{Computed, Expiration, Op, RemovalCause, Ttl};

/// As in `common/naive.rs`.
const END: u128 = (1 << 62) - 1;
const SLACK: u128 = 1_000_000_000;

/// That an entry has left, as a listener is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) cause: RemovalCause,
}

#[derive(Clone, Debug)]
struct Entry {
    value: Vec<u8>,
    /// Nanoseconds since the clock was made; from [`END`] on, never.
    deadline: u128,
    weight: u64,
}

/// It weighs more than all may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// The model.
pub(crate) struct Naive {
    now: u128,
    default_ttl: Option<Duration>,
    capacity: u64,
    weigh: fn(&[u8], &[u8]) -> u64,
    /// Due ones included.
    entries: BTreeMap<Vec<u8>, Entry>,
    /// Of which the listener must be told.
    owed: Vec<Departure>,
    /// As above; they were due, so that they may go for that too.
    owed_somehow: Vec<Departure>,
}

impl Naive {
    pub(crate) fn new(
        default_ttl: Option<Duration>,
        capacity: u64,
        weigh: fn(&[u8], &[u8]) -> u64,
    ) -> Self {
        let entries = BTreeMap::new();
        let (owed, owed_somehow) = Default::default();
        Self { now: 0, default_ttl, capacity, weigh, entries, owed, owed_somehow }
    }

    fn default_deadline(&self) -> u128 {
        self.default_ttl.map_or(END, |ttl| self.deadline(ttl))
    }

    fn deadline(&self, ttl: Duration) -> u128 {
        self.now + ttl.as_nanos()
    }

    fn is_live(&self, entry: &Entry) -> bool {
        entry.deadline >= END || entry.deadline > self.now
    }

    fn live(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| self.is_live(entry))
    }

    /// A live entry goes by what is being done.
    fn depart(&mut self, key: &[u8], cause: RemovalCause) -> Option<Vec<u8>> {
        self.live(key)?;
        let value = self.entries.remove(key)?.value;
        self.owed.push(Departure { key: key.to_vec(), value: value.clone(), cause });
        Some(value)
    }

    /// What is heavier than all may be, and what is due at once, takes what was there with it.
    fn put(&mut self, key: &[u8], value: Vec<u8>, deadline: u128) -> Result<(), Refused> {
        let weight = (self.weigh)(key, &value);
        if deadline <= self.now {
            self.depart(key, RemovalCause::Replaced);
            return Ok(());
        }
        if weight > self.capacity {
            self.depart(key, RemovalCause::Evicted);
            return Err(Refused);
        }
        self.depart(key, RemovalCause::Replaced);
        let due = self.entries.insert(key.to_vec(), Entry { value, deadline, weight });
        self.owed_somehow.extend(due.map(|due| Departure {
            key: key.to_vec(),
            value: due.value,
            cause: RemovalCause::Replaced,
        }));
        Ok(())
    }

    pub(crate) fn insert(
        &mut self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<(), Refused> {
        let deadline = ttl.map_or(self.default_deadline(), |ttl| self.deadline(ttl));
        self.put(key, value.to_vec(), deadline)
    }

    pub(crate) fn insert_if_absent(
        &mut self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> bool {
        self.live(key).is_none() && self.insert(key, value, ttl).is_ok()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.live(key).map(|entry| entry.value.clone())
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.depart(key, RemovalCause::Removed)
    }

    pub(crate) fn compute(
        &mut self,
        key: &[u8],
        decide: impl FnOnce(Option<&[u8]>) -> Op<Vec<u8>>,
    ) -> Computed {
        let before = self.get(key);
        let deadline = self.live(key).map(|entry| entry.deadline);
        let (value, deadline) = match decide(before.as_deref()) {
            Op::Put(value) => (value, self.default_deadline()),
            Op::PutWithTtl(value, ttl) => (value, self.deadline(ttl)),
            Op::PutKeepTtl(value) => (value, deadline.unwrap_or(self.default_deadline())),
            Op::PutFor(value, expiration) => (value, self.due(expiration, deadline)),
            Op::Retime(expiration) => {
                let due = self.due(expiration, deadline);
                return match self.entries.get_mut(key).filter(|_| before.is_some()) {
                    None => Computed::Absent,
                    Some(_) if expiration == Expiration::Keep => Computed::Kept,
                    Some(entry) if due > self.now => {
                        entry.deadline = due;
                        Computed::Retimed
                    }
                    Some(_) => {
                        self.depart(key, RemovalCause::Removed);
                        Computed::Removed
                    }
                };
            }
            Op::Remove => {
                return match self.remove(key) {
                    Some(_) => Computed::Removed,
                    None => Computed::Absent,
                };
            }
            _ if before.is_some() => return Computed::Kept,
            _ => return Computed::Absent,
        };
        match (self.put(key, value, deadline), before) {
            (Err(Refused), _) => Computed::TooHeavy,
            (Ok(()), Some(_)) => Computed::Replaced,
            (Ok(()), None) => Computed::Inserted,
        }
    }

    fn due(&self, expiration: Expiration, before: Option<u128>) -> u128 {
        match expiration {
            Expiration::Keep => before.unwrap_or(self.default_deadline()),
            Expiration::After(ttl) => self.deadline(ttl),
            Expiration::Never => END,
            // Scenarios have no other times than those long ago.
            Expiration::At(_) => 0,
            _ => self.default_deadline(),
        }
    }

    pub(crate) fn ttl(&self, key: &[u8]) -> Option<Ttl> {
        let deadline = self.live(key)?.deadline;
        if deadline >= END {
            return Some(Ttl::Never);
        }
        let left = u64::try_from(deadline - self.now).unwrap();
        Some(Ttl::Remaining(Duration::from_nanos(left)))
    }

    /// `None`: never.
    pub(crate) fn set_ttl(&mut self, key: &[u8], ttl: Option<Duration>) -> bool {
        let deadline = ttl.map_or(END, |ttl| self.deadline(ttl));
        if self.live(key).is_none() {
            return false;
        }
        match self.entries.get_mut(key) {
            Some(entry) if deadline > self.now => entry.deadline = deadline,
            _ => drop(self.depart(key, RemovalCause::Removed)),
        }
        true
    }

    pub(crate) fn clear(&mut self) {
        for (key, _) in self.contents() {
            self.depart(&key, RemovalCause::Cleared);
        }
    }

    /// Everything that is live, in order of the keys.
    pub(crate) fn contents(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let live = self.entries.iter().filter(|(_, entry)| self.is_live(entry));
        live.map(|(key, entry)| (key.clone(), entry.value.clone())).collect()
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        for (key, value) in self.contents() {
            if !keep(&key, &value) {
                self.depart(&key, RemovalCause::Removed);
            }
        }
    }

    pub(crate) fn pass(&mut self, by: Duration) {
        self.now = (self.now + by.as_nanos()).min(END - 1);
    }

    pub(crate) fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// What an operation's listener was told, all of it and in order; how many entries were expired.
    ///
    /// # Panics
    ///
    /// When something has left that was not there, or that nothing spoke against, or for another cause; when something has left and
    /// nobody was told; and when there was more evicted than needed.
    pub(crate) fn told(&mut self, log: Vec<Departure>) -> usize {
        let (mut expired, mut last_evicted) = (0, None);
        for departure in log {
            let take = |owed: &mut Vec<Departure>, told: &Departure| {
                owed.iter().position(|owed| owed == told).map(|index| owed.remove(index))
            };
            let replaced = Departure { cause: RemovalCause::Replaced, ..departure.clone() };
            let Departure { key, value, cause } = &departure;
            let may_expire = matches!(cause, RemovalCause::Expired | RemovalCause::Replaced);
            if take(&mut self.owed, &departure).is_some() {
                continue;
            }
            if may_expire && take(&mut self.owed_somehow, &replaced).is_some() {
                expired += usize::from(*cause == RemovalCause::Expired);
                continue;
            }
            let Some(entry) = self.entries.get(key).filter(|entry| entry.value == *value) else {
                panic!("{departure:?}: there was no such entry");
            };
            match (cause, self.is_live(entry)) {
                // From one eviction to the next, only what has gone since can have been too much.
                (RemovalCause::Evicted, true) => last_evicted = Some(entry.weight),
                (RemovalCause::Expired, false) => {
                    expired += 1;
                    last_evicted = last_evicted.map(|weight| weight + entry.weight);
                }
                (_, is_live) => panic!("{departure:?}, and live: {is_live}"),
            }
            self.entries.remove(key);
        }
        assert!(self.owed.is_empty(), "nobody was told of {:?}", self.owed);
        assert!(self.owed_somehow.is_empty(), "nobody was told of {:?}", self.owed_somehow);
        let weight = self.weight();
        assert!(weight <= self.capacity, "{weight} of {}", self.capacity);
        if let Some(last) = last_evicted {
            let before = weight + last;
            assert!(before > self.capacity, "evicted at {before} of {}", self.capacity);
        }
        expired
    }

    /// An operation has met this key: if the entry was due, it is gone.
    pub(crate) fn met(&self, key: &[u8]) {
        let there = self.entries.get(key);
        assert!(there.is_none_or(|entry| self.is_live(entry)), "{key:?} is due and still there");
    }

    /// Expiry was driven: what has been due for a while is gone.
    pub(crate) fn advanced(&self) {
        let late = self
            .entries
            .iter()
            .find(|(_, entry)| entry.deadline < END && entry.deadline + SLACK <= self.now);
        assert!(late.is_none(), "{late:?} at {}", self.now);
    }

    /// How many entries are in memory, due ones included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What they weigh.
    pub(crate) fn weight(&self) -> u64 {
        self.entries.values().map(|entry| entry.weight).sum()
    }
}
