//! Named places where a test may park a thread for good.
//!
//! Each sits just before or after a CAS of one of the protocols. Without the `failpoints` feature
//! [`hit`] is empty and vanishes.

/// A thread reaches the place called `site`.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn hit(_site: &'static str) {}

#[cfg(feature = "failpoints")]
pub(crate) use active::hit;
#[cfg(feature = "failpoints")]
pub use active::{arm_for_this_thread, sites_seen};

#[cfg(feature = "failpoints")]
mod active {
    use std::cell::Cell;
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    thread_local! {
        static ARMED: Cell<Option<(&'static str, fn(&'static str))>> = const { Cell::new(None) };
    }

    static SEEN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

    /// Calls `action` when this thread next reaches `site`; it is disarmed first, so it fires once.
    pub fn arm_for_this_thread(site: &'static str, action: fn(&'static str)) {
        ARMED.with(|armed| armed.set(Some((site, action))));
    }

    /// Every site that any thread of this process has reached while [`record_sites`](arm_for_this_thread)
    /// was possible: the list a stall test walks.
    pub fn sites_seen() -> Vec<&'static str> {
        SEEN.lock().map(|seen| seen.iter().copied().collect()).unwrap_or_default()
    }

    pub(crate) fn hit(site: &'static str) {
        thread_local! {
            static KNOWN: Cell<[Option<&'static str>; 64]> = const { Cell::new([None; 64]) };
        }
        let mut known = KNOWN.with(Cell::get);
        if !known.contains(&Some(site)) {
            if let Some(free) = known.iter_mut().find(|entry| entry.is_none()) {
                *free = Some(site);
            }
            KNOWN.with(|cell| cell.set(known));
            if let Ok(mut seen) = SEEN.lock() {
                seen.insert(site);
            }
        }
        ARMED.with(|armed| {
            if let Some((name, action)) = armed.get() {
                if name == site {
                    armed.set(None);
                    action(site);
                }
            }
        });
    }
}
