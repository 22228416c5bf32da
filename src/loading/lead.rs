//! The one who loads.

use std::any::Any;
use std::sync::Arc;
use std::task::Poll;

use super::Shared;
use super::flight::{Flight, Outcome};
use super::watch::Fate;
use crate::clock::Clock;

/// The duty to load a key, which one caller has at a time. Whoever drops it without a result hands it on: all who wait begin anew.
pub(crate) struct Lead<'l, K, V> {
    shared: &'l Shared<K, V>,
    flight: Arc<Flight<K, V>>,
    /// When the loader was begun, by which clock.
    begun: Option<(u64, &'l Clock)>,
    /// Whether the flight is still among those that can be joined.
    listed: bool,
}

impl<'l, K, V> Lead<'l, K, V> {
    /// For a flight that was listed just now.
    pub(super) fn new(shared: &'l Shared<K, V>, flight: Arc<Flight<K, V>>) -> Self {
        Self { shared, flight, begun: None, listed: true }
    }

    /// From now on it is a load, and counts as one.
    pub(crate) fn begin(&mut self, clock: &'l Clock) {
        self.begun = Some((clock.now(), clock));
    }

    /// Runs the loader, or a part of it.
    pub(crate) fn run<T>(&self, load: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let _running = self.flight.run_here();
        load()
    }

    /// Whether the key has been changed by others since.
    pub(crate) fn fate(&self) -> &Fate {
        &self.flight.fate
    }

    /// The value has been loaded, and stored if it is to be: hands it to all who wait.
    pub(crate) fn succeed(mut self, value: &V)
    where
        V: Clone,
    {
        self.count(true);
        self.leave();
        if !self.flight.end_unless_awaited() {
            self.flight.end(Outcome::Value(Arc::new(value.clone())));
        }
    }

    /// There is no value: hands the error to all who wait.
    pub(crate) fn fail(mut self, error: Arc<dyn Any + Send + Sync>) {
        self.count(false);
        self.leave();
        self.flight.end(Outcome::Failed(error));
    }

    fn count(&mut self, success: bool) {
        if let Some((begun, clock)) = self.begun.take() {
            self.shared.counters.count(success, clock.now().saturating_sub(begun));
        }
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.listed) {
            self.shared.stripe(self.flight.signature).remove(&self.flight);
            self.shared.counters.ended();
        }
    }
}

impl<K, V> Drop for Lead<'_, K, V> {
    fn drop(&mut self) {
        self.count(false);
        self.leave();
        self.flight.end(Outcome::Abandoned);
    }
}
