//! On real threads, some of which end, or come to rest.

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
