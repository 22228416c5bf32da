//! One thread is parked for good at one site; do the others get their work done?
#![allow(clippy::disallowed_types, reason = "the counters are the test's own, not the crate's")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use purekv::failpoint::set_hook;
use purekv::{Clock, ManualClock, Stats};

use crate::audit;
use crate::gate::Gate;
use crate::random::Random;
use crate::subject::{Bound, Subject};
use crate::victim::Victim;
use crate::worker::Worker;

const WORKERS: usize = 3;
/// What each worker has to do while the victim stands still. `ci/stall.sh` runs an optimised build.
const STEPS: u64 = if cfg!(debug_assertions) { 2_000 } else { 100_000 };
/// For a victim to come by its site; a matter of milliseconds, unless it takes a race.
const APPROACH: Duration = Duration::from_secs(1);

/// A site where a thread holds nothing, whatever the store.
pub(crate) const BETWEEN_OPERATIONS: &str = "between operations";

/// A site where a thread holds the claim to be the ticker.
const TICKERS_CLAIM: &str = "wheel: claimed";

#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// The victim never came by.
    Unreached,
    /// All workers did all their steps, and everything was where it should be.
    Finished,
    /// For as long as one had patience, no worker did a single step; how many each had done.
    Stalled([u64; WORKERS]),
}

/// Sites that a [`Victim`] can come by, with others at work; those of `wanted` if they can all be found in `limit`, else what
/// there was.
pub(crate) fn discover<S: Subject>(
    make: impl Fn(Clock) -> S,
    wanted: &BTreeSet<String>,
    limit: Duration,
) -> BTreeSet<&'static str> {
    const VICTIMS: u64 = 3;
    const STEPS: u64 = 10_000;
    let until = Instant::now() + limit;
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let sites = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    let mut random = Random::new(7);
    let mut clears = false;
    while Instant::now() < until && !wanted.iter().all(|site| sites().contains(&**site)) {
        let (clock, hand) = Clock::manual();
        let store = make(clock);
        let capacity = store.bound().map(|bound| bound.capacity);
        let (store, hand) = (&store, &hand);
        thread::scope(|scope| {
            for victim in 0..VICTIMS {
                let random = random.fork(victim);
                let seen = seen.clone();
                scope.spawn(move || {
                    let mut known = BTreeSet::new();
                    let mut yielding = random.fork(1);
                    let _unhook = set_hook(move |site| {
                        if known.insert(site) {
                            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(site);
                        }
                        yield_sometimes(&mut yielding);
                    });
                    let mut victim = Victim::new(store, hand, random, clears, capacity);
                    for _ in 0..STEPS {
                        victim.step();
                    }
                });
            }
        });
        random.next();
        clears = !clears;
    }
    sites().clone()
}

fn yield_sometimes(random: &mut Random) {
    if random.once_in(16) {
        thread::yield_now();
    }
}

struct Trial<S> {
    store: S,
    hand: ManualClock,
    site: &'static str,
    clears: bool,
    /// As it was made: the victim may make it less.
    bound: Option<Bound>,
    /// Shared with the victim's hook, which may not borrow.
    gate: Arc<Gate>,
    /// The victim is parked, and what the store was like by then is known: from now on the workers' steps count.
    begun: AtomicBool,
    /// The workers may go home.
    over: AtomicBool,
    /// Steps that each worker has done since it began to count them.
    progress: [AtomicU64; WORKERS],
}

/// Parks a victim at `site`. `patience` is how long all workers may stand still before that counts as a hang;
/// with `clears` the victim may clear the store, which makes for weaker checks. Each attempt is another workload.
pub(crate) fn park_at<S: Subject>(
    site: &'static str,
    make: impl Fn(Clock) -> S,
    clears: bool,
    patience: Duration,
    attempt: u64,
) -> Outcome {
    let (clock, hand) = Clock::manual();
    let store = make(clock);
    let trial = Trial {
        bound: store.bound(),
        store,
        hand,
        site,
        clears,
        gate: Arc::default(),
        begun: AtomicBool::new(false),
        over: AtomicBool::new(false),
        progress: Default::default(),
    };
    let trial = &trial;
    let random = Random::new(site.bytes().map(u64::from).sum()).fork(attempt);
    let (outcome, mut workers) = thread::scope(|scope| {
        let (done, all_done) = mpsc::channel::<()>();
        let random = &random;
        scope.spawn(move || trial.be_parked(random.fork(99)));
        let workers: [_; WORKERS] = std::array::from_fn(|lane| {
            let done = done.clone();
            scope.spawn(move || trial.work(lane, random.fork(lane as u64), done))
        });
        drop(done);
        // Also if the audit panics, or the scope would wait for ever.
        let end = End(trial);
        let outcome = match trial.gate.wait_for_victim(APPROACH) {
            false => Outcome::Unreached,
            true => trial.watch_and_audit(&all_done, patience),
        };
        drop(end);
        (outcome, workers.map(|worker| worker.join().expect("a worker panicked")))
    });
    audit::when_all_is_over(&trial.store, &trial.hand, &mut workers);
    outcome
}

