//! Each object is had once, by whomever, in order; and whoever frees it has heard of all that was done to it.

use std::ptr::NonNull;

use super::super::Retire;
use super::*;
use crate::sync::{Arc, UnsafeCell, check, thread};

/// What is retired here. Loom sees it written before it is retired, and read when it is freed.
struct Object(UnsafeCell<u64>);

// SAFETY: a model's objects are written before they are retired, and read by the one who has claimed them.
unsafe impl Sync for Object {}

// SAFETY: `free` does nothing: the objects outlive the ring.
unsafe impl Retire for Object {
    unsafe fn free(_ptr: NonNull<Self>) {}
}

struct Model {
    ring: Ring,
    objects: Vec<Object>,
}

impl Model {
    fn new(count: usize) -> Arc<Self> {
        let objects = (0..count).map(|_| Object(UnsafeCell::new(0))).collect();
        Arc::new(Self { ring: Ring::new(), objects })
    }

    /// The owner retires the objects with these numbers. What the ring outgrows goes to `old`, for others may be reading it.
    fn retire(&self, numbers: std::ops::Range<usize>, old: &mut Vec<Outgrown>) {
        for number in numbers {
            let object = &self.objects[number];
            object.0.with_mut(|value| {
                // SAFETY: nobody has it before it is retired.
                unsafe { *value = number as u64 + 1 };
            });
            let retired = Retired::new(NonNull::from(object), number);
            // SAFETY: one thread of a model is the owner; `old` outlives all of them.
            unsafe { self.ring.push(retired, |cells| old.push(cells)) };
        }
    }

    /// A grace period that begins and ends here: the model's objects have no users.
    fn make_safe(&self) {
        let tail = self.ring.tail();
        // SAFETY: the tail was read before.
        unsafe { self.ring.mark_safe(tail) };
    }

    /// Takes what is safe, `most` at a time, and says which they were.
    fn take(&self, most: usize) -> Vec<usize> {
        let mut claimed = Vec::new();
        // SAFETY: the cells live as long as the model's threads.
        while unsafe { self.ring.claim(most, &mut claimed) } {}
        for retired in &claimed {
            let object = &self.objects[retired.bytes];
            assert!(std::ptr::eq(retired.object.cast(), object), "torn");
            object.0.with_mut(|value| {
                // SAFETY: claimed, so it is ours alone.
                let value = unsafe { &mut *value };
                // Not 0: had twice.
                assert_eq!(std::mem::take(value), retired.bytes as u64 + 1);
            });
        }
        claimed.iter().map(|retired| retired.bytes).collect()
    }
}

fn is_in_order(numbers: &[usize]) -> bool {
    numbers.windows(2).all(|two| two[0] < two[1])
}

/// The owner retires, another thread ends the grace period, a third one frees: the chain from the one to the last.
#[test]
fn loom_ring_who_frees_has_heard_of_the_owner() {
    check(3, || {
        let model = Model::new(2);
        let others = [0, 1].map(|which| {
            let model = model.clone();
            thread::spawn(move || {
                if which == 0 {
                    model.make_safe();
                    return Vec::new();
                }
                model.take(1)
            })
        });
        model.retire(0..2, &mut Vec::new());
        let mut had: Vec<_> = others.into_iter().flat_map(|other| other.join().unwrap()).collect();
        assert!(is_in_order(&had));
        model.make_safe();
        had.extend(model.take(2));
        assert_eq!(had, [0, 1]);
    });
}

/// Two claim the same objects.
#[test]
fn loom_ring_each_object_is_had_once() {
    check(3, || {
        let model = Model::new(2);
        model.retire(0..2, &mut Vec::new());
        model.make_safe();
        let other = thread::spawn({
            let model = model.clone();
            move || model.take(2)
        });
        let mut had = model.take(1);
        let others = other.join().unwrap();
        assert!(is_in_order(&had) && is_in_order(&others));
        had.extend(others);
        had.sort_unstable();
        assert_eq!(had, [0, 1]);
    });
}

