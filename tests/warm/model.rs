//! A warmed cache, a loaded one and a naive map under the same operations.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use purekv::{Cache, Clock, Kv, ManualClock, Op, Snapshot, Store, StoreSnapshot, Ttl};

use crate::folder::Folder;

/// Deadlines are in whole hours, and looked at half past: that dump, load and build take a moment between them does not show.
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    GetMany(Vec<u8>),
    Contains(u8),
    Ttl(u8),
    Insert(u8, u8),
    InsertWithTtl(u8, u8, u8),
    InsertIfAbsent(u8, u8),
    Remove(u8),
    /// Appends a byte, if that is odd removes what is long.
    Compute(u8, u8),
    Update(u8, u8),
    SetTtl(u8, u8),
    Persist(u8),
    Advance(u8),
    Clear,
    Retain(u8),
    Hydrate,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0_u8..24;
    let hours = || 0_u8..6;
    let step = prop_oneof![
        6 => key().prop_map(Step::Get),
        1 => vec(key(), 0..40).prop_map(Step::GetMany),
        2 => key().prop_map(Step::Contains),
        2 => key().prop_map(Step::Ttl),
        3 => (key(), any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
        2 => (key(), any::<u8>(), hours()).prop_map(|(k, v, h)| Step::InsertWithTtl(k, v, h)),
        2 => (key(), any::<u8>()).prop_map(|(key, value)| Step::InsertIfAbsent(key, value)),
        3 => key().prop_map(Step::Remove),
        2 => (key(), any::<u8>()).prop_map(|(key, value)| Step::Compute(key, value)),
        2 => (key(), any::<u8>()).prop_map(|(key, value)| Step::Update(key, value)),
        2 => (key(), hours()).prop_map(|(key, hours)| Step::SetTtl(key, hours)),
        1 => key().prop_map(Step::Persist),
        2 => (0_u8..3).prop_map(Step::Advance),
        1 => prop_oneof![Just(Step::Clear), any::<u8>().prop_map(Step::Retain), Just(Step::Hydrate)],
    ];
    vec(step, 0..60)
}

/// Keys with a value's byte and hours to live; None: for ever.
fn dumped() -> impl Strategy<Value = BTreeMap<u8, (u8, Option<u8>)>> {
    proptest::collection::btree_map(0_u8..24, (any::<u8>(), proptest::option::of(0_u8..6)), 0..24)
}

fn key(number: u8) -> Vec<u8> {
    vec![number; usize::from(number) % 5 + 1]
}

fn value(byte: u8) -> Vec<u8> {
    vec![byte; usize::from(byte) % 70]
}

/// With the hour from which a key is absent.
type Naive = BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>;

struct World<C> {
    warm: C,
    loaded: C,
    naive: Naive,
    hands: [ManualClock; 2],
    /// Hours gone, of which the first is a half.
    hour: u64,
}

/// What an operation answered, so that it can be compared.
type Answer = String;

fn left(ttl: Option<Ttl>) -> Option<Option<u64>> {
    // Rounded: they are half past.
    let hours = |left: Duration| (left.as_secs() + 900) / 1800;
    ttl.map(|ttl| match ttl {
        Ttl::Never => None,
        Ttl::Remaining(left) => Some(hours(left)),
    })
}

fn appended(old: &[u8], byte: u8) -> Vec<u8> {
    [old, &[byte]].concat()
}

fn computed(old: Option<&[u8]>, byte: u8) -> Op<Vec<u8>> {
    match old {
        None => Op::Keep,
        Some(old) if byte % 2 == 1 && old.len() > 20 => Op::Remove,
        Some(old) => Op::PutKeepTtl(appended(old, byte)),
    }
}

