//! Reclamation as it runs: crossbeam-epoch underneath, limbo lists of our own above.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use crossbeam_epoch::{Collector, LocalHandle};
use crossbeam_utils::CachePadded;

use super::{Retire, free_quietly};
use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// A limbo of this many bytes is handed to the collector at once, full or not.
pub(crate) const LIMBO_BYTES: usize = 64 << 10;

/// Objects in a limbo. It travels through crossbeam as one deferred function, and the collector runs at
/// most eight of those per call: this bounds what one operation frees.
const LIMBO_OBJECTS: usize = 64;

static COLLECTOR: OnceLock<Collector> = OnceLock::new();

/// All participants ever made; they are reused and never freed.
static PARTICIPANTS: AtomicPtr<Participant> = AtomicPtr::new(ptr::null_mut());

/// What a thread shares with those who collect on its behalf.
struct Participant {
    /// The thread's limbo, or null while somebody has it (or there is none).
    limbo: AtomicPtr<Limbo>,
    /// Bytes that this thread has retired, less those it has freed, modulo 2^64; written by the owner only.
    bytes: AtomicUsize,
    owned: AtomicBool,
    next: *mut CachePadded<Participant>,
}

/// Retired objects of one thread that the collector does not know yet.
struct Limbo {
    objects: Vec<Retired>,
    bytes: usize,
}

struct Retired {
    object: NonNull<()>,
    free: unsafe fn(NonNull<()>),
}

impl Drop for Limbo {
    fn drop(&mut self) {
        for retired in self.objects.drain(..) {
            free_quietly(|| {
                // SAFETY: `Guard::retire` promised that nobody who pinned after it can reach the object, and a limbo is
                // dropped only by the collector, when every thread pinned before has unpinned.
                unsafe { (retired.free)(retired.object) };
            });
        }
        account(0_usize.wrapping_sub(self.bytes));
    }
}

/// This thread's handle and participant.
struct Local {
    handle: LocalHandle,
    participant: &'static Participant,
}

/// Unregisters the thread when its thread-locals are dropped.
struct Guardian;

thread_local! {
    // Two thread-locals and not one: a const one without a destructor is a plain load, and it is on every path.
    static LOCAL: Cell<*const Local> = const { Cell::new(ptr::null()) };
    static GUARDIAN: Guardian = const { Guardian };
}

impl Drop for Guardian {
    fn drop(&mut self) {
        let local = LOCAL.replace(ptr::null());
        if local.is_null() {
            return;
        }
        // SAFETY: made by `Box::into_raw` in `register`, and taken out of LOCAL just now, once.
        let local = unsafe { Box::from_raw(local.cast_mut()) };
        let guard = local.handle.pin();
        hand_over(&guard, local.participant.take());
        guard.flush();
        drop(guard);
        // Release: the next owner (Acquire in `Participant::claim`) sees `bytes` as this thread left it.
        local.participant.owned.store(false, Ordering::Release);
    }
}

impl Participant {
    /// A participant that no living thread owns: a used one, or a new one.
    fn claim() -> &'static Self {
        for participant in all_participants() {
            let free = !participant.owned.load(Ordering::Relaxed);
            // Acquire: partner of the Release in `Guardian::drop`.
            if free
                && participant
                    .owned
                    .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return participant;
            }
        }
        let participant = Box::leak(Box::new(CachePadded::new(Self {
            limbo: AtomicPtr::new(ptr::null_mut()),
            bytes: AtomicUsize::new(0),
            owned: AtomicBool::new(true),
            next: ptr::null_mut(),
        })));
        let raw: *mut CachePadded<Self> = participant;
        let mut head = PARTICIPANTS.load(Ordering::Relaxed);
        loop {
            // SAFETY: not published yet, so this thread alone has it.
            let fresh = unsafe { &mut *raw };
            fresh.next = head.cast();
            // Release: who finds it in the list (Acquire in `all_participants`) sees it whole.
            match PARTICIPANTS.compare_exchange(
                head,
                raw.cast(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                // SAFETY: leaked above, so valid for ever; nobody writes to it but through atomics now.
                Ok(_) => return unsafe { &*raw },
                Err(seen) => head = seen,
            }
        }
    }

    /// Takes the limbo, from whichever thread.
    fn take(&self) -> Option<Box<Limbo>> {
        // Acquire: partner of the Release in `Guard::retire`; what it holds is visible to whoever takes it.
        let limbo = self.limbo.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: a limbo comes from Box::into_raw, and the swap made it ours alone.
        (!limbo.is_null()).then(|| unsafe { Box::from_raw(limbo) })
    }
}

fn all_participants() -> impl Iterator<Item = &'static Participant> {
    // Acquire: partner of the Release in `Participant::claim`.
    let mut next = PARTICIPANTS.load(Ordering::Acquire).cast::<CachePadded<Participant>>();
    std::iter::from_fn(move || {
        // SAFETY: participants are leaked, and published whole.
        let participant = unsafe { next.as_ref() }?;
        next = participant.next;
        Some(&**participant)
    })
}

/// Adds to this thread's account of retired bytes.
fn account(bytes: usize) {
    let local = LOCAL.get();
    if local.is_null() {
        // A thread that is ending; someone has to carry it.
        ORPHANED_BYTES.fetch_add(bytes, Ordering::Relaxed);
        return;
    }
    // SAFETY: not null, so it is this thread's own, alive until the guardian takes it out.
    let participant = unsafe { &*local }.participant;
    // Relaxed, and no read-modify-write: only the owner writes, and readers want an estimate.
    let sum = participant.bytes.load(Ordering::Relaxed).wrapping_add(bytes);
    participant.bytes.store(sum, Ordering::Relaxed);
}

