//! One atomic read-modify-write, of both faces.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

use super::blob::Blob;
use super::bound::TooHeavy;
use super::core::{Core, Loadable, enter};
use super::store::{Store, is};
use super::typed::{self, Cache};
use super::view::EntryView;
use crate::clock::Now;
use crate::engine::{Decided, Decision, IfHeavy};
use crate::kv::{Computed, Expiration, Op};
use crate::table::Owned;

/// What is asked of the engine. `make` makes an entry, and `due` says what instant is meant by an expiration of the entry that is there.
fn decision<E: Loadable, V>(
    op: Op<V>,
    make: impl FnOnce(V, Expiration) -> Owned<E>,
    due: impl FnOnce(Expiration) -> u64,
) -> Decision<E> {
    match op {
        Op::Put(value) => Decision::Put(make(value, Expiration::Default)),
        Op::PutWithTtl(value, ttl) => Decision::Put(make(value, Expiration::After(ttl))),
        Op::PutKeepTtl(value) | Op::PutFor(value, Expiration::Keep) => {
            Decision::PutKeepingDeadline(make(value, Expiration::Default))
        }
        Op::PutFor(value, expiration) => Decision::Put(make(value, expiration)),
        Op::Keep | Op::Retime(Expiration::Keep) => Decision::Keep,
        Op::Retime(expiration) => Decision::Retime(due(expiration)),
        Op::Remove => Decision::Remove,
    }
}

/// Whether loads of the key that are under way are to bring nothing, if this is done.
fn overtakes<E: Loadable>(core: &Core<E>, decision: &Decision<E>, now: &Now<'_>) -> bool {
    match decision {
        Decision::Keep => false,
        Decision::Retime(deadline) => core.loads.are_used() && now.is_due(*deadline),
        Decision::Put(_) | Decision::PutKeepingDeadline(_) | Decision::Remove => true,
    }
}

