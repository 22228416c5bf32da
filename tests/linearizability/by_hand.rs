//! The checker's own tests: histories written by hand.

use purekv::Computed;

use crate::checker::{Memory, Time, Verdict, check};
use crate::history::{Answer, Call, Decision, Entry, Event, History, Move, NEVER, TimeLeft};

fn event(start: u64, end: u64, call: Call, answer: Answer) -> Event {
    Event { call, answer, start, end }
}

fn get(start: u64, end: u64, value: Option<u64>) -> Event {
    event(start, end, Call::Get, Answer::Value(value))
}

fn insert(start: u64, end: u64, value: u64) -> Event {
    event(start, end, Call::Insert { value, ttl: None }, Answer::Done)
}

fn insert_for(start: u64, end: u64, value: u64, ttl: u64) -> Event {
    event(start, end, Call::Insert { value, ttl: Some(ttl) }, Answer::Done)
}

fn insert_if_absent(start: u64, end: u64, value: u64, did: bool) -> Event {
    event(start, end, Call::InsertIfAbsent { value, ttl: None }, Answer::Was(did))
}

fn remove(start: u64, end: u64, value: Option<u64>) -> Event {
    event(start, end, Call::Remove, Answer::Value(value))
}

fn add(start: u64, end: u64, saw: Option<u64>, value: u64) -> Event {
    let did = if saw.is_some() { Computed::Replaced } else { Computed::Inserted };
    let answer = Answer::Computed { saw, did };
    event(start, end, Call::Compute(Decision::PutKeepTtl(value)), answer)
}

fn move_to(start: u64, end: u64, to: u64) -> Move {
    Move { to, start, end }
}

/// From an absent key and time 0; whether each way to take time accepts it: one instant, within the interval.
fn accepted(lanes: &[&[Event]], moves: &[Move]) -> (bool, bool) {
    let by = |time| accepted_by(lanes, moves, time, Memory::Keeps);
    let (instant, interval) = (by(Time::OneInstant), by(Time::WithinInterval));
    // An entry may vanish, and need not.
    assert!(!interval || accepted_by(lanes, moves, Time::WithinInterval, Memory::Evicts));
    (instant, interval)
}

fn accepted_by(lanes: &[&[Event]], moves: &[Move], time: Time, memory: Memory) -> bool {
    let lanes = lanes.iter().map(|lane| lane.to_vec()).collect();
    let history = History { initial: None, time: 0, lanes, moves: moves.to_vec() };
    match check(&history, time, memory) {
        Verdict::Linearizable => true,
        Verdict::Violation { .. } => false,
        Verdict::GivenUp => panic!("given up:\n{history}"),
    }
}

/// Whether each kind of memory accepts it: one that keeps, one that evicts.
fn accepted_where_it(lanes: &[&[Event]]) -> (bool, bool) {
    let by = |memory| accepted_by(lanes, &[], Time::WithinInterval, memory);
    (by(Memory::Keeps), by(Memory::Evicts))
}

const YES: (bool, bool) = (true, true);
const NO: (bool, bool) = (false, false);

#[test]
fn a_write_may_be_seen_before_it_returns_and_must_be_afterwards() {
    assert_eq!(
        accepted(&[&[insert(1, 5, 7)], &[get(2, 3, Some(7)), get(6, 7, Some(7))]], &[]),
        YES
    );
    assert_eq!(accepted(&[&[insert(1, 5, 7)], &[get(2, 3, None), get(6, 7, Some(7))]], &[]), YES);
    assert_eq!(accepted(&[&[insert(1, 5, 7)], &[get(2, 3, None), get(6, 7, None)]], &[]), NO);
}

#[test]
fn nobody_sees_an_older_value_after_a_newer_one() {
    let writes = [insert(0, 1, 1), insert(2, 9, 2)];
    assert_eq!(accepted(&[&writes, &[get(3, 4, Some(1)), get(5, 6, Some(2))]], &[]), YES);
    assert_eq!(accepted(&[&writes, &[get(3, 4, Some(2)), get(5, 6, Some(1))]], &[]), NO);
    // The same with two readers: it is time that orders them, not the thread.
    assert_eq!(accepted(&[&writes, &[get(3, 4, Some(2))], &[get(5, 6, Some(1))]], &[]), NO);
}

#[test]
fn a_stale_read_is_caught() {
    let writes = [insert(0, 1, 1), insert(2, 3, 2)];
    assert_eq!(accepted(&[&writes, &[get(4, 5, Some(1))]], &[]), NO);
    assert_eq!(accepted(&[&writes, &[get(4, 5, Some(3))]], &[]), NO);
}

