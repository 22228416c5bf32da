//! The same as in `evictions`, without stories: a thread stands still at each site of an eviction in turn, and meanwhile another does
//! everything that can be done to the entry, two things one after the other.

use std::thread;

use purekv::Op;

use crate::puppet::Puppet;
use crate::small::{SECOND, Small, value};

const A: u32 = 1;
const B: u32 = 2;

/// Where a thread stands still.
const SITES: [&str; 17] = [
    "engine::evict::published",
    "engine::evict::taken",
    "engine::evict::found",
    "engine::evict::claimed",
    "engine::evict::rewritten",
    "engine::evict::pushed",
    "engine::evict::mark_sealed",
    "engine::replace::done",
    "engine::bury::sealed",
    "engine::expire::claimed",
    "policy::queue::push::reserved",
    "policy::queue::pop::drawn",
    "policy::queue::pop::looking",
    "table::replace::before",
    "table::remove::before",
    "table::remove::unlinked",
    "table::insert::reserved",
];

/// What it is about.
#[derive(Clone, Copy, Debug)]
enum Errand {
    InsertB,
    InsertHeavyB,
    ReplaceA,
    ReplaceAByHeavier,
    KeepTtlOfA,
    RemoveA,
    LittleRoom,
}

impl Errand {
    const ALL: [Self; 7] = [
        Self::InsertB,
        Self::InsertHeavyB,
        Self::ReplaceA,
        Self::ReplaceAByHeavier,
        Self::KeepTtlOfA,
        Self::RemoveA,
        Self::LittleRoom,
    ];

    fn run(self, small: &Small) {
        let cache = &small.cache;
        match self {
            Self::InsertB => cache.insert(B, value(1, 1)),
            Self::InsertHeavyB => cache.insert(B, value(2, 1)),
            Self::ReplaceA => cache.insert(A, value(1, 2)),
            Self::ReplaceAByHeavier => cache.insert(A, value(2, 2)),
            Self::KeepTtlOfA => {
                cache.update(&A, |_| value(2, 3));
            }
            Self::RemoveA => drop(cache.remove(&A)),
            Self::LittleRoom => {
                cache.set_max_capacity(1);
            }
        }
    }
}

/// What others do in the meantime.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Replace,
    ReplaceByHeavier,
    KeepTtl,
    Remove,
    RemoveAndInsert,
    Use,
    Expire,
    InsertOthers,
    Clear,
    NoRoomForAMoment,
    LittleRoom,
    MuchRoom,
    ComeAndGo,
}

impl Deed {
    const ALL: [Self; 13] = [
        Self::Replace,
        Self::ReplaceByHeavier,
        Self::KeepTtl,
        Self::Remove,
        Self::RemoveAndInsert,
        Self::Use,
        Self::Expire,
        Self::InsertOthers,
        Self::Clear,
        Self::NoRoomForAMoment,
        Self::LittleRoom,
        Self::MuchRoom,
        Self::ComeAndGo,
    ];

    /// To this key; `number` makes each value another one.
    fn run(self, small: &Small, key: u32, number: &mut u32) {
        let cache = &small.cache;
        let mut next = |weight| {
            *number += 1;
            value(weight, *number)
        };
        match self {
            Self::Replace => cache.insert(key, next(1)),
            Self::ReplaceByHeavier => cache.insert(key, next(2)),
            Self::KeepTtl => {
                let new = next(1);
                cache.compute(key, |_| Op::PutKeepTtl(new));
            }
            Self::Remove => drop(cache.remove(&key)),
            Self::RemoveAndInsert => {
                cache.remove(&key);
                cache.insert(key, next(1));
            }
            Self::Use => small.use_often(key),
            Self::Expire => {
                cache.set_ttl(&key, SECOND);
                small.pass();
            }
            Self::InsertOthers => (50..53).for_each(|other| cache.insert(other, next(1))),
            Self::Clear => cache.clear(),
            Self::NoRoomForAMoment => {
                cache.set_max_capacity(0);
                cache.set_max_capacity(small.capacity);
            }
            Self::LittleRoom => drop(cache.set_max_capacity(1)),
            Self::MuchRoom => drop(cache.set_max_capacity(small.capacity)),
            // As often as there are serials: one record is like that of the next entry.
            Self::ComeAndGo => {
                for _ in 0..31 {
                    cache.insert(key, next(1));
                    cache.remove(&key);
                }
            }
        }
    }
}

/// A cache of three that is full, and A is among its entries.
fn full(is_used: bool) -> Small {
    let small = Small::new(3);
    (10..12).for_each(|key| small.cache.insert(key, value(1, key)));
    small.cache.insert(A, value(1, 0));
    (10..12).filter(|_| is_used).chain([A]).for_each(|key| {
        if is_used {
            small.use_often(key);
        }
    });
    small
}

#[test]
fn whatever_happens_meanwhile() {
    let mut stood = 0;
    for is_used in [false, true] {
        for errand in Errand::ALL {
            for site in SITES {
                // Nobody comes by: nothing to see.
                if combine(is_used, errand, site, &[], A).is_none() {
                    continue;
                }
                stood += 1;
                // An unoptimised run is content with one deed, to one key.
                let more = !cfg!(debug_assertions);
                for first in Deed::ALL {
                    combine(is_used, errand, site, &[first], A);
                    if more {
                        combine(is_used, errand, site, &[first], B);
                    }
                    for second in Deed::ALL.into_iter().filter(|_| more) {
                        combine(is_used, errand, site, &[first, second], A);
                    }
                }
            }
        }
    }
    assert!(stood > 40, "only {stood} combinations of errand and site");
}

fn combine(
    is_used: bool,
    errand: Errand,
    site: &'static str,
    deeds: &[Deed],
    key: u32,
) -> Option<()> {
    let small = full(is_used);
    let story = format!("{errand:?} at {site}, used: {is_used}; to {key}: {deeds:?}");
    let mut number = 100;
    thread::scope(|scope| {
        let puppet = Puppet::start_if(scope, &[site], || errand.run(&small))?;
        deeds.iter().for_each(|deed| deed.run(&small, key, &mut number));
        // It is at most one entry too many that the one who stands still is to blame for.
        let sum: u64 = small.weight_of_entries();
        assert!(sum <= small.capacity + 2, "{story}: {sum}");
        puppet.finish();
        Some(())
    })?;
    small.check(&story);
    Some(())
}
