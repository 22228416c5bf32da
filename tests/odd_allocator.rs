//! A store over an allocator that aligns no more than it is asked to: what is asked for without an alignment comes at odd addresses.

use std::alloc::{GlobalAlloc, Layout, System};

use purekv::{Expiry, Store};

struct Odd;

/// Room for one byte before what was asked for.
fn shifted(layout: Layout) -> Layout {
    Layout::from_size_align(layout.size() + 1, 2).expect("it is one byte more")
}

// SAFETY: every call goes on to the system's allocator; with an alignment of 1, for one byte more, of which the first is left out.
unsafe impl GlobalAlloc for Odd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 1 {
            // SAFETY: as our caller promises.
            return unsafe { System.alloc(layout) };
        }
        // SAFETY: not empty.
        let block = unsafe { System.alloc(shifted(layout)) };
        if block.is_null() { block } else { block.wrapping_add(1) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() > 1 {
            // SAFETY: as our caller promises.
            return unsafe { System.dealloc(block, layout) };
        }
        // SAFETY: made so by `alloc`.
        unsafe { System.dealloc(block.wrapping_sub(1), shifted(layout)) };
    }
}

#[global_allocator]
static ODD: Odd = Odd;

#[test]
fn entries_keep_their_content_and_are_freed_as_they_were_made() {
    let store = Store::builder().expiry(Expiry::Off).build();
    let value = |key: u32, round: u8| vec![round; key as usize % 300];
    for round in 0..3 {
        for key in 0..3_000_u32 {
            store.insert(&key.to_le_bytes(), &value(key, round));
        }
        for key in 0..3_000_u32 {
            assert_eq!(store.get(&key.to_le_bytes()).as_deref(), Some(&*value(key, round)));
        }
    }
    for key in 0..3_000_u32 {
        assert_eq!(store.remove(&key.to_le_bytes()).as_deref(), Some(&*value(key, 2)));
    }
    let long = vec![7; 100_000];
    store.insert(&long, &long);
    assert_eq!(store.get(&long).as_deref(), Some(&*long));
}