fn or_too_heavy(decided: Decided) -> Result<Computed, TooHeavy> {
    match decided {
        Decided::TooHeavy(heavy) => Err(heavy.into()),
        decided => Ok(decided.into()),
    }
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// One atomic read-modify-write. `decide` is given the value, or None if the key is absent, and its answer is carried out if
    /// nobody has changed the entry's value since; otherwise it is called again with the new state. A new value replaces the
    /// time-to-live too, unless the answer says otherwise ([`Op::PutKeepTtl`]). Lock-free.
    pub fn compute(&self, key: K, mut decide: impl FnMut(Option<&V>) -> Op<V>) -> Computed
    where
        K: Clone,
    {
        self.compute_entry(key, |entry| decide(entry.map(|entry| entry.value())))
    }

    /// As [`compute`](Self::compute), and `decide` sees when the entry is due, too.
    ///
    /// An answer that changes the deadline alone ([`Op::Retime`]) is carried out only if nobody has changed that since, as in [`update_ttl`](Self::update_ttl).
    /// One that replaces or removes the entry is carried out if nobody has changed the value: a change of the deadline that comes in between counts as having come
    /// before, unseen. (What [`Op::PutKeepTtl`] keeps is the deadline as it is then.)
    pub fn compute_entry(
        &self,
        key: K,
        decide: impl FnMut(Option<EntryView<'_, V>>) -> Op<V>,
    ) -> Computed
    where
        K: Clone,
    {
        self.decide(key, IfHeavy::Remove, decide).into()
    }

    /// As [`compute_entry`](Self::compute_entry), and nothing is done if what was to be put is too heavy: what was there is left as it is.
    ///
    /// # Errors
    ///
    /// [`TooHeavy`] if the new entry weighs more than all entries together may.
    pub fn try_compute_entry(
        &self,
        key: K,
        decide: impl FnMut(Option<EntryView<'_, V>>) -> Op<V>,
    ) -> Result<Computed, TooHeavy>
    where
        K: Clone,
    {
        or_too_heavy(self.decide(key, IfHeavy::Leave, decide))
    }

    fn decide(
        &self,
        key: K,
        if_heavy: IfHeavy,
        mut decide: impl FnMut(Option<EntryView<'_, V>>) -> Op<V>,
    ) -> Decided
    where
        K: Clone,
    {
        let core = self.core();
        let (guard, now) = enter(core);
        let hash = self.hash(&key);
        self.settle(hash, &key, &guard);
        core.engine.compute(hash, &guard, &now, typed::is!(&key), if_heavy, |found| {
            let found = found.map(|(entry, deadline)| (entry.get().value(), deadline));
            let op = decide(found.map(|(value, due)| EntryView::new(core, value, due, &now)));
            let decision = decision(
                op,
                |value, expiration| self.entry_for(hash, key.clone(), value, expiration, &now),
                |expiration| {
                    let by_hook = || self.ttl_by_hook(&key, found?.0);
                    core.due(expiration, by_hook, &now)
                },
            );
            if overtakes(core, &decision, &now) {
                core.loads.overtake(hash, &guard);
            }
            decision
        })
    }

    /// Replaces the value by what `change` makes of it and keeps the time-to-live; false if the key is absent. `change` may be called
    /// again when others change the entry meanwhile. Lock-free.
    pub fn update(&self, key: &K, mut change: impl FnMut(&V) -> V) -> bool
    where
        K: Clone,
    {
        let decide = |value: Option<&V>| match value {
            Some(value) => Op::PutKeepTtl(change(value)),
            None => Op::Keep,
        };
        self.compute(key.clone(), decide) == Computed::Replaced
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Store<S> {
    /// One atomic read-modify-write: see [`Cache::compute`](crate::Cache::compute).
    pub fn compute(
        &self,
        key: &[u8],
        mut decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>,
    ) -> Computed {
        self.compute_entry(key, |entry| decide(entry.map(|entry| entry.value())))
    }

    /// As [`compute`](Self::compute), and `decide` sees when the entry is due, too: see [`Cache::compute_entry`](crate::Cache::compute_entry).
    pub fn compute_entry(
        &self,
        key: &[u8],
        decide: impl FnMut(Option<EntryView<'_, [u8]>>) -> Op<Vec<u8>>,
    ) -> Computed {
        self.decide(key, IfHeavy::Remove, decide).into()
    }

    /// As [`compute_entry`](Self::compute_entry), and nothing is done if what was to be put is too heavy.
    ///
    /// # Errors
    ///
    /// [`TooHeavy`] if the new entry weighs more than all entries together may.
    pub fn try_compute_entry(
        &self,
        key: &[u8],
        decide: impl FnMut(Option<EntryView<'_, [u8]>>) -> Op<Vec<u8>>,
    ) -> Result<Computed, TooHeavy> {
        or_too_heavy(self.decide(key, IfHeavy::Leave, decide))
    }

    fn decide(
        &self,
        key: &[u8],
        if_heavy: IfHeavy,
        mut decide: impl FnMut(Option<EntryView<'_, [u8]>>) -> Op<Vec<u8>>,
    ) -> Decided {
        let core = self.core();
        let (guard, now) = enter(core);
        let hash = self.hash(key);
        self.settle(hash, key, &guard);
        core.engine.compute(hash, &guard, &now, is(key), if_heavy, |found| {
            let found = found.map(|(entry, deadline)| (Blob::value(entry), deadline));
            let op = decide(found.map(|(value, due)| EntryView::new(core, value, due, &now)));
            let decision = decision(
                op,
                |value, expiration| self.entry_for(key, &value, expiration, &now),
                |expiration| {
                    let by_hook = || self.ttl_by_hook(key, found?.0);
                    core.due(expiration, by_hook, &now)
                },
            );
            if overtakes(core, &decision, &now) {
                core.loads.overtake(hash, &guard);
            }
            decision
        })
    }

    /// Replaces the value by what `change` makes of it and keeps the time-to-live; false if the key is absent. Lock-free.
    pub fn update(&self, key: &[u8], mut change: impl FnMut(&[u8]) -> Vec<u8>) -> bool {
        let decide = |value: Option<&[u8]>| match value {
            Some(value) => Op::PutKeepTtl(change(value)),
            None => Op::Keep,
        };
        self.compute(key, decide) == Computed::Replaced
    }
}
