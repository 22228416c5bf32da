//! A naive twin of the wheel, and lists of steps to do to both: for the fuzzer, and for the property in `tests`.
//!
//! The fuzzer decodes steps from bytes, so an inserted or removed variant changes what its corpus means: append.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Arbitrary;

use super::{Due, Tick, Wheel};
use crate::hash::Signature;
use crate::sync::epoch::{self, pin};

/// Everything that is tried in one run.
#[derive(Arbitrary, Clone, Debug)]
pub struct Scenario {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

/// The wheel's time when it is made.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Start {
    Zero,
    Anywhere(u64),
    /// So many ticks before the rings are through for the first time.
    BeforeTheTurn(u8),
}

impl Start {
    fn tick(self) -> Tick {
        match self {
            Self::Zero => 0,
            Self::Anywhere(tick) => tick % (1 << 40),
            Self::BeforeTheTurn(ticks) => (1 << 30) - Tick::from(ticks),
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Step {
    /// Push for so many ticks from now.
    Push(Distance),
    PushNear(u8),
    /// Push for what has passed already.
    PushLate(Distance),
    /// Work on, so many ticks later.
    Advance(Distance, Work),
    AdvanceNear(u8, Work),
    /// Drop the records whose number is divisible by this, or by two.
    Sweep(u8, Work),
}

/// A number of ticks, of all magnitudes alike.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Distance {
    pub(super) magnitude: u8,
    pub(super) part: u32,
}

impl Distance {
    fn ticks(self) -> u64 {
        let least = 1_u64 << (self.magnitude % 33);
        least - 1 + u64::from(self.part) % least
    }
}

/// How much is done in one step: so many slices of so many records, at most.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Work {
    pub(super) budget: u8,
    pub(super) slices: u8,
}

impl Work {
    fn budget(self) -> usize {
        usize::from(self.budget) + 1
    }

    fn slices(self) -> u8 {
        self.slices % 9 + 1
    }
}

/// A sweep that is under way.
struct Sweeping {
    divisor: u64,
    /// The numbers it has to look at.
    unseen: BTreeSet<u64>,
    /// Whether an advance came between.
    disturbed: bool,
}

/// The wheel, and what it ought to hold: number → tick at which it fires.
struct Pair {
    wheel: Wheel,
    now: Tick,
    armed: BTreeMap<u64, Tick>,
    pushed: u64,
    sweeping: Option<Sweeping>,
}

impl Scenario {
    /// Does it to the wheel and to its twin.
    ///
    /// # Panics
    ///
    /// When the two disagree.
    pub fn check(&self) {
        let now = self.start.tick();
        let (wheel, armed) = (Wheel::new(now), BTreeMap::new());
        let mut pair = Pair { wheel, now, armed, pushed: 0, sweeping: None };
        for step in &self.steps {
            pair.step(*step);
            assert_eq!(pair.wheel.records(), pair.armed.len());
        }
        pair.finish();
        // Or the next run would do it, and a fuzzer that counts allocations take what is left for a leak.
        epoch::collect();
    }
}

impl Pair {
    fn step(&mut self, step: Step) {
        match step {
            Step::Push(distance) => self.push(self.now + distance.ticks()),
            Step::PushNear(ticks) => self.push(self.now + Tick::from(ticks)),
            Step::PushLate(distance) => self.push(self.now.saturating_sub(distance.ticks())),
            Step::Advance(distance, work) => self.advance(distance.ticks(), work),
            Step::AdvanceNear(ticks, work) => self.advance(ticks.into(), work),
            Step::Sweep(divisor, work) => self.sweep(divisor.max(2).into(), work),
        }
    }

    fn push(&mut self, due: Tick) {
        let fire = self.wheel.fire_tick(due);
        assert_eq!(self.wheel.fire_tick(fire), fire);
        let distance = due.saturating_sub(self.now);
        if distance < 62 << 24 {
            assert!(fire >= due && (fire - due) << 14 <= distance);
        }
        self.wheel.push(Signature::from_bits(self.pushed), fire, &pin());
        self.armed.insert(self.pushed, fire);
        self.pushed += 1;
    }

    fn advance(&mut self, by: u64, work: Work) {
        self.now += by;
        if let Some(sweeping) = &mut self.sweeping {
            sweeping.disturbed = true;
        }
        for _ in 0..work.slices() {
            if self.advance_slice(work.budget()) {
                break;
            }
        }
    }

    /// Whether that was the end of it.
    fn advance_slice(&mut self, budget: usize) -> bool {
        let Self { wheel, now, armed, .. } = self;
        let progress = wheel.advance(*now, budget, |_, due| {
            due.iter().for_each(|due| fire(armed, due, *now));
        });
        assert!(progress.records <= budget);
        assert_eq!(wheel.elapsed(), *now);
        if progress.finished {
            assert!(armed.values().all(|tick| tick > now), "lost at {now}: {armed:?}");
        }
        progress.finished
    }

    fn sweep(&mut self, divisor: u64, work: Work) {
        let Self { wheel, armed, sweeping, .. } = self;
        let begin =
            || Sweeping { divisor, unseen: armed.keys().copied().collect(), disturbed: false };
        let Sweeping { divisor, unseen, disturbed } = sweeping.get_or_insert_with(begin);
        for _ in 0..work.slices() {
            let progress = wheel.sweep(work.budget(), |_, due, keep| {
                for (due, keep) in due.iter().zip(keep) {
                    let number = due.signature.bits();
                    assert!(armed.contains_key(&number), "{due:?} is swept a second time");
                    unseen.remove(&number);
                    *keep = number % *divisor != 0;
                    if !*keep {
                        armed.remove(&number);
                    }
                }
            });
            if progress.finished {
                // What an advance between two slices cascades may slip past the sweep.
                unseen.retain(|number| armed.contains_key(number));
                assert!(unseen.is_empty() || *disturbed, "not swept: {unseen:?}");
                *sweeping = None;
                return;
            }
        }
    }

    /// Lets everything fire, each record at its very tick.
    fn finish(mut self) {
        let ticks: BTreeSet<_> = self.armed.values().copied().collect();
        for tick in ticks.into_iter().filter(|tick| *tick > self.now).collect::<Vec<_>>() {
            for stop in [tick - 1, tick] {
                self.now = stop.max(self.now);
                while !self.advance_slice(50) {}
            }
        }
        while !self.advance_slice(50) {}
        assert!(self.armed.is_empty());
        assert_eq!(self.wheel.records(), 0);
        assert_eq!(self.wheel.memory(), 0);
    }
}

fn fire(armed: &mut BTreeMap<u64, Tick>, due: &Due, now: Tick) {
    let tick = armed.remove(&due.signature.bits());
    let tick = tick.unwrap_or_else(|| panic!("{due:?} fired twice, or was never pushed"));
    assert!(tick <= now, "{due:?} fired at {now}");
    // A tick that was pushed very late may be told later than it was, but not as the present.
    let rounded = tick < due.tick && due.tick + 32_767 <= now;
    assert!(due.tick == tick || rounded, "{due:?} was armed for {tick}");
}
