//! The slot word, and the two ways to hold a node.
//!
//! ```text
//!  63            48 47                                                1  0
//! ┌────────────────┬───────────────────────────────────────────────────┬───┐
//! │ tag: 16        │ address of the node: 48 (at least 8-aligned)       │ F │
//! └────────────────┴───────────────────────────────────────────────────┴───┘
//!   0 in all bits but F: empty.   F: frozen, this word never changes again.
//! ```
//!
//! Nodes are the table's elements, one heap allocation each. The table knows them by address only; what is in them
//! is the business of the layer above.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use crate::hash::TAG_BITS;
use crate::sync::epoch::{self, Retire, assert_live};

const TAG_SHIFT: u32 = u64::BITS - TAG_BITS;
/// Set once the shard is being split: see `split`.
pub(super) const FROZEN: u64 = 1;
const ADDRESS: u64 = ((1 << TAG_SHIFT) - 1) & !FROZEN;

const _: () = assert!(usize::BITS == u64::BITS, "slot words hold 48-bit addresses");

/// An empty slot's word.
pub(super) const EMPTY: u64 = 0;

/// The word for a node.
///
/// # Panics
///
/// If the allocator hands out addresses beyond 48 bits.
#[inline]
pub(super) fn pack<N>(tag: u16, node: NonNull<N>) -> u64 {
    let address = node.as_ptr().expose_provenance() as u64;
    assert!(address & !ADDRESS == 0, "a node's address does not fit a slot word: {address:#x}");
    u64::from(tag) << TAG_SHIFT | address
}

#[inline]
pub(super) fn tag_of(word: u64) -> u16 {
    (word >> TAG_SHIFT) as u16
}

/// Whether the word has this tag; an empty one has tag 0.
#[inline(always)]
pub(super) fn has_tag(word: u64, tag: u16) -> bool {
    // One comparison, whose carry `Set::push` can take.
    word ^ u64::from(tag) << TAG_SHIFT < 1 << TAG_SHIFT
}

/// Whether this word will never change again.
#[inline]
pub(super) fn is_frozen(word: u64) -> bool {
    word & FROZEN != 0
}

/// The node a word points to; the frozen bit does not matter.
#[inline]
pub(super) fn node_of<N>(word: u64) -> Option<NonNull<N>> {
    NonNull::new(std::ptr::with_exposed_provenance_mut((word & ADDRESS) as usize))
}

/// A node in the table, or lately in it, and safe to look at while the guard lives.
pub(crate) struct Shared<'g, N> {
    node: NonNull<N>,
    _guard: PhantomData<&'g N>,
}

impl<N> Clone for Shared<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Shared<'_, N> {}

impl<'g, N> Shared<'g, N> {
    /// # Safety
    ///
    /// The node is not freed while `'g` lasts: its word was loaded from a slot under a guard that outlives it, or nobody else has it.
    #[inline(always)]
    pub(crate) unsafe fn new(node: NonNull<N>) -> Self {
        Self { node, _guard: PhantomData }
    }

    /// The node's address, for access that a reference's extent does not allow.
    #[inline(always)]
    pub(crate) fn as_ptr(self) -> NonNull<N> {
        assert_live(self.node);
        self.node
    }

    #[inline(always)]
    pub(crate) fn get(self) -> &'g N {
        assert_live(self.node);
        // SAFETY: valid for 'g, by the contract of `new`; nodes are only ever shared once they are in a slot.
        unsafe { self.node.as_ref() }
    }
}

impl<N> Shared<'_, N> {
    /// Whether both are the same node.
    pub(crate) fn is(self, other: Self) -> bool {
        self.node == other.node
    }
}

/// A node that is not (or not yet) in the table; dropping it frees it as soon as that is safe.
pub(crate) struct Owned<N: Retire> {
    node: NonNull<N>,
    /// Another thread may have seen it in a slot that was reserved and then given up, so it must go through the collector.
    exposed: bool,
}

// SAFETY: it is the only handle on its node, and nodes are Send (`Retire` frees them on any thread).
unsafe impl<N: Retire + Send> Send for Owned<N> {}

impl<N: Retire> Owned<N> {
    /// # Safety
    ///
    /// `node` is a fresh allocation that `N::free` can free, known to nobody else.
    pub(crate) unsafe fn new(node: NonNull<N>) -> Self {
        Self { node, exposed: false }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> NonNull<N> {
        self.node
    }

    /// The node, to be looked at before it is published.
    #[inline]
    pub(crate) fn get(&self) -> &N {
        // SAFETY: owned, so valid.
        unsafe { self.node.as_ref() }
    }

    /// The node as it will be looked at when it is shared.
    pub(crate) fn shared(&self) -> Shared<'_, N> {
        Shared { node: self.node, _guard: PhantomData }
    }

    /// The node, for this thread and this guard: it never comes into the table, and is freed afterwards. `bytes` is what that gives back.
    #[cfg(feature = "dump")]
    pub(crate) fn lend<'g>(self, bytes: usize, guard: &'g epoch::Guard) -> Shared<'g, N> {
        let this = ManuallyDrop::new(self);
        // SAFETY: owned, so nobody else can find it, and retired once; the caller's guard is older than that.
        unsafe { guard.retire(this.node, bytes) };
        Shared { node: this.node, _guard: PhantomData }
    }

    /// The node is in the table now; who unlinks it frees it.
    #[inline]
    pub(super) fn publish<'g>(self) -> Shared<'g, N> {
        let this = ManuallyDrop::new(self);
        Shared { node: this.node, _guard: PhantomData }
    }

    pub(super) fn expose(&mut self) {
        self.exposed = true;
    }
}

impl<N: Retire> Drop for Owned<N> {
    fn drop(&mut self) {
        if self.exposed {
            // SAFETY: it was never published, and the reserved slot that has its word is never made valid; so only
            // threads that are pinned already, with an old look at that slot, can still reach it.
            unsafe { epoch::pin().retire(self.node, size_of::<N>()) };
        } else {
            // SAFETY: owned and never exposed, so nobody else has it.
            unsafe { N::free(self.node) };
        }
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_gives_back_what_went_in() {
        let node = NonNull::from(Box::leak(Box::new(7_u64)));
        let word = pack(0xabcd, node);
        assert_eq!(tag_of(word), 0xabcd);
        assert_eq!(node_of(word), Some(node));
        assert_eq!(node_of(word | FROZEN), Some(node));
        assert_eq!(node_of::<u64>(EMPTY | FROZEN), None);
        // SAFETY: leaked above.
        drop(unsafe { Box::from_raw(node.as_ptr()) });
    }
}
