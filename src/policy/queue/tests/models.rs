//! The races, each by itself. Under `--cfg purekv_loom` these are exhaustive up to the preemption bound, with segments of 2
//! cells; otherwise short stress tests.

use super::super::segment::FEWEST;
use super::*;
use crate::sync::{Arc, AtomicUsize, Ordering, check, thread};

const BOUND: usize = 3;
/// Of those with three threads that do much.
const LONG_BOUND: usize = 2;

/// Words up to here are for the models; the first segment is used up with larger ones.
const WORDS: usize = 5;
const FILLER: u64 = 100;

struct World {
    queue: Queue,
    /// Relaxed on purpose: it is seen by who pops only if the queue's own orderings carry it over.
    pushed: [AtomicUsize; WORDS],
    popped: [AtomicUsize; WORDS],
    /// Who wants a word, which they say before they look for one. Relaxed on purpose, too.
    wanting: AtomicUsize,
}

/// What a popper came to.
struct Found {
    words: Vec<u64>,
    nothing: bool,
}

impl World {
    /// With so many cells of the first segment pushed to, and popped from.
    fn new(used: usize) -> Arc<Self> {
        let zeros = || std::array::from_fn(|_| AtomicUsize::new(0));
        let world = Self {
            queue: Queue::new(),
            pushed: zeros(),
            popped: zeros(),
            wanting: AtomicUsize::new(0),
        };
        for _ in 0..used {
            push(&world.queue, FILLER);
            assert_eq!(pop(&world.queue), Some(FILLER));
        }
        Arc::new(world)
    }

    fn push(&self, word: u64) {
        self.pushed[word as usize].store(1, Ordering::Relaxed);
        push(&self.queue, word);
    }

    /// Whether who has pushed hears that somebody wants a word.
    fn push_and_listen(&self, word: u64) -> bool {
        self.push(word);
        self.wanting.load(Ordering::Relaxed) > 0
    }

