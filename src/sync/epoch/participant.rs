//! What threads share with those who collect on their behalf.

use std::ptr;

use super::ring::Ring;
use crate::sync::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

/// All participants ever made; they are reused and never freed.
static PARTICIPANTS: AtomicPtr<Participant> = AtomicPtr::new(ptr::null_mut());

/// What threads past their thread-locals have retired or freed: bytes, as in a participant.
static ORPHANED_BYTES: AtomicUsize = AtomicUsize::new(0);

pub(super) struct Participant {
    pub(super) ring: Ring,
    /// Bytes that this thread has retired, less those it has freed, modulo 2^64; written by the owner only.
    bytes: AtomicUsize,
    owned: AtomicBool,
    /// Its tail when somebody last asked whether it is idle.
    watched: AtomicU64,
    /// How many were made before it.
    number: usize,
    next: *mut Participant,
}

// SAFETY: `number` and `next` are written before it is published, and that leads to what is never freed; the rest is atomic.
unsafe impl Send for Participant {}

// SAFETY: as above.
unsafe impl Sync for Participant {}

impl Participant {
    /// A participant that no living thread owns: the first made of those, or a new one.
    pub(super) fn acquire() -> &'static Self {
        let is_free = |participant: &&Self| !participant.owned.load(Ordering::Relaxed);
        while let Some(participant) = Self::all().filter(is_free).last() {
            // Acquire: partner of the Release in `release`.
            if participant
                .owned
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
            {
                return participant;
            }
        }
        let participant = Box::into_raw(Box::new(Self {
            ring: Ring::new(),
            bytes: AtomicUsize::new(0),
            owned: AtomicBool::new(true),
            watched: AtomicU64::new(0),
            number: 0,
            next: ptr::null_mut(),
        }));
        // Acquire, here and below: the head's number is read.
        let mut head = PARTICIPANTS.load(Ordering::Acquire);
        loop {
            // SAFETY: not published yet, so this thread alone has it.
            let fresh = unsafe { &mut *participant };
            fresh.next = head;
            // SAFETY: published whole, and never freed.
            fresh.number = unsafe { head.as_ref() }.map_or(0, |head| head.number + 1);
            // Release: who finds it in the list (Acquire in `all`) sees it whole.
            match PARTICIPANTS.compare_exchange(
                head,
                participant,
                Ordering::Release,
                Ordering::Acquire,
            ) {
                // SAFETY: never freed; nobody writes to it but through atomics now.
                Ok(_) => return unsafe { &*participant },
                Err(seen) => head = seen,
            }
        }
    }

    /// A small number that no other participant has.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The owner is ending. What it has retired stays in the ring, for anybody to free.
    pub(super) fn release(&self) {
        // Release: the next owner (Acquire in `acquire`) sees ring and account as this one left them.
        self.owned.store(false, Ordering::Release);
    }

    /// All of them, the latest first.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        // Acquire: partner of the Release in `acquire`.
        let mut next = PARTICIPANTS.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: participants are never freed, and published whole.
            let participant = unsafe { next.as_ref() }?;
            next = participant.next;
            Some(participant)
        })
    }

    /// Whether it has something left, and has retired nothing since this was last asked, by whomever.
    pub(super) fn is_idle(&self) -> bool {
        if self.ring.len() == 0 {
            return false;
        }
        let tail = self.ring.tail();
        // Relaxed: a wrong guess does no harm. Written only if it changes, for idle participants are asked often.
        let idle = self.watched.load(Ordering::Relaxed) == tail;
        if !idle {
            self.watched.store(tail, Ordering::Relaxed);
        }
        idle
    }

    /// Adds to the account of retired bytes. By the owner only.
    #[inline]
    pub(super) fn account(&self, bytes: usize) {
        // Relaxed, and no read-modify-write: only the owner writes, and readers want an estimate.
        let sum = self.bytes.load(Ordering::Relaxed).wrapping_add(bytes);
        self.bytes.store(sum, Ordering::Relaxed);
    }
}

/// As [`Participant::account`], for threads that have none.
pub(super) fn account_orphaned(bytes: usize) {
    ORPHANED_BYTES.fetch_add(bytes, Ordering::Relaxed);
}

/// Bytes retired and not yet freed, of all caches in the process; an estimate while threads are at work.
pub(crate) fn retired_bytes() -> usize {
    let sum = Participant::all()
        .fold(ORPHANED_BYTES.load(Ordering::Relaxed), |sum, participant| {
            sum.wrapping_add(participant.bytes.load(Ordering::Relaxed))
        });
    // Read while bytes move between accounts, the sum can be off to either side of zero.
    if sum > usize::MAX / 2 { 0 } else { sum }
}
