//! An entry of a `Cache`: key and value in one allocation, with what the engine needs of them.

use std::ptr::NonNull;

use super::core::Loadable;
use crate::engine::{Deadline, Entry, Mark, Timer};
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
    key: K,
    value: V,
}

// SAFETY: made by Box in `Typed::owned`; keys and values are Send, so they may be dropped on any thread.
unsafe impl<K: Send, V: Send> Retire for Typed<K, V> {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract of `free`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
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

    fn bytes(_: Shared<'_, Self>) -> usize {
        size_of::<Self>()
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Loadable for Typed<K, V> {
    type Key = K;
    type Value = V;
}

impl<K: Send, V: Send> Typed<K, V> {
    pub(super) fn owned(hash: u64, deadline: u64, weight: u32, key: K, value: V) -> Owned<Self> {
        let entry = Box::leak(Box::new(Self {
            deadline: Deadline::new(deadline),
            timer: Timer::new(),
            weight,
            signature: PackedSignature::of(hash),
            mark: Mark::new(),
            key,
            value,
        }));
        // SAFETY: a fresh Box, which `free` frees.
        unsafe { Owned::new(NonNull::from(entry)) }
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
