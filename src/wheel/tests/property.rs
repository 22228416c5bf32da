//! The wheel against a map of deadlines.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// Push for so many ticks from now; may have passed.
    Push(i64),
    /// Work on, after so many ticks, with this budget per slice, and at most so many slices.
    Advance { by: u64, budget: usize, slices: usize },
    /// Drop the records whose number is divisible by this, in at most so many slices.
    Sweep { divisor: u64, budget: usize, slices: usize },
}

/// Of all magnitudes alike.
fn distance() -> impl Strategy<Value = u64> {
    (0_u32..33).prop_flat_map(|bit| (1_u64 << bit) - 1..(2_u64 << bit) - 1)
}

fn step() -> impl Strategy<Value = Step> {
    let work = || (1_usize..200, 1_usize..10);
    prop_oneof![
        12 => distance().prop_map(|by| Step::Push(by as i64)),
        4 => (0_i64..130).prop_map(Step::Push),
        1 => distance().prop_map(|by| Step::Push(-(by as i64))),
        5 => (0_u64..130, work()).prop_map(|(by, (budget, slices))| Step::Advance { by, budget, slices }),
        3 => (distance(), work()).prop_map(|(by, (budget, slices))| Step::Advance { by, budget, slices }),
        1 => (2_u64..9, work()).prop_map(|(divisor, (budget, slices))| Step::Sweep { divisor, budget, slices }),
    ]
}

/// The naive twin: number → tick at which it fires.
#[derive(Default)]
struct Naive(BTreeMap<u64, Tick>);

impl Naive {
    fn fire(&mut self, due: &Due, now: Tick) {
        let armed = self.0.remove(&due.signature.bits());
        let armed = armed.unwrap_or_else(|| panic!("{due:?} fired twice, or was never pushed"));
        assert!(armed <= now, "{due:?} fired at {now}");
        // A tick that was pushed very late may be told later than it was, but not as the present.
        let exact = due.tick == armed;
        assert!(
            exact || armed < due.tick && due.tick + 32_767 <= now,
            "{due:?} was armed for {armed}"
        );
    }

    fn assert_none_due(&self, now: Tick) {
        assert!(self.0.values().all(|tick| *tick > now), "lost at {now}: {:?}", self.0);
    }
}

fn run(start: Tick, steps: Vec<Step>) {
    let wheel = Wheel::new(start);
    let mut naive = Naive::default();
    let mut now = start;
    let mut number = 0;
    // A sweep that is under way: its divisor, the numbers it has to look at, whether an advance came between.
    let mut sweeping: Option<(u64, BTreeSet<u64>, bool)> = None;
    for step in steps {
        match step {
            Step::Push(by) => {
                let due = now.saturating_add_signed(by);
                let fire = wheel.fire_tick(due);
                assert_eq!(wheel.fire_tick(fire), fire);
                let distance = due.saturating_sub(now);
                if distance < 62 << 24 {
                    assert!(fire >= due && (fire - due) << 14 <= distance);
                }
                push(&wheel, number, fire);
                naive.0.insert(number, fire);
                number += 1;
            }
            Step::Advance { by, budget, slices } => {
                now += by;
                if let Some((.., disturbed)) = &mut sweeping {
                    *disturbed = true;
                }
                for _ in 0..slices {
                    let progress = wheel.advance(now, budget, |_, due| {
                        due.iter().for_each(|due| naive.fire(due, now));
                    });
                    assert!(progress.records <= budget);
                    assert_eq!(wheel.elapsed(), now);
                    if progress.finished {
                        naive.assert_none_due(now);
                        break;
                    }
                }
            }
            Step::Sweep { divisor, budget, slices } => {
                let (divisor, unseen, disturbed) = sweeping
                    .get_or_insert_with(|| (divisor, naive.0.keys().copied().collect(), false));
                let mut finished = false;
                for _ in 0..slices {
                    let progress = wheel.sweep(budget, |_, due, keep| {
                        for (due, keep) in due.iter().zip(keep) {
                            let number = due.signature.bits();
                            assert!(naive.0.contains_key(&number));
                            unseen.remove(&number);
                            *keep = number % *divisor != 0;
                            if !*keep {
                                naive.0.remove(&number);
                            }
                        }
                    });
                    finished = progress.finished;
                    if finished {
                        break;
                    }
                }
                if finished {
                    // What an advance between two slices cascades may slip past the sweep.
                    unseen.retain(|number| naive.0.contains_key(number));
                    assert!(unseen.is_empty() || *disturbed, "not swept: {unseen:?}");
                    sweeping = None;
                }
            }
        }
        assert_eq!(wheel.records(), naive.0.len());
    }
    // To the end: each at its very tick.
    let ticks: BTreeSet<_> = naive.0.values().copied().filter(|tick| *tick > now).collect();
    for tick in ticks {
        if tick - 1 > now {
            advance(&wheel, tick - 1, 50).iter().for_each(|due| naive.fire(due, tick - 1));
            naive.assert_none_due(tick - 1);
        }
        advance(&wheel, tick, 50).iter().for_each(|due| naive.fire(due, tick));
        naive.assert_none_due(tick);
    }
    advance(&wheel, now, 50).iter().for_each(|due| naive.fire(due, wheel.elapsed()));
    assert!(naive.0.is_empty());
    assert_eq!(wheel.records(), 0);
    assert_eq!(wheel.memory(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn each_record_fires_at_the_first_advance_to_its_tick(
        start in prop_oneof![Just(0), 0_u64..1 << 40, (1_u64 << 30) - 100..1 << 30],
        steps in proptest::collection::vec(step(), 1..200),
    ) {
        run(start, steps);
    }
}
