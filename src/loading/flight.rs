//! One load: who leads it, who waits for it, how it ended.
//!
//! ```text
//!             ┌──► value       handed to all who wait
//!  loading ───┼──► failed      the error, to all who wait and expect one of its type; the others begin anew
//!             └──► abandoned   its loader panicked or was dropped, or nobody waits: who does, begins anew
//! ```
//!
//! A flight ends once. Beginning anew is a look into the cache and, if that has nothing, another flight, led by whoever is first: so a
//! hand-over cannot get stuck with a waiter that is never polled again.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::lock;
use super::watch::Fate;
use crate::hash::Signature;
use crate::sync::epoch::free_quietly;
use crate::sync::{Mutex, thread};

/// How a load ended.
pub(crate) enum Outcome<V> {
    /// With this value.
    Value(Arc<V>),
    /// With this error.
    Failed(Arc<dyn Any + Send + Sync>),
    /// With nothing for who waits: look into the cache, or load.
    Abandoned,
}

impl<V> Clone for Outcome<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(value) => Self::Value(value.clone()),
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::Abandoned => Self::Abandoned,
        }
    }
}

/// A load of one key.
pub(super) struct Flight<K, V> {
    pub(super) signature: Signature,
    pub(super) key: K,
    pub(super) fate: Arc<Fate>,
    state: Mutex<State<V>>,
}

enum State<V> {
    Loading(Party),
    Ended(Outcome<V>),
}

/// Those who have to do with a load while it is under way.
#[derive(Default)]
struct Party {
    /// Who runs the loader at this moment.
    leader: Option<thread::ThreadId>,
    wakers: BTreeMap<u64, Waker>,
    next_ticket: u64,
}

impl<K, V> Flight<K, V> {
    pub(super) fn new(signature: Signature, key: K) -> Self {
        let state = Mutex::new(State::Loading(Party::default()));
        Self { signature, key, fate: Arc::new(Fate::new()), state }
    }

    /// Notes that this thread runs the loader, until the answer is dropped.
    pub(super) fn run_here(&self) -> Running<'_, K, V> {
        self.set_leader(Some(thread::current().id()));
        Running(self)
    }

    fn set_leader(&self, leader: Option<thread::ThreadId>) {
        if let State::Loading(party) = &mut *lock(&self.state) {
            party.leader = leader;
        }
    }

    /// Ends it as abandoned if nobody waits; whether it did.
    pub(super) fn end_unless_awaited(&self) -> bool {
        let mut state = lock(&self.state);
        match &*state {
            State::Loading(party) if !party.wakers.is_empty() => false,
            _ => {
                *state = State::Ended(Outcome::Abandoned);
                true
            }
        }
    }

    /// Ends it, if that has not been done, and wakes all who wait.
    pub(super) fn end(&self, outcome: Outcome<V>) {
        let party = {
            let mut state = lock(&self.state);
            if let State::Ended(_) = *state {
                return;
            }
            std::mem::replace(&mut *state, State::Ended(outcome))
        };
        if let State::Loading(party) = party {
            // A waker is somebody else's code: should one panic, the others are woken all the same.
            party.wakers.into_values().for_each(|waker| free_quietly(|| waker.wake()));
        }
    }
}

/// While it exists, this thread runs the loader.
pub(super) struct Running<'f, K, V>(&'f Flight<K, V>);

impl<K, V> Drop for Running<'_, K, V> {
    fn drop(&mut self) {
        self.0.set_leader(None);
    }
}

/// Waits for a flight to end. Whoever drops it waits no more, and leaves nothing behind.
pub(crate) struct Waiting<K, V> {
    flight: Arc<Flight<K, V>>,
    ticket: Option<u64>,
}

impl<K, V> Waiting<K, V> {
    pub(super) fn new(flight: Arc<Flight<K, V>>) -> Self {
        Self { flight, ticket: None }
    }
}

impl<K, V> Future for Waiting<K, V> {
    type Output = Outcome<V>;

    /// # Panics
    ///
    /// When this thread is running the loader that it would wait for.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<V>> {
        let this = self.get_mut();
        // Wakers are cloned and dropped without the lock, for that is somebody else's code.
        let waker = context.waker().clone();
        let replaced = match &mut *lock(&this.flight.state) {
            State::Ended(outcome) => return Poll::Ready(outcome.clone()),
            State::Loading(party) if party.leader == Some(thread::current().id()) => None,
            State::Loading(party) => {
                let ticket = *this.ticket.get_or_insert_with(|| {
                    party.next_ticket += 1;
                    party.next_ticket
                });
                Some(party.wakers.insert(ticket, waker))
            }
        };
        assert!(
            replaced.is_some(),
            "a loader asks for the very key that it is to load: it would wait for itself"
        );
        Poll::Pending
    }
}

impl<K, V> Drop for Waiting<K, V> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let waker = match &mut *lock(&self.flight.state) {
            State::Loading(party) => party.wakers.remove(&ticket),
            State::Ended(_) => None,
        };
        drop(waker);
    }
}
