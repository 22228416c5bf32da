//! Reclamation as it runs: crossbeam-epoch underneath, a ring for each thread above.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::thread;

use crossbeam_epoch::{Collector, LocalHandle};

use super::Retire;
pub(crate) use super::participant::retired_bytes;
use super::participant::{Participant, account_orphaned};
use super::retired::{Retired, free_all};
use super::ring::Outgrown;
use crate::sync::real::set_thread_index;

/// Objects retired between two grace periods that a thread begins. A large one counts as several.
const MARK_EVERY: usize = 128;

/// When many wait, because some thread stands still while it is pinned: one part in so many of them.
const MARK_SHARE: usize = 8;

/// One more object for each so many bytes: 64 KiB begin a grace period, however few objects they are.
const LARGE: usize = (64 << 10) / MARK_EVERY;

/// Objects freed at a time by who goes about another business.
const PORTION: usize = 16;

/// Objects freed per object retired: more than one, so that what has piled up grows less.
const PACE: usize = 2;

/// Objects retired, after which a thread frees some.
const PAY_AT: usize = PORTION / PACE;

/// With so many objects that are not safe yet, a thread gives the processor away before it retires as many again. In the way, as a
/// rule, is a thread that was preempted while it was pinned: let it go on, and memory can be used again while it is in the cache.
const GIVE_WAY_AT: u64 = 1024;

/// After so many times in vain the interval doubles: somebody is pinned for long. Not at once, for the one in the way need
/// not be the next to run.
const GIVE_WAY_TIMES: u32 = 16;

/// How often it doubles at most.
const GIVE_WAY_DOUBLINGS: u32 = 8;

/// How many of its grace periods a thread begins between two looks at another thread's ring.
const HELP_EVERY: u32 = 16;

static COLLECTOR: OnceLock<Collector> = OnceLock::new();

/// This thread's handle, participant, and what it has to do.
struct Local {
    handle: LocalHandle,
    participant: &'static Participant,
    /// Objects retired and not yet paid for, as [`MARK_EVERY`] counts them.
    owed: Cell<usize>,
    /// Those paid for since a grace period was begun.
    unmarked: Cell<usize>,
    /// The tail when they were last paid for.
    paid: Cell<u64>,
    /// When it last gave way.
    gave_way: Cell<GaveWay>,
    is_paying: Cell<bool>,
    /// For what is being freed, so that its memory is used again.
    batch: Cell<Vec<Retired>>,
    /// Grace periods begun since it last helped another.
    marks: Cell<u32>,
    /// Where to help next.
    help: Cell<usize>,
}

#[derive(Clone, Copy)]
struct GaveWay {
    tail: u64,
    safe: u64,
    /// How many times nothing had become safe since the time before.
    in_vain: u32,
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
        // SAFETY: its last act as the owner.
        unsafe { local.participant.ring.shrink(|outgrown| discard(&guard, outgrown)) };
        begin_grace_period(&guard, local.participant, local.participant.ring.tail());
        guard.flush();
        drop(guard);
        // Before somebody else gets the number.
        set_thread_index(usize::MAX);
        local.participant.release();
    }
}

/// Registers this thread; null when its thread-locals are gone already.
#[cold]
fn register() -> *const Local {
    if GUARDIAN.try_with(|_| ()).is_err() {
        return ptr::null();
    }
    let participant = Participant::acquire();
    let local = Box::into_raw(Box::new(Local {
        handle: COLLECTOR.get_or_init(Collector::new).register(),
        participant,
        owed: Cell::new(0),
        unmarked: Cell::new(0),
        paid: Cell::new(participant.ring.tail()),
        gave_way: Cell::new(GaveWay { tail: 0, safe: 0, in_vain: 0 }),
        is_paying: Cell::new(false),
        batch: Cell::new(Vec::with_capacity(PORTION)),
        marks: Cell::new(0),
        help: Cell::new(0),
    }));
    LOCAL.set(local);
    set_thread_index(participant.number());
    local
}

/// This thread's own; None when its thread-locals are gone.
#[inline]
fn local<'a>() -> Option<&'a Local> {
    // SAFETY: null, or alive until the guardian takes it out; nothing that is called while somebody has the reference ends a thread.
    unsafe { LOCAL.get().as_ref() }
}

/// While it lives, nothing that this thread can reach is freed.
///
/// A guard that is held long holds back the memory of every cache in the process. It cannot be sent to another thread.
#[derive(Debug)]
pub(crate) struct Guard {
    inner: ManuallyDrop<crossbeam_epoch::Guard>,
}

