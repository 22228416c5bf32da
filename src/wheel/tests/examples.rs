use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

const ALL: usize = usize::MAX;

#[test]
fn a_record_fires_at_its_tick_and_not_before() {
    let wheel = Wheel::new(1_000);
    for (number, distance) in
        [1, 63, 64, 4_095, 4_096, 70_000, 262_144, 20_000_000].iter().enumerate()
    {
        let fire = wheel.fire_tick(1_000 + distance);
        push(&wheel, number as u64, fire);
    }
    for (number, distance) in
        [1, 63, 64, 4_095, 4_096, 70_000, 262_144, 20_000_000].iter().enumerate()
    {
        let fire = Wheel::new(1_000).fire_tick(1_000 + distance);
        assert_eq!(advance(&wheel, fire - 1, ALL), []);
        let due = Due { signature: signature(number as u64), tick: fire };
        assert_eq!(advance(&wheel, fire, ALL), [due]);
    }
    assert_eq!(wheel.records(), 0);
    assert_eq!(wheel.memory(), 0);
}

#[test]
fn what_has_come_fires_at_the_next_advance_even_if_time_stands_still() {
    let wheel = Wheel::new(100);
    assert_eq!(wheel.fire_tick(40), 40);
    push(&wheel, 1, 40);
    push(&wheel, 2, 100);
    assert_eq!(numbers(&advance(&wheel, 100, ALL)), [1, 2]);
    push(&wheel, 3, 100);
    assert_eq!(numbers(&advance(&wheel, 7, ALL)), [3]);
    assert_eq!(wheel.elapsed(), 100);
}

#[test]
fn a_record_for_the_next_turn_is_not_taken_for_one_of_this() {
    let wheel = Wheel::new(0);
    push(&wheel, 1, 10);
    push(&wheel, 2, 10);
    // The time is 10, slot 10 not emptied: nothing has been handed out for want of budget.
    assert!(!wheel.advance(10, 0, |_, _| unreachable!()).finished);
    push(&wheel, 3, 64 + 10);
    assert_eq!(numbers(&advance(&wheel, 10, ALL)), [1, 2]);
    assert_eq!(advance(&wheel, 73, ALL), []);
    assert_eq!(numbers(&advance(&wheel, 74, ALL)), [3]);
}

#[test]
fn a_jump_over_days_finds_everything() {
    let wheel = Wheel::new(5);
    for number in 0..1_000 {
        push(&wheel, number, wheel.fire_tick(6 + number * number * number));
    }
    assert_eq!(numbers(&advance(&wheel, 1 << 40, ALL)), Vec::from_iter(0..1_000));
    assert_eq!(wheel.records(), 0);
}

#[test]
fn beyond_the_range_a_record_fires_early_enough_to_arm_it_again() {
    let wheel = Wheel::new(77);
    let due = 77 + (1 << 35);
    let mut now = 77;
    let mut turns = 0;
    while now < due {
        let fire = wheel.fire_tick(due);
        assert!(fire > now && fire < due + 512);
        push(&wheel, 1, fire);
        assert_eq!(advance(&wheel, fire - 1, ALL), []);
        assert_eq!(numbers(&advance(&wheel, fire, ALL)), [1]);
        now = fire;
        turns += 1;
    }
    assert!(turns < 40);
}

#[test]
fn a_slice_keeps_to_its_budget_and_the_rest_waits() {
    let wheel = Wheel::new(0);
    for number in 0..1_000 {
        push(&wheel, number, 5);
    }
    let mut fired = Vec::new();
    let mut slices = 0;
    loop {
        let before = fired.len();
        let progress = wheel.advance(5, 70, |_, due| {
            assert!(!due.is_empty() && due.len() <= 32);
            fired.extend_from_slice(due);
        });
        assert!(progress.records <= 70);
        assert_eq!(fired.len() - before, progress.records);
        assert_eq!(wheel.records(), 1_000 - fired.len());
        slices += 1;
        if progress.finished {
            break;
        }
    }
    assert_eq!(slices, 15);
    assert_eq!(numbers(&fired), Vec::from_iter(0..1_000));
}

#[test]
fn who_advances_from_within_an_advance_is_told_that_it_is_being_done() {
    let wheel = Wheel::new(0);
    push(&wheel, 1, 1);
    let mut fired = 0;
    wheel.advance(1, ALL, |guard, due| {
        fired += due.len();
        wheel.push(signature(2), 1, guard);
        let progress = wheel.advance(2, ALL, |_, _| unreachable!());
        assert_eq!((progress.records, progress.finished), (0, true));
    });
    assert_eq!(fired, 1);
    assert_eq!(numbers(&advance(&wheel, 1, ALL)), [2]);
}

