//! A bucket without end, for keys that no split can part.
//!
//! A bucket has fifteen slots, and sixteen keys may well agree in all the bits of hash that choose it: with a constant or a poor hasher, or
//! because somebody has looked for such keys. Their bucket becomes *chained*: its control word says so, no slot of it is valid, and its first
//! word leads to a chain, an array of places for all its entries. A bucket becomes chained, or plain again, only while
//! a successor of its shard is built (see `split`), so it is one or the other as long as anybody can see it.
//!
//! ```text
//!  head (the bucket's first word)          chain
//! ┌──────────────────────────────┬───┐     ┌───────┬───────┬───────┬───────┬───────┐
//! │ address of the chain: 48     │ F │ ──► │ node  │ gone  │ node  │ open  │ open  │   each with a frozen bit F
//! └──────────────────────────────┴───┘     └───────┴───────┴───────┴───────┴───────┘
//!
//!  place    open ──insert──► node ──remove──► gone          head    chain ──renew──► chain with room
//!                            │  ▲
//!                            └──┘ replace
//! ```
//!
//! All arrows are a CAS on that one word, and its linearisation point. Places are filled in order, and none is filled twice:
//!
//! - **insert** — go through the places; the key is in none of them: CAS the first open one. From then on a place belongs to one key, for
//!   nobody but a replacement of that key writes to it; so a key that was in no place before the first open one can have appeared
//!   there only, and then the CAS fails. Two inserts of one key cannot both succeed.
//! - **replace, remove** — as in a plain bucket: see `insert`.
//! - **renew** — no place is open: freeze every place (as a split does), copy what is left to a new chain with room for more, and CAS the
//!   head. Whoever finds a frozen place in its way does the same. Whose CAS goes through retires the old chain.
//! - **split** — freeze the head, so that nobody renews the chain any more, then its places.
//! - **look-up, walk** — read the head, then the places. A chain that was the bucket's at that moment gives an answer that was right at that
//!   moment or later: what changes in it after that, is seen or not; what it had lost to a newer one, that one had not yet. So a look-up never
//!   starts over. A walk goes from the end to the beginning: a key that is removed and inserted again goes towards the end,
//!   and is not met twice.
//!
//! Everything here is O(length): accepted, for hashes that tell nothing. Growing by halves keeps what an insert copies O(1) on average, and
//! removals copy nothing.

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::control::Control;
use super::find::Found;
use super::insert::{Inserted, Lost};
use super::shard::Shard;
use super::slot::{self, Owned, Shared};
use crate::hash;
#[cfg(test)]
use crate::sync::Track;
use crate::sync::epoch::{Guard, Retire, assert_live};
use crate::sync::{AtomicU64, Ordering, failpoint};

/// The word of a place that was never filled: no node's, for nodes are 8-aligned.
const OPEN: u64 = 2;

/// Open places of a new chain with `len` entries.
fn spare(len: usize) -> usize {
    if cfg!(purekv_loom) { 2 } else { (len / 2).max(8) }
}

/// See the [module](self).
pub(super) struct Chain<N> {
    places: Box<[AtomicU64]>,
    /// For loom to see who forgets to free it.
    #[cfg(test)]
    _freed: Track<()>,
    _nodes: PhantomData<N>,
}

/// A chain and the word that led to it.
struct Head<'g, N> {
    word: u64,
    /// The chain's address, for who frees it.
    at: NonNull<Chain<N>>,
    chain: &'g Chain<N>,
}

/// What a search through a chain has come to.
enum Search<'g, N: Retire> {
    Found(Entry<'g, N>),
    /// It is in none of the places before this one, which is open.
    Open(usize),
    /// It is in none of the places, and none is open.
    Full,
}

/// A place that holds an entry.
struct Entry<'g, N> {
    index: usize,
    word: u64,
    node: Shared<'g, N>,
}

