//! Real threads, real segments.

use super::*;
use crate::sync::{Arc, AtomicUsize, Ordering, thread};

const PUSHERS: usize = 3;
const POPPERS: usize = 3;
const WORDS: usize = 100_000;

struct World {
    queue: Queue,
    pushing: AtomicUsize,
    /// For each word, whether it was pushed; stored before it is. Relaxed: the queue carries it over.
    pushed: Vec<AtomicUsize>,
    popped: Vec<AtomicUsize>,
}

impl World {
    fn push_all(&self, pusher: usize) {
        for word in (pusher..PUSHERS * WORDS).step_by(PUSHERS) {
            self.pushed[word].store(1, Ordering::Relaxed);
            push(&self.queue, word as u64 + 1);
        }
        self.pushing.fetch_sub(1, Ordering::Release);
    }

    fn pop_all(&self) {
        let mut last = [0; PUSHERS];
        loop {
            let was_pushing = self.pushing.load(Ordering::Acquire) > 0;
            let Some(word) = pop(&self.queue) else {
                if was_pushing {
                    continue;
                }
                return;
            };
            assert!(word > std::mem::replace(&mut last[word as usize % PUSHERS], word), "order");
            let word = word as usize - 1;
            assert_eq!(self.pushed[word].load(Ordering::Relaxed), 1, "popped before it was pushed");
            self.popped[word].fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn every_word_is_popped_once_and_in_the_order_of_its_pusher() {
    let zeros = || (0..PUSHERS * WORDS).map(|_| AtomicUsize::new(0)).collect();
    let world = Arc::new(World {
        queue: Queue::new(),
        pushing: AtomicUsize::new(PUSHERS),
        pushed: zeros(),
        popped: zeros(),
    });
    let threads: Vec<_> = (0..PUSHERS + POPPERS)
        .map(|thread| {
            let world = world.clone();
            thread::spawn(move || match thread.checked_sub(PUSHERS) {
                None => world.push_all(thread),
                Some(_) => world.pop_all(),
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(world.popped.iter().all(|popped| popped.load(Ordering::Relaxed) == 1));
    assert_eq!(world.queue.len(&pin()), 0);
}

/// A word goes round among threads that have no other: none is lost while cells are burnt and segments change.
#[test]
fn a_few_words_go_round_among_many() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 20_000;
    let queue = Arc::new(Queue::new());
    [1, 2].into_iter().for_each(|word| push(&queue, word));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let queue = queue.clone();
            thread::spawn(move || {
                for _ in 0..ROUNDS {
                    let guard = pin();
                    if let Some(word) = queue.pop(&guard) {
                        queue.push(word, &guard);
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut words = [pop(&queue).unwrap(), pop(&queue).unwrap()];
    words.sort_unstable();
    assert_eq!(words, [1, 2]);
    assert_eq!(pop(&queue), None);
    assert!(queue.memory() < 1000, "{} bytes", queue.memory());
}
