//! A thread that has work to finish, and knows what it must find.
//!
//! Its private keys are written by nobody else, so that it can tell for each what every operation must answer. It
//! also joins in the fight for the shared keys.

use std::time::Duration;

use purekv::{Computed, ManualClock, Op};

use crate::random::Random;
use crate::subject::Subject;
use crate::values::{self, check_tag, private_key, shared_key};

/// Private keys that a worker keeps before the measured part begins; it then lets them grow, so that shards split.
const KEYS_AT_FIRST: u64 = 5_000;
/// The same where keys must come again before they are evicted.
const FEW_KEYS: u64 = 500;
/// Steps for one key more.
const GROWTH: u64 = 8;
const MILLISECOND: u64 = 1_000_000;

/// What became of a private key.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Gone,
    /// Due at a time from `earliest` to `latest`.
    There {
        value: u64,
        earliest: u64,
        latest: u64,
    },
}

const FOREVER: (u64, u64) = (u64::MAX, u64::MAX);

pub(crate) struct Worker<'a, S> {
    store: &'a S,
    hand: &'a ManualClock,
    lane: usize,
    random: Random,
    /// By key number: every key this worker ever had.
    fates: Vec<Fate>,
    oldest: u64,
    steps: u64,
    keys: u64,
    /// Whether the keys are to become more.
    grows: bool,
    /// Whether somebody may be clearing the store, or it evicts: then what is there may be gone.
    forgets: bool,
}

impl<'a, S: Subject> Worker<'a, S> {
    pub(crate) fn new(
        store: &'a S,
        hand: &'a ManualClock,
        lane: usize,
        random: Random,
        cleared: bool,
    ) -> Self {
        let evicts = store.bound().is_some();
        Self {
            store,
            hand,
            lane,
            random,
            fates: Vec::new(),
            oldest: 0,
            steps: 0,
            keys: if evicts { FEW_KEYS } else { KEYS_AT_FIRST },
            grows: false,
            forgets: cleared || evicts,
        }
    }

    /// From now on the private keys become more, unless there is no room for them.
    pub(crate) fn grow(&mut self) {
        self.grows = self.store.bound().is_none();
    }

    /// One operation.
    pub(crate) fn step(&mut self) {
        self.steps += 1;
        if self.grows && self.steps.is_multiple_of(GROWTH) {
            self.keys += 1;
        }
        if self.lane == 0 && self.steps.is_multiple_of(256) {
            self.hand.advance(Duration::from_millis(1));
            self.store.advance();
        }
        match self.random.below(16) {
            0..5 if !self.has_too_many() => self.insert(),
            0..8 => self.remove(),
            8..11 => self.get(),
            11..13 => self.change(),
            _ => self.fight(),
        }
    }

    fn now(&self) -> u64 {
        self.hand.elapsed().as_nanos() as u64
    }

    fn key(&self, number: u64) -> Vec<u8> {
        private_key(self.lane, number)
    }

    /// One of its keys, perhaps gone by now; `None` before the first.
    fn any(&mut self) -> Option<u64> {
        let newest = self.fates.len() as u64;
        (newest > self.oldest).then(|| self.oldest + self.random.below(newest - self.oldest))
    }

    fn has_too_many(&self) -> bool {
        self.fates.len() as u64 - self.oldest > self.keys
    }

    fn insert(&mut self) {
        let number = self.fates.len() as u64;
        let key = self.key(number);
        let value = self.random.next();
        let bytes = values::bytes(&key, value);
        let ttl = MILLISECOND * (1 + self.random.below(50));
        let before = self.now();
        let mut due = FOREVER;
        match self.random.below(4) {
            0 => {
                self.store.insert_with_ttl(&key, &bytes, Duration::from_nanos(ttl));
                due = (before + ttl, self.now() + ttl);
            }
            1 => assert!(self.store.insert_if_absent(&key, &bytes), "a fresh key was there"),
            2 => {
                let did = self.store.compute(&key, |found| {
                    assert_eq!(found, None, "a fresh key was there");
                    Op::Put(bytes.clone())
                });
                assert_eq!(did, Computed::Inserted);
            }
            _ => self.store.insert(&key, &bytes),
        }
        self.fates.push(Fate::There { value, earliest: due.0, latest: due.1 });
    }

