//! Changing a bucket: insert, replace, remove.
//!
//! ```text
//! insert   control: free → reserved (CAS)          nobody else writes the slot now
//!          slot:    0 → word                        readers do not look at it yet
//!          control: reserved → valid, version + 1 (CAS)   ◄── linearisation point
//! replace  slot:    old → new (CAS)                 ◄── linearisation point
//! remove   slot:    old → 0 (CAS)                   ◄── linearisation point
//!          control: valid → free (CAS)              the slot can be reserved again
//! ```
//!
//! Each CAS on the control word fails when anything about the bucket's slots has changed. A publication goes through only if
//! no other was made since the inserter last saw that the key is absent; so two inserts of one key cannot both succeed, and
//! no SeqCst is needed: all that matters happens on one word.
//!
//! A thread that is stopped between two steps leaves one slot unusable until it goes on or the shard is split, and
//! nothing wrong: a reserved slot is invisible, and a valid one with word 0 is empty to everybody.

use super::chain;
use super::control::{Control, PRIMARY};
use super::find::{Found, Glance, Probe, glance, probe};
use super::shard::Shard;
use super::slot::{self, Owned, Shared};
use crate::hash;
use crate::sync::epoch::Retire;
use crate::sync::{AtomicU64, Ordering, failpoint};

/// How an insert into one shard ended.
pub(crate) enum Inserted<'g, N: Retire> {
    /// It is in.
    Done(Shared<'g, N>),
    /// The key was there already.
    Occupied(Found<'g, N>, Owned<N>),
    /// The bucket is chained: the caller goes there. Or it has no room and can get none, or the shard is being replaced: the caller
    /// replaces it.
    NoRoom(Owned<N>),
}

/// Inserts `node` unless its key is there. `prepare` is called before anybody else can see the node, and only if the key
/// seems to be absent.
pub(super) fn insert<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    mut node: Owned<N>,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
    prepare: impl FnOnce(&Owned<N>),
) -> Inserted<'g, N> {
    let reservation = loop {
        let absent = match probe(shard, hash, is_key) {
            Probe::Found(found) => return Inserted::Occupied(found, node),
            Probe::Absent(control) if control.is_frozen() => return Inserted::NoRoom(node),
            Probe::Absent(control) => control,
        };
        match reserve(shard, hash, absent) {
            Reserve::Done(reservation) => break reservation,
            Reserve::Raced => {}
            Reserve::NoRoom => return Inserted::NoRoom(node),
        }
    };
    prepare(&node);
    reservation.fill(hash, &mut node);
    // The key was absent when the bucket looked like this.
    let mut absent = reservation.control;
    loop {
        match reservation.publish(absent) {
            Publish::Done => {
                failpoint::hit("table::insert::published");
                return Inserted::Done(node.publish());
            }
            Publish::Frozen => return Inserted::NoRoom(node),
            // Something else was published: it may be our key.
            Publish::Raced => {}
        }
        match probe(shard, hash, is_key) {
            Probe::Found(found) => {
                reservation.cancel();
                return Inserted::Occupied(found, node);
            }
            Probe::Absent(control) => absent = control,
        }
    }
}

/// [`insert`] in the common case: one look at a bucket that has nothing but its own slots, and nobody who comes in between. In any other, which
/// says nothing about room, the node is given back.
#[inline(always)]
pub(super) fn insert_at_once<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    mut node: Owned<N>,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
    prepare: impl FnOnce(&Owned<N>),
) -> Inserted<'g, N> {
    let absent = match glance(shard, hash, is_key) {
        Glance::Found(found) => return Inserted::Occupied(found, node),
        Glance::Absent(control) => control,
        Glance::Unclear => return Inserted::NoRoom(node),
    };
    let Reserve::Done(reservation) = reserve(shard, hash, absent) else {
        return Inserted::NoRoom(node);
    };
    prepare(&node);
    reservation.fill(hash, &mut node);
    match reservation.publish(reservation.control) {
        Publish::Done => {
            failpoint::hit("table::insert::published");
            return Inserted::Done(node.publish());
        }
        Publish::Frozen => {}
        Publish::Raced => reservation.cancel(),
    }
    Inserted::NoRoom(node)
}

/// A slot that this thread alone may write.
struct Reservation<'g, N: Retire> {
    shard: &'g Shard<N>,
    bucket: usize,
    slot: usize,
    /// The control word that the reservation made.
    control: Control,
}

enum Reserve<'g, N: Retire> {
    Done(Reservation<'g, N>),
    /// The bucket has changed since the look.
    Raced,
    /// No free slot, and no overflow line to be had.
    NoRoom,
}

enum Publish {
    Done,
    /// Something else was published since the look.
    Raced,
    Frozen,
}

/// Reserves a slot in a bucket that looked like `absent`.
#[inline(always)]
fn reserve<'g, N: Retire>(shard: &'g Shard<N>, hash: u64, absent: Control) -> Reserve<'g, N> {
    let bucket = Shard::<N>::bucket_index(hash);
    let (slot, line, control) = match absent.first_free() {
        Some(slot) => (slot, None, absent.reserve(slot)),
        None if absent.is_extended() => return Reserve::NoRoom,
        None => match shard.take_line() {
            Some(line) => (PRIMARY, Some(line), absent.reserve_in_line(line)),
            None => return Reserve::NoRoom,
        },
    };
    failpoint::hit("table::insert::before_reserve");
    // Acquire: partner of the Release in `release`: the slot is empty for us too, so our word comes after that 0.
    let reserved = shard.buckets[bucket].control.compare_exchange(
        absent.0,
        control.0,
        Ordering::Acquire,
        Ordering::Relaxed,
    );
    match (reserved, line) {
        (Ok(_), _) => Reserve::Done(Reservation { shard, bucket, slot, control }),
        (Err(_), None) => Reserve::Raced,
        (Err(_), Some(line)) => {
            shard.give_line(line);
            Reserve::Raced
        }
    }
}