/// The owner comes round to a cell that another is reading.
#[test]
fn loom_ring_a_cell_is_used_again_while_it_is_read() {
    check(3, || {
        let model = Model::new(4);
        model.retire(0..2, &mut Vec::new());
        model.make_safe();
        let other = thread::spawn({
            let model = model.clone();
            move || model.take(2)
        });
        let mut old = Vec::new();
        let mut had = model.take(1);
        model.retire(2..4, &mut old);
        model.make_safe();
        had.extend(model.take(2));
        let others = other.join().unwrap();
        assert!(is_in_order(&had) && is_in_order(&others));
        had.extend(others);
        had.sort_unstable();
        assert_eq!(had, [0, 1, 2, 3]);
    });
}

/// The ring grows while another takes from it, with one end of a grace period heard of late.
#[test]
fn loom_ring_grows_while_it_is_read() {
    check(3, || {
        let model = Model::new(3);
        model.retire(0..2, &mut Vec::new());
        let other = thread::spawn({
            let model = model.clone();
            move || {
                model.make_safe();
                model.take(3)
            }
        });
        let mut old = Vec::new();
        model.retire(2..3, &mut old);
        let mut had = model.take(3);
        let others = other.join().unwrap();
        assert!(is_in_order(&had) && is_in_order(&others));
        had.extend(others);
        model.make_safe();
        had.extend(model.take(3));
        had.sort_unstable();
        assert_eq!(had, [0, 1, 2]);
    });
}

/// The ring shrinks while another takes from it.
#[test]
fn loom_ring_shrinks_while_it_is_read() {
    check(2, || {
        let model = Model::new(4);
        let mut old = Vec::new();
        model.retire(0..3, &mut old);
        model.make_safe();
        let mut had = model.take(1);
        let other = thread::spawn({
            let model = model.clone();
            move || model.take(1)
        });
        had.extend(model.take(2));
        // SAFETY: this thread is the owner, and `old` outlives the other one.
        unsafe { model.ring.shrink(|cells| old.push(cells)) };
        model.retire(3..4, &mut old);
        model.make_safe();
        let others = other.join().unwrap();
        had.extend(model.take(4));
        had.extend(others);
        had.sort_unstable();
        assert_eq!(had, [0, 1, 2, 3]);
    });
}

/// Many turns, growing and shrinking, one thread: a queue.
#[cfg(not(purekv_loom))]
#[test]
fn a_ring_is_a_queue_whose_cells_come_and_go() {
    const MOST: usize = 5000;
    let model = Model::new(3 * MOST);
    let mut old = Vec::new();
    let (mut retired, mut had) = (0, Vec::new());
    for round in 1..=3 {
        // Up to many, and down to none again.
        while retired < round * MOST {
            let next = (retired + 100).min(round * MOST);
            model.retire(retired..next, &mut old);
            retired = next;
            model.make_safe();
            let mut claimed = Vec::new();
            // SAFETY: this thread is the owner.
            assert!(unsafe { model.ring.claim(10, &mut claimed) });
            had.extend(claimed.iter().map(|retired| retired.bytes));
        }
        // SAFETY: as above.
        let len = || unsafe { model.ring.cells() }.len() as usize;
        assert!(len() >= model.ring.len() && model.ring.len() > MOST / 2);
        while model.ring.len() > 0 {
            let mut claimed = Vec::new();
            // SAFETY: as above.
            assert!(unsafe { model.ring.claim(100, &mut claimed) });
            had.extend(claimed.iter().map(|retired| retired.bytes));
            // SAFETY: as above, and `old` outlives everything.
            unsafe { model.ring.shrink(|cells| old.push(cells)) };
        }
        assert_eq!(len() as u64, FEWEST);
    }
    assert_eq!(had, (0..3 * MOST).collect::<Vec<_>>());
}