fn apply(cache: &impl Kv, hydrate: impl Fn(), step: &Step) -> Answer {
    match *step {
        Step::Get(number) => format!("{:?}", cache.get(&key(number))),
        Step::GetMany(ref numbers) => {
            let keys: Vec<_> = numbers.iter().map(|&number| key(number)).collect();
            let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            format!("{:?}", cache.get_many(&keys))
        }
        Step::Contains(number) => format!("{}", cache.contains_key(&key(number))),
        Step::Ttl(number) => format!("{:?}", left(cache.ttl(&key(number)))),
        Step::Insert(number, byte) => format!("{:?}", cache.insert(&key(number), &value(byte))),
        Step::InsertWithTtl(number, byte, hours) => {
            cache.insert_with_ttl(&key(number), &value(byte), HOUR * hours.into());
            Answer::new()
        }
        Step::InsertIfAbsent(number, byte) => {
            format!("{}", cache.insert_if_absent(&key(number), &value(byte)))
        }
        Step::Remove(number) => format!("{:?}", cache.remove(&key(number))),
        Step::Compute(number, byte) => {
            format!("{:?}", cache.compute(&key(number), |old| computed(old, byte)))
        }
        Step::Update(number, byte) => {
            format!("{}", cache.update(&key(number), |old| appended(old, byte)))
        }
        Step::SetTtl(number, hours) => {
            format!("{}", cache.set_ttl(&key(number), HOUR * hours.into()))
        }
        Step::Persist(number) => format!("{}", cache.persist(&key(number))),
        Step::Clear => format!("{:?}", cache.clear()),
        Step::Retain(byte) => {
            cache.retain(|_, value| value.first().is_none_or(|&first| first >= byte));
            Answer::new()
        }
        Step::Hydrate => {
            hydrate();
            Answer::new()
        }
        Step::Advance(_) => Answer::new(),
    }
}

impl<C: Kv> World<C> {
    fn live(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let live = self.naive.iter().filter(|(_, (_, due))| due.is_none_or(|due| due > self.hour));
        live.map(|(key, (value, _))| (key.clone(), value.clone())).collect()
    }

    fn naive_get(&self, number: u8) -> Option<&(Vec<u8>, Option<u64>)> {
        self.naive.get(&key(number)).filter(|(_, due)| due.is_none_or(|due| due > self.hour))
    }

    /// The naive map's answer, where that is simple.
    fn naively(&mut self, step: &Step) -> Option<Answer> {
        let hour = self.hour;
        match *step {
            Step::Get(number) => Some(format!("{:?}", self.naive_get(number).map(|it| &it.0))),
            Step::Contains(number) => Some(format!("{}", self.naive_get(number).is_some())),
            Step::Insert(number, byte) => {
                self.naive.insert(key(number), (value(byte), None));
                None
            }
            Step::InsertWithTtl(number, byte, hours) => {
                self.naive.insert(key(number), (value(byte), Some(hour + u64::from(hours))));
                None
            }
            Step::InsertIfAbsent(number, byte) => {
                let is_absent = self.naive_get(number).is_none();
                if is_absent {
                    self.naive.insert(key(number), (value(byte), None));
                }
                Some(format!("{is_absent}"))
            }
            Step::Remove(number) => {
                let removed = self.naive_get(number).map(|it| it.0.clone());
                self.naive.remove(&key(number));
                Some(format!("{removed:?}"))
            }
            Step::Compute(number, byte) | Step::Update(number, byte) => {
                let (old, due) = self.naive_get(number)?.clone();
                let op = match step {
                    Step::Update(..) => Op::PutKeepTtl(appended(&old, byte)),
                    _ => computed(Some(&old), byte),
                };
                match op {
                    Op::Remove => drop(self.naive.remove(&key(number))),
                    Op::PutKeepTtl(new) => drop(self.naive.insert(key(number), (new, due))),
                    _ => {}
                }
                None
            }
            Step::SetTtl(number, hours) => {
                let due = Some(hour + u64::from(hours));
                let found = self.naive_get(number).cloned();
                if let Some((value, _)) = &found {
                    self.naive.insert(key(number), (value.clone(), due));
                }
                Some(format!("{}", found.is_some()))
            }
            Step::Persist(number) => {
                let (value, _) = self.naive_get(number)?.clone();
                self.naive.insert(key(number), (value, None));
                None
            }
            Step::Clear => {
                self.naive.clear();
                None
            }
            Step::Retain(byte) => {
                self.naive.retain(|_, (value, _)| value.first().is_none_or(|&it| it >= byte));
                None
            }
            _ => None,
        }
    }