impl<'g, N: Retire> Reservation<'g, N> {
    fn place(&self) -> &'g AtomicU64 {
        self.shard.slot(self.bucket, self.control, self.slot)
    }

    /// Puts `node` into it, for nobody to see yet.
    #[inline(always)]
    fn fill(&self, hash: u64, node: &mut Owned<N>) {
        node.expose();
        // Release: a reader with an old look at the control word may load this before it is published, and looks
        // into the node (Acquire in `find::examine`, `find::glance`) before it finds out.
        self.place().store(slot::pack(hash::tag(hash), node.as_ptr()), Ordering::Release);
        failpoint::hit("table::insert::reserved");
    }

    /// Takes out again what was put into it, and gives it up.
    #[cold]
    #[inline(never)]
    fn cancel(&self) {
        // Relaxed: ordered before the slot's next word by `release`.
        self.place().store(slot::EMPTY, Ordering::Relaxed);
        failpoint::hit("table::insert::cancel");
        release(self.shard, self.bucket, self.slot);
    }

    /// Makes the slot valid, unless something else was published since the bucket looked like `absent`.
    fn publish(&self, absent: Control) -> Publish {
        let mut control = absent;
        while control.version() == absent.version() && !control.is_frozen() {
            // Release: partner of the Acquire in `find::glance` and `find::probe_slowly`: who sees the slot valid sees the word in it.
            match self.shard.buckets[self.bucket].control.compare_exchange(
                control.0,
                control.publish(self.slot).0,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Publish::Done,
                Err(seen) => control = Control(seen),
            }
        }
        if control.is_frozen() { Publish::Frozen } else { Publish::Raced }
    }
}

/// Valid (and empty) or reserved → free. Does nothing in a frozen bucket, which nobody will insert into any more.
fn release<N: Retire>(shard: &Shard<N>, bucket: usize, slot: usize) {
    let word = &shard.buckets[bucket].control;
    let mut control = Control(word.load(Ordering::Relaxed));
    while !control.is_frozen() {
        let (wanted, line) = control.release(slot);
        // Release: partner of the Acquire in `Reservation::take`: our 0 in the slot comes before the next word.
        // Acquire: whoever gives up a line has seen all its slots emptied, and passes that on in `give_line`.
        match word.compare_exchange(control.0, wanted.0, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => {
                failpoint::hit("table::release::done");
                if let Some(line) = line {
                    shard.give_line(line);
                }
                return;
            }
            Err(seen) => control = Control(seen),
        }
    }
}

/// Why a change of a slot did not happen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Somebody else has changed it.
    Changed,
    /// The shard is being split: help, then look again.
    Frozen,
}

/// Changes the word of what was found to `word`.
#[inline(always)]
fn swap<N: Retire>(found: &Found<'_, N>, word: u64, success: Ordering) -> Result<(), Lost> {
    if slot::is_frozen(found.word) {
        return Err(Lost::Frozen);
    }
    let place = if found.control.is_chained() {
        chain::place(found.shard, found.bucket, found.slot)?
    } else {
        found.place()
    };
    // Relaxed on failure: only the frozen bit of what is there is looked at.
    match place.compare_exchange(found.word, word, success, Ordering::Relaxed) {
        Ok(_) => Ok(()),
        Err(word) if slot::is_frozen(word) => Err(Lost::Frozen),
        Err(_) => Err(Lost::Changed),
    }
}

/// Puts `node` in the place of what was found. On success the old node is unlinked, and the caller's to retire.
#[inline(always)]
pub(super) fn replace<'g, N: Retire>(
    found: &Found<'g, N>,
    node: Owned<N>,
) -> Result<Shared<'g, N>, (Owned<N>, Lost)> {
    let word = slot::pack(slot::tag_of(found.word), node.as_ptr());
    failpoint::hit("table::replace::before");
    // Release: partner of the Acquire in `find::examine`, `find::glance` and `chain::word`: who loads the word sees the
    // node whole.
    match swap(found, word, Ordering::Release) {
        Ok(()) => {
            failpoint::hit("table::replace::done");
            Ok(node.publish())
        }
        Err(lost) => Err((node, lost)),
    }
}

/// Takes what was found out of its slot: whoever gets Ok owns the removal, and retires the node.
#[inline(always)]
pub(super) fn remove<N: Retire>(found: &Found<'_, N>) -> Result<(), Lost> {
    failpoint::hit("table::remove::before");
    // Relaxed: the 0 carries nothing; it is ordered before the slot's next word by `release`. A place in a chain has no next
    // word.
    swap(found, slot::EMPTY, Ordering::Relaxed)?;
    failpoint::hit("table::remove::unlinked");
    if !found.control.is_chained() {
        release(found.shard, found.bucket, found.slot);
    }
    Ok(())
}

/// Puts a word into a shard that nobody else has seen yet; whether there was room.
pub(super) fn insert_private<N: Retire>(shard: &mut Shard<N>, hash: u64, word: u64) -> bool {
    let bucket = Shard::<N>::bucket_index(hash);
    // Relaxed, all of it: the shard becomes visible by the Release in `split::decide`.
    let control = Control(shard.buckets[bucket].control.load(Ordering::Relaxed));
    match reserve(shard, hash, control) {
        Reserve::Done(reservation) => {
            reservation.place().store(word, Ordering::Relaxed);
            let valid = reservation.control.publish(reservation.slot);
            shard.buckets[bucket].control.store(valid.0, Ordering::Relaxed);
            true
        }
        Reserve::Raced | Reserve::NoRoom => false,
    }
}