impl<N: Retire> Chain<N> {
    /// A chain of these entries and some room.
    fn new(words: &[u64]) -> NonNull<Self> {
        let open = std::iter::repeat_n(OPEN, spare(words.len()));
        let places = words.iter().copied().chain(open).map(AtomicU64::new).collect();
        let chain = Self {
            places,
            #[cfg(test)]
            _freed: Track::new(()),
            _nodes: PhantomData,
        };
        NonNull::from(Box::leak(Box::new(chain)))
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.places)
    }

    fn word(&self, index: usize) -> u64 {
        // Acquire: partner of the Release in `insert` and in `insert::replace`: the node is visible whole.
        self.places[index].load(Ordering::Acquire)
    }

    /// The entry in a place whose word was loaded just now, if it holds one.
    fn entry(&self, index: usize, word: u64) -> Option<Entry<'_, N>> {
        let node = slot::node_of(word).filter(|_| holds_entry(word))?;
        // SAFETY: it was in its place just now, under the guard that keeps the chain.
        let node = unsafe { Shared::new(node) };
        Some(Entry { index, word, node })
    }

    /// Looks for a key from place `from` on; it is in none before that.
    fn search<'g>(
        &'g self,
        from: usize,
        tag: u16,
        is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
    ) -> Search<'g, N> {
        for index in from..self.places.len() {
            let word = self.word(index);
            if is_open(word) {
                return Search::Open(index);
            }
            if slot::has_tag(word, tag)
                && let Some(entry) = self.entry(index, word)
                && is_key(entry.node)
            {
                return Search::Found(entry);
            }
        }
        Search::Full
    }

    /// Freezes every place; the words of those that hold an entry.
    fn freeze(&self) -> Vec<u64> {
        let mut words = Vec::with_capacity(self.places.len());
        for place in &self.places {
            // Acquire: partner of the Release in `insert` and in `insert::replace`: we see the node whole, and hand that on.
            let word = place.fetch_or(slot::FROZEN, Ordering::Acquire);
            if holds_entry(word) {
                words.push(word & !slot::FROZEN);
            }
            failpoint::hit("table::chain::freezing");
        }
        words
    }
}

fn is_open(word: u64) -> bool {
    word & !slot::FROZEN == OPEN
}

fn holds_entry(word: u64) -> bool {
    !matches!(word & !slot::FROZEN, OPEN | slot::EMPTY)
}

// SAFETY: a Box, and its nodes are not its own to free.
unsafe impl<N: Retire> Retire for Chain<N> {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: by the contract; every chain comes from `Box::leak` in `new`.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
}

impl<'g, N: Retire> Head<'g, N> {
    /// The chain of a bucket that is chained.
    fn of(shard: &'g Shard<N>, bucket: usize) -> Self {
        // Acquire: partner of the Release in `renew`: the chain is visible whole. (The first one came with the shard.)
        Self::new(shard.buckets[bucket].slots[0].load(Ordering::Acquire))
    }

    fn new(word: u64) -> Self {
        let Some(at) = slot::node_of::<Chain<N>>(word) else {
            unreachable!("a chained bucket always has a chain")
        };
        assert_live(at);
        // SAFETY: it was the bucket's just now; it is retired after it has been replaced, or freed with the shard, and the
        // guard under which the shard was found is older than either.
        Self { word, at, chain: unsafe { at.as_ref() } }
    }

    /// Whether the shard is being replaced, and not only the chain.
    fn is_frozen(&self) -> bool {
        slot::is_frozen(self.word)
    }
}

impl<'g, N: Retire> Entry<'g, N> {
    fn found(self, shard: &'g Shard<N>, bucket: usize, control: Control) -> Found<'g, N> {
        let Self { index: slot, word, node } = self;
        Found { shard, bucket, slot, word, control, node }
    }
}

/// Looks for a key in a chained bucket. With true, the shard is frozen: its successors may know more.
pub(super) fn find<'g, N: Retire>(
    shard: &'g Shard<N>,
    control: Control,
    hash: u64,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
) -> (Option<Found<'g, N>>, bool) {
    let bucket = Shard::<N>::bucket_index(hash);
    let head = Head::of(shard, bucket);
    let found = match head.chain.search(0, hash::tag(hash), is_key) {
        Search::Found(entry) => Some(entry.found(shard, bucket, control)),
        Search::Open(_) | Search::Full => None,
    };
    (found, head.is_frozen())
}

