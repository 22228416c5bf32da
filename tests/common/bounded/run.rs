//! Does a [`Scenario`] to a bounded cache and to the naive model: every answer is the same, the cache holds what the model does, and
//! the model was told of every entry that has left.

use purekv::{Clock, Kv, ManualClock};

use super::naive::{Naive, Refused};
use super::op::{Case, Scenario, Step};
use super::subject::{BoundedKv, BoundedSubject, Counted, Log, OneHash, TwoHashes, Weighed};
use crate::common::op::{Lapse, Operation, keeps};
use crate::common::row::row_keys;
use crate::common::run::decide;

/// Steps from one look at everything to the next.
const LOOK_EVERY: usize = 8;

/// Runs it over the subject that it names.
///
/// # Panics
///
/// When it disagrees with the model.
pub(crate) fn check_case(case: &Case) {
    match case.subject {
        0..96 => check::<Counted>(&case.scenario),
        96..192 => check::<Weighed>(&case.scenario),
        192..224 => check::<OneHash>(&case.scenario),
        224.. => check::<TwoHashes>(&case.scenario),
    }
}

/// Runs it over every subject.
///
/// # Panics
///
/// When one of them disagrees with the model.
pub(crate) fn check_all(scenario: &Scenario) {
    check::<Counted>(scenario);
    check::<Weighed>(scenario);
    check::<OneHash>(scenario);
    check::<TwoHashes>(scenario);
}

/// Runs it over one.
///
/// # Panics
///
/// When it disagrees with the model.
pub(crate) fn check<S: BoundedSubject>(scenario: &Scenario) {
    let (clock, time) = Clock::manual();
    let default_ttl = scenario.default_ttl.map(|span| span.duration());
    let (capacity, log) = (scenario.capacity.units(), Log::default());
    let mut pair = Pair {
        cache: S::make(clock, default_ttl, capacity, log.clone()),
        time,
        log,
        model: Naive::new(default_ttl, capacity, S::weigh),
        most_records: S::most_records,
    };
    for (number, step) in scenario.steps.iter().enumerate() {
        pair.step(step);
        if number % LOOK_EVERY == LOOK_EVERY - 1 {
            pair.count_records();
            if scenario.looks {
                pair.compare_contents();
            }
        }
    }
    pair.compare_contents();
    // At the end of time only that is left which never expires.
    pair.step(&Step::Do(Operation::Pass(Lapse { unit: 255, count: 0 })));
    pair.step(&Step::Do(Operation::Advance));
    pair.compare_contents();
    // And whatever it is, it can be evicted.
    pair.resize(0);
    assert_eq!((pair.cache.len(), pair.model.len()), (0, 0));
}

/// Mostly one: what takes long is tried less often.
fn rounds(times: u8) -> u8 {
    if times < 32 { times % 8 } else { 1 }
}

struct Pair<C> {
    cache: C,
    time: ManualClock,
    log: Log,
    model: Naive,
    most_records: fn(usize) -> usize,
}

