//! Stores that are wrong on purpose: the whole apparatus, threads and checker, has to catch each.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use purekv::{Computed, Histogram, Kv, Op, Ttl};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Now and then, `get` answers what it answered last time.
    StaleGet,
    /// Now and then, `set_ttl` says yes and does nothing.
    ForgottenTtl,
    /// Now and then, `get` still returns a value that has expired.
    ExpiredGet,
    /// `compute` reads and writes in two steps.
    TornCompute,
    /// So does `insert_if_absent`.
    TornInsertIfAbsent,
    /// Now and then, `remove` returns the value and leaves it there.
    HalfRemove,
    /// Now and then, an entry vanishes: a fault only where entries are not evicted.
    Forgetful,
    /// As above, and some time later the entry is there again.
    Haunted,
}

/// A right store with a fault put around it.
pub(crate) struct Faulty<S> {
    right: S,
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: u64,
    /// What `get` answered last, for [`Fault::StaleGet`]; what was inserted with a time-to-live and not
    /// touched by anyone since, for [`Fault::ExpiredGet`]; what has vanished, for [`Fault::Haunted`].
    values: HashMap<Vec<u8>, Vec<u8>>,
}

impl<S: Kv> Faulty<S> {
    pub(crate) fn new(right: S, fault: Fault) -> Self {
        Self { right, fault, state: Mutex::default() }
    }

    /// Whether this is the store with `fault`, and this the call where it shows.
    fn now_and_then(&self, fault: Fault) -> bool {
        const EVERY: u64 = 20;
        if self.fault != fault {
            return false;
        }
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        state.calls.is_multiple_of(EVERY)
    }

    fn touched(&self, key: &[u8]) {
        if self.fault == Fault::ExpiredGet {
            self.state.lock().unwrap().values.remove(key);
        }
    }
}

impl<S: Kv> Kv for Faulty<S> {
    fn insert(&self, key: &[u8], value: &[u8]) {
        self.touched(key);
        self.right.insert(key, value);
    }

    fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) {
        if self.fault == Fault::ExpiredGet {
            self.state.lock().unwrap().values.insert(key.to_vec(), value.to_vec());
        }
        self.right.insert_with_ttl(key, value, ttl);
    }

    fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> bool {
        if self.fault == Fault::TornInsertIfAbsent {
            let absent = !self.right.contains_key(key);
            thread::yield_now();
            if absent {
                self.right.insert(key, value);
            }
            return absent;
        }
        let did = self.right.insert_if_absent(key, value);
        if did {
            self.touched(key);
        }
        did
    }

    fn insert_if_absent_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> bool {
        let did = self.right.insert_if_absent_with_ttl(key, value, ttl);
        if did {
            self.touched(key);
        }
        did
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        if self.now_and_then(Fault::Forgetful) || self.now_and_then(Fault::Haunted) {
            let value = self.right.remove(key);
            if let (Fault::Haunted, Some(value)) = (self.fault, value) {
                self.state.lock().unwrap().values.insert(key.to_vec(), value);
            }
            return None;
        }
        if self.fault == Fault::Haunted {
            let ghost = self.state.lock().unwrap().values.remove(key);
            if let Some(value) = ghost {
                self.right.insert_if_absent(key, &value);
            }
        }
        let value = self.right.get(key);
        if self.now_and_then(Fault::StaleGet)
            || self.now_and_then(Fault::ExpiredGet) && value.is_none()
        {
            return self.state.lock().unwrap().values.get(key).cloned();
        }
        if let (Fault::StaleGet, Some(value)) = (self.fault, &value) {
            self.state.lock().unwrap().values.insert(key.to_vec(), value.clone());
        }
        value
    }

    fn read<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.right.read(key, read)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        self.right.get_many(keys)
    }

    fn contains_key(&self, key: &[u8]) -> bool {
        self.right.contains_key(key)
    }

    fn remove(&self, key: &[u8]) -> Option<Vec<u8>> {
        if self.now_and_then(Fault::HalfRemove) {
            return self.right.get(key);
        }
        self.touched(key);
        self.right.remove(key)
    }

    fn compute(
        &self,
        key: &[u8],
        mut decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>,
    ) -> Computed {
        self.touched(key);
        if self.fault != Fault::TornCompute {
            return self.right.compute(key, decide);
        }
        let decision = decide(self.right.get(key).as_deref());
        thread::yield_now();
        let mut decision = Some(decision);
        self.right.compute(key, |_| decision.take().unwrap_or(Op::Keep))
    }

    fn ttl(&self, key: &[u8]) -> Option<Ttl> {
        self.right.ttl(key)
    }

    fn set_ttl(&self, key: &[u8], ttl: Duration) -> bool {
        if self.now_and_then(Fault::ForgottenTtl) {
            return self.right.contains_key(key);
        }
        self.right.set_ttl(key, ttl)
    }

    fn persist(&self, key: &[u8]) -> bool {
        self.right.persist(key)
    }

    fn len(&self) -> usize {
        self.right.len()
    }

    fn clear(&self) {
        self.right.clear();
    }

    fn for_each(&self, visit: impl FnMut(&[u8], &[u8])) {
        self.right.for_each(visit);
    }

    fn retain(&self, keep: impl FnMut(&[u8], &[u8]) -> bool) {
        self.right.retain(keep);
    }

    fn advance(&self) -> usize {
        self.right.advance()
    }

    fn expiry_lag(&self) -> Histogram {
        self.right.expiry_lag()
    }
}
