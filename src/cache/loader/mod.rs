//! Loading what is missing: [`crate::loading`] joined to the engine. One protocol for both faces, and for threads and tasks; the
//! faces only say how a key is known and an entry made.
//!
//! # What a load stores
//!
//! A load that somebody has overtaken stores nothing: what was inserted since it began is newer, and what was removed since was
//! meant to be gone, with whatever had been read for it before. Who waits gets what the cache holds by then, or else what was loaded; who
//! asks after the removal does not join, but loads anew.
//!
//! Three things together see to that (writers overtake before they publish or remove; see [`watch`](crate::loading::Fate)):
//!
//! - Before it stores, a load looks at its fate, after it has seen the entry that it would replace.
//! - It replaces nothing but the very entry that it found when it had been listed, so that a writer who looked for loads before ours was listed,
//!   and publishes after that, is not overwritten. Addresses tell entries apart: that one was there when the writer was pinned already,
//!   and so is not freed, and its address not used again, before the writer is through.
//! - After it has stored, it settles. If it was overtaken in between it removes its own entry again. For that moment, or as long
//!   as its thread is stopped there, the entry can be seen: the price of not letting a removal wait.

mod store;
#[cfg(feature = "async")]
mod store_async;
#[cfg(test)]
mod tests;
mod typed;
#[cfg(feature = "async")]
mod typed_async;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, Loadable, enter};
use crate::clock::{NEVER, Now, nanos};
use crate::engine::{Decided, Decision, IfHeavy};
use crate::loading::{Entered, Fate, Lead, Outcome, block_on};
use crate::sync::{epoch, failpoint};
use crate::table::{Owned, Shared};

/// A value and its time-to-live; None: the cache's.
type Timed<V> = (V, Option<Duration>);

type KeyOf<P> = <<P as Place>::Entry as Loadable>::Key;
type ValueOf<P> = <<P as Place>::Entry as Loadable>::Value;

/// A key of a cache, as the load of it needs it.
trait Place {
    type Entry: Loadable;

