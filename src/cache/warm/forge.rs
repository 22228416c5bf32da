//! Caches on top of forged dumps, for tests and the fuzzer: no file makes one panic, and what was changed since is as it was changed.

#[cfg(test)]
#[allow(clippy::duplicate_mod, reason = "other modules' tests have it, too")]
#[path = "../../../tests/support/corpus.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};

use crate::cache::{Builder, Cache, Store};
use crate::clock::Clock;
use crate::snapshot::forge::{self, KEYS, Scenario as Dump, Value};
use crate::snapshot::{Snapshot, StoreSnapshot};

/// Operations on a cache that was started on top of a dump with changes to it, for the fuzzer. An inserted variant changes what its corpus means: append.
#[derive(arbitrary::Arbitrary, Clone, Debug)]
pub struct Scenario {
    file: Dump,
    /// How many entries the cache may have; 0: as many as there are.
    bound: u8,
    operations: Vec<Operation>,
}

#[derive(arbitrary::Arbitrary, Clone, Copy, Debug)]
enum Operation {
    Get(u8),
    Contains(u8),
    Insert(u8, u8),
    InsertIfAbsent(u8, u8),
    Update(u8, u8),
    Remove(u8),
    Persist(u8),
    Walk,
    Hydrate,
    Clear,
    Advance,
}

/// One face. A value is a number if it was inserted here, and None if it is the file's.
trait Warmed {
    fn get(&self, key: &str) -> Option<Option<u8>>;
    fn contains(&self, key: &str) -> bool;
    fn insert(&self, key: &str, value: u8);
    fn insert_if_absent(&self, key: &str, value: u8) -> bool;
    fn update(&self, key: &str, value: u8) -> bool;
    fn remove(&self, key: &str) -> Option<Option<u8>>;
    fn persist(&self, key: &str) -> bool;
    /// Keys, as bytes, and their values.
    fn walk(&self) -> Vec<(Vec<u8>, Option<u8>)>;
    fn hydrate(&self);
    fn clear(&self);
    fn advance(&self);
    fn len(&self) -> usize;
    fn is_warming(&self) -> bool;
}

/// What all values begin with that are inserted into a store here.
const OWN: &[u8] = b"not of the file: ";

fn bytes(value: u8) -> Vec<u8> {
    [OWN, &[value]].concat()
}

fn number(bytes: &[u8]) -> Option<u8> {
    match bytes.strip_prefix(OWN) {
        Some(&[value]) => Some(value),
        _ => None,
    }
}

impl Warmed for Store {
    fn get(&self, key: &str) -> Option<Option<u8>> {
        self.read(key.as_bytes(), number)
    }

    fn contains(&self, key: &str) -> bool {
        self.contains_key(key.as_bytes())
    }

    fn insert(&self, key: &str, value: u8) {
        self.insert(key.as_bytes(), &bytes(value));
    }

    fn insert_if_absent(&self, key: &str, value: u8) -> bool {
        self.insert_if_absent(key.as_bytes(), &bytes(value))
    }

    fn update(&self, key: &str, value: u8) -> bool {
        self.update(key.as_bytes(), |_| bytes(value))
    }

    fn remove(&self, key: &str) -> Option<Option<u8>> {
        self.remove(key.as_bytes()).map(|value| number(&value))
    }

    fn persist(&self, key: &str) -> bool {
        self.persist(key.as_bytes())
    }

    fn walk(&self) -> Vec<(Vec<u8>, Option<u8>)> {
        self.iter().map(|(key, value)| (key, number(&value))).collect()
    }

    fn hydrate(&self) {
        self.hydrate();
    }

    fn clear(&self) {
        self.clear();
    }

    fn advance(&self) {
        self.advance();
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn is_warming(&self) -> bool {
        self.is_warming()
    }
}

fn value(value: u8) -> Value {
    (u64::MAX - u64::from(value), Vec::new())
}

fn number_of(value: &Value) -> Option<u8> {
    u8::try_from(u64::MAX - value.0).ok()
}

impl Warmed for Cache<String, Value> {
    fn get(&self, key: &str) -> Option<Option<u8>> {
        self.read(key, number_of)
    }

    fn contains(&self, key: &str) -> bool {
        self.contains_key(key)
    }

    fn insert(&self, key: &str, new: u8) {
        self.insert(key.to_owned(), value(new));
    }

    fn insert_if_absent(&self, key: &str, new: u8) -> bool {
        self.insert_if_absent(key.to_owned(), value(new))
    }

    fn update(&self, key: &str, new: u8) -> bool {
        self.update(&key.to_owned(), |_| value(new))
    }

    fn remove(&self, key: &str) -> Option<Option<u8>> {
        self.remove(key).map(|value| number_of(&value))
    }

    fn persist(&self, key: &str) -> bool {
        self.persist(key)
    }

    fn walk(&self) -> Vec<(Vec<u8>, Option<u8>)> {
        self.iter().map(|(key, value)| (key.into_bytes(), number_of(&value))).collect()
    }

    fn hydrate(&self) {
        self.hydrate();
    }