#[test]
fn a_panic_while_firing_loses_nothing_that_was_not_handed_out() {
    let wheel = Wheel::new(0);
    for number in 0..100 {
        push(&wheel, number, 1);
    }
    let mut fired = Vec::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        wheel.advance(1, ALL, |_, due| {
            fired.extend_from_slice(due);
            assert!(fired.len() < 50, "as the test wants it");
        })
    }));
    assert!(panicked.is_err());
    fired.extend(advance(&wheel, 1, ALL));
    assert_eq!(numbers(&fired), Vec::from_iter(0..100));
    assert_eq!(wheel.memory(), 0);
}

#[test]
fn a_sweep_drops_what_is_not_wanted_and_keeps_the_rest_in_place() {
    let wheel = Wheel::new(9);
    for number in 0..2_000 {
        push(&wheel, number, wheel.fire_tick(10 + number * 1_000));
    }
    let mut seen = Vec::new();
    let keep_even = |due: &[Due], keep: &mut [bool]| {
        for (due, keep) in due.iter().zip(keep) {
            assert!(*keep);
            *keep = due.signature.bits() % 2 == 0;
        }
    };
    loop {
        let progress = wheel.sweep(100, |_, due, keep| {
            seen.extend_from_slice(due);
            keep_even(due, keep);
        });
        assert!(progress.records <= 100);
        if progress.finished {
            break;
        }
    }
    assert_eq!(numbers(&seen), Vec::from_iter(0..2_000), "each was looked at once");
    assert_eq!(wheel.records(), 1_000);
    let mut fired = Vec::new();
    for now in (0..2_100_000).step_by(500) {
        fired.extend(
            advance(&wheel, now, ALL).into_iter().inspect(|due| assert!(due.tick + 500 > now)),
        );
    }
    assert_eq!(numbers(&fired), Vec::from_iter((0..2_000).step_by(2)));
    assert_eq!(wheel.memory(), 0);
}

#[test]
fn a_panic_while_sweeping_keeps_the_batch() {
    let wheel = Wheel::new(0);
    for number in 0..100 {
        push(&wheel, number, 1 + number);
    }
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        wheel.sweep(ALL, |_, _, keep| {
            keep.fill(false);
            panic!("as the test wants it");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(wheel.records(), 100);
    assert_eq!(numbers(&advance(&wheel, 100, ALL)), Vec::from_iter(0..100));
}

#[test]
fn an_advance_fires_what_an_unfinished_sweep_holds() {
    let wheel = Wheel::new(0);
    for number in 0..100 {
        push(&wheel, number, 1 + number % 2);
    }
    assert!(!wheel.sweep(10, |_, _, _| {}).finished);
    assert_eq!(advance(&wheel, 1, 7).len(), 50);
    assert_eq!(advance(&wheel, 2, 7).len(), 50);
}

#[test]
fn many_records_cost_little_more_than_their_words() {
    let wheel = Wheel::new(0);
    for number in 0..100_000 {
        push(&wheel, number, 3_000);
    }
    assert!(wheel.memory() < 100_000 * 8 * 21 / 20 + 1_000, "{} bytes", wheel.memory());
    // And few cost one cache line per slot.
    let wheel = Wheel::new(0);
    for number in 0..50 {
        push(&wheel, number, 1 + number);
    }
    assert_eq!(wheel.memory(), 50 * 64);
}

#[test]
fn dropping_a_wheel_with_records_in_it_and_work_in_hand_is_fine() {
    let wheel = Wheel::new(0);
    for number in 0..1_000 {
        push(&wheel, number, 1 + number % 3);
    }
    assert!(!wheel.advance(2, 40, |_, _| {}).finished);
}

/// As the engine does it: a slice of each in turn. The list is longer than a slice, and time stands short of it.
#[test]
fn a_sweep_gets_on_though_the_wheel_is_advanced_between_its_slices() {
    let wheel = Wheel::new(0);
    for number in 0..1_000 {
        push(&wheel, number, wheel.fire_tick(1 << 20));
    }
    let mut slices = 0;
    loop {
        slices += 1;
        assert_eq!(advance(&wheel, slices, ALL), []);
        let progress = wheel.sweep(100, |_, due, keep| {
            for (due, keep) in due.iter().zip(keep) {
                *keep = due.signature.bits().is_multiple_of(10);
            }
        });
        if progress.finished {
            break;
        }
    }
    assert!(slices <= 12, "{slices} slices of 100 for 1,000 records");
    assert_eq!(wheel.records(), 100);
}

/// What a sweep has in hand falls due: the advance does not wait for the sweep to come to it.
#[test]
fn an_advance_fires_what_a_sweep_has_in_hand() {
    let wheel = Wheel::new(0);
    for number in 0..1_000 {
        push(&wheel, number, wheel.fire_tick(70));
    }
    let swept = wheel.sweep(100, |_, _, _| {});
    assert_eq!((swept.records, swept.finished), (100, false));
    assert_eq!(advance(&wheel, 63, ALL), []);
    assert_eq!(advance(&wheel, 69, ALL), []);
    assert_eq!(numbers(&advance(&wheel, 70, ALL)), Vec::from_iter(0..1_000));
    assert_eq!(wheel.memory(), 0);
}
