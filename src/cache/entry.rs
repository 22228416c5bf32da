//! An entry of a `Cache`: key and value in one allocation, with what the engine needs of them.

use std::ptr::NonNull;

use super::core::Loadable;
use super::settings::Parts;
use crate::engine::{Deadline, Entry, Hard, Mark, Timer, Until};
use crate::hash::PackedSignature;
use crate::sync::epoch::Retire;
use crate::table::{Node, Owned, Shared};

/// An entry of a [`Cache`](super::Cache).
pub(super) struct Typed<K, V> {
    deadline: Deadline,
    timer: Timer,
    weight: u32,
    signature: PackedSignature,
    mark: Mark,
    /// Whether it is the first part of a [`WithHard`].
    has_hard: bool,
    key: K,
    value: V,
}

/// An entry of a cache with a time-to-idle.
#[repr(C)]
struct WithHard<K, V> {
    typed: Typed<K, V>,
    hard: Hard,
}

// SAFETY: made by Box in `Typed::owned`; keys and values are Send, so they may be dropped on any thread.
unsafe impl<K: Send, V: Send> Retire for Typed<K, V> {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract of `free` it is still alive.
        if unsafe { ptr.as_ref() }.has_hard {
            // SAFETY: by the contract; it was made as such a one.
            drop(unsafe { Box::from_raw(ptr.cast::<WithHard<K, V>>().as_ptr()) });
        } else {
            // SAFETY: by the contract.
            drop(unsafe { Box::from_raw(ptr.as_ptr()) });
        }
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Node for Typed<K, V> {
    type Context = ();

    fn hash(node: Shared<'_, Self>, (): &()) -> u64 {
        node.get().signature.to_hash()
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Entry for Typed<K, V> {
    fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    fn timer(&self) -> &Timer {
        &self.timer
    }

    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn weight(entry: Shared<'_, Self>, (): &()) -> u64 {
        entry.get().weight.into()
    }

    fn hard(entry: Shared<'_, Self>) -> Option<&Hard> {
        if !entry.get().has_hard {
            return None;
        }
        let whole = entry.as_ptr().cast::<WithHard<K, V>>();
        // SAFETY: it was made as such a one, and is alive as long as the Shared.
        Some(&unsafe { whole.as_ref() }.hard)
    }

    fn bytes(entry: Shared<'_, Self>) -> usize {
        if entry.get().has_hard { size_of::<WithHard<K, V>>() } else { size_of::<Self>() }
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Parts<K, V> for Typed<K, V> {
    fn parts<'g>(entry: Shared<'g, Self>) -> (&'g K, &'g V) {
        (entry.get().key(), entry.get().value())
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Loadable for Typed<K, V> {
    type Key = K;
    type Value = V;
}

impl<K: Send, V: Send> Typed<K, V> {
    #[inline(always)]
    pub(super) fn owned(hash: u64, until: Until, weight: u32, key: K, value: V) -> Owned<Self> {
        let typed = Self {
            deadline: Deadline::new(until.deadline),
            timer: Timer::new(),
            weight,
            signature: PackedSignature::of(hash),
            mark: Mark::new(),
            has_hard: until.hard.is_some(),
            key,
            value,
        };
        let entry = match until.hard {
            None => NonNull::from(Box::leak(Box::new(typed))),
            Some(hard) => {
                let whole = Box::leak(Box::new(WithHard { typed, hard: Hard::new(hard) }));
                NonNull::from(whole).cast()
            }
        };
        // SAFETY: a fresh Box, which `free` frees.
        unsafe { Owned::new(entry) }
    }
}

impl<K, V> Typed<K, V> {
    pub(super) fn key(&self) -> &K {
        &self.key
    }

    pub(super) fn value(&self) -> &V {
        &self.value
    }
}

#[cfg(not(purekv_loom))]
const _: () = assert!(size_of::<Typed<(), ()>>() == 24);
