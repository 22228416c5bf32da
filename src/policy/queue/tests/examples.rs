//! One thread.

use std::collections::VecDeque;

use super::super::segment::{FEWEST, MOST};
use super::*;

/// Bytes of a segment of so many cells.
const fn bytes(len: usize) -> usize {
    32 + 8 * len
}

#[test]
fn words_come_out_in_order() {
    let queue = Queue::new();
    assert_eq!(pop(&queue), None);
    let count = 100 * MOST as u64;
    (1..=count).for_each(|word| push(&queue, word));
    assert_eq!(queue.len(&pin()), count as usize);
    (1..=count).for_each(|word| assert_eq!(pop(&queue), Some(word)));
    assert_eq!(pop(&queue), None);
    assert_eq!(queue.len(&pin()), 0);
}

#[test]
fn any_word_but_0_will_do() {
    let queue = Queue::new();
    for word in [1, 2, u64::MAX, u64::MAX - 1] {
        push(&queue, word);
        assert_eq!(pop(&queue), Some(word));
    }
    assert_eq!(pop(&queue), None);
}

#[test]
fn a_queue_of_changing_length_does_as_a_deque_does() {
    let (queue, mut twin) = (Queue::new(), VecDeque::new());
    let mut word = 0;
    for round in 0..60_usize {
        let (pushes, pops) = (round * 37 % 211, round * 53 % 199);
        for _ in 0..pushes {
            word += 1;
            push(&queue, word);
            twin.push_back(word);
        }
        assert_eq!(queue.len(&pin()), twin.len());
        for _ in 0..pops {
            assert_eq!(pop(&queue), twin.pop_front());
        }
        assert_eq!(queue.len(&pin()), twin.len());
    }
    assert!(word > 1000, "it must have come to longer segments");
}

#[test]
fn looking_in_vain_uses_nothing_up() {
    let queue = Queue::new();
    for words in 0..2 * FEWEST as u64 {
        for _ in 0..100 {
            assert_eq!(pop(&queue), None);
        }
        assert_eq!(queue.tickets(&pin()), words);
        push(&queue, 1);
        assert_eq!(pop(&queue), Some(1));
    }
}

#[test]
fn a_short_queue_is_small_and_a_long_one_has_little_besides_its_words() {
    let queue = Queue::new();
    assert_eq!(queue.memory(), bytes(FEWEST));
    // Heads, and cells that wait at the end, are both of the order of the root: 8.1 bytes for each of a million.
    let most_for = |words: usize| 8 * words + 64 * words.isqrt() + bytes(2 * FEWEST);
    for words in 1..=1_000_000 {
        push(&queue, words as u64);
        assert!(queue.memory() <= most_for(words), "{} bytes for {words}", queue.memory());
    }
    // While it is drained, there is what is left and at most one segment, in part.
    for words in (0..1_000_000).rev() {
        pop(&queue).unwrap();
        assert!(queue.memory() <= 81 * words / 10 + 2 * bytes(MOST));
    }
    // As words come and go, the last of the long segments goes, too.
    for _ in 0..2 * MOST {
        push(&queue, 1);
        pop(&queue).unwrap();
    }
    assert!(queue.memory() <= 2 * bytes(FEWEST), "{} bytes", queue.memory());
}

#[test]
fn words_that_come_and_go_keep_as_few_segments_as_at_first() {
    for words in [0_u64, 1, 5, 100, 5000] {
        let queue = Queue::new();
        (1..=words).for_each(|word| push(&queue, word));
        let at_first = queue.memory();
        for word in 1..=20_000 {
            push(&queue, words + word);
            assert_eq!(pop(&queue), Some(word));
            assert_eq!(queue.len(&pin()), words as usize);
            assert!(queue.memory() <= at_first + at_first / 4 + bytes(FEWEST));
        }
        assert_eq!(queue.tickets(&pin()), words + 20_000);
    }
}

/// Miri and the sanitizers see whether all is freed, and once.
#[test]
fn a_queue_is_dropped_with_words_in_it() {
    for (pushes, pops) in [(0, 0), (1, 0), (1, 1), (FEWEST, FEWEST), (2000, 0), (2000, 700)] {
        let queue = Queue::new();
        (0..pushes).for_each(|_| push(&queue, 1));
        (0..pops).for_each(|_| assert_eq!(pop(&queue), Some(1)));
        drop(queue);
    }
}
