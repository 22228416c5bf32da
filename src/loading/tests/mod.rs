//! The protocol by itself: the cache is one word. Under `--cfg purekv_loom` the bodies are models, otherwise short stress tests.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

#[cfg(not(purekv_loom))]
use super::Waiting;
use super::watch::Watch;
use super::{Entered, Fate, Loads, Outcome, block_on};
use crate::hash::Signature;
use crate::sync::epoch;
use crate::sync::{Arc, AtomicUsize, Ordering, check, thread};

mod overtaken;
mod waiting;

const KEY: u8 = 7;
fn signature(number: u64) -> Signature {
    Signature::from_bits(number)
}

/// A cache of one key, whose value 0 stands for none, and its loads.
struct World {
    loads: Loads<u8, usize>,
    /// Relaxed on purpose: it is seen only by who has been told of it by the loads.
    cached: AtomicUsize,
    /// How many loaders have run.
    loaded: AtomicUsize,
}

impl World {
    fn new() -> Arc<Self> {
        let world =
            Self { loads: Loads::new(), cached: AtomicUsize::new(0), loaded: AtomicUsize::new(0) };
        world.loads.shared();
        Arc::new(world)
    }

    fn look(&self) -> Option<usize> {
        match self.cached.load(Ordering::Relaxed) {
            0 => None,
            value => Some(value),
        }
    }

    fn enter(&self) -> Entered<'_, u8, usize> {
        self.loads.enter(0, |&key| key == KEY, || KEY)
    }

    /// As the faces do it; a loader that returns None has panicked.
    fn fetch(&self, load: impl Fn() -> Option<usize>) -> Option<usize> {
        loop {
            if let Some(value) = self.look() {
                return Some(value);
            }
            match self.enter() {
                Entered::Joined(waiting) => {
                    if let Outcome::Value(value) = block_on(waiting) {
                        return Some(*value);
                    }
                }
                Entered::Lead(lead) => {
                    if let Some(value) = self.look() {
                        return Some(value);
                    }
                    self.loaded.fetch_add(1, Ordering::Relaxed);
                    let value = load()?;
                    self.cached.store(value, Ordering::Relaxed);
                    lead.succeed(&value);
                    return Some(value);
                }
            }
        }
    }

    fn loaded(&self) -> usize {
        self.loaded.load(Ordering::Relaxed)
    }

    fn assert_nothing_pending(&self) {
        assert_eq!(self.loads.stats().pending, 0);
        let mut seen = 0;
        assert!(self.loads.shared().stripe(signature(0)).since(signature(0), &mut seen).is_empty());
        assert!(!self.loads.is_loading(0, &epoch::pin()));
    }
}

fn spawn<T: 'static + Send>(
    world: &Arc<World>,
    work: impl FnOnce(&World) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let world = world.clone();
    thread::spawn(move || work(&world))
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