    fn remove(&mut self) {
        let too_many = self.has_too_many();
        let number = if too_many { Some(self.oldest) } else { self.any() };
        let Some(number) = number else { return };
        let key = self.key(number);
        let before = self.now();
        let removed = self.store.remove(&key);
        self.must_be(number, before, removed.as_deref());
        self.fates[number as usize] = Fate::Gone;
        self.oldest += u64::from(too_many);
    }

    fn get(&mut self) {
        let Some(number) = self.any() else { return };
        let key = self.key(number);
        let before = self.now();
        let found = self.store.get(&key);
        self.must_be(number, before, found.as_deref());
    }

    /// A new value, deadline, or both.
    fn change(&mut self) {
        let Some(number) = self.any() else { return };
        let key = self.key(number);
        let ttl = MILLISECOND * (1 + self.random.below(50));
        let before = self.now();
        let value = self.random.next();
        if self.random.once_in(2) {
            let mut saw = None;
            self.store.compute(&key, |found| {
                saw = found.map(<[u8]>::to_vec);
                let there = found.map(|_| Op::PutKeepTtl(values::bytes(&key, value)));
                there.unwrap_or(Op::Keep)
            });
            self.must_be(number, before, saw.as_deref());
            if let Fate::There { value: old, .. } = &mut self.fates[number as usize] {
                *old = value;
            }
            return;
        }
        let persist = self.random.once_in(2);
        let did = match persist {
            true => self.store.persist(&key),
            false => self.store.set_ttl(&key, Duration::from_nanos(ttl)),
        };
        let due = if persist { FOREVER } else { (before + ttl, self.now() + ttl) };
        let fate = self.must(number, before, did);
        if let Fate::There { value, .. } = fate {
            self.fates[number as usize] = Fate::There { value, earliest: due.0, latest: due.1 };
        }
    }

    /// Anything on a shared key.
    fn fight(&mut self) {
        let key = shared_key(&mut self.random);
        let bytes = values::bytes(&key, self.random.next());
        let ttl = Duration::from_nanos(MILLISECOND * (1 + self.random.below(3)));
        match self.random.below(8) {
            0 => self.store.insert(&key, &bytes),
            1 => self.store.insert_with_ttl(&key, &bytes, ttl),
            2 => drop(self.store.insert_if_absent(&key, &bytes)),
            3 | 4 => {
                self.store.remove(&key).inspect(|value| check_tag(&key, value));
            }
            5 => drop(self.store.set_ttl(&key, ttl)),
            6 => {
                self.store.compute(&key, |found| {
                    found.inspect(|value| check_tag(&key, value));
                    Op::PutKeepTtl(bytes.clone())
                });
            }
            _ => {
                self.store.get(&key).inspect(|value| check_tag(&key, value));
            }
        }
    }

    /// Checks whether a key was to be there, somewhere between `before` and now, and notes when it is not.
    fn must(&mut self, number: u64, before: u64, there: bool) -> Fate {
        let after = self.now();
        let fate = &mut self.fates[number as usize];
        let name =
            || format!("key {number} of worker {}, {fate:?}, {before} to {after}", self.lane);
        match *fate {
            Fate::Gone => assert!(!there, "came back: {}", name()),
            Fate::There { latest, .. } if latest <= before => {
                assert!(!there, "expired: {}", name())
            }
            Fate::There { earliest, .. } if earliest > after => {
                assert!(there || self.forgets, "lost: {}", name());
            }
            Fate::There { .. } => {}
        }
        if !there {
            *fate = Fate::Gone;
        }
        *fate
    }

    /// As [`must`](Self::must), and the value is the one that was written last.
    fn must_be(&mut self, number: u64, before: u64, found: Option<&[u8]>) {
        let fate = self.must(number, before, found.is_some());
        if let (Fate::There { value, .. }, Some(found)) = (fate, found) {
            assert_eq!(found, values::bytes(&self.key(number), value), "wrong value, key {number}");
        }
    }

    /// Somebody has cleared the store.
    pub(crate) fn was_cleared(&mut self) {
        self.forgets = true;
    }

    /// Looks at every key it ever had.
    pub(crate) fn check_all(&mut self) {
        for number in 0..self.fates.len() as u64 {
            let before = self.now();
            let found = self.store.get(&self.key(number));
            self.must_be(number, before, found.as_deref());
        }
    }

    /// How many of its keys there are, which an iteration must agree with. Nothing may be moving.
    pub(crate) fn live(&self) -> usize {
        self.fates.iter().filter(|fate| matches!(fate, Fate::There { .. })).count()
    }
}
