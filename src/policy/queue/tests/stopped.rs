//! A thread stops at each of the places where it might, and another goes on: here it runs in the first one's hook, so that it would
//! never finish if it waited for it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::segment::FEWEST;
use super::*;
use crate::sync::failpoint::set_hook;

/// The names of the places in the source.
fn sites() -> BTreeSet<&'static str> {
    let sources = [include_str!("../mod.rs"), include_str!("../segment.rs")];
    let calls = sources.into_iter().flat_map(|text| text.split("failpoint::hit(\"").skip(1));
    calls.filter_map(|call| call.split('"').next()).collect()
}

/// How a queue was used before somebody stops, and what another does meanwhile.
#[derive(Clone, Copy, Debug)]
struct Case {
    site: &'static str,
    used: usize,
    words: usize,
    pushes: usize,
    pops: usize,
}

/// What the one who goes on has done.
#[derive(Default)]
struct Other {
    pushed: u64,
    popped: Vec<u64>,
}

/// The word of the one who stops; those of the other are below.
const OWN: u64 = 1000;

impl Other {
    fn push(&mut self, queue: &Queue) {
        self.pushed += 1;
        push(queue, self.pushed);
    }
}

/// Whether anybody came to the site.
fn go_on_while_one_stops(case: Case) -> bool {
    let queue = Rc::new(Queue::new());
    for _ in 0..case.used {
        push(&queue, OWN);
        pop(&queue).unwrap();
    }
    let other = Rc::new(RefCell::new(Other::default()));
    (0..case.words).for_each(|_| other.borrow_mut().push(&queue));
    let came = Rc::new(RefCell::new(false));
    let unhook = set_hook({
        let (queue, other, came) = (queue.clone(), other.clone(), came.clone());
        move |site| {
            if site == case.site && !came.replace(true) {
                let mut other = other.borrow_mut();
                (0..case.pushes).for_each(|_| other.push(&queue));
                other.popped.extend((0..case.pops).filter_map(|_| pop(&queue)));
            }
        }
    });
    push(&queue, OWN);
    let mut popped: Vec<_> = std::iter::from_fn(|| pop(&queue)).collect();
    drop(unhook);

    let other = other.take();
    // Each popper has the words of each pusher in their order.
    let in_order = |words: &[u64]| words.iter().filter(|word| **word != OWN).is_sorted();
    assert!(
        in_order(&popped) && in_order(&other.popped),
        "{case:?}: {popped:?} {:?}",
        other.popped
    );
    popped.extend(other.popped);
    popped.sort_unstable();
    assert!(popped.into_iter().eq((1..=other.pushed).chain([OWN])), "{case:?}");
    assert_eq!(queue.len(&pin()), 0);
    assert!(queue.memory() <= 2 * Queue::new().memory(), "{case:?}");
    came.take()
}

#[test]
fn nobody_waits_for_who_stops() {
    let mut unreached = sites();
    assert!(unreached.len() > 6, "{unreached:?}");
    let few = [0, 1, FEWEST, 2 * FEWEST + 1];
    for site in sites() {
        for used in [0, FEWEST - 1, FEWEST] {
            for words in [0, 1, FEWEST] {
                for (pushes, pops) in few.into_iter().flat_map(|one| few.map(|two| (one, two))) {
                    if go_on_while_one_stops(Case { site, used, words, pushes, pops }) {
                        unreached.remove(site);
                    }
                }
            }
        }
    }
    assert!(unreached.is_empty(), "nobody came by {unreached:?}");
}