/// Inserts `node` unless its key is there, if the bucket is chained; as `insert::insert`. No room: it is not, or the shard is being
/// replaced.
#[cold]
#[inline(never)]
pub(super) fn insert<'g, N: Retire>(
    shard: &'g Shard<N>,
    hash: u64,
    node: Owned<N>,
    guard: &Guard,
    is_key: impl Fn(Shared<'g, N>) -> bool + Copy,
    prepare: impl FnOnce(&Owned<N>),
) -> Inserted<'g, N> {
    let (bucket, tag) = (Shard::<N>::bucket_index(hash), hash::tag(hash));
    // Relaxed: whether it is chained never changes, and all else is in the head.
    let control = Control(shard.buckets[bucket].control.load(Ordering::Relaxed));
    if !control.is_chained() {
        return Inserted::NoRoom(node);
    }
    let mut prepare = Some(prepare);
    loop {
        let head = Head::of(shard, bucket);
        if head.is_frozen() {
            return Inserted::NoRoom(node);
        }
        let mut from = 0;
        loop {
            match head.chain.search(from, tag, is_key) {
                Search::Found(entry) => {
                    return Inserted::Occupied(entry.found(shard, bucket, control), node);
                }
                Search::Open(index) => from = index,
                Search::Full => break,
            }
            if let Some(prepare) = prepare.take() {
                prepare(&node);
            }
            failpoint::hit("table::chain::before_insert");
            // Release: partner of the Acquire in `word`: who loads the word sees the node whole. Relaxed on failure: only whether it
            // is frozen is looked at, and all else is read again.
            match head.chain.places[from].compare_exchange(
                OPEN,
                slot::pack(tag, node.as_ptr()),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    failpoint::hit("table::chain::inserted");
                    return Inserted::Done(node.publish());
                }
                Err(word) if slot::is_frozen(word) => break,
                // Somebody else's entry is there now, and it may be our key's.
                Err(_) => {}
            }
        }
        renew(shard, bucket, &head, guard);
    }
}

/// Puts a chain with room, and the same entries, into the place of this one, unless somebody else has or the shard is being
/// replaced.
fn renew<N: Retire>(shard: &Shard<N>, bucket: usize, head: &Head<'_, N>, guard: &Guard) {
    let chain = Chain::<N>::new(&head.chain.freeze());
    failpoint::hit("table::chain::built");
    // Release: partner of the Acquire in `Head::of` and `freeze`: who finds the chain sees it whole, and the nodes in it.
    // Relaxed on failure: what is there is read again.
    let renewed = shard.buckets[bucket].slots[0].compare_exchange(
        head.word,
        slot::pack(0, chain),
        Ordering::Release,
        Ordering::Relaxed,
    );
    if renewed.is_ok() {
        failpoint::hit("table::chain::renewed");
        // SAFETY: the head was all that led to it; only who won this CAS retires it.
        unsafe { guard.retire(head.at, head.chain.bytes()) };
    } else {
        // SAFETY: made above, and nobody else has seen it.
        unsafe { Chain::free(chain) };
    }
}

/// Where what was found in place `slot` is now: in that place, and if the chain was renewed since then, in the new one. That may be
/// another entry's by now; but if it holds the word that was found, it is the very same.
#[cold]
#[inline(never)]
pub(super) fn place<N: Retire>(
    shard: &Shard<N>,
    bucket: usize,
    slot: usize,
) -> Result<&AtomicU64, Lost> {
    // Not by `&Found`, here and in `help`: those who never come here would have to put one together in memory.
    let Head { chain, .. } = Head::of(shard, bucket);
    chain.places.get(slot).ok_or(Lost::Changed)
}

