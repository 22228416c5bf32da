//! A cache so simple that it is right: a sorted map with deadlines, looked at from the outside.

use std::collections::BTreeMap;
use std::time::Duration;

use purekv::{Computed, Expiration, Op, Ttl};

/// The last instant that a clock can show is one before this one; a deadline from here on is none.
const END: u128 = (1 << 62) - 1;

/// An entry that has been due this long must be out of memory once expiry was driven.
const SLACK: u128 = 1_000_000_000;

struct Entry {
    value: Vec<u8>,
    /// Nanoseconds since the clock was made; from [`END`] on, never.
    deadline: u128,
}

/// The model.
#[derive(Default)]
pub(crate) struct Naive {
    now: u128,
    default_ttl: Option<Duration>,
    /// With those that are due and may still be in a real cache's memory.
    entries: BTreeMap<Vec<u8>, Entry>,
}

impl Naive {
    pub(crate) fn new(default_ttl: Option<Duration>) -> Self {
        Self { default_ttl, ..Self::default() }
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

    fn put(&mut self, key: &[u8], value: Vec<u8>, deadline: u128) {
        self.entries.insert(key.to_vec(), Entry { value, deadline });
    }

    pub(crate) fn insert(&mut self, key: &[u8], value: &[u8], ttl: Option<Duration>) {
        let deadline = ttl.map_or(self.default_deadline(), |ttl| self.deadline(ttl));
        self.put(key, value.to_vec(), deadline);
    }

    pub(crate) fn insert_if_absent(
        &mut self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> bool {
        let absent = self.live(key).is_none();
        if absent {
            self.insert(key, value, ttl);
        }
        absent
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.live(key).map(|entry| entry.value.clone())
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        // What is due stays: a real cache may remove it now or later.
        let value = self.get(key)?;
        self.entries.remove(key);
        Some(value)
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
                let Some(value) = before else { return Computed::Absent };
                if expiration == Expiration::Keep {
                    return Computed::Kept;
                }
                self.put(key, value, self.due(expiration, deadline));
                return match self.live(key) {
                    Some(_) => Computed::Retimed,
                    None => Computed::Removed,
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
        self.put(key, value, deadline);
        if before.is_some() { Computed::Replaced } else { Computed::Inserted }
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
        let Some(value) = self.get(key) else { return false };
        self.put(key, value, deadline);
        true
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Everything that is live, in order of the keys.
    pub(crate) fn contents(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let live = self.entries.iter().filter(|(_, entry)| self.is_live(entry));
        live.map(|(key, entry)| (key.clone(), entry.value.clone())).collect()
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        for (key, value) in self.contents() {
            if !keep(&key, &value) {
                self.entries.remove(&key);
            }
        }
    }

    pub(crate) fn pass(&mut self, by: Duration) {
        self.now = (self.now + by.as_nanos()).min(END - 1);
    }

    /// How many entries are live, and how many besides may be in memory.
    pub(crate) fn live_and_due(&self) -> (usize, usize) {
        let live = self.entries.values().filter(|entry| self.is_live(entry)).count();
        (live, self.entries.len() - live)
    }

    /// Expiry was driven: what has been due for a while is gone; of what has just become due nothing is known.
    pub(crate) fn advanced(&mut self) {
        let now = self.now;
        self.entries.retain(|_, entry| entry.deadline >= END || entry.deadline + SLACK > now);
    }
}
