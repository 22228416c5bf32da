//! Does a [`Scenario`] to a cache and to the naive model, and compares every answer.

use purekv::{Clock, Kv, ManualClock, Op};

use super::naive::Naive;
use super::op::{Case, Decision, Lapse, Operation, Scenario, keeps};
use super::row::row_keys;
use super::subject::{Baseline, Bytes, Subject, Typed, for_each_subject};

/// Runs it over the subject that it names: seldom the baseline, which has less to hide.
///
/// # Panics
///
/// When it disagrees with the model.
pub(crate) fn check_case(case: &Case) {
    match case.subject {
        0..32 => check::<Baseline>(&case.scenario),
        32..144 => check::<Bytes>(&case.scenario),
        144.. => check::<Typed>(&case.scenario),
    }
}

/// Runs it over every subject.
///
/// # Panics
///
/// When one of them disagrees with the model.
pub(crate) fn check_all(scenario: &Scenario) {
    for_each_subject! { check_one (scenario) }
}

macro_rules! check_one {
    ($_name:ident, $subject:ty, ($scenario:ident)) => {
        check::<$subject>($scenario);
    };
}
use check_one;

/// Runs it over one.
///
/// # Panics
///
/// When it disagrees with the model.
pub(crate) fn check<S: Subject>(scenario: &Scenario) {
    let (clock, time) = Clock::manual();
    let default_ttl = scenario.default_ttl.map(|span| span.duration());
    let mut pair =
        Pair { cache: S::make(clock, default_ttl), time, model: Naive::new(default_ttl) };
    for operation in &scenario.operations {
        pair.step(operation);
    }
    pair.compare_contents();
    // At the end of time only that is left which never expires.
    pair.step(&Operation::Pass(Lapse { unit: 255, count: 0 }));
    pair.step(&Operation::Advance);
    pair.compare_contents();
}

struct Pair<C> {
    cache: C,
    time: ManualClock,
    model: Naive,
}

impl<C: Kv> Pair<C> {
    fn step(&mut self, operation: &Operation) {
        let Self { cache, time, model } = self;
        match operation {
            Operation::Insert(key, value) => {
                cache.insert(&key.bytes(), &value.bytes());
                model.insert(&key.bytes(), &value.bytes(), None);
            }
            Operation::InsertWithTtl(key, value, ttl) => {
                cache.insert_with_ttl(&key.bytes(), &value.bytes(), ttl.duration());
                model.insert(&key.bytes(), &value.bytes(), Some(ttl.duration()));
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
            }
            Operation::Read(key) => {
                let read = cache.read(&key.bytes(), <[u8]>::to_vec);
                assert_eq!(read, model.get(&key.bytes()), "{operation:?}");
            }
            Operation::GetMany(keys) => {
                let keys: Vec<_> = keys.iter().map(|key| key.bytes()).collect();
                let borrowed: Vec<_> = keys.iter().map(Vec::as_slice).collect();
                let wanted: Vec<_> = keys.iter().map(|key| model.get(key)).collect();
                assert_eq!(cache.get_many(&borrowed), wanted, "{operation:?}");
            }
            Operation::ContainsKey(key) => assert_eq!(
                cache.contains_key(&key.bytes()),
                model.get(&key.bytes()).is_some(),
                "{operation:?}"
            ),
            Operation::Remove(key) => {
                assert_eq!(cache.remove(&key.bytes()), model.remove(&key.bytes()), "{operation:?}");
            }
            Operation::Compute(key, decision) => assert_eq!(
                cache.compute(&key.bytes(), |value| decide(*decision, value)),
                model.compute(&key.bytes(), |value| decide(*decision, value)),
                "{operation:?}"
            ),
            Operation::Ttl(key) => {
                assert_eq!(cache.ttl(&key.bytes()), model.ttl(&key.bytes()), "{operation:?}");
            }
            Operation::SetTtl(key, ttl) => assert_eq!(
                cache.set_ttl(&key.bytes(), ttl.duration()),
                model.set_ttl(&key.bytes(), Some(ttl.duration())),
                "{operation:?}"
            ),
            Operation::Persist(key) => assert_eq!(
                cache.persist(&key.bytes()),
                model.set_ttl(&key.bytes(), None),
                "{operation:?}"
            ),
            Operation::Len => self.compare_len(),
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
                let (_, due) = model.live_and_due();
                let removed = cache.advance();
                assert!(removed <= due, "removed {removed}, due {due}");
                model.advanced();
                self.compare_len();
            }
            Operation::Pass(lapse) => {
                time.advance(lapse.duration());
                model.pass(lapse.duration());
            }
            Operation::Fill { row, count, ttl } => {
                for key in row_keys(*row, *count) {
                    match ttl.map(|ttl| ttl.duration()) {
                        Some(ttl) => cache.insert_with_ttl(&key, &key, ttl),
                        None => cache.insert(&key, &key),
                    }
                    model.insert(&key, &key, ttl.map(|ttl| ttl.duration()));
                }
            }
            Operation::Drain { row, count } => {
                for key in row_keys(*row, *count) {
                    assert_eq!(cache.remove(&key), model.remove(&key), "{operation:?}: {key:?}");
                }
            }
        }
    }

    fn compare_len(&self) {
        let (live, due) = self.model.live_and_due();
        let len = self.cache.len();
        assert!((live..=live + due).contains(&len), "len {len}, live {live}, due {due}");
        assert_eq!(self.cache.is_empty(), len == 0);
    }

    fn compare_contents(&self) {
        let mut contents = Vec::new();
        self.cache.for_each(|key, value| contents.push((key.to_vec(), value.to_vec())));
        contents.sort();
        assert_eq!(contents, self.model.contents());
        self.compare_len();
    }
}

pub(crate) fn decide(decision: Decision, seen: Option<&[u8]>) -> Op<Vec<u8>> {
    match decision {
        Decision::Put(value) => Op::Put(value.bytes()),
        Decision::PutWithTtl(value, ttl) => Op::PutWithTtl(value.bytes(), ttl.duration()),
        Decision::PutKeepTtl(value) => Op::PutKeepTtl(value.bytes()),
        Decision::Keep => Op::Keep,
        Decision::Remove => Op::Remove,
        Decision::Append(byte) => Op::PutKeepTtl([seen.unwrap_or_default(), &[byte]].concat()),
        Decision::Toggle(_) if seen.is_some() => Op::Remove,
        Decision::Toggle(value) => Op::Put(value.bytes()),
        Decision::PutFor(value, due) => Op::PutFor(value.bytes(), due.expiration()),
        Decision::Retime(due) => Op::Retime(due.expiration()),
    }
}
