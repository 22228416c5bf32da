//! A small model of epochs, for loom.
//!
//! It frees nothing before the end of an execution. A retired object counts as *dead* once every guard that may use it is
//! gone; [`assert_live`], which every dereference in the engine goes through, panics on a dead one. It also panics when an
//! object is retired twice. Who may use an object:
//!
//! - every guard alive at its retirement, and
//! - every guard pinned before it is dead. Such a thread has not necessarily heard of the removal, and may find a stale pointer;
//!   the real collector does not free under it either, for the epoch cannot advance twice past a pinned thread.
//!
//! A thread that pins after an object is dead has heard of its removal: the real collector frees only after the global epoch
//! has advanced, and pinning reads that epoch. Here: an RMW that acquires what every user released.
//!
//! All of loom's threads run on one OS thread, so a plain thread-local is the execution's global state.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::Retire;
use crate::sync::{AtomicUsize, Ordering};

#[derive(Default)]
struct State {
    next_guard: u64,
    pinned: BTreeSet<u64>,
    /// By address.
    retired: BTreeMap<usize, Retired>,
    /// Whether any object is dead.
    any_dead: bool,
    /// Carries the happens-before edge from the users of what is dead to later pins. A bare pointer: loom's objects must not be
    /// dropped outside an execution, and when one panics this state outlives it.
    deaths: Option<&'static AtomicUsize>,
}

struct Retired {
    /// Guards that may use it; dead when empty.
    users: BTreeSet<u64>,
    free: unsafe fn(NonNull<()>),
    object: NonNull<()>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::default());
}

#[derive(Debug)]
pub(crate) struct Guard {
    id: u64,
    _not_send: PhantomData<*mut ()>,
}

pub(crate) fn pin() -> Guard {
    let (id, deaths) = STATE.with_borrow_mut(|state| {
        state.next_guard += 1;
        let id = state.next_guard;
        state.pinned.insert(id);
        for retired in state.retired.values_mut().filter(|retired| !retired.users.is_empty()) {
            retired.users.insert(id);
        }
        (id, state.deaths.filter(|_| state.any_dead))
    });
    // Loom may switch threads here, so not under the borrow.
    if let Some(deaths) = deaths {
        // Acquire: partner of the Release in `unpin`.
        deaths.fetch_add(1, Ordering::Acquire);
    }
    Guard { id, _not_send: PhantomData }
}

fn unpin(id: u64) {
    let deaths = STATE.with_borrow(|state| {
        let uses = |retired: &Retired| retired.users.contains(&id);
        state.deaths.filter(|_| state.retired.values().any(uses))
    });
    if let Some(deaths) = deaths {
        // Release: partner of the Acquire in `pin`. It comes before the object is dead. Every user does it, not the last
        // only: the remover may have gone before the others, and whoever pins later has heard of all of them, for the
        // epoch advances only past threads that were seen to have unpinned.
        deaths.fetch_add(1, Ordering::Release);
    }
    STATE.with_borrow_mut(|state| {
        state.pinned.remove(&id);
        for retired in state.retired.values_mut() {
            retired.users.remove(&id);
            state.any_dead |= retired.users.is_empty();
        }
    });
}

impl Guard {
    /// # Safety
    ///
    /// As the real one.
    pub(crate) unsafe fn retire<T: Retire>(&self, object: NonNull<T>, _bytes: usize) {
        unsafe fn free<T: Retire>(object: NonNull<()>) {
            // SAFETY: `object` was a NonNull<T> in `retire`, whose caller promised the rest.
            unsafe { T::free(object.cast()) };
        }
        STATE.with_borrow_mut(|state| {
            let retired =
                Retired { users: state.pinned.clone(), free: free::<T>, object: object.cast() };
            let twice = state.retired.insert(object.as_ptr() as usize, retired);
            assert!(twice.is_none(), "retired twice: {object:?}");
        });
    }

    pub(crate) fn repin(&mut self) {
        unpin(self.id);
        let fresh = pin();
        self.id = fresh.id;
        std::mem::forget(fresh);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        unpin(self.id);
    }
}

pub(crate) fn collect() {}

pub(crate) fn collect_idle() {}

pub(crate) fn retired_bytes() -> usize {
    0
}

/// Panics if `object` may have been freed by now.
pub(crate) fn assert_live<T>(object: NonNull<T>) {
    STATE.with_borrow(|state| {
        if let Some(retired) = state.retired.get(&(object.as_ptr() as usize)) {
            assert!(!retired.users.is_empty(), "use after free: {object:?}");
        }
    });
}

/// Runs at the end of every execution of a model: frees what was retired, so that loom can report what leaks.
#[cfg(test)]
pub(crate) fn end_execution() {
    let retired = STATE.with_borrow_mut(|state| {
        assert!(state.pinned.is_empty(), "a guard outlives the execution");
        if let Some(deaths) = state.deaths.take() {
            // SAFETY: leaked in `begin_execution`, and only this state had it.
            drop(unsafe { Box::from_raw(std::ptr::from_ref(deaths).cast_mut()) });
        }
        std::mem::take(&mut state.retired)
    });
    for retired in retired.into_values() {
        // SAFETY: nobody is pinned, so nobody can reach it; it leaves the map, so it is freed once.
        unsafe { (retired.free)(retired.object) };
    }
}

/// Runs at the start of every execution: the one before may have panicked half way.
#[cfg(test)]
pub(crate) fn begin_execution() {
    let deaths: &'static _ = Box::leak(Box::new(AtomicUsize::new(0)));
    STATE.with_borrow_mut(|state| *state = State { deaths: Some(deaths), ..State::default() });
}
