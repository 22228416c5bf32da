//! Who is being loaded, for those who change keys: they find a load of their key without a lock, and tell it that it is overtaken.
//!
//! ```text
//!  head ──► watched ──► watched ──► watched ──► null
//!           signature, fate
//! ```
//!
//! Loads come and go under the lock of their stripe. Who changes a key reads the list beside them, pinned: what is unlinked keeps its
//! link to the rest, and is freed when nobody can be standing on it any more (read-copy-update, McKenney & Slingwine 1998).
//!
//! # Fate
//!
//! ```text
//!            settle, after its value was stored
//!  loading ────────────────────────────────────► stored
//!     │                                             │
//!     └──────────────► overtaken ◄──────────────────┘
//!       overtake, before the key is changed
//! ```
//!
//! Both are read-modify-writes of one word, so one of them is first. If it is `settle`, the change of the key comes after the value was
//! stored, and finds it. If it is `overtake`, the load learns of it, and takes back what it may have stored. Neither waits.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use crate::hash::Signature;
use crate::sync::epoch::{Guard, Retire, assert_live};
use crate::sync::{AtomicPtr, AtomicU32, Ordering};

const LOADING: u32 = 0;
const STORED: u32 = 1;
const OVERTAKEN: u32 = 2;

/// Whether a load's key was changed since it began.
#[derive(Debug)]
pub(crate) struct Fate(AtomicU32);

impl Fate {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(LOADING))
    }

    /// The key is about to be changed.
    fn overtake(&self) {
        // Acquire: partner of the Release in `settle`: the change that follows finds what the load has stored.
        self.0.swap(OVERTAKEN, Ordering::Acquire);
    }

    /// Whether the key was changed since the load began, as far as this thread has heard.
    pub(crate) fn is_overtaken(&self) -> bool {
        // Relaxed: whoever has found an entry, found with it what its maker did before, and that was to overtake.
        self.0.load(Ordering::Relaxed) == OVERTAKEN
    }

    /// The value has been stored; false: its key was changed since the load began, so it is to be taken back.
    pub(crate) fn settle(&self) -> bool {
        // Release: partner of the Acquire in `overtake`. Relaxed on failure: what there is to be taken back is our own.
        self.0.compare_exchange(LOADING, STORED, Ordering::Release, Ordering::Relaxed).is_ok()
    }
}

/// A load in the list.
pub(super) struct Watched {
    signature: Signature,
    fate: Arc<Fate>,
    next: AtomicPtr<Watched>,
}

// SAFETY: a Box of what may be dropped anywhere.
unsafe impl Retire for Watched {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract; every one comes from `Box::leak` in `add`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

/// The list.
#[derive(Debug)]
pub(super) struct Watch {
    head: AtomicPtr<Watched>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Adds a load of a key with this signature. The caller has the stripe's lock.
    pub(super) fn add(&self, signature: Signature, fate: Arc<Fate>) {
        // Relaxed: the last change of it was made under the lock.
        let next = AtomicPtr::new(self.head.load(Ordering::Relaxed));
        let watched = Box::leak(Box::new(Watched { signature, fate, next }));
        // Release: partner of the Acquire in `follow`: it is seen whole.
        self.head.store(watched, Ordering::Release);
    }

    /// Takes a load out; whoever has it retires it. The caller has the stripe's lock.
    pub(super) fn remove(&self, fate: &Fate, guard: &Guard) -> Option<NonNull<Watched>> {
        let mut link = &self.head;
        loop {
            let watched = follow(link, guard)?;
            if ptr::eq(&*watched.fate, fate) {
                // Relaxed: as in `add`.
                let next = watched.next.load(Ordering::Relaxed);
                // Release: partner of the Acquire in `follow`: who comes to the next by this link sees it whole, as we do by the lock.
                link.store(next, Ordering::Release);
                return Some(NonNull::from(watched));
            }
            link = &watched.next;
        }
    }

    fn iter<'g>(&self, guard: &'g Guard) -> impl Iterator<Item = &'g Watched> {
        std::iter::successors(follow(&self.head, guard), |watched| follow(&watched.next, guard))
    }

    /// Whether a key with this signature is being loaded.
    pub(super) fn has(&self, signature: Signature, guard: &Guard) -> bool {
        self.iter(guard)
            .any(|watched| watched.signature == signature && !watched.fate.is_overtaken())
    }

    /// Tells all loads of keys with this signature; of all keys if there is none. Lock-free, and O(loads in the stripe).
    pub(super) fn overtake(&self, signature: Option<Signature>, guard: &Guard) {
        let concerned =
            |watched: &&Watched| signature.is_none_or(|signature| watched.signature == signature);
        self.iter(guard).filter(concerned).for_each(|watched| watched.fate.overtake());
    }
}

/// Where a link leads.
fn follow<'g>(link: &AtomicPtr<Watched>, _guard: &'g Guard) -> Option<&'g Watched> {
    // Acquire: partner of the Release in `add` and `remove`.
    let watched = NonNull::new(link.load(Ordering::Acquire))?;
    assert_live(watched);
    // SAFETY: it was in the list under this guard, or behind one that was; it is retired only after it was unlinked.
    Some(unsafe { watched.as_ref() })
}

impl Drop for Watch {
    /// There is something left only if a future that led a load was forgotten.
    fn drop(&mut self) {
        // Relaxed, both: nobody else has the list.
        let mut next = self.head.load(Ordering::Relaxed);
        while let Some(watched) = NonNull::new(next) {
            // SAFETY: from `Box::leak` in `add`, and still in the list, so not retired.
            let watched = unsafe { Box::from_raw(watched.as_ptr()) };
            next = watched.next.load(Ordering::Relaxed);
        }
    }
}