    fn clear(&self) {
        self.clear();
    }

    fn advance(&self) {
        self.advance();
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn is_warming(&self) -> bool {
        self.is_warming()
    }
}

/// What is known of keys that were changed: their value, or that they are absent. Of others the file decides.
struct Known {
    keys: BTreeMap<u32, Option<u8>>,
    /// Whether any of them may have had to go.
    bounded: bool,
}

impl Known {
    /// `found` is what the cache says of a key.
    fn check(&mut self, key: u32, found: Option<Option<u8>>) {
        let Some(known) = self.keys.get_mut(&key) else { return };
        if found.is_none() && self.bounded {
            *known = None;
        }
        assert_eq!(found, known.map(Some), "key {key}");
    }

    fn is_there(&self, key: u32) -> Option<bool> {
        self.keys.get(&key).map(Option::is_some)
    }
}

impl Operation {
    fn perform(self, cache: &impl Warmed, known: &mut Known) {
        let of = |key: u8| u32::from(key) % (KEYS + 2);
        match self {
            Self::Get(key) => known.check(of(key), cache.get(&forge::name(of(key)))),
            Self::Contains(key) => {
                let found = cache.contains(&forge::name(of(key)));
                let expected = known.is_there(of(key));
                assert!(known.bounded && !found || expected.is_none_or(|there| there == found));
            }
            Self::Insert(key, value) => {
                cache.insert(&forge::name(of(key)), value);
                known.keys.insert(of(key), Some(value));
            }
            Self::InsertIfAbsent(key, value) => {
                let inserted = cache.insert_if_absent(&forge::name(of(key)), value);
                let expected = known.is_there(of(key)).map(|there| !there);
                assert!(known.bounded && inserted || expected.is_none_or(|it| it == inserted));
                if inserted {
                    known.keys.insert(of(key), Some(value));
                }
            }
            Self::Update(key, value) => {
                let updated = cache.update(&forge::name(of(key)), value);
                let expected = known.is_there(of(key));
                assert!(known.bounded && !updated || expected.is_none_or(|there| there == updated));
                known.keys.insert(of(key), updated.then_some(value));
            }
            Self::Remove(key) => {
                known.check(of(key), cache.remove(&forge::name(of(key))));
                known.keys.insert(of(key), None);
            }
            Self::Persist(key) => {
                cache.persist(&forge::name(of(key)));
            }
            Self::Walk => {
                let found = cache.walk();
                let keys: BTreeSet<&[u8]> = found.iter().map(|(key, _)| &key[..]).collect();
                assert_eq!(keys.len(), found.len(), "a key comes twice");
                for key in 0..KEYS + 2 {
                    let own = |(other, _): &&(Vec<u8>, _)| *other == forge::name(key).as_bytes();
                    known.check(key, found.iter().find(own).map(|(_, value)| *value));
                }
            }
            Self::Hydrate => {
                cache.hydrate();
                assert!(!cache.is_warming());
            }
            Self::Clear => {
                cache.clear();
                assert!(!cache.is_warming() && cache.len() == 0);
                known.keys.extend((0..KEYS + 2).map(|key| (key, None)));
            }
            Self::Advance => cache.advance(),
        }
    }
}

impl Scenario {
    /// Starts a cache on the file, if that can be opened, and does with it what it says.
    ///
    /// # Panics
    ///
    /// If a key that was changed is not what it was changed to, or comes back.
    pub fn check(&self) {
        self.file.with_file(|path, _| {
            if let Ok(snapshot) = StoreSnapshot::open(path) {
                self.operate(&self.bounded(Store::builder()).warm_from(snapshot).build());
            }
            if let Ok(snapshot) = Snapshot::<String, Value>::open(path) {
                self.operate(&self.bounded(Cache::builder()).warm_from(snapshot).build());
            }
        });
    }

    /// With a clock that stands, and so without a thread of its own.
    fn bounded<F: crate::cache::Face>(&self, builder: Builder<F>) -> Builder<F> {
        let builder = builder.clock(Clock::manual().0);
        match self.bound {
            0 => builder,
            bound => builder.max_capacity(bound.into()),
        }
    }

    fn operate(&self, cache: &impl Warmed) {
        let mut known = Known { keys: BTreeMap::new(), bounded: self.bound > 0 };
        for operation in &self.operations {
            operation.perform(cache, &mut known);
        }
        Operation::Walk.perform(cache, &mut known);
        Operation::Hydrate.perform(cache, &mut known);
        assert_eq!(cache.len(), cache.walk().len());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_fuzzer_has_found() {
        corpus::replay("warm", |bytes| {
            let bytes = arbitrary::Unstructured::new(bytes);
            if let Ok(scenario) = <Scenario as arbitrary::Arbitrary>::arbitrary_take_rest(bytes) {
                scenario.check();
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn no_file_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let bytes = arbitrary::Unstructured::new(&bytes);
            if let Ok(scenario) = <Scenario as arbitrary::Arbitrary>::arbitrary_take_rest(bytes) {
                scenario.check();
            }
        }
    }
}
