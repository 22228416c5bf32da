//! Stops one thread wherever it is, by a signal whose handler sleeps.

/// Why that cannot be done here.
pub(crate) fn obstacle() -> Option<&'static str> {
    (!cfg!(target_os = "linux")).then_some("threads are parked by a signal, on Linux only")
}

#[cfg(target_os = "linux")]
pub(crate) use self::linux::Victim;
#[cfg(not(target_os = "linux"))]
pub(crate) use self::nowhere::Victim;

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::MaybeUninit;
    use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
    use std::thread;
    use std::time::Duration;

    /// Nobody else uses it.
    const SIGNAL: libc::c_int = libc::SIGUSR2;

    /// How long the handler is to sleep, in milliseconds.
    static MILLISECONDS: AtomicU32 = AtomicU32::new(0);
    /// Parks begun and ended, by all victims: there is one at a time.
    static BEGUN: AtomicU32 = AtomicU32::new(0);
    static ENDED: AtomicU32 = AtomicU32::new(0);

    /// Sleeps. Of what it calls all is safe in a handler (signal-safety(7)).
    extern "C" fn handler(_: libc::c_int) {
        BEGUN.fetch_add(1, Relaxed);
        let milliseconds = MILLISECONDS.load(Relaxed);
        let mut left = libc::timespec {
            tv_sec: libc::time_t::from(milliseconds / 1000),
            tv_nsec: libc::c_long::from(milliseconds % 1000) * 1_000_000,
        };
        // SAFETY: the location of this thread's errno.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: it is valid as long as the thread lives.
        let before = unsafe { *errno };
        // SAFETY: both are valid places for a timespec; the call may write to the second.
        unsafe { libc::nanosleep(&raw const left, &raw mut left) };
        // SAFETY: as above: whoever was interrupted finds what it had.
        unsafe { *errno = before };
        ENDED.fetch_add(1, Relaxed);
    }

    /// A thread that can be parked.
    pub(crate) struct Victim {
        /// Its number in the kernel; 0: not known yet.
        id: AtomicI32,
    }

    impl Victim {
        /// None yet.
        pub(crate) fn new() -> Self {
            let action = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: all-zero bytes are a valid sigaction.
            let mut action = unsafe { action.assume_init() };
            action.sa_sigaction = handler as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            // SAFETY: the handler does only what a handler may; the old action is not asked for.
            let done = unsafe { libc::sigaction(SIGNAL, &raw const action, std::ptr::null_mut()) };
            assert_eq!(done, 0, "no handler for the signal: {}", std::io::Error::last_os_error());
            Self { id: AtomicI32::new(0) }
        }

        /// It is the calling thread.
        pub(crate) fn register(&self) {
            // SAFETY: it has no conditions.
            let id = unsafe { libc::gettid() };
            self.id.store(id, Relaxed);
        }

        /// Returns once it is known.
        pub(crate) fn wait_for(&self) {
            while self.id.load(Relaxed) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }

        /// Stops it for `time`, to the millisecond; returns at once.
        pub(crate) fn park(&self, time: Duration) {
            MILLISECONDS.store(time.as_millis() as u32, Relaxed);
            let begun = BEGUN.load(Relaxed);
            // SAFETY: it has no conditions.
            let process = unsafe { libc::getpid() };
            // SAFETY: a thread of this very process, or of nobody any more: then the call fails.
            let sent =
                unsafe { libc::syscall(libc::SYS_tgkill, process, self.id.load(Relaxed), SIGNAL) };
            assert_eq!(sent, 0, "the signal cannot be sent: {}", std::io::Error::last_os_error());
            while BEGUN.load(Relaxed) == begun {
                thread::yield_now();
            }
        }

        /// Returns once it goes on.
        pub(crate) fn wait_until_it_goes_on(&self) {
            while ENDED.load(Relaxed) != BEGUN.load(Relaxed) {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::time::Duration;

    /// Never used: see [`obstacle`](super::obstacle).
    pub(crate) struct Victim;

    impl Victim {
        pub(crate) fn new() -> Self {
            Self
        }
        pub(crate) fn register(&self) {}
        pub(crate) fn wait_for(&self) {}
        pub(crate) fn park(&self, _: Duration) {}
        pub(crate) fn wait_until_it_goes_on(&self) {}
    }
}
