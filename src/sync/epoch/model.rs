//! A small model of epochs, for loom.
//!
//! It frees nothing before the end of an execution. An object counts as *dead* from the moment when every
//! guard that was alive at its retirement is gone; [`assert_live`], which every dereference in the engine goes
//! through, panics on a dead one. It also panics when an object is retired twice. All of loom's threads run on one OS thread, so a
//! plain thread-local is the execution's global state.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::Retire;

#[derive(Default)]
struct State {
    next_guard: u64,
    pinned: BTreeSet<u64>,
    /// Address of each retired object → who may still use it, and how to free it.
    retired: BTreeMap<usize, Retired>,
}

struct Retired {
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
    STATE.with_borrow_mut(|state| {
        state.next_guard += 1;
        let id = state.next_guard;
        state.pinned.insert(id);
        Guard { id, _not_send: PhantomData }
    })
}

fn unpin(id: u64) {
    STATE.with_borrow_mut(|state| {
        state.pinned.remove(&id);
        for retired in state.retired.values_mut() {
            retired.users.remove(&id);
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
    STATE.with_borrow_mut(|state| *state = State::default());
}