/// What threads past their thread-locals have retired, less what they have freed.
static ORPHANED_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Registers this thread; null when its thread-locals are gone already.
#[cold]
fn register() -> *const Local {
    if GUARDIAN.try_with(|_| ()).is_err() {
        return ptr::null();
    }
    let local = Box::into_raw(Box::new(Local {
        handle: COLLECTOR.get_or_init(Collector::new).register(),
        participant: Participant::claim(),
    }));
    LOCAL.set(local);
    local
}

/// While it lives, nothing that this thread can reach is freed.
///
/// A guard that is held long holds back the memory of every cache in the process. It cannot be sent to another thread.
#[derive(Debug)]
pub(crate) struct Guard {
    inner: crossbeam_epoch::Guard,
    _not_send: PhantomData<*mut ()>,
}

/// Pins this thread. Never blocks; the first call of a thread registers it.
#[inline]
pub(crate) fn pin() -> Guard {
    let mut local = LOCAL.get();
    if local.is_null() {
        local = register();
    }
    let inner = if local.is_null() {
        COLLECTOR.get_or_init(Collector::new).register().pin()
    } else {
        // SAFETY: not null, so it is this thread's own, alive until the guardian takes it out.
        unsafe { &*local }.handle.pin()
    };
    Guard { inner, _not_send: PhantomData }
}

impl Guard {
    /// Frees `object` when no thread can reach it any more; `bytes` is what that gives back.
    ///
    /// # Safety
    ///
    /// The object is unlinked: no thread that pins from now on can find it. It is retired once, and whoever may still be using it
    /// pinned before.
    pub(crate) unsafe fn retire<T: Retire>(&self, object: NonNull<T>, bytes: usize) {
        unsafe fn free<T: Retire>(object: NonNull<()>) {
            // SAFETY: `object` was a NonNull<T> in `retire`, whose caller promised the rest.
            unsafe { T::free(object.cast()) };
        }
        account(bytes);
        let retired = Retired { object: object.cast(), free: free::<T> };
        let local = LOCAL.get();
        if local.is_null() {
            hand_over(&self.inner, Some(Box::new(Limbo { objects: vec![retired], bytes })));
            self.inner.flush();
            return;
        }
        // SAFETY: not null, so it is this thread's own, alive until the guardian takes it out.
        let participant = unsafe { &*local }.participant;
        let mut limbo = participant.take().unwrap_or_else(|| {
            Box::new(Limbo { objects: Vec::with_capacity(LIMBO_OBJECTS), bytes: 0 })
        });
        limbo.objects.push(retired);
        limbo.bytes += bytes;
        if limbo.objects.len() < LIMBO_OBJECTS && limbo.bytes < LIMBO_BYTES {
            // Release: partner of the Acquire in `Participant::take`. A plain store will do: others only ever take.
            participant.limbo.store(Box::into_raw(limbo), Ordering::Release);
        } else {
            hand_over(&self.inner, Some(limbo));
            self.inner.flush();
        }
    }

    /// Unpins and pins again: references obtained so far end here.
    pub(crate) fn repin(&mut self) {
        self.inner.repin();
    }
}

/// Gives a limbo to the collector.
fn hand_over(guard: &crossbeam_epoch::Guard, limbo: Option<Box<Limbo>>) {
    if let Some(limbo) = limbo {
        // Clippy cannot see it, but the pointers inside may go to any thread: `Retire` says so.
        // SAFETY: everything in the limbo was unlinked before it got there, so only threads that are pinned now can
        // still reach it; and `Retire::free` is sound from any thread.
        unsafe { guard.defer_unchecked(move || drop(limbo)) };
    }
}

/// Takes over what every thread has in limbo, idle ones included, and frees what can be freed now.
///
/// O(threads), plus what is freed. With no thread pinned, everything retired before the call is freed when it
/// returns. Never blocks.
pub(crate) fn collect() {
    // An object retired in epoch e is freed in e + 2, and a flush advances the epoch by one at most.
    const ADVANCES: usize = 3;
    let guard = pin();
    for participant in all_participants() {
        hand_over(&guard.inner, participant.take());
    }
    drop(guard);
    let mut before = usize::MAX;
    let mut left = retired_bytes();
    let mut advances = 0;
    // The collector frees a few bags per flush; go on while it gets somewhere.
    while advances < ADVANCES || (left > 0 && left < before) {
        pin().inner.flush();
        before = left;
        left = retired_bytes();
        advances += 1;
    }
}

/// Bytes retired and not yet freed, of all caches in the process; an estimate while threads are at work.
pub(crate) fn retired_bytes() -> usize {
    let sum = all_participants()
        .fold(ORPHANED_BYTES.load(Ordering::Relaxed), |sum, participant| {
            sum.wrapping_add(participant.bytes.load(Ordering::Relaxed))
        });
    // Read while bytes move between accounts, the sum can be off to either side of zero.
    if sum > usize::MAX / 2 { 0 } else { sum }
}

/// Nothing to check outside the model.
#[inline(always)]
pub(crate) fn assert_live<T>(_object: NonNull<T>) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Arc;

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
}
