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

use super::chain;
use super::control::{Control, PRIMARY, SLOTS, Set};
use super::shard::Shard;
use super::slot::{self, Shared};
use super::tags;
use crate::hash;
use crate::sync::epoch::{Guard, Retire};
use crate::sync::{AtomicU64, Ordering};

/// Where an entry was found.
pub(crate) struct Found<'g, N: Retire> {
    pub(super) shard: &'g Shard<N>,
    pub(super) bucket: usize,
    /// In a chained bucket, the place in its chain.
    pub(super) slot: usize,
    pub(super) word: u64,
    pub(super) control: Control,
    /// The entry.
    pub(crate) node: Shared<'g, N>,
}

impl<'g, N: Retire> Found<'g, N> {
    /// The atomic that holds the entry, if the bucket is not chained.
    pub(super) fn place(&self) -> &'g AtomicU64 {
        self.shard.slot(self.bucket, self.control, self.slot)
    }
}

/// What one bucket says.
pub(super) enum Probe<'g, N: Retire> {
    Found(Found<'g, N>),
    /// Absent, as of this control word; if that is chained, it is in the bucket's chain or absent.
    Absent(Control),
}

/// Looks for a key among the slots that are valid in `control`, and does not check what it finds.
fn candidate<'g, N: Retire>(
    shard: &'g Shard<N>,
    bucket: usize,
    control: Control,
    hash: u64,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Option<Found<'g, N>> {
    let tag = hash::tag(hash);
    for slot in tags::matching(&shard.buckets[bucket], tag).valid_in(control).slots() {
        if let Some(found) = examine(shard, bucket, control, slot, is_key) {
            return Some(found);
        }
    }
    // Last: whether a bucket has a line is for the processor to guess, and most entries are found by now.
    if control.line().is_some() {
        return candidate_in_line(shard, bucket, control, tag, is_key);
    }
    None
}

/// The rest of [`candidate`].
fn candidate_in_line<'g, N: Retire>(
    shard: &'g Shard<N>,
    bucket: usize,
    control: Control,
    tag: u16,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Option<Found<'g, N>> {
    line_matches(shard, bucket, control, tag)
        .find_map(|slot| examine(shard, bucket, control, slot, is_key))
}

/// Whether a slot whose tag matched holds the key.
#[inline(always)]
fn examine<'g, N: Retire>(
    shard: &'g Shard<N>,
    bucket: usize,
    control: Control,
    slot: usize,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Option<Found<'g, N>> {
    // Acquire: partner of the Release in `insert::Reservation::fill` and `insert::replace`, so that the node is visible whole; and what is read
    // after this is read after it.
    let word = shard.slot(bucket, control, slot).load(Ordering::Acquire);
    let node = slot::node_of(word)?;
    // SAFETY: the word was in its slot just now, under the guard that keeps the shard for 'g.
    let node = unsafe { Shared::new(node) };
    is_key(node).then_some(Found { shard, bucket, slot, word, control, node })
}

/// The valid slots of the bucket's overflow line whose tag is `tag`.
fn line_matches<N: Retire>(shard: &Shard<N>, bucket: usize, control: Control, tag: u16) -> Set {
    let mut matches = Set::EMPTY;
    for slot in (PRIMARY..SLOTS).rev() {
        // Relaxed: a hint; the candidate is loaded again. Coherence makes it no older than what the control word,
        // read with Acquire, says was published, and the tag of a key never changes.
        let word = shard.slot(bucket, control, slot).load(Ordering::Relaxed);
        matches = matches.push(slot::has_tag(word, tag));
    }
    matches.after(PRIMARY).and(control.valid())
}

/// What a first look at a bucket says, if that is enough.
pub(super) enum Glance<'g, N: Retire> {
    Found(Found<'g, N>),
    Absent(Control),
    /// More than one entry has the tag, or there is an overflow line, a chain, or a split, or somebody has published.
    Unclear,
}

/// One look at a bucket, without a loop: the common case of [`probe`] and [`find`]. It finds nothing in a frozen bucket.
#[inline(always)]
pub(super) fn glance<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Glance<'g, N> {
    let number = Shard::<N>::bucket_index(hash);
    let bucket = &shard.buckets[number];
    // Acquire: as in `probe_slowly`.
    let control = Control(bucket.control.load(Ordering::Acquire));
    let Some(index) = tags::matching(bucket, hash::tag(hash)).valid_in(control).first() else {
        return if control.is_plain() { Glance::Absent(control) } else { Glance::Unclear };
    };
    // Acquire: as in `examine`.
    let word = bucket.word(index).load(Ordering::Acquire);
    let Some(node) = slot::node_of(word) else { return Glance::Unclear };
    // SAFETY: as in `examine`.
    let node = unsafe { Shared::new(node) };
    // Relaxed: as in `probe_slowly`.
    if is_key(node) && control.is_unfrozen_and(Control(bucket.control.load(Ordering::Relaxed))) {
        let slot = index - 1;
        return Glance::Found(Found { shard, bucket: number, slot, word, control, node });
    }
    Glance::Unclear
}

/// Looks for a key in one shard, without following its successors.
#[inline(always)]
pub(super) fn probe<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Probe<'g, N> {
    match glance(shard, hash, is_key) {
        Glance::Found(found) => Probe::Found(found),
        Glance::Absent(control) => Probe::Absent(control),
        Glance::Unclear => probe_slowly(shard, hash, is_key),
    }
}

/// [`probe`], whatever is going on.
#[inline(never)]
fn probe_slowly<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Probe<'g, N> {
    let bucket = Shard::<N>::bucket_index(hash);
    let word = &shard.buckets[bucket].control;
    loop {
        // Acquire: partner of the Release in `insert::publish`: what it calls valid is there.
        let control = Control(word.load(Ordering::Acquire));
        let Some(found) = candidate(shard, bucket, control, hash, is_key) else {
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
#[inline(always)]
pub(super) fn find<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    guard: &'g Guard,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Option<Found<'g, N>> {
    match glance(shard, hash, is_key) {
        Glance::Found(found) => Some(found),
        Glance::Absent(_) => None,
        Glance::Unclear => find_slowly(shard, hash, guard, is_key),
    }
}

/// [`find`] for those who only want to read: what is not used costs nothing.
#[inline(always)]
pub(super) fn look_up<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    guard: &'g Guard,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Option<Shared<'g, N>> {
    match glance(shard, hash, is_key) {
        Glance::Found(found) => Some(found.node),
        Glance::Absent(_) => None,
        Glance::Unclear => look_up_slowly(shard, hash, guard, is_key),
    }
}

/// [`look_up`], whatever is going on.
#[inline(never)]
fn look_up_slowly<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    guard: &'g Guard,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Option<Shared<'g, N>> {
    Some(find_slowly(shard, hash, guard, is_key)?.node)
}

/// [`find`], whatever is going on.
#[inline(never)]
fn find_slowly<'g, N: Retire>(
    mut shard: &'g Shard<N>,
    hash: u64,
    guard: &'g Guard,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> Option<Found<'g, N>> {
    loop {
        let (found, is_frozen) = match probe_slowly(shard, hash, is_key) {
            Probe::Found(found) => {
                let is_frozen = found.control.is_frozen();
                (Some(found), is_frozen)
            }
            Probe::Absent(control) if control.is_chained() => {
                chain::find(shard, control, hash, is_key)
            }
            Probe::Absent(control) => (None, control.is_frozen()),
        };
        if !is_frozen {
            return found;
        }
        match shard.successor(hash, guard) {
            None => return found,
            Some(next) => shard = next,
        }
    }
}
