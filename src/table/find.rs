//! Reading a bucket.
//!
//! A look-up takes one look at the control word, compares all tags without a branch, and follows the one that
//! matches. Which moment it speaks of:
//!
//! - **absent** — the moment of that look. A key that was published before it is in a slot that the look calls valid; one that was
//!   published later was absent then. What is removed while we scan was absent at the moment of its removal.
//! - **found** — the moment when the slot word was read, provided that the word was a published one. A second look at
//!   the control word shows that: with the same version nothing was published since the first look, so a slot valid in
//!   both never held anything but published words in between. Without the second look a reader can return an entry
//!   that was never inserted (`loom_recycled_slot`).
//! - In a **frozen** bucket neither tells what the successors hold; as long as there are none, nobody can have
//!   changed what they will.

use super::control::{Control, Matches, PRIMARY, SLOTS};
use super::shard::Shard;
use super::slot::{self, Shared};
use crate::hash;
use crate::sync::epoch::{Guard, Retire};
use crate::sync::{AtomicU64, Ordering};

/// Where an entry was found.
pub(crate) struct Found<'g, N: Retire> {
    pub(super) shard: &'g Shard<N>,
    pub(super) bucket: usize,
    pub(super) slot: usize,
    pub(super) word: u64,
    pub(super) control: Control,
    /// The entry.
    pub(crate) node: Shared<'g, N>,
}

impl<'g, N: Retire> Found<'g, N> {
    /// The atomic that holds the entry.
    pub(super) fn place(&self) -> &'g AtomicU64 {
        self.shard.slot(self.bucket, self.control, self.slot)
    }
}

/// What one bucket says.
pub(super) enum Probe<'g, N: Retire> {
    Found(Found<'g, N>),
    /// Absent, as of this control word.
    Absent(Control),
}

/// Looks for a key among the slots that are valid in `control`, and does not check what it finds.
#[inline]
fn candidate<'g, N: Retire>(
    shard: &'g Shard<N>,
    bucket: usize,
    control: Control,
    hash: u64,
    mut is_key: impl FnMut(Shared<'g, N>) -> bool,
) -> Option<Found<'g, N>> {
    let tag = hash::tag(hash);
    for slot in matches(shard, bucket, control, tag) {
        // Acquire: partner of the Release in `insert` and `replace`, so that the node is visible whole; and what is read
        // after this is read after it.
        let word = shard.slot(bucket, control, slot).load(Ordering::Acquire);
        let Some(node) = slot::node_of(word) else { continue };
        // SAFETY: the word was in its slot just now, under the guard that keeps the shard for 'g.
        let node = unsafe { Shared::new(node) };
        if slot::tag_of(word) == tag && is_key(node) {
            return Some(Found { shard, bucket, slot, word, control, node });
        }
    }
    None
}

/// The valid slots whose tag is `tag`.
#[inline]
pub(super) fn matches<N: Retire>(
    shard: &Shard<N>,
    bucket: usize,
    control: Control,
    tag: u16,
) -> Matches {
    let mut matches = Matches::NONE;
    for (slot, word) in shard.buckets[bucket].slots.iter().enumerate() {
        // Relaxed: a hint; the candidate is loaded again. Coherence makes it no older than what the control word,
        // read with Acquire, says was published, and the tag of a key never changes.
        let word = word.load(Ordering::Relaxed);
        matches = matches.with(slot, slot::tag_of(word) == tag);
    }
    if control.line().is_some() {
        for slot in PRIMARY..SLOTS {
            // Relaxed: as above.
            let word = shard.slot(bucket, control, slot).load(Ordering::Relaxed);
            matches = matches.with(slot, slot::tag_of(word) == tag);
        }
    }
    matches.and(control.valid())
}

/// Looks for a key in one shard, without following its successors.
#[inline]
pub(super) fn probe<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    mut is_key: impl FnMut(Shared<'g, N>) -> bool,
) -> Probe<'g, N> {
    let bucket = Shard::<N>::bucket_index(hash);
    let word = &shard.buckets[bucket].control;
    loop {
        // Acquire: partner of the Release in `insert::publish`: what it calls valid is there.
        let control = Control(word.load(Ordering::Acquire));
        let Some(found) = candidate(shard, bucket, control, hash, &mut is_key) else {
            return Probe::Absent(control);
        };
        // Relaxed: it comes after the slot's load by that one's Acquire; and if that read the word of a reservation, it has
        // seen that too, and by coherence this load is no older. Nothing that is read later depends on it.
        let again = Control(word.load(Ordering::Relaxed));
        if again == control || again.version() == control.version() && again.is_valid(found.slot) {
            return Probe::Found(Found { control: again, ..found });
        }
        // Something was published meanwhile: somebody else made progress, and we look again.
    }
}

/// Looks for a key from `shard` on, through as many splits as are under way.
#[inline]
pub(super) fn find<'g, N: Retire>(
    mut shard: &'g Shard<N>,
    hash: u64,
    guard: &'g Guard,
    mut is_key: impl FnMut(Shared<'g, N>) -> bool,
) -> Option<Found<'g, N>> {
    loop {
        let (found, control) = match probe(shard, hash, &mut is_key) {
            Probe::Found(found) => {
                let control = found.control;
                (Some(found), control)
            }
            Probe::Absent(control) => (None, control),
        };
        if !control.is_frozen() {
            return found;
        }
        match shard.successor(hash, guard) {
            None => return found,
            Some(next) => shard = next,
        }
    }
}
