//! The program's allocator: jemalloc, where it can be had.
//!
//! A server's entries are made by the threads that serve and freed by whichever finds them due, a million at once if need be. The system's allocator of Linux keeps what is
//! freed below anything that lives; this one gives pages back in the background, within half a second, and has sizes for entries that waste less. And it knows what is in use.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod jemalloc {
    #[global_allocator]
    static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

    /// Read by jemalloc when it starts.
    // SAFETY: the name is jemalloc's own for this, with the prefix of its crate, so nothing else has it; what it points to ends with a NUL byte.
    #[used]
    #[unsafe(export_name = "_rjem_malloc_conf")]
    pub(crate) static CONFIGURATION: &[u8; 61] =
        b"background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:500\0";

    /// Bytes that are allocated and not freed. O(threads).
    pub(crate) fn in_use() -> Option<u64> {
        // What is read afterwards is as of now.
        tikv_jemalloc_ctl::epoch::advance().ok()?;
        Some(tikv_jemalloc_ctl::stats::allocated::read().ok()? as u64)
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) use jemalloc::in_use;

/// It cannot be told.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn in_use() -> Option<u64> {
    None
}