    fn popped(&self, word: u64) {
        let pushed = self.pushed[word as usize].load(Ordering::Relaxed);
        assert_eq!(pushed, 1, "who gets {word} has not heard of what was done before its push");
        self.popped[word as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Until there is nothing, but `most` times at most.
    fn pop(&self, most: usize) -> Found {
        let mut found = Found { words: Vec::new(), nothing: false };
        while found.words.len() < most && !found.nothing {
            match pop(&self.queue) {
                Some(word) => {
                    self.popped(word);
                    found.words.push(word);
                }
                None => found.nothing = true,
            }
        }
        found
    }

    /// Says that it wants a word before it looks for one; whether there was none.
    fn is_told_empty(&self) -> bool {
        self.wanting.fetch_add(1, Ordering::Relaxed);
        self.pop(1).nothing
    }

    /// All that is left comes out, in order, and then each of the words up to `words` was had once; in the end there is one segment.
    fn assert_complete(&self, words: u64) -> Vec<u64> {
        let left = self.pop(usize::MAX).words;
        let count = |word| self.popped[word as usize].load(Ordering::Relaxed);
        assert!((1..=words).all(|word| count(word) == 1));
        assert_eq!(self.queue.len(&pin()), 0);
        assert_eq!(self.queue.memory(), Queue::new().memory());
        left
    }
}

fn spawn<T: Send + 'static>(
    world: &Arc<World>,
    work: impl FnOnce(&World) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let world = world.clone();
    thread::spawn(move || work(&world))
}

fn is_in_order(words: &[u64]) -> bool {
    words.windows(2).all(|two| two[0] < two[1])
}

#[test]
fn loom_queue_two_pushers_and_a_popper() {
    check(BOUND, || {
        let world = World::new(0);
        let one = spawn(&world, |world| world.push(1));
        let two = spawn(&world, |world| world.push(2));
        world.pop(2);
        one.join().unwrap();
        two.join().unwrap();
        world.assert_complete(2);
    });
}

/// The words go over the end of a segment.
#[test]
fn loom_queue_a_pusher_and_two_poppers() {
    check(BOUND, || {
        let world = World::new(FEWEST - 1);
        let pusher = spawn(&world, |world| (1..=2).for_each(|word| world.push(word)));
        let popper = spawn(&world, |world| world.pop(2).words);
        assert!(is_in_order(&world.pop(2).words));
        assert!(is_in_order(&popper.join().unwrap()));
        pusher.join().unwrap();
        world.assert_complete(2);
    });
}

/// One after the other, as in a queue of one lock: over two segments, and while the first of them goes.
#[test]
fn loom_queue_a_popper_gets_the_words_of_a_pusher_in_order() {
    check(BOUND, || {
        let world = World::new(FEWEST - 1);
        let pusher = spawn(&world, |world| (1..=4).for_each(|word| world.push(word)));
        let mut words = world.pop(4).words;
        pusher.join().unwrap();
        words.extend(world.assert_complete(4));
        assert_eq!(words, [1, 2, 3, 4]);
    });
}

/// The segment that is not linked goes, and its word is in the other's.
#[test]
fn loom_queue_two_append_a_segment() {
    check(BOUND, || {
        let world = World::new(FEWEST);
        let one = spawn(&world, |world| world.push(1));
        let two = spawn(&world, |world| world.push(2));
        one.join().unwrap();
        two.join().unwrap();
        assert_eq!(world.queue.memory(), 2 * Queue::new().memory());
        assert_eq!(world.queue.tickets(&pin()), FEWEST as u64 + 2);
        world.assert_complete(2);
    });
}

/// The one who has linked a segment may not have moved the tail yet when the segment before is retired: by then the popper has.
#[test]
fn loom_queue_a_segment_is_retired_under_its_pusher() {
    check(BOUND, || {
        let world = World::new(FEWEST);
        let pusher = spawn(&world, |world| world.push(1));
        let other = spawn(&world, |world| {
            world.queue.tickets(&pin());
            world.push(2);
        });
        world.pop(1);
        world.pop(1);
        pusher.join().unwrap();
        other.join().unwrap();
        world.assert_complete(2);
    });
}

/// Two poppers come to the end of a segment: one of them retires it, and those who look at it are pinned.
#[test]
fn loom_queue_a_segment_is_retired_under_a_popper_and_a_reader() {
    check(BOUND, || {
        let world = World::new(FEWEST - 1);
        (1..=2).for_each(|word| world.push(word));
        let popper = spawn(&world, |world| {
            world.pop(1);
            world.pop(1);
        });
        let reader = spawn(&world, |world| world.queue.len(&pin()));
        world.pop(1);
        world.pop(1);
        popper.join().unwrap();
        assert!(reader.join().unwrap() <= 2);
        world.assert_complete(2);
    });
}

/// Two segments are retired one after the other, by two, under a third.
#[test]
fn loom_queue_two_segments_are_retired() {
    check(2, || {
        let world = World::new(FEWEST);
        (0..FEWEST).for_each(|_| push(&world.queue, FILLER));
        (1..=2).for_each(|word| world.push(word));
        let drain = |world: &World| {
            let mut words = 0;
            for _ in 0..FEWEST {
                match pop(&world.queue) {
                    None | Some(FILLER) => {}
                    Some(word) => {
                        world.popped(word);
                        words += 1;
                    }
                }
            }
            words
        };
        let popper = spawn(&world, drain);
        let pusher = spawn(&world, |world| world.push(3));
        drain(&world);
        popper.join().unwrap();
        pusher.join().unwrap();
        world.assert_complete(3);
    });
}

/// A popper overtakes a pusher who has taken a cell: the word goes to the next one, or to the next segment.
#[test]
fn loom_queue_a_cell_is_burnt_under_its_pusher() {
    for used in [FEWEST - 2, FEWEST - 1] {
        check(BOUND, move || {
            let world = World::new(used);
            let pusher = spawn(&world, |world| world.push(1));
            let words = [world.pop(1).words, world.pop(1).words].concat();
            pusher.join().unwrap();
            let tickets = world.queue.tickets(&pin()) as usize;
            assert!((used + 1..=used + 3).contains(&tickets));
            assert_eq!([words, world.assert_complete(1)].concat(), [1]);
        });
    }
}

/// The same with two poppers, who may each burn one.
#[test]
fn loom_queue_two_poppers_burn_the_cells_of_a_pusher() {
    check(BOUND, || {
        let world = World::new(FEWEST - 2);
        let pusher = spawn(&world, |world| world.push(1));
        let popper = spawn(&world, |world| world.pop(1).words);
        let words = world.pop(1).words;
        let words = [words, popper.join().unwrap()].concat();
        pusher.join().unwrap();
        assert_eq!([words, world.assert_complete(1)].concat(), [1]);
    });
}

/// One word comes before another goes: at no time is there none, and so nobody may be told so.
#[test]
fn loom_queue_that_is_never_empty_is_never_called_so() {
    for left in 0..=2 {
        check(BOUND, move || {
            let world = World::new(FEWEST - left);
            world.push(1);
            let other = spawn(&world, |world| {
                world.push(2);
                world.pop(1);
            });
            assert!(!world.pop(1).nothing);
            other.join().unwrap();
            world.assert_complete(2);
        });
    }
}

/// One says that it wants a word and finds none; another pushes one and asks who wants it. At least one of them hears of the other,
/// whether there is a cell left in the segment, or none, or one that is burnt and then none.
#[test]
fn loom_queue_who_is_told_empty_is_heard_of() {
    for left in 0..=2 {
        check(BOUND, move || {
            let world = World::new(FEWEST - left);
            let pusher = spawn(&world, |world| world.push_and_listen(1));
            let nothing = world.is_told_empty();
            let heard = pusher.join().unwrap();
            assert!(heard || !nothing, "it is in the queue, and nobody knows who wants it");
            world.assert_complete(1);
        });
    }
}

/// All who push hear of it: who takes the last cell, who finds the segment full and appends one, and who finds the one appended.
#[test]
fn loom_queue_who_is_told_empty_is_heard_of_by_all() {
    for left in 0..=1 {
        check(BOUND, move || {
            let world = World::new(FEWEST - left);
            let one = spawn(&world, |world| world.push_and_listen(1));
            let two = spawn(&world, |world| world.push_and_listen(2));
            let nothing = world.is_told_empty();
            let heard = [one.join().unwrap(), two.join().unwrap()];
            assert!(heard == [true; 2] || !nothing, "{heard:?}");
            world.assert_complete(2);
        });
    }
}

/// As above, where the last cell goes to who does not listen, and the segment is full when the listener comes.
#[test]
fn loom_queue_who_is_told_empty_is_heard_of_by_who_finds_it_full() {
    check(LONG_BOUND, || {
        let world = World::new(FEWEST - 1);
        let one = spawn(&world, |world| world.push(1));
        let two = spawn(&world, |world| [2, 3].map(|word| world.push_and_listen(word)));
        let nothing = world.is_told_empty();
        one.join().unwrap();
        assert!(two.join().unwrap() == [true; 2] || !nothing);
        world.assert_complete(3);
    });
}

/// With another popper about: if the pusher has not heard of who was told empty, then its word was not there for him, for the other has
/// it. And of two who are told empty the pusher hears of both.
#[test]
fn loom_queue_who_is_told_empty_is_heard_of_or_another_has_it() {
    for left in 0..=2 {
        check(BOUND, move || {
            let world = World::new(FEWEST - left);
            let pusher = spawn(&world, |world| {
                world.push(1);
                world.wanting.load(Ordering::Relaxed)
            });
            let other = spawn(&world, |world| world.is_told_empty());
            let nothing = [world.is_told_empty(), other.join().unwrap()];
            let heard = pusher.join().unwrap();
            if nothing == [true; 2] {
                assert_eq!(heard, 2);
            }
            world.assert_complete(1);
        });
    }
}
