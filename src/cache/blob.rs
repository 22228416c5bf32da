//! An entry of a `Store`: header, key and value in one allocation.
//!
//! ```text
//!  0          8       12      13      14         16                16 + key
//! ┌──────────┬───────┬───────┬───────┬──────────┬─────────────────┬──────────────────┐
//! │ deadline │ timer │ mark  │ key   │ value    │ key bytes       │ value bytes      │
//! │ 8        │ 4     │ 1     │ len 1 │ len 2    │                 │                  │
//! └──────────┴───────┴───────┴───────┴──────────┴─────────────────┴──────────────────┘
//! ```
//!
//! A key of 255 bytes or more, or a value of 65,535 or more, sets both lengths to all ones and puts the real ones, 8 bytes each, between
//! header and key: the *long* form. So a hit on a small entry costs one cache line.
//!
//! In a store with a time-to-idle all entries are long, and have another word behind the value, at the next multiple of 8: the deadline that no
//! access puts off. The top bit of the key's length says so.
//!
//! The short form is asked for without an alignment. Every allocator in use aligns blocks of 16 bytes and more to 8, but mimalloc (version 3, by way of its
//! crate) takes more when it is asked to: 112 bytes for 96. Should one come that is not aligned, the entry gets the long form, which does ask;
//! so the form says how to free it.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use super::bytes;
use super::core::Loadable;
use super::settings::{OnWrite, Parts};
use crate::engine::{Deadline, Entry, Hard, Mark, Timer, Until};
use crate::hash::hash_of_bytes;
use crate::sync::epoch::Retire;
use crate::table::{Node, Owned, Shared, prefetch};

/// The header. The bytes behind it belong to the same allocation, so they are reached by its address and not by a reference
/// to the header.
#[repr(C, align(8))]
pub(super) struct Blob<S> {
    deadline: Deadline,
    timer: Timer,
    mark: Mark,
    key_len: u8,
    value_len: u16,
    _hasher: PhantomData<fn() -> S>,
}

#[cfg(not(purekv_loom))]
const _: () = assert!(size_of::<Blob<()>>() == 16);

/// What all entries of a store have in common.
pub(super) struct BlobContext<S> {
    pub(super) hasher: S,
    /// An entry weighs the bytes that it takes, and not 1.
    pub(super) weighs_bytes: bool,
    /// Gives entries a time-to-live that are inserted without one.
    pub(super) on_write: Option<Arc<OnWrite<[u8], [u8]>>>,
}

/// The bytes that allocators take for so many. mimalloc and jemalloc have four sizes between two powers of two, and multiples of 16
/// below 128; the system's allocator of Linux takes multiples of 16 with a word of its own, which is less.
fn allocated(bytes: usize) -> u64 {
    let bytes = bytes as u64;
    let step = (bytes.saturating_sub(1) | 1).ilog2().saturating_sub(2);
    bytes.next_multiple_of(1 << step.max(4))
}

/// The lengths of a long entry.
#[repr(C)]
#[derive(Clone, Copy)]
struct Lengths {
    /// With [`HARD`].
    key: usize,
    value: usize,
}

/// Set in the length of the key if a hard deadline follows the value. No allocation is so long.
const HARD: usize = 1 << (usize::BITS - 1);

const LONG: (u8, u16) = (u8::MAX, u16::MAX);

impl Lengths {
    fn is_long(self) -> bool {
        self.key() >= usize::from(LONG.0) || self.value >= usize::from(LONG.1)
    }

    fn key(self) -> usize {
        self.key & !HARD
    }

    fn has_hard(self) -> bool {
        self.key & HARD != 0
    }
}

impl<S> Blob<S> {
    /// A new entry.
    ///
    /// # Panics
    ///
    /// If key and value together are longer than an allocation can be.
    #[inline(always)]
    pub(super) fn owned(until: Until, key: &[u8], value: &[u8]) -> Owned<Self>
    where
        Self: Retire,
    {
        let lengths = Lengths { key: key.len(), value: value.len() };
        // Known to be short, it takes half the instructions.
        if until.hard.is_none()
            && !lengths.is_long()
            && let Some(blob) = Self::allocate(lengths, false)
        {
            // SAFETY: allocated just now, for this.
            return unsafe { Self::filled(blob, lengths, false, until, key, value) };
        }
        Self::owned_long(until, key, value)
    }

    /// [`owned`](Self::owned), in the long form.
    #[inline(never)]
    fn owned_long(until: Until, key: &[u8], value: &[u8]) -> Owned<Self>
    where
        Self: Retire,
    {
        let hard = if until.hard.is_some() { HARD } else { 0 };
        let lengths = Lengths { key: key.len() | hard, value: value.len() };
        let Some(blob) = Self::allocate(lengths, true) else {
            panic!("the allocator gave less than the alignment that it was asked for")
        };
        // SAFETY: allocated just now, for this.
        unsafe { Self::filled(blob, lengths, true, until, key, value) }
    }