    fn run(mut self, steps: &[Step], hydrate: impl Fn(&C)) {
        for step in steps {
            if let Step::Advance(hours) = *step {
                self.hour += u64::from(hours);
                self.hands.iter().for_each(|hand| hand.advance(HOUR * hours.into()));
            }
            let expected = self.naively(step);
            let warm = apply(&self.warm, || hydrate(&self.warm), step);
            let loaded = apply(&self.loaded, || {}, step);
            assert_eq!(warm, loaded, "{step:?}");
            assert!(expected.is_none_or(|expected| expected == warm), "{step:?}: {warm}");
        }
        let expected = self.live();
        for cache in [&self.warm, &self.loaded] {
            let mut all = Vec::new();
            cache.for_each(|key, value| all.push((key.to_vec(), value.to_vec())));
            all.sort();
            assert_eq!(all, expected);
        }
    }
}

/// Half past the hour, with what was dumped at the full one.
fn naive(entries: &BTreeMap<u8, (u8, Option<u8>)>) -> Naive {
    let entry = |(&number, &(byte, hours)): (&u8, &(u8, Option<u8>))| {
        (key(number), (value(byte), hours.map(u64::from)))
    };
    entries.iter().map(entry).collect()
}

/// Fills a cache that is to be dumped. Of no hours: due before it can be loaded.
fn fill(cache: &impl Kv, entries: &BTreeMap<u8, (u8, Option<u8>)>) {
    for (&number, &(byte, hours)) in entries {
        match hours {
            None => cache.insert(&key(number), &value(byte)),
            Some(0) => cache.insert_with_ttl(&key(number), &value(byte), Duration::from_nanos(1)),
            Some(hours) => {
                cache.insert_with_ttl(&key(number), &value(byte), HOUR * hours.into());
            }
        }
    }
}

fn clocks() -> ([Clock; 3], [ManualClock; 2]) {
    let [(dumped, _), (warm, one), (loaded, other)] = std::array::from_fn(|_| Clock::manual());
    ([dumped, warm, loaded], [one, other])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_warm_store_is_as_a_loaded_one(entries in dumped(), steps in steps()) {
        let folder = Folder::new("warm-model-store");
        let path = folder.file("dump");
        let ([clock, warm, loaded], hands) = clocks();
        let store = Store::builder().clock(clock).build();
        fill(&store, &entries);
        store.dump(&path).unwrap();
        let loaded = Store::builder().clock(loaded).build();
        loaded.load(&path).unwrap();
        let warm = Store::builder().clock(warm).warm_from(StoreSnapshot::open(&path).unwrap()).build();
        hands.iter().for_each(|hand| hand.advance(HOUR / 2));
        let world = World { warm, loaded, naive: naive(&entries), hands, hour: 0 };
        world.run(&steps, |store| _ = store.hydrate());
    }

    #[test]
    fn a_warm_cache_is_as_a_loaded_one(entries in dumped(), steps in steps()) {
        let folder = Folder::new("warm-model-cache");
        let path = folder.file("dump");
        let ([clock, warm, loaded], hands) = clocks();
        let cache: Cache<Vec<u8>, Vec<u8>> = Cache::builder().clock(clock).build();
        fill(&cache, &entries);
        cache.dump(&path).unwrap();
        let loaded = Cache::builder().clock(loaded).build();
        loaded.load(&path).unwrap();
        let warm = Cache::builder().clock(warm).warm_from(Snapshot::open(&path).unwrap()).build();
        hands.iter().for_each(|hand| hand.advance(HOUR / 2));
        let world = World { warm, loaded, naive: naive(&entries), hands, hour: 0 };
        world.run(&steps, |cache| _ = cache.hydrate());
    }
}