#[test]
fn a_lost_update_is_caught() {
    let start = [insert(0, 1, 1)];
    assert_eq!(accepted(&[&start, &[add(2, 6, Some(1), 2)], &[add(3, 7, Some(2), 3)]], &[]), YES);
    assert_eq!(accepted(&[&start, &[add(2, 6, Some(1), 2)], &[add(3, 7, Some(1), 3)]], &[]), NO);
}

#[test]
fn only_one_insert_if_absent_succeeds() {
    let both = |second| [insert_if_absent(1, 5, 1, true), insert_if_absent(2, 6, 2, second)];
    let [first, second] = both(false);
    assert_eq!(accepted(&[&[first], &[second]], &[]), YES);
    let [first, second] = both(true);
    assert_eq!(accepted(&[&[first], &[second]], &[]), NO);
    // With a removal in between, both may.
    assert_eq!(accepted(&[&[first], &[second], &[remove(3, 4, Some(2))]], &[]), YES);
}

#[test]
fn a_removal_returns_its_value_once() {
    let start = [insert(0, 1, 1)];
    let twice =
        |second| accepted(&[&start, &[remove(2, 5, Some(1))], &[remove(3, 6, second)]], &[]);
    assert_eq!(twice(None), YES);
    assert_eq!(twice(Some(1)), NO);
}

#[test]
fn nothing_comes_back_after_its_deadline() {
    let writes = [insert_for(0, 1, 1, 10)];
    let moves = [move_to(2, 3, 10)];
    assert_eq!(accepted(&[&writes, &[get(4, 5, None)]], &moves), YES);
    assert_eq!(accepted(&[&writes, &[get(4, 5, Some(1))]], &moves), NO);
    // While the clock is being moved, both are right, in this order only.
    let moves = [move_to(2, 9, 10)];
    assert_eq!(accepted(&[&writes, &[get(3, 4, Some(1)), get(5, 6, None)]], &moves), YES);
    assert_eq!(accepted(&[&writes, &[get(3, 4, Some(1)), get(10, 11, Some(1))]], &moves), NO);
    assert!(!accepted(&[&writes, &[get(3, 4, None), get(5, 6, Some(1))]], &moves).0);
    // A nanosecond earlier it is still there.
    let moves = [move_to(2, 3, 9)];
    assert_eq!(accepted(&[&writes, &[get(4, 5, Some(1))]], &moves), YES);
    assert_eq!(accepted(&[&writes, &[get(4, 5, None)]], &moves), NO);
}

#[test]
fn a_forgotten_deadline_is_caught() {
    let set_ttl = event(2, 3, Call::SetTtl(5), Answer::Was(true));
    let persist = event(4, 5, Call::Persist, Answer::Was(true));
    let moves = [move_to(6, 7, 5)];
    let start = insert(0, 1, 1);
    assert_eq!(accepted(&[&[start, set_ttl], &[get(8, 9, None)]], &moves), YES);
    assert_eq!(accepted(&[&[start, set_ttl], &[get(8, 9, Some(1))]], &moves), NO);
    assert_eq!(accepted(&[&[start, set_ttl, persist], &[get(8, 9, Some(1))]], &moves), YES);
    assert_eq!(accepted(&[&[start, set_ttl, persist], &[get(8, 9, None)]], &moves), NO);
}

#[test]
fn the_time_left_is_exact() {
    let left = |nanos| event(4, 5, Call::Ttl, Answer::Ttl(Some(TimeLeft::Nanos(nanos))));
    let moves = [move_to(2, 3, 4)];
    assert_eq!(accepted(&[&[insert_for(0, 1, 1, 10), left(6)]], &moves), YES);
    assert_eq!(accepted(&[&[insert_for(0, 1, 1, 10), left(5)]], &moves), NO);
    // An increment keeps the deadline, a plain insert does not.
    let kept = [insert_for(0, 1, 1, 10), add(2, 3, Some(1), 2), left(6)];
    assert_eq!(accepted(&[&kept], &moves), YES);
    let kept = [insert_for(0, 1, 1, 10), insert(2, 3, 2), left(6)];
    assert_eq!(accepted(&[&kept], &moves), NO);
}

#[test]
fn reading_the_clock_early_and_acting_late_is_no_error_within_the_interval() {
    // An insert reads 0, the clock goes to 10, the old value is seen, then the insert happens and is due at once.
    let lanes: [&[Event]; 2] =
        [&[insert(0, 1, 1), get(6, 7, Some(1)), get(9, 10, None)], &[insert_for(2, 8, 2, 10)]];
    assert_eq!(accepted(&lanes, &[move_to(3, 4, 10)]), (false, true));
}