/// Lets everybody go home.
struct End<'a, S>(&'a Trial<S>);

impl<S> Drop for End<'_, S> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
        self.0.gate.open();
    }
}

impl<S: Subject> Trial<S> {
    fn be_parked(&self, random: Random) {
        let (site, gate) = (self.site, self.gate.clone());
        let mut yielding = random.fork(1);
        let _unhook = set_hook(move |reached| {
            if reached == site {
                // It stops here once; on its way home it may come by again.
                gate.park();
            } else if !gate.has_caught() {
                yield_sometimes(&mut yielding);
            }
        });
        let capacity = self.bound.map(|bound| bound.capacity);
        let mut victim = Victim::new(&self.store, &self.hand, random, self.clears, capacity);
        while !self.gate.has_caught() && !self.over.load(Ordering::Relaxed) {
            victim.step();
            if site == BETWEEN_OPERATIONS {
                self.gate.park();
            }
        }
    }

    fn work(&self, lane: usize, random: Random, done: mpsc::Sender<()>) -> Worker<'_, S> {
        let mut yielding = random.fork(1);
        let mut worker = Worker::new(&self.store, &self.hand, lane, random, self.clears);
        {
            let _unhook = set_hook(move |_| yield_sometimes(&mut yielding));
            while !self.begun.load(Ordering::Relaxed) && !self.over.load(Ordering::Relaxed) {
                worker.step();
            }
        }
        worker.grow();
        for step in 1..=STEPS {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            worker.step();
            if let Some(bound) = self.bound.filter(|_| step.is_multiple_of(64)) {
                let weight = self.store.figures().map_or(0, |stats| stats.weight);
                assert!(weight <= bound.most(WORKERS + 1), "weight {weight}, {bound:?}");
            }
            // Relaxed: only looked at from time to time, to see whether it moves.
            self.progress[lane].store(step, Ordering::Relaxed);
        }
        // While the victim still stands there, if this is not the end already.
        if !self.over.load(Ordering::Relaxed) {
            worker.check_all();
        }
        drop(done);
        worker
    }

    fn watch_and_audit(&self, all_done: &mpsc::Receiver<()>, patience: Duration) -> Outcome {
        let before = self.store.figures();
        self.begun.store(true, Ordering::Relaxed);
        let outcome = self.watch(all_done, patience);
        if outcome == Outcome::Finished {
            audit::beside_the_victim(&self.store, &self.hand, self.site == TICKERS_CLAIM);
            if let (Some(before), Some(after)) = (before, self.store.figures()) {
                expect_traffic(&before, &after, self.bound.is_some());
            }
        }
        outcome
    }

    /// Until all workers are done, or none of them moves any more.
    fn watch(&self, all_done: &mpsc::Receiver<()>, patience: Duration) -> Outcome {
        let progress = || self.progress.each_ref().map(|steps| steps.load(Ordering::Relaxed));
        let mut before = progress();
        loop {
            // Nothing is ever sent: the last worker to end closes the channel.
            match all_done.recv_timeout(patience) {
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return Outcome::Finished,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let now = progress();
                    if now == before {
                        return Outcome::Stalled(now);
                    }
                    before = now;
                }
            }
        }
    }
}

/// The victim was in nobody's way, and not only because nobody came along.
fn expect_traffic(before: &Stats, after: &Stats, evicts: bool) {
    let some = STEPS as usize / 100;
    if evicts {
        // Most are evicted before they are due.
        assert!(after.evicted > before.evicted + some, "{before:?} {after:?}");
        assert!(after.expired > before.expired + some / 20, "{before:?} {after:?}");
        return;
    }
    assert!(after.expired > before.expired + some, "{before:?} {after:?}");
    // An unoptimised run may be too short for shards that were split just before.
    if !cfg!(debug_assertions) {
        assert!(after.shards > before.shards + 3, "{before:?} {after:?}");
    }
}