/// Pins this thread. Never blocks; the first call of a thread registers it.
#[inline]
pub(crate) fn pin() -> Guard {
    Guard { inner: ManuallyDrop::new(pin_inner()) }
}

#[inline]
fn pin_inner() -> crossbeam_epoch::Guard {
    match local() {
        Some(local) => local.handle.pin(),
        None => pin_unregistered(),
    }
}

#[cold]
fn pin_unregistered() -> crossbeam_epoch::Guard {
    // SAFETY: null, or made just now.
    match unsafe { register().as_ref() } {
        Some(local) => local.handle.pin(),
        None => COLLECTOR.get_or_init(Collector::new).register().pin(),
    }
}

impl Guard {
    /// Frees `object` when no thread can reach it any more; `bytes` is what that gives back.
    ///
    /// # Safety
    ///
    /// The object is unlinked: no thread that pins from now on can find it. It is retired once, and whoever may still be using it
    /// pinned before.
    #[inline]
    pub(crate) unsafe fn retire<T: Retire>(&self, object: NonNull<T>, bytes: usize) {
        let retired = Retired::new(object, bytes);
        let Some(local) = local() else { return self.retire_orphan(retired) };
        let participant = local.participant;
        participant.account(bytes);
        // SAFETY: this thread owns it; `discard` keeps the promise.
        unsafe { participant.ring.push(retired, |outgrown| discard(&self.inner, outgrown)) };
        local.owed.set(local.owed.get() + 1 + bytes / LARGE);
    }

    /// For a thread that is past its thread-locals.
    #[cold]
    fn retire_orphan(&self, retired: Retired) {
        account_orphaned(retired.bytes);
        let free = move || {
            // SAFETY: the promise of `retire`, whose caller this is; it runs once, when the grace period is over.
            let bytes = unsafe { free_all(&[retired]) };
            account_orphaned(0_usize.wrapping_sub(bytes));
        };
        // SAFETY: `Retire::free` is sound from any thread.
        unsafe { self.inner.defer_unchecked(free) };
        self.inner.flush();
    }

    /// Unpins and pins again: references obtained so far end here.
    pub(crate) fn repin(&mut self) {
        self.inner.repin();
        pay();
    }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: once, and not used any more.
        unsafe { ManuallyDrop::drop(&mut self.inner) };
        pay();
    }
}

/// After unpinning: does something about what was retired. Here and not where it is retired, for the shorter a thread is pinned,
/// the less often it is preempted while it is.
#[inline]
fn pay() {
    if let Some(local) = local()
        && local.owed.get() >= PAY_AT
    {
        local.pay();
    }
}

impl Local {
    /// Frees a little for each object retired, so that no operation pays for many.
    #[cold]
    #[inline(never)]
    fn pay(&self) {
        // A value's destructor comes by here again if it uses a cache; one at a time, so that this does not nest.
        if self.is_paying.replace(true) {
            return;
        }
        let ring = &self.participant.ring;
        let unmarked = self.unmarked.get() + self.owed.replace(0);
        self.unmarked.set(unmarked);
        if unmarked >= MARK_EVERY.max(ring.len() / MARK_SHARE) {
            self.unmarked.set(0);
            self.mark();
        }
        let tail = ring.tail();
        let retired = (tail - self.paid.replace(tail)) as usize;
        let mut batch = self.batch.take();
        for _ in 0..retired.div_ceil(PAY_AT) {
            // SAFETY: this thread owns it.
            unsafe { ring.claim(PORTION, &mut batch) };
            if free(&mut batch) < PORTION {
                break;
            }
        }
        if self.marks.get() >= HELP_EVERY {
            self.marks.set(0);
            self.help(&mut batch);
        }
        self.batch.set(batch);
        self.is_paying.set(false);
        self.give_way(ring.tail(), ring.safe());
    }

    /// Lets another thread have the processor, once in a while, if that seems to be what is missing. It does not wait for
    /// anything.
    #[inline]
    fn give_way(&self, tail: u64, safe: u64) {
        if tail - safe < GIVE_WAY_AT {
            return;
        }
        let last = self.gave_way.get();
        let interval = GIVE_WAY_AT << (last.in_vain / GIVE_WAY_TIMES).min(GIVE_WAY_DOUBLINGS);
        if tail - last.tail < interval || self.handle.is_pinned() {
            return;
        }
        let in_vain = if safe > last.safe { 0 } else { last.in_vain.saturating_add(1) };
        self.gave_way.set(GaveWay { tail, safe, in_vain });
        thread::yield_now();
    }

