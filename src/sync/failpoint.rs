//! Named places where a test may hold a thread up.
//!
//! Each sits just before or just after a CAS of one of the protocols. Without the `failpoints` feature [`hit`] is
//! empty and vanishes. With it, a thread that has called [`set_hook`] runs its hook at every place it comes to: one that
//! blocks at one of them (`tests/stall.rs`), one that lists them, one that gives the processor away at random, so
//! that threads meet within an operation and not only between two (`tests/linearizability.rs`). Hooks belong to
//! a thread, so that tests that run side by side do not see each other.

#[cfg(feature = "failpoints")]
pub(crate) use active::hit;
#[cfg(feature = "failpoints")]
pub use active::{Unhook, set_hook};

/// A thread reaches the place called `site`.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn hit(_site: &'static str) {}

#[cfg(feature = "failpoints")]
mod active {
    use std::cell::{Cell, RefCell};
    use std::marker::PhantomData;

    type Hook = Box<dyn FnMut(&'static str)>;

    thread_local! {
        /// Whether there is a hook: all that a thread without one pays for.
        static HOOKED: Cell<bool> = const { Cell::new(false) };
        static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
    }

    /// Calls `hook` with the site's name whenever this thread reaches one, until the answer is dropped. What the
    /// hook itself reaches does not count.
    pub fn set_hook(hook: impl FnMut(&'static str) + 'static) -> Unhook {
        HOOK.set(Some(Box::new(hook)));
        HOOKED.set(true);
        Unhook(PhantomData)
    }

    /// Takes this thread's hook away when it is dropped.
    #[must_use = "the hook is gone when this is dropped"]
    #[derive(Debug)]
    pub struct Unhook(PhantomData<*mut ()>);

    impl Drop for Unhook {
        fn drop(&mut self) {
            HOOKED.set(false);
            HOOK.set(None);
        }
    }

    /// A thread reaches the place called `site`.
    pub(crate) fn hit(site: &'static str) {
        // Epoch garbage is also freed while a thread's locals are being destroyed; by then there is no hook.
        if !HOOKED.try_with(Cell::get).unwrap_or(false) {
            return;
        }
        // Taken out for the call, so that a site inside the hook finds none.
        let hook = HOOK.take();
        HOOKED.set(false);
        if let Some(mut hook) = hook {
            hook(site);
            HOOK.set(Some(hook));
            HOOKED.set(true);
        }
    }

    #[cfg(all(test, not(purekv_loom)))]
    mod tests {
        use std::rc::Rc;

        use super::*;

        #[test]
        fn a_hook_sees_its_own_threads_sites_while_it_is_set() {
            let seen = Rc::new(RefCell::new(Vec::new()));
            hit("before");
            let unhook = set_hook({
                let seen = seen.clone();
                move |site| {
                    seen.borrow_mut().push(site);
                    hit("from the hook");
                }
            });
            hit("one");
            std::thread::scope(|scope| {
                scope.spawn(|| hit("elsewhere"));
            });
            hit("two");
            drop(unhook);
            hit("after");
            assert_eq!(*seen.borrow(), ["one", "two"]);
        }
    }
}