    fn core(&self) -> &Core<Self::Entry>;
    fn hash(&self) -> u64;
    /// The hash by which a snapshot finds it.
    fn stable_hash(&self) -> u64;
    /// Whether a load by this key is one of ours.
    fn is_key(&self, key: &KeyOf<Self>) -> bool;
    /// Whether an entry is ours.
    fn is_entry(&self, entry: Shared<'_, Self::Entry>) -> bool;
    fn to_key(&self) -> KeyOf<Self>;
    fn to_entry(
        &self,
        value: &ValueOf<Self>,
        ttl: Option<Duration>,
        now: &Now<'_>,
    ) -> Owned<Self::Entry>;
    fn to_value(&self, entry: Shared<'_, Self::Entry>) -> ValueOf<Self>;
}

/// As [`load`], on this thread, which sleeps while another loads.
#[cold]
fn load_here<P: Place, E>(
    place: P,
    ahead: Option<Duration>,
    loader: impl FnOnce() -> Result<Timed<ValueOf<P>>, E>,
) -> Result<ValueOf<P>, Arc<E>>
where
    ValueOf<P>: Clone,
    E: Send + Sync + 'static,
{
    block_on(load(place, ahead, async { loader() }))
}

/// The value of a key that the caller has missed: loaded here, or by another.
///
/// With `ahead`, an entry with no more than that left is refreshed: one caller loads, and every other gets what is there. If that fails,
/// so does the one.
async fn load<P: Place, E>(
    place: P,
    ahead: Option<Duration>,
    loader: impl Future<Output = Result<Timed<ValueOf<P>>, E>>,
) -> Result<ValueOf<P>, Arc<E>>
where
    ValueOf<P>: Clone,
    E: Send + Sync + 'static,
{
    // From here on the table alone knows of it.
    settle(&place);
    let still_there = || ahead.and_then(|_| Found::look(&place, None));
    loop {
        let entered =
            place.core().loads.enter(place.hash(), |key| place.is_key(key), || place.to_key());
        let waiting = match entered {
            Entered::Lead(lead) => return lead_load(&place, lead, ahead, loader).await,
            Entered::Joined(waiting) => waiting,
        };
        if let Some(found) = still_there() {
            return Ok(found.value);
        }
        match waiting.await {
            Outcome::Value(value) => return Ok(ValueOf::<P>::clone(&value)),
            // Of another type: as if that load had never been.
            Outcome::Failed(error) => {
                if let Ok(error) = error.downcast() {
                    return still_there().map_or(Err(error), |found| Ok(found.value));
                }
            }
            Outcome::Abandoned => {}
        }
    }
}

fn settle<P: Place>(place: &P) {
    let is_key = |entry: Shared<'_, P::Entry>| place.is_entry(entry);
    place.core().settle(place.hash(), || place.stable_hash(), &epoch::pin(), is_key);
}

async fn lead_load<P: Place, E>(
    place: &P,
    mut lead: Lead<'_, KeyOf<P>, ValueOf<P>>,
    ahead: Option<Duration>,
    loader: impl Future<Output = Result<Timed<ValueOf<P>>, E>>,
) -> Result<ValueOf<P>, Arc<E>>
where
    ValueOf<P>: Clone,
    E: Send + Sync + 'static,
{
    // Somebody may have loaded it since the caller's look.
    let found = Found::look(place, ahead);
    let replaces = match found {
        Some(found) if !found.is_stale => return Ok(found.value),
        found => found.map(|found| found.entry),
    };
    lead.begin(place.core().clock());
    let mut loader = pin!(loader);
    match poll_fn(|context| lead.run(|| loader.as_mut().poll(context))).await {
        Ok((loaded, ttl)) => {
            let value = if store(place, &loaded, ttl, replaces, lead.fate()) {
                loaded
            } else {
                Found::look(place, None).map_or(loaded, |newer| newer.value)
            };
            lead.succeed(&value);
            Ok(value)
        }
        Err(error) => {
            let error = Arc::new(error);
            lead.fail(error.clone());
            let old = ahead.and_then(|_| Found::look(place, None));
            old.map_or(Err(error), |found| Ok(found.value))
        }
    }
}

/// What a look for a key has found.
struct Found<V> {
    value: V,
    /// The entry's address, to tell it from others by; not to be followed.
    entry: usize,
    is_stale: bool,
}

impl<V> Found<V> {
    fn look<P: Place>(place: &P, ahead: Option<Duration>) -> Option<Self>
    where
        P::Entry: Loadable<Value = V>,
    {
        let (guard, now) = enter(place.core());
        let is_key = |entry| place.is_entry(entry);
        let (entry, deadline) = place.core().engine.peek(place.hash(), &guard, &now, is_key)?;
        let is_stale = ahead.is_some_and(|ahead| is_stale(deadline, ahead, &now));
        Some(Self { value: place.to_value(entry), entry: address(entry.as_ptr()), is_stale })
    }
}

/// The value, if more than `ahead` of its time is left.
#[inline]
fn fresh<P: Place>(place: &P, ahead: Duration) -> Option<ValueOf<P>> {
    let (guard, now) = enter(place.core());
    let is_key = |entry: Shared<'_, P::Entry>| place.is_entry(entry);
    let stable = || place.stable_hash();
    let (entry, deadline) = place.core().read(place.hash(), stable, &guard, &now, is_key)?;
    (!is_stale(deadline, ahead, &now)).then(|| place.to_value(entry))
}

/// Whether no more than `ahead` is left until the deadline.
#[inline]
fn is_stale(deadline: u64, ahead: Duration, now: &Now<'_>) -> bool {
    deadline != NEVER && now.is_due(deadline.saturating_sub(nanos(ahead)))
}

fn address<E>(entry: NonNull<E>) -> usize {
    entry.addr().get()
}

/// Stores what was loaded into the place of the entry `replaces`, or of none, unless the load was overtaken; whether it did.
fn store<P: Place>(
    place: &P,
    value: &ValueOf<P>,
    ttl: Option<Duration>,
    replaces: Option<usize>,
    fate: &Fate,
) -> bool {
    let (core, hash) = (place.core(), place.hash());
    let (guard, now) = enter(core);
    let is_key = |entry| place.is_entry(entry);
    let (mut ours, mut is_due) = (None, false);
    let if_heavy = IfHeavy::Remove;
    let decided = core.engine.compute(hash, &guard, &now, is_key, if_heavy, |found| {
        let is_another = found.is_some_and(|(entry, _)| Some(address(entry.as_ptr())) != replaces);
        if is_another || fate.is_overtaken() {
            return Decision::Keep;
        }
        let entry = place.to_entry(value, ttl, &now);
        is_due = core.engine.is_stillborn(&entry, &now);
        ours = Some(entry.as_ptr());
        failpoint::hit("cache::loader::storing");
        Decision::Put(entry)
    });
    if !matches!(decided, Decided::Inserted | Decided::Replaced) {
        return false;
    }
    failpoint::hit("cache::loader::stored");
    if fate.settle() {
        return true;
    }
    // One that is due was never stored, and its address may be another's by now. Any other's is its own while we are pinned.
    if !is_due {
        core.engine.compute(hash, &guard, &now, is_key, if_heavy, |found| match found {
            Some((entry, _)) if Some(entry.as_ptr()) == ours => Decision::Remove,
            _ => Decision::Keep,
        });
    }
    false
}

/// A loader that cannot fail has not failed.
fn never_fails<V>(result: Result<V, Arc<Infallible>>) -> V {
    match result {
        Ok(value) => value,
        Err(never) => match *never {},
    }
}