impl<C: BoundedKv> Pair<C> {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Do(operation) => self.operate(operation),
            Step::TryInsert(key, value, ttl) => {
                let (key, value) = (key.bytes(), value.bytes());
                let ttl = ttl.map(|ttl| ttl.duration());
                let tried = self.cache.try_put(&key, &value, ttl);
                if let Err(error) = tried {
                    assert_eq!(error.capacity, self.model.capacity());
                    assert!(error.weight > error.capacity, "{error}");
                }
                let inserted = self.model.insert(&key, &value, ttl);
                assert_eq!(tried.map_err(|_| Refused), inserted, "{step:?}");
                self.settle_met(&key);
            }
            Step::SetMaxCapacity(capacity) => self.resize(capacity.units()),
            Step::Churn { row, count, times } => {
                for _ in 0..rounds(*times) {
                    self.fill_and_drain(*row, *count);
                }
            }
        }
        self.settle();
    }

    fn count_records(&self) {
        let records = self.cache.figures().policy_records;
        let most = (self.most_records)(self.model.len());
        assert!(records <= most, "{records} records of {most}");
    }

    fn resize(&mut self, capacity: u64) {
        self.cache.resize(capacity);
        self.model.set_capacity(capacity);
        self.settle();
        assert_eq!(self.cache.capacity(), Some(capacity));
    }

    fn fill_and_drain(&mut self, row: u8, count: u8) {
        for key in row_keys(row, count) {
            self.insert(&key, &key, None);
        }
        for key in row_keys(row, count) {
            assert_eq!(self.cache.remove(&key), self.model.remove(&key), "{key:?}");
            self.settle_met(&key);
        }
    }

    /// And what fits is there afterwards: others make room for it.
    fn insert(&mut self, key: &[u8], value: &[u8], ttl: Option<std::time::Duration>) {
        match ttl {
            Some(ttl) => self.cache.insert_with_ttl(key, value, ttl),
            None => self.cache.insert(key, value),
        }
        // Refused or not: this one says nothing.
        let _ = self.model.insert(key, value, ttl);
        let wanted = self.model.get(key);
        self.settle_met(key);
        assert_eq!(self.model.get(key), wanted, "it was evicted to make room for itself");
    }

    fn operate(&mut self, operation: &Operation) {
        let Self { cache, time, model, .. } = self;
        match operation {
            Operation::Insert(key, value) => self.insert(&key.bytes(), &value.bytes(), None),
            Operation::InsertWithTtl(key, value, ttl) => {
                self.insert(&key.bytes(), &value.bytes(), Some(ttl.duration()));
            }
            Operation::InsertIfAbsent(key, value) => assert_eq!(
                cache.insert_if_absent(&key.bytes(), &value.bytes()),
                model.insert_if_absent(&key.bytes(), &value.bytes(), None),
                "{operation:?}"
            ),
            Operation::InsertIfAbsentWithTtl(key, value, ttl) => assert_eq!(
                cache.insert_if_absent_with_ttl(&key.bytes(), &value.bytes(), ttl.duration()),
                model.insert_if_absent(&key.bytes(), &value.bytes(), Some(ttl.duration())),
                "{operation:?}"
            ),
            Operation::Get(key) => {
                assert_eq!(cache.get(&key.bytes()), model.get(&key.bytes()), "{operation:?}");
                self.settle_met(&key.bytes());
            }
            Operation::Read(key) => {
                let read = cache.read(&key.bytes(), <[u8]>::to_vec);
                assert_eq!(read, model.get(&key.bytes()), "{operation:?}");
                self.settle_met(&key.bytes());
            }
            Operation::GetMany(keys) => {
                let keys: Vec<_> = keys.iter().map(|key| key.bytes()).collect();
                let borrowed: Vec<_> = keys.iter().map(Vec::as_slice).collect();
                let wanted: Vec<_> = keys.iter().map(|key| model.get(key)).collect();
                assert_eq!(cache.get_many(&borrowed), wanted, "{operation:?}");
                self.settle();
                keys.iter().for_each(|key| self.model.met(key));
            }
            Operation::ContainsKey(key) => {
                let wanted = model.get(&key.bytes()).is_some();
                assert_eq!(cache.contains_key(&key.bytes()), wanted, "{operation:?}");
                self.settle_met(&key.bytes());
            }
            Operation::Remove(key) => {
                assert_eq!(cache.remove(&key.bytes()), model.remove(&key.bytes()), "{operation:?}");
                self.settle_met(&key.bytes());
            }
            Operation::Compute(key, decision) => {
                assert_eq!(
                    cache.compute(&key.bytes(), |value| decide(*decision, value)),
                    model.compute(&key.bytes(), |value| decide(*decision, value)),
                    "{operation:?}"
                );
                let wanted = model.get(&key.bytes());
                self.settle_met(&key.bytes());
                assert_eq!(self.model.get(&key.bytes()), wanted, "evicted for itself");
            }
            Operation::Ttl(key) => {
                assert_eq!(cache.ttl(&key.bytes()), model.ttl(&key.bytes()), "{operation:?}");
                self.settle_met(&key.bytes());
            }
            Operation::SetTtl(key, ttl) => {
                let did = cache.set_ttl(&key.bytes(), ttl.duration());
                let wanted = model.set_ttl(&key.bytes(), Some(ttl.duration()));
                assert_eq!(did, wanted, "{operation:?}");
                self.settle_met(&key.bytes());
            }
            Operation::Persist(key) => {
                let did = cache.persist(&key.bytes());
                assert_eq!(did, model.set_ttl(&key.bytes(), None), "{operation:?}");
                self.settle_met(&key.bytes());
            }
            // Compared after each step.
            Operation::Len => {}
            Operation::Clear => {
                cache.clear();
                model.clear();
                assert_eq!(cache.len(), 0);
            }
            Operation::ForEach => self.compare_contents(),
            Operation::Retain(divisor) => {
                let mut asked = Vec::new();
                let wanted = model.contents();
                cache.retain(|key, value| {
                    asked.push((key.to_vec(), value.to_vec()));
                    keeps(*divisor, key, value)
                });
                asked.sort();
                assert_eq!(asked, wanted, "{operation:?}");
                model.retain(|key, value| keeps(*divisor, key, value));
            }
            Operation::Advance => {
                let removed = cache.advance();
                assert_eq!(removed, self.settle(), "removed, and told of as expired");
                self.model.advanced();
            }
            Operation::Pass(lapse) => {
                time.advance(lapse.duration());
                model.pass(lapse.duration());
            }
            Operation::Fill { row, count, ttl } => {
                for key in row_keys(*row, *count) {
                    self.insert(&key, &key, ttl.map(|ttl| ttl.duration()));
                }
            }
            Operation::Drain { row, count } => {
                for key in row_keys(*row, *count) {
                    assert_eq!(self.cache.remove(&key), self.model.remove(&key), "{operation:?}");
                    self.settle_met(&key);
                }
            }
        }
    }

    /// Tells the model what has left since; how many of these were due. Then both count the same.
    fn settle(&mut self) -> usize {
        let expired = self.model.told(self.log.take());
        let counted = (self.cache.len(), self.cache.weight());
        assert_eq!(counted, (self.model.len(), self.model.weight()));
        expired
    }

    fn settle_met(&mut self, key: &[u8]) {
        self.settle();
        self.model.met(key);
    }

    fn compare_contents(&mut self) {
        let mut contents = Vec::new();
        self.cache.for_each(|key, value| contents.push((key.to_vec(), value.to_vec())));
        contents.sort();
        self.settle();
        assert_eq!(contents, self.model.contents());
        assert_eq!(self.cache.len(), contents.len(), "what was due is gone");
        for (key, _) in contents {
            assert_eq!(self.cache.ttl(&key), self.model.ttl(&key), "{key:?}");
        }
    }
}