    /// An entry in fresh memory.
    ///
    /// # Safety
    ///
    /// `blob` is the caller's own, from [`allocate`](Self::allocate) with these lengths and this form. The lengths are those of key and value, and say
    /// whether there is a hard deadline.
    #[inline(always)]
    unsafe fn filled(
        blob: NonNull<Self>,
        lengths: Lengths,
        long: bool,
        until: Until,
        key: &[u8],
        value: &[u8],
    ) -> Owned<Self>
    where
        Self: Retire,
    {
        let (_, payload) = Self::layout(lengths, long);
        let (key_len, value_len) = if long { LONG } else { (key.len() as u8, value.len() as u16) };
        let header = Self {
            deadline: Deadline::new(until.deadline),
            timer: Timer::new(),
            mark: Mark::new(),
            key_len,
            value_len,
            _hasher: PhantomData,
        };
        // SAFETY: freshly allocated with room for it.
        unsafe { blob.write(header) };
        if long {
            // SAFETY: `layout` has put room for the lengths behind the header.
            let place = unsafe { blob.add(1) }.cast::<Lengths>();
            // SAFETY: as above; the header's size is a multiple of its alignment, which is that of Lengths.
            unsafe { place.write(lengths) };
        }
        for (bytes, offset) in [(key, payload), (value, payload + key.len())] {
            // SAFETY: `layout` has room for the key from `payload` on, and for the value behind it.
            let place = unsafe { blob.cast::<u8>().add(offset) };
            // SAFETY: as above, and a fresh allocation overlaps nothing.
            unsafe { place.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
        }
        if let Some(deadline) = until.hard {
            // SAFETY: `layout` has room for it there.
            let place = unsafe { Self::hard_place(blob, lengths, payload) };
            // SAFETY: as above; a fresh allocation.
            unsafe { place.write(Hard::new(deadline)) };
        }
        // SAFETY: fresh, and `free` gives back exactly this.
        unsafe { Owned::new(blob) }
    }

    /// Memory for an entry; None: it would not be aligned, which can only be in the short form.
    #[inline(always)]
    fn allocate(lengths: Lengths, long: bool) -> Option<NonNull<Self>> {
        let (layout, _) = Self::layout(lengths, long);
        // SAFETY: the layout is never empty.
        let Some(blob) = NonNull::new(unsafe { alloc(layout) }.cast::<Self>()) else {
            handle_alloc_error(layout)
        };
        if blob.is_aligned() {
            return Some(blob);
        }
        // SAFETY: allocated just now with this layout.
        unsafe { dealloc(blob.as_ptr().cast(), layout) };
        None
    }

    /// The allocation for these lengths, and where in it the key begins.
    #[inline(always)]
    fn layout(lengths: Lengths, long: bool) -> (Layout, usize) {
        let (extra, align) = if long { (size_of::<Lengths>(), align_of::<Self>()) } else { (0, 1) };
        let payload = size_of::<Self>() + extra;
        let (key, value) = (lengths.key(), lengths.value);
        let mut size = key.checked_add(value).and_then(|size| size.checked_add(payload));
        if lengths.has_hard() {
            let place = size.and_then(|size| size.checked_next_multiple_of(align_of::<Hard>()));
            size = place.and_then(|place| place.checked_add(size_of::<Hard>()));
        }
        let layout = size.and_then(|size| Layout::from_size_align(size, align).ok());
        match layout {
            Some(layout) => (layout, payload),
            None => panic!("an entry of {key} + {value} bytes is too large"),
        }
    }

    /// Where the hard deadline is.
    ///
    /// # Safety
    ///
    /// The allocation was made for these lengths, which say that there is one, with the key at `payload`.
    unsafe fn hard_place(blob: NonNull<Self>, lengths: Lengths, payload: usize) -> NonNull<Hard> {
        let end = payload + lengths.key() + lengths.value;
        // SAFETY: by the caller, within the allocation.
        unsafe { blob.cast::<u8>().add(end.next_multiple_of(align_of::<Hard>())) }.cast()
    }

    /// The lengths, and where the key begins.
    ///
    /// # Safety
    ///
    /// `blob` is alive.
    #[inline(always)]
    unsafe fn lengths(blob: NonNull<Self>) -> (Lengths, usize) {
        // SAFETY: the caller's promise.
        let header = unsafe { blob.as_ref() };
        let (key, value) = (header.key_len, header.value_len);
        // A long one has both at their largest, and a short one neither.
        if key != LONG.0 {
            return (Lengths { key: key.into(), value: value.into() }, size_of::<Self>());
        }
        // SAFETY: within the allocation, for these lengths say that it is a long one.
        let place = unsafe { blob.add(1) }.cast::<Lengths>();
        // SAFETY: written in `owned`, never changed.
        (unsafe { place.read() }, size_of::<Self>() + size_of::<Lengths>())
    }

    /// Bytes `from..from + len` of the payload.
    ///
    /// # Safety
    ///
    /// `blob` is alive for 'g, and the range is the key's or the value's.
    #[inline]
    unsafe fn bytes_at<'g>(blob: NonNull<Self>, from: usize, len: usize) -> &'g [u8] {
        // SAFETY: within the allocation.
        let start = unsafe { blob.cast::<u8>().add(from) };
        // SAFETY: initialised in `owned`, never changed, and alive for 'g.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), len) }
    }

    /// Key and value.
    #[inline]
    pub(super) fn parts<'g>(blob: Shared<'g, Self>) -> (&'g [u8], &'g [u8]) {
        let blob = blob.as_ptr();
        // SAFETY: a Shared is alive for 'g.
        let (lengths, payload) = unsafe { Self::lengths(blob) };
        // SAFETY: the key's place.
        let key = unsafe { Self::bytes_at(blob, payload, lengths.key()) };
        // SAFETY: the value's place.
        let value = unsafe { Self::bytes_at(blob, payload + lengths.key(), lengths.value) };
        (key, value)
    }

