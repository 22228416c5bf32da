//! The deadline word of an entry: when it is absent, and who may still change that.
//!
//! ```text
//!  63 62 61                                                               0
//! ┌─────┬──────────────────────────────────────────────────────────────────┐
//! │ 1 1 │ live until this instant (ns of the cache's clock; all ones: never)│
//! │ 1 0 │ sealed: as above, and final. The entry was replaced by one that   │
//! │     │ keeps its deadline                                                │
//! │ 0 1 │ inherit: as the entry at this address says, which this one        │
//! │     │ replaces; whoever meets it settles it                             │
//! │ 0 0 │ dead: somebody found it due and is unlinking it. Final            │
//! └─────┴──────────────────────────────────────────────────────────────────┘
//!
//!   inherit ──settle──► live ──set_ttl──► live ──claim (is due)──► dead ──unlink──►
//!                         └────────────────seal──► sealed
//! ```
//!
//! Live words are the largest: so one comparison with the present (as a live word) tells a look-up that an entry is live
//! *and* not due, whatever else the word might have said.
//!
//! Two races are decided in this word.
//!
//! **`set_ttl` against expiry.** One extends the deadline, the other unlinks the entry because of it: whose CAS on the
//! word comes first has it. And who reports an entry as absent because it is due has claimed and unlinked it before, so
//! that nobody with an older look at the clock can bring it back afterwards.
//!
//! **`set_ttl` against an update that keeps the deadline.** An update that simply copied the deadline could lose one
//! that was set between its look and its CAS on the slot. So the new entry is published as *inherit*; whoever meets it
//! first seals the old word, which from then on turns `set_ttl` away to look for the new entry, and copies what it was sealed with.

use std::ptr::NonNull;

use crate::clock::{LIVE, NEVER};
use crate::sync::epoch::assert_live;
use crate::sync::{AtomicU64, Ordering, failpoint};

const STATE: u64 = 3 << 62;
const SEALED: u64 = 2 << 62;
const INHERIT: u64 = 1 << 62;
const DEAD: u64 = 0;
/// What sealing leaves of a word.
const SEAL: u64 = !(1 << 62);

const _: () = assert!(LIVE == STATE && NEVER & STATE == 0);
const _: () = assert!(LIVE & SEAL == SEALED && SEALED & SEAL == SEALED);
const _: () = assert!(DEAD & SEAL == DEAD, "sealing must not bring the dead back");

/// The word.
#[derive(Debug)]
pub(crate) struct Deadline(AtomicU64);

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Live(u64),
    Sealed(u64),
    Dead,
}

impl Deadline {
    /// Live until `instant`.
    pub(crate) fn new(instant: u64) -> Self {
        Self(AtomicU64::new(LIVE | instant.min(NEVER)))
    }

    /// Before the entry is published: its deadline will be that of `old`, which it replaces.
    pub(super) fn set_inherit(&self, old: NonNull<Deadline>) {
        let address = old.as_ptr().expose_provenance() as u64;
        debug_assert!(address & STATE == 0);
        // Relaxed: published with the entry.
        self.0.store(INHERIT | address, Ordering::Relaxed);
    }

    /// What it was made with, before the entry is published.
    pub(crate) fn initial(&self) -> u64 {
        // Relaxed: nobody else has it.
        self.0.load(Ordering::Relaxed) & !STATE
    }

    /// The word as it is, for [`Now::is_surely_before`](crate::clock::Now::is_surely_before).
    #[inline(always)]
    pub(super) fn word(&self) -> u64 {
        // Relaxed: a live word is all there is to it, and any other is looked at again by `state`.
        self.0.load(Ordering::Relaxed)
    }

    /// What the word says; settles it first if need be.
    ///
    /// # Safety
    ///
    /// The entry was found under a guard that is still there.
    #[inline(always)]
    pub(super) unsafe fn state(&self) -> State {
        // Acquire: partner of the Release in `settle`: who finds the word sealed finds, when it looks again, the entry that
        // has replaced this one. An address read here was published with the entry.
        let word = self.0.load(Ordering::Acquire);
        match word & STATE {
            LIVE => State::Live(word & !STATE),
            SEALED => State::Sealed(word & !STATE),
            DEAD => State::Dead,
            // SAFETY: the caller's promise.
            _ => unsafe { self.settle(word) },
        }
    }

    /// # Safety
    ///
    /// `word`, an inherit, was read from this word under a guard that is still there.
    #[cold]
    unsafe fn settle(&self, word: u64) -> State {
        let address = (word & !STATE) as usize;
        let old: *const Deadline = std::ptr::with_exposed_provenance(address);
        let Some(old) = NonNull::new(old.cast_mut()) else {
            unreachable!("it inherits from an entry")
        };
        assert_live(old);
        // SAFETY: who replaced the old entry retires it after it has settled this word, and our guard is older than that.
        let old = unsafe { old.as_ref() };
        // Release: partner of the Acquire in `state`: whoever settles has found the new entry, and so will who meets the seal.
        // No Acquire: the last change before the seal is all in the word.
        let last = old.0.fetch_and(SEAL, Ordering::Release);
        failpoint::hit("engine::settle::sealed");
        let settled = match last & STATE {
            LIVE | SEALED => last | LIVE,
            _ => DEAD,
        };
        // Relaxed, both: everybody who settles comes to the same word, and it says all there is to say. Nobody follows the
        // address once the old entry can be freed: who retires it has read the settled word before, and by coherence nobody
        // who comes after that reads an older one.
        match self.0.compare_exchange(word, settled, Ordering::Relaxed, Ordering::Relaxed) {
            // SAFETY: no inherit any more, and as the caller promised.
            Ok(_) | Err(_) => unsafe { self.state() },
        }
    }

    /// Of an entry that was replaced by one that keeps its deadline: whoever has changed it last is heard of now.
    pub(super) fn seal_and_hear(&self) {
        // Acquire: partner of the Release in `extend`. By a read-modify-write, which finds the last change, or comes before it and prevents it.
        self.0.fetch_and(SEAL, Ordering::Acquire);
    }

    /// Live until `from` → live until `to`. False: it was changed, sealed or claimed.
    pub(super) fn extend(&self, from: u64, to: u64) -> bool {
        // AcqRel, each the other's partner: of two threads that change it, the later sees the hard deadline that the earlier has set before
        // (`idle::Engine::touch`). Else the word is all there is to it: who makes the timer later learns of the new deadline by way of the
        // timer (`Timer::rearm`), for the caller's next step is a CAS on that. Relaxed on failure: who goes on looks again, by `state`.
        self.0
            .compare_exchange(
                LIVE | from,
                LIVE | to.min(NEVER),
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// Live until `from` → dead.
    pub(super) fn claim(&self, from: u64) -> bool {
        // Relaxed: the word is all there is to it; who fails with `extend` because of it unlinks the entry by a CAS of its own.
        self.0.compare_exchange(LIVE | from, DEAD, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
