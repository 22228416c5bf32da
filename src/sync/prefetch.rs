//! A hint to the processor that some memory is about to be read.

use std::ptr::NonNull;

/// Asks for the cache line at `address`; has no other effect, whatever the address.
#[inline(always)]
pub(crate) fn prefetch<T>(address: NonNull<T>) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch never faults, and SSE is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.as_ptr().cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}