    #[inline]
    pub(super) fn key<'g>(blob: Shared<'g, Self>) -> &'g [u8] {
        Self::parts(blob).0
    }

    /// Whether this is the entry of `key`. Reads no more of an entry than it must.
    #[inline(always)]
    pub(super) fn is(blob: Shared<'_, Self>, key: &[u8]) -> bool {
        // The header says where the value ends, but there is no need to wait for it.
        prefetch(Self::second_line(blob.as_ptr()));
        let len = blob.get().key_len;
        if usize::from(len) != key.len() {
            return len == LONG.0 && Self::is_by_lengths(blob, key);
        }
        // Of 255 bytes: a long one.
        if key.len() > bytes::SHORT {
            return Self::is_by_lengths(blob, key);
        }
        // SAFETY: a short entry has its key behind the header, and a Shared is alive.
        let own = unsafe { Self::bytes_at(blob.as_ptr(), size_of::<Self>(), key.len()) };
        bytes::equal(own, key)
    }

    /// What follows the line that the header is in: the rest of the key, or the value.
    #[inline(always)]
    fn second_line(blob: NonNull<Self>) -> NonNull<u8> {
        // Never dereferenced: it may be beyond the entry.
        blob.cast::<u8>().map_addr(|address| address.saturating_add(64))
    }

    #[inline(never)]
    fn is_by_lengths(blob: Shared<'_, Self>, key: &[u8]) -> bool {
        Self::key(blob) == key
    }

    #[inline(always)]
    pub(super) fn value<'g>(blob: Shared<'g, Self>) -> &'g [u8] {
        let Self { key_len, value_len, .. } = blob.get();
        if *value_len == LONG.1 {
            return Self::parts(blob).1;
        }
        let from = size_of::<Self>() + usize::from(*key_len);
        // SAFETY: a short entry has its value behind header and key, and a Shared is alive.
        unsafe { Self::bytes_at(blob.as_ptr(), from, usize::from(*value_len)) }
    }
}

// SAFETY: made by `alloc` in `owned`; bytes can be freed on any thread.
unsafe impl<S: BuildHasher + Send + Sync + 'static> Retire for Blob<S> {
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: alive until here.
        let (lengths, payload) = unsafe { Self::lengths(ptr) };
        let (layout, _) = Self::layout(lengths, payload > size_of::<Self>());
        // SAFETY: written in `owned`; nobody uses it any more. (Under loom the atomics have something to drop.)
        unsafe { ptr.drop_in_place() };
        // SAFETY: allocated in `owned` with this layout.
        unsafe { dealloc(ptr.as_ptr().cast(), layout) };
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Node for Blob<S> {
    type Context = BlobContext<S>;

    #[inline(always)]
    fn prefetch(node: NonNull<Self>) {
        prefetch(node);
        prefetch(Self::second_line(node));
    }

    fn hash(node: Shared<'_, Self>, context: &BlobContext<S>) -> u64 {
        hash_of_bytes(&context.hasher, Self::key(node))
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Parts<[u8], [u8]> for Blob<S> {
    fn parts<'g>(entry: Shared<'g, Self>) -> (&'g [u8], &'g [u8]) {
        Blob::parts(entry)
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Loadable for Blob<S> {
    type Key = Box<[u8]>;
    type Value = Vec<u8>;
}

impl<S: BuildHasher + Send + Sync + 'static> Entry for Blob<S> {
    fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    fn timer(&self) -> &Timer {
        &self.timer
    }

    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn weight(entry: Shared<'_, Self>, context: &BlobContext<S>) -> u64 {
        if context.weighs_bytes { allocated(Self::bytes(entry)) } else { 1 }
    }

    fn hard(entry: Shared<'_, Self>) -> Option<&Hard> {
        // SAFETY: a Shared is alive.
        let (lengths, payload) = unsafe { Self::lengths(entry.as_ptr()) };
        if !lengths.has_hard() {
            return None;
        }
        // SAFETY: as the lengths say.
        let place = unsafe { Self::hard_place(entry.as_ptr(), lengths, payload) };
        // SAFETY: written in `owned`, and alive as long as the Shared.
        Some(unsafe { place.as_ref() })
    }

    fn bytes(entry: Shared<'_, Self>) -> usize {
        // SAFETY: a Shared is alive.
        let (lengths, payload) = unsafe { Self::lengths(entry.as_ptr()) };
        let end = payload + lengths.key() + lengths.value;
        end + if lengths.has_hard() { size_of::<Hard>() } else { 0 }
    }
}
