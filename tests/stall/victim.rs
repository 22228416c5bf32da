//! The thread that is parked: it does everything a store can do, on the shared keys and on keys of its own.

use std::time::Duration;

use purekv::{ManualClock, Op};

use crate::random::Random;
use crate::subject::Subject;
use crate::values::{self, check_tag, owner, shared_key, victims_key};

pub(crate) struct Victim<'a, S> {
    store: &'a S,
    hand: &'a ManualClock,
    random: Random,
    /// Its own keys, `oldest..next`.
    oldest: u64,
    next: u64,
    /// Whether its keys are being removed now, and not inserted.
    shrinking: bool,
    /// Whether it may clear the store.
    clears: bool,
    /// What the store may hold when nobody makes it less, if it is bounded.
    capacity: Option<u64>,
}

/// Own keys after which it begins to remove them: enough for a few splits, which only the first growth of a store brings.
const KEYS: u64 = 6_000;
/// Own keys at which it begins to insert again.
const FEW_KEYS: u64 = 500;

impl<'a, S: Subject> Victim<'a, S> {
    pub(crate) fn new(
        store: &'a S,
        hand: &'a ManualClock,
        random: Random,
        clears: bool,
        capacity: Option<u64>,
    ) -> Self {
        // Several victims of one store take different numbers.
        let next = random.clone().below(1 << 40);
        // Where anything may be gone at any time, that is no weaker a check.
        let clears = clears || capacity.is_some();
        Self { store, hand, random, oldest: next, next, shrinking: false, clears, capacity }
    }

    /// One operation.
    pub(crate) fn step(&mut self) {
        let store = self.store;
        match self.random.below(64) {
            0..32 if self.shrinking => self.remove_own(),
            0..32 => self.insert_own(),
            32 => self.sweep(),
            // What comes due now is for it to look after, if nobody is quicker.
            33..36 => {
                self.hand.advance(Duration::from_micros(300));
                store.advance();
            }
            36 => self.strain(),
            _ => self.fight(),
        }
    }

    fn ttl(&mut self) -> Duration {
        Duration::from_micros(100 * self.random.below(60))
    }

    fn insert_own(&mut self) {
        let key = victims_key(self.next);
        let value = values::bytes(&key, self.next);
        self.next += 1;
        match self.random.below(8) {
            0 => self.store.insert_with_ttl(&key, &value, self.ttl()),
            1 => drop(self.store.insert_if_absent_with_ttl(&key, &value, self.ttl())),
            _ => self.store.insert(&key, &value),
        }
        self.shrinking = self.next - self.oldest > KEYS;
    }

    fn remove_own(&mut self) {
        drop(self.store.remove(&victims_key(self.oldest)));
        self.oldest += 1;
        self.shrinking = self.next - self.oldest > FEW_KEYS;
    }

    /// What only a bounded store feels: another capacity, or records without entries.
    fn strain(&mut self) {
        let Some(capacity) = self.capacity else { return };
        match self.random.below(4) {
            0 => self.store.resize(capacity / (1 + self.random.below(4))),
            1 => {
                // So few that who looks for stale records comes to the end of a queue.
                self.store.resize(capacity / 64);
                self.store.resize(capacity);
                let key = victims_key(self.next);
                for number in 0..2 * capacity {
                    self.store.insert(&key, &values::bytes(&key, number));
                    drop(self.store.remove(&key));
                }
            }
            _ => self.store.resize(capacity),
        }
    }

    /// What goes through the whole store; rare, for it is long.
    fn sweep(&mut self) {
        let store = self.store;
        match self.random.below(64) {
            0 if self.clears => store.clear(),
            1..4 => store.for_each(check_tag),
            4..8 => {
                let random = &mut self.random;
                store.retain(|key, value| {
                    check_tag(key, value);
                    owner(key).is_some() || !random.once_in(16)
                });
            }
            _ => drop(store.len()),
        }
    }

    fn fight(&mut self) {
        let store = self.store;
        let key = shared_key(&mut self.random);
        let value = values::bytes(&key, self.random.next());
        let ttl = self.ttl();
        let check = |value: &Vec<u8>| check_tag(&key, value);
        match self.random.below(16) {
            0 => store.insert(&key, &value),
            1 => store.insert_with_ttl(&key, &value, ttl),
            2 => drop(store.insert_if_absent(&key, &value)),
            3 => drop(store.insert_if_absent_with_ttl(&key, &value, ttl)),
            4 => drop(store.get(&key).inspect(check)),
            5 => drop(store.read(&key, |value| check_tag(&key, value))),
            6 => {
                let others = [shared_key(&mut self.random), victims_key(self.oldest)];
                let keys = [&*key, &*others[0], &*others[1]];
                let found = store.get_many(&keys);
                for (key, value) in keys.iter().zip(found) {
                    value.inspect(|value| check_tag(key, value));
                }
            }
            7 => drop(store.contains_key(&key)),
            8 | 9 => drop(store.remove(&key).inspect(check)),
            10 => drop(store.ttl(&key)),
            11 => drop(store.set_ttl(&key, ttl)),
            12 => drop(store.persist(&key)),
            _ => {
                let decision = match self.random.below(5) {
                    0 => Op::Put(value),
                    1 => Op::PutWithTtl(value, ttl),
                    2 => Op::PutKeepTtl(value),
                    3 => Op::Remove,
                    _ => Op::Keep,
                };
                store.compute(&key, |found| {
                    found.inspect(|value| check_tag(&key, value));
                    decision.clone()
                });
            }
        }
    }
}