    /// Begins a grace period for what this thread has retired.
    #[cold]
    fn mark(&self) {
        let guard = self.handle.pin();
        let ring = &self.participant.ring;
        self.marks.set(self.marks.get() + 1);
        // SAFETY: this thread owns it; `discard` keeps the promise.
        unsafe { ring.shrink(|outgrown| discard(&guard, outgrown)) };
        begin_grace_period(&guard, self.participant, ring.tail());
        guard.flush();
    }

    /// Looks after one other participant, in turn. A thread that has ended or come to rest does not free what it has left, and there
    /// need not be anybody who calls [`collect`].
    #[cold]
    fn help(&self, batch: &mut Vec<Retired>) {
        let turn = self.help.replace(self.help.get() + 1);
        let Some(other) = Participant::all().nth(turn) else { return self.help.set(0) };
        if !ptr::eq(other, self.participant) && other.is_idle() {
            let guard = self.handle.pin();
            begin_grace_period(&guard, other, other.ring.tail());
            // SAFETY: pinned.
            unsafe { other.ring.claim(PORTION, batch) };
            drop(guard);
            free(batch);
        }
    }
}

/// Frees what was claimed, which leaves the batch empty; how many that was.
fn free(batch: &mut Vec<Retired>) -> usize {
    let count = batch.len();
    // SAFETY: it was retired, so unlinked; its grace period is over, so nobody is left who could reach it; and claimed once.
    let bytes = unsafe { free_all(batch) };
    batch.clear();
    account(0_usize.wrapping_sub(bytes));
    count
}

fn account(bytes: usize) {
    match local() {
        Some(local) => local.participant.account(bytes),
        None => account_orphaned(bytes),
    }
}

/// When all who are pinned now have unpinned, what `participant` has retired before `tail` may be freed. Takes a `flush` of this
/// thread to be heard of by the others.
fn begin_grace_period(
    guard: &crossbeam_epoch::Guard,
    participant: &'static Participant,
    tail: u64,
) {
    // SAFETY: `tail` was read before this runs.
    guard.defer(move || unsafe { participant.ring.mark_safe(tail) });
}

/// Frees a ring's old cells when nobody reads them any more.
fn discard(guard: &crossbeam_epoch::Guard, outgrown: Outgrown) {
    guard.defer(move || drop(outgrown));
}

/// Frees what can be freed now, whichever thread has retired it.
///
/// O(threads), plus what is freed. With no thread pinned, everything retired before the call is freed when it
/// returns. Never blocks.
pub(crate) fn collect() {
    collect_from(|_| true);
}

/// As [`collect`], but leaves to threads that go on retiring what they will free themselves.
pub(crate) fn collect_idle() {
    let own = local().map(|local| local.participant);
    collect_from(|other| own.is_some_and(|own| ptr::eq(own, other)) || other.is_idle());
}

fn collect_from(mut is_wanted: impl FnMut(&'static Participant) -> bool) {
    // Retired in epoch e, safe in e + 2, and a flush advances the epoch by one at most.
    const FLUSHES: usize = 4;
    let guard = pin_inner();
    let mut wanted = Vec::new();
    for participant in Participant::all().filter(|participant| is_wanted(participant)) {
        let (tail, len) = (participant.ring.tail(), participant.ring.len());
        if len > 0 {
            begin_grace_period(&guard, participant, tail);
            wanted.push((participant, tail, len));
        }
    }
    if let Some(local) = local() {
        // SAFETY: this thread owns it; `discard` keeps the promise.
        unsafe { local.participant.ring.shrink(|outgrown| discard(&guard, outgrown)) };
    }
    drop(guard);
    let mut batch = Vec::with_capacity(PORTION);
    let mut in_vain = 0;
    // A flush runs a few of the collector's bags; go on while it gets somewhere.
    while in_vain < FLUSHES && !wanted.is_empty() {
        pin_inner().flush();
        in_vain += 1;
        wanted.retain(|&(participant, tail, len)| {
            // Not until there are none left: its owner may be retiring others all the time.
            for _ in 0..=len / PORTION {
                let guard = pin_inner();
                // SAFETY: pinned.
                let some = unsafe { participant.ring.claim(PORTION, &mut batch) };
                drop(guard);
                free(&mut batch);
                if !some {
                    break;
                }
                in_vain = 0;
            }
            participant.ring.safe() < tail
        });
    }
}

/// Nothing to check outside the model.
#[inline(always)]
pub(crate) fn assert_live<T>(_object: NonNull<T>) {}

#[cfg(test)]
mod tests;