#[test]
fn an_operation_that_judges_by_an_earlier_time_may_find_the_entry_swept() {
    // It reads 0, the clock goes to 10, #1 is swept; #2 is put into the empty place, due at 0 + 12.
    let put = event(2, 8, Call::InsertIfAbsent { value: 2, ttl: Some(12) }, Answer::Was(true));
    let left = event(9, 10, Call::Ttl, Answer::Ttl(Some(TimeLeft::Nanos(2))));
    assert_eq!(
        accepted(&[&[insert_for(0, 1, 1, 10), left], &[put]], &[move_to(3, 4, 10)]),
        (false, true)
    );
    // But not while no clock has shown the deadline.
    let left = event(9, 10, Call::Ttl, Answer::Ttl(Some(TimeLeft::Nanos(3))));
    assert_eq!(accepted(&[&[insert_for(0, 1, 1, 10), left], &[put]], &[move_to(3, 4, 9)]), NO);
}

#[test]
fn an_entry_may_vanish_where_it_is_evicted() {
    const ONLY_THERE: (bool, bool) = (false, true);
    assert_eq!(accepted_where_it(&[&[insert(0, 1, 1), get(2, 3, None)]]), ONLY_THERE);
    let twice = [insert_if_absent(0, 1, 1, true), insert_if_absent(2, 3, 2, true)];
    assert_eq!(accepted_where_it(&[&twice, &[get(4, 5, Some(2))]]), ONLY_THERE);
    assert_eq!(accepted_where_it(&[&twice, &[get(4, 5, Some(1))]]), NO);
    assert_eq!(accepted_where_it(&[&[insert(0, 1, 1), add(2, 3, None, 2)]]), ONLY_THERE);
    assert_eq!(accepted_where_it(&[&[insert(0, 1, 1), remove(2, 3, None)]]), ONLY_THERE);
}

#[test]
fn what_has_vanished_does_not_come_back() {
    let start = [insert(0, 1, 1), get(2, 3, None)];
    assert_eq!(accepted_where_it(&[&start, &[get(4, 5, Some(1))]]), NO);
    assert_eq!(accepted_where_it(&[&start, &[remove(4, 5, Some(1))]]), NO);
    // Unless it was put there again.
    assert!(accepted_where_it(&[&start, &[insert(4, 8, 1), get(9, 10, Some(1))]]).1);
    // While the reads overlap it may have vanished between them, in one order.
    let reads = |first, second| {
        accepted_where_it(&[&[insert(0, 1, 1)], &[get(2, 5, first)], &[get(3, 6, second)]]).1
    };
    assert!(reads(Some(1), None) && reads(None, Some(1)));
}

#[test]
fn an_evicted_value_leaves_no_older_one_behind() {
    let writes = [insert(0, 1, 1), insert(2, 3, 2)];
    assert_eq!(accepted_where_it(&[&writes, &[get(4, 5, Some(1))]]), NO);
    assert_eq!(accepted_where_it(&[&writes, &[get(4, 5, None), get(6, 7, Some(1))]]), NO);
    let start = [insert(0, 1, 1)];
    let lost = [add(3, 7, Some(1), 3)];
    assert_eq!(accepted_where_it(&[&start, &[add(2, 6, Some(1), 2)], &lost]), NO);
}

#[test]
fn a_window_starts_from_its_state() {
    let initial = Some(Entry { value: 5, deadline: NEVER });
    let lanes = vec![vec![remove(0, 1, Some(5)), get(2, 3, None)]];
    let history = History { initial, time: 3, lanes, moves: Vec::new() };
    assert!(matches!(check(&history, Time::WithinInterval, Memory::Keeps), Verdict::Linearizable));
    let history = History { initial: None, ..history };
    assert!(matches!(
        check(&history, Time::WithinInterval, Memory::Keeps),
        Verdict::Violation { .. }
    ));
}

#[test]
fn the_search_remembers_where_it_has_been() {
    // Five threads, eight overlapping reads each, and an answer at the end that nothing explains: without memory there
    // are 40! / 8!^5 orders to try.
    let readers: Vec<Vec<Event>> = (0..5)
        .map(|thread| (0..8).map(|at| get(thread, 1000 * (at + 1) + thread, Some(1))).collect())
        .collect();
    let mut lanes: Vec<&[Event]> = readers.iter().map(Vec::as_slice).collect();
    let wrong = [insert(0, 20_000, 1), get(30_000, 30_001, Some(2))];
    lanes.push(&wrong);
    assert_eq!(accepted(&lanes, &[]), NO);
}