/// The place of what was found is frozen. False: with the shard, which the caller has to replace; else it is no more in the way.
#[cold]
#[inline(never)]
pub(super) fn help<N: Retire>(shard: &Shard<N>, bucket: usize, slot: usize, guard: &Guard) -> bool {
    let head = Head::of(shard, bucket);
    if head.is_frozen() {
        return false;
    }
    // Relaxed: if it is the chain in which we met a frozen word, by coherence we see that again.
    let word = head.chain.places.get(slot).map(|place| place.load(Ordering::Relaxed));
    if word.is_some_and(slot::is_frozen) {
        renew(shard, bucket, &head, guard);
    }
    true
}

/// Hands out the entries of a chained bucket, the last first.
pub(super) fn walk<'g, N: Retire>(
    shard: &'g Shard<N>,
    bucket: usize,
    control: Control,
    mut each: impl FnMut(Found<'g, N>),
) {
    let Head { chain, .. } = Head::of(shard, bucket);
    for index in (0..chain.places.len()).rev() {
        if let Some(entry) = chain.entry(index, chain.word(index)) {
            each(entry.found(shard, bucket, control));
        }
    }
}

/// Freezes a chained bucket whose control word is frozen; the words of its entries.
pub(super) fn freeze<N: Retire>(shard: &Shard<N>, bucket: usize) -> Vec<u64> {
    // Acquire: partner of the Release in `renew`, as in `Head::of`.
    let word = shard.buckets[bucket].slots[0].fetch_or(slot::FROZEN, Ordering::Acquire);
    failpoint::hit("table::chain::frozen");
    Head::<N>::new(word).chain.freeze()
}

/// Makes a bucket of a shard that nobody else has seen chained: its entries and `more`.
pub(super) fn make<N: Retire>(shard: &mut Shard<N>, bucket: usize, more: &[u64]) {
    // Relaxed, all of it: the shard becomes visible by the Release in `split::decide`.
    let control = Control(shard.buckets[bucket].control.load(Ordering::Relaxed));
    let emptied = control
        .valid()
        .map(|slot| shard.slot(bucket, control, slot).swap(slot::EMPTY, Ordering::Relaxed));
    let words: Vec<u64> = emptied.chain(more.iter().copied()).collect();
    if let Some(line) = control.line() {
        shard.give_line(line);
    }
    shard.buckets[bucket].control.store(Control::CHAINED.0, Ordering::Relaxed);
    let chain = Chain::<N>::new(&words);
    shard.buckets[bucket].slots[0].store(slot::pack(0, chain), Ordering::Relaxed);
    shard.has_chains = true;
}

/// How many places of a bucket's chain are open; None: it is no chain.
#[cfg(test)]
pub(super) fn open_places<N: Retire>(shard: &Shard<N>, bucket: usize) -> Option<usize> {
    // Relaxed: whether it is a chain never changes.
    let control = Control(shard.buckets[bucket].control.load(Ordering::Relaxed));
    let open = |chain: &Chain<N>| {
        // Relaxed: for tests that know who else is there.
        chain.places.iter().filter(|place| is_open(place.load(Ordering::Relaxed))).count()
    };
    control.is_chained().then(|| open(Head::of(shard, bucket).chain))
}

/// Frees the chain of a bucket, for the exclusive owner of its shard; the words of its entries.
pub(super) fn unmake<N: Retire>(shard: &mut Shard<N>, bucket: usize) -> Vec<u64> {
    // Relaxed, both: nobody else is there.
    let head = Head::<N>::new(shard.buckets[bucket].slots[0].load(Ordering::Relaxed));
    let words = head.chain.places.iter().map(|place| place.load(Ordering::Relaxed) & !slot::FROZEN);
    let words = words.filter(|&word| holds_entry(word)).collect();
    // SAFETY: its shard was all that led to it, and that is not used again.
    unsafe { Chain::free(head.at) };
    words
}
