//! On real threads, some of which end, or come to rest.

use std::time::{Duration, Instant};

use super::*;
use crate::sync::{Arc, AtomicUsize, Ordering};

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

// SAFETY: a Box of Send data.
unsafe impl Retire for Counted {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by this function's contract; all of them come from `retire_some`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

fn retire_some(count: usize, freed: &Arc<AtomicUsize>) {
    let guard = pin();
    for _ in 0..count {
        let object = NonNull::from(Box::leak(Box::new(Counted(freed.clone()))));
        // SAFETY: nobody else ever knew it.
        unsafe { guard.retire(object, 100) };
    }
}

/// Other tests pin too, so freeing may take a few turns.
fn collect_until(freed: &AtomicUsize, count: usize) {
    for _ in 0..100_000 {
        if freed.load(Ordering::SeqCst) == count {
            return;
        }
        collect();
        std::thread::yield_now();
    }
    panic!("{} of {count} objects were freed", freed.load(Ordering::SeqCst));
}

#[test]
fn what_an_idle_thread_retired_is_freed_by_another() {
    let freed = Arc::new(AtomicUsize::new(0));
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let idle = std::thread::spawn({
        let freed = freed.clone();
        move || {
            retire_some(3, &freed);
            ready.send(()).unwrap();
            wait.recv().ok();
        }
    });
    is_ready.recv().unwrap();
    collect_until(&freed, 3);
    drop(done);
    idle.join().unwrap();
}

#[test]
fn what_an_ended_thread_retired_is_freed() {
    let freed = Arc::new(AtomicUsize::new(0));
    std::thread::spawn({
        let freed = freed.clone();
        move || retire_some(1000, &freed)
    })
    .join()
    .unwrap();
    collect_until(&freed, 1000);
}

#[test]
fn what_an_ended_thread_retired_is_freed_by_traffic_alone() {
    let freed = Arc::new(AtomicUsize::new(0));
    std::thread::spawn({
        let freed = freed.clone();
        move || retire_some(1000, &freed)
    })
    .join()
    .unwrap();
    let other = Arc::new(AtomicUsize::new(0));
    for _ in 0..1_000_000 {
        retire_some(64, &other);
        if freed.load(Ordering::SeqCst) == 1000 {
            return;
        }
    }
    panic!("{} of 1000 objects were freed", freed.load(Ordering::SeqCst));
}

#[test]
fn what_an_idle_thread_retired_is_freed_by_traffic_alone() {
    let freed = Arc::new(AtomicUsize::new(0));
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let idle = std::thread::spawn({
        let freed = freed.clone();
        move || {
            retire_some(3, &freed);
            ready.send(()).unwrap();
            wait.recv().ok();
        }
    });
    is_ready.recv().unwrap();
    let other = Arc::new(AtomicUsize::new(0));
    let mut rounds = 0;
    while freed.load(Ordering::SeqCst) < 3 {
        retire_some(64, &other);
        rounds += 1;
        assert!(rounds < 1_000_000, "never freed");
    }
    drop(done);
    idle.join().unwrap();
}

#[test]
fn a_pin_holds_back_what_is_retired_under_it() {
    let freed = Arc::new(AtomicUsize::new(0));
    let guard = pin();
    retire_some(1, &freed);
    collect();
    assert_eq!(freed.load(Ordering::SeqCst), 0);
    assert!(retired_bytes() >= 100);
    drop(guard);
    collect_until(&freed, 1);
}

/// What a stopped thread has held back is many; whoever frees it does so in small portions.
#[test]
fn no_operation_frees_many() {
    thread_local! {
        static FREED: Cell<usize> = const { Cell::new(0) };
    }
    /// By whichever thread: the other tests collect too.
    static FREED_BY_ALL: AtomicUsize = AtomicUsize::new(0);
    struct Here;
    // SAFETY: a Box of nothing.
    unsafe impl Retire for Here {
        unsafe fn free(ptr: NonNull<Self>) {
            FREED.set(FREED.get() + 1);
            FREED_BY_ALL.fetch_add(1, Ordering::SeqCst);
            // SAFETY: by this function's contract; all of them come from `retire`.
            drop(unsafe { Box::from_raw(ptr.as_ptr()) });
        }
    }
    let retire = || {
        let guard = pin();
        // SAFETY: nobody else ever knew it.
        unsafe { guard.retire(NonNull::from(Box::leak(Box::new(Here))), 1) };
    };
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let stopped = std::thread::spawn(move || {
        let _guard = pin();
        ready.send(()).unwrap();
        wait.recv().ok();
    });
    is_ready.recv().unwrap();
    (0..10_000).for_each(|_| retire());
    drop(done);
    stopped.join().unwrap();
    // It may come to free what other tests have retired, and the destructors of that retire more, in its name.
    let retired = || local().unwrap().participant.ring.tail();
    let mut before = (retired(), FREED.get());
    let start = Instant::now();
    // Another test may be pinned for as long as it gets no processor.
    while FREED_BY_ALL.load(Ordering::SeqCst) <= 20_000 {
        assert!(start.elapsed() < Duration::from_secs(30), "{FREED_BY_ALL:?}");
        let (tail, freed) = (retired(), FREED.get());
        retire();
        // A portion for each `PAY_AT` that it has retired since it paid last, perhaps in the operation before, and one of another's.
        let portions = 1 + (retired() - before.0).div_ceil(PAY_AT as u64) as usize;
        let now = FREED.get() - freed;
        assert!(now <= portions.max(2) * PORTION, "{now}");
        before = (tail, freed);
    }
}

#[test]
fn a_destructor_that_panics_keeps_no_other_from_being_freed() {
    struct Loud {
        freed: Arc<AtomicUsize>,
        panics: bool,
    }
    // SAFETY: a Box of Send data.
    unsafe impl Retire for Loud {
        unsafe fn free(ptr: NonNull<Self>) {
            // SAFETY: by this function's contract.
            let loud = unsafe { Box::from_raw(ptr.as_ptr()) };
            loud.freed.fetch_add(1, Ordering::SeqCst);
            assert!(!loud.panics, "expected: thrown by a test's destructor");
        }
    }
    let freed = Arc::new(AtomicUsize::new(0));
    for number in 0..100 {
        let loud = Loud { freed: freed.clone(), panics: number % 7 == 0 };
        // SAFETY: nobody else ever knew it.
        unsafe { pin().retire(NonNull::from(Box::leak(Box::new(loud))), 100) };
    }
    collect_until(&freed, 100);
}

/// A destructor retires more than it takes to be asked to free something, deeply.
#[test]
fn destructors_that_retire_do_not_nest() {
    struct Chain {
        freed: Arc<AtomicUsize>,
        length: usize,
    }
    // SAFETY: a Box of Send data.
    unsafe impl Retire for Chain {
        unsafe fn free(ptr: NonNull<Self>) {
            // SAFETY: by this function's contract.
            let chain = unsafe { Box::from_raw(ptr.as_ptr()) };
            chain.freed.fetch_add(1, Ordering::SeqCst);
            if chain.length > 0 {
                retire_some(PORTION, &chain.freed);
                retire_chain(chain.length - 1, &chain.freed);
            }
        }
    }
    fn retire_chain(length: usize, freed: &Arc<AtomicUsize>) {
        let chain = Box::leak(Box::new(Chain { freed: freed.clone(), length }));
        // SAFETY: nobody else ever knew it.
        unsafe { pin().retire(NonNull::from(chain), 100) };
    }
    const LENGTH: usize = 1000;
    let freed = Arc::new(AtomicUsize::new(0));
    retire_chain(LENGTH, &freed);
    collect_until(&freed, LENGTH * (PORTION + 1) + 1);
}
