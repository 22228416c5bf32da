//! Where time comes from.
//!
//! An instant is a `u64`: nanoseconds since the clock's origin (for the system clock: the machine's boot, for a
//! manual one: its creation). Deadlines are such instants.
//!
//! A precise clock read costs more than a whole look-up. The kernel's coarse clock costs a quarter of it and lags:
//! by up to one jiffy on a quiet machine, by three and more where a hypervisor takes the timekeeping core away
//! (seen: 25 ms on a machine with a jiffy of 4 ms). So the coarse clock is trusted in one direction only: it is never *ahead*.
//! A deadline at or before it has passed; one more than [`COARSE_SLACK`] after it has not; the few in between
//! pay for the precise read. See [`Now::is_due`]. Where a deadline is *made*, a time-to-live of a minute or more counts from the
//! coarse clock, and ends early by its lag; a shorter one counts from the precise clock.

mod wall;

use std::cell::Cell;
use std::time::Duration;

use crate::sync::{Arc, AtomicU64, Ordering};

pub(crate) use wall::WallClock;
#[cfg(feature = "dump")]
pub(crate) use wall::wall;

/// Nanoseconds by which the coarse clock may lag before a look-up could return an entry past its deadline.
///
/// Twenty times the worst lag we have measured on an oversubscribed virtual machine. It costs nothing but a precise clock
/// read for those entries that are in their last half second.
pub(crate) const COARSE_SLACK: u64 = 500_000_000;

/// From this time-to-live on, a minute in nanoseconds, a few milliseconds of it are not worth a precise clock read: the worst lag we
/// have measured is less than half a thousandth of it.
const LONG: u64 = 60_000_000_000;

/// The deadline of an entry that never expires. The two bits above it are the entry's own.
pub(crate) const NEVER: u64 = (1 << 62) - 1;

/// These two bits, as an entry that is live has them.
pub(crate) const LIVE: u64 = !NEVER;

/// A source of time for a cache: the system's monotonic clock, or one that a test moves by hand.
///
/// Cloning is cheap; the clones of a manual clock share their time.
///
/// ```
/// use std::time::Duration;
/// use purekv::{Clock, Store};
///
/// let (clock, time) = Clock::manual();
/// let store = Store::builder().clock(clock).build();
/// store.insert_with_ttl(b"key", b"value", Duration::from_secs(1));
/// time.advance(Duration::from_nanos(999_999_999));
/// assert!(store.contains_key(b"key"));
/// time.advance(Duration::from_nanos(1));
/// assert!(!store.contains_key(b"key"));
/// ```
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(ManualClock),
}

/// The hand that moves a manual [`Clock`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Moves the time on by `by`, for every cache that shares this clock; at most to 2^62 ns after its creation,
    /// where it then stays. Never blocks.
    pub fn advance(&self, by: Duration) {
        let by = nanos(by);
        let mut now = self.0.load(Ordering::Relaxed);
        // AcqRel: pairs with the Acquire in `Clock::now`, so that who sees the new time sees what was done before it.
        while let Err(seen) = self.0.compare_exchange(
            now,
            now.saturating_add(by).min(NEVER - 1),
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            now = seen;
        }
    }

    /// The time since this clock was made.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.now())
    }

    fn now(&self) -> u64 {
        // Acquire: partner of the AcqRel in `advance`.
        self.0.load(Ordering::Acquire)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The machine's monotonic clock (it counts on while wall-clock time is set, not while the machine sleeps).
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`ManualClock::advance`] moves it.
    pub fn manual() -> (Self, ManualClock) {
        let hand = ManualClock(Arc::new(AtomicU64::new(0)));
        (Self(Source::Manual(hand.clone())), hand)
    }

    /// Whether time stands still until somebody moves it.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// The time, exactly.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match &self.0 {
            Source::System => system::precise(),
            Source::Manual(hand) => hand.now(),
        }
    }
}

/// The time of one operation, read when it is first needed and at most once in either precision.
///
/// An operation on an entry without a deadline never reads a clock.
#[derive(Debug)]
pub(crate) struct Now<'c> {
    clock: &'c Clock,
    coarse: Cell<u64>,
    precise: Cell<u64>,
    /// What is due after this is certainly not due now; with the bits of [`LIVE`]. Before any reading: only what never is.
    horizon: Cell<u64>,
}

/// The horizon before any reading.
const NEAREST: u64 = LIVE | (NEVER - 1);

/// Not read yet; no clock shows it.
const UNREAD: u64 = u64::MAX;

impl<'c> Now<'c> {
    #[inline(always)]
    pub(crate) fn new(clock: &'c Clock) -> Self {
        Self {
            clock,
            coarse: Cell::new(UNREAD),
            precise: Cell::new(UNREAD),
            horizon: Cell::new(NEAREST),
        }
    }

    /// Whether this word, a deadline with the bits of [`LIVE`], is certainly ahead. Any word without these bits is not.
    /// Reads no clock: false says nothing.
    #[inline(always)]
    pub(crate) fn is_surely_before(&self, word: u64) -> bool {
        word > self.horizon.get()
    }

    /// As [`is_surely_before`](Self::is_surely_before), by a clock that is read if none has been; false still says
    /// nothing.
    #[inline(never)]
    pub(crate) fn is_before_by_coarse_clock(&self, word: u64) -> bool {
        if self.coarse.get() == UNREAD && self.precise.get() == UNREAD {
            self.read_coarse();
        }
        self.is_surely_before(word)
    }

    /// Whether `deadline` (an instant of this clock, or [`NEVER`]) is now or has passed.
    #[inline]
    pub(crate) fn is_due(&self, deadline: u64) -> bool {
        !self.is_surely_before(LIVE | deadline) && self.is_due_on_closer_look(deadline)
    }

    #[inline(never)]
    fn is_due_on_closer_look(&self, deadline: u64) -> bool {
        if self.is_before_by_coarse_clock(LIVE | deadline) {
            return false;
        }
        // Once the exact time has been read, it is this operation's only time.
        let coarse_will_do = self.precise.get() == UNREAD && deadline <= self.coarse.get();
        coarse_will_do || deadline <= self.precise()
    }

    #[inline]
    fn read_coarse(&self) {
        // No clock gets as far as NEVER, and no sum here beyond its bits.
        let (coarse, ahead) = match &self.clock.0 {
            Source::System => {
                let coarse = system::coarse();
                (coarse, coarse + COARSE_SLACK)
            }
            // It has one precision only: read again, it may have moved, and this operation would see two times.
            Source::Manual(hand) => {
                let time = hand.now();
                self.precise.set(time);
                (time, time)
            }
        };
        self.coarse.set(coarse);
        self.horizon.set(LIVE | ahead);
    }

    /// The exact time, as of the first call.
    #[inline]
    pub(crate) fn precise(&self) -> u64 {
        let mut precise = self.precise.get();
        if precise == UNREAD {
            precise = self.clock.now();
            self.precise.set(precise);
            self.horizon.set(LIVE | precise.min(NEVER - 1));
        }
        precise
    }

    /// The instant `ttl` from now, or [`NEVER`] when that is beyond what a clock can show (146 years).
    ///
    /// A long one counts from the coarse clock, and so comes out early by that clock's lag.
    #[inline]
    pub(crate) fn deadline_after(&self, ttl: Duration) -> u64 {
        let ttl = nanos(ttl);
        let now = if ttl < LONG { self.precise() } else { self.recent() };
        now.saturating_add(ttl).min(NEVER)
    }

    /// The time by whichever clock has been read, or else by the coarse one.
    #[inline]
    fn recent(&self) -> u64 {
        if self.precise.get() != UNREAD {
            return self.precise.get();
        }
        if self.coarse.get() == UNREAD {
            self.read_coarse();
        }
        self.coarse.get()
    }

    /// Forgets what was read: the next question reads the clock again.
    pub(crate) fn refresh(&self) {
        self.coarse.set(UNREAD);
        self.precise.set(UNREAD);
        self.horizon.set(NEAREST);
    }
}

/// `duration` in nanoseconds, saturating.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    //! Both clocks of Linux; they share their origin, and the coarse one is the fine one as of the last jiffy.

    #[inline]
    fn read(clock: libc::clockid_t) -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a valid place for one timespec.
        unsafe { libc::clock_gettime(clock, &mut time) };
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }

    #[inline]
    pub(super) fn precise() -> u64 {
        read(libc::CLOCK_MONOTONIC)
    }

    #[inline]
    pub(super) fn coarse() -> u64 {
        read(libc::CLOCK_MONOTONIC_COARSE)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    //! Where there is no coarse clock, every read is precise.

    use std::sync::OnceLock;
    use std::time::Instant;

    pub(super) fn precise() -> u64 {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        super::nanos(ORIGIN.get_or_init(Instant::now).elapsed())
    }

    pub(super) fn coarse() -> u64 {
        precise()
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_due_from_its_own_instant() {
        let (clock, hand) = Clock::manual();
        let deadline = Now::new(&clock).deadline_after(Duration::from_nanos(5));
        hand.advance(Duration::from_nanos(4));
        assert!(!Now::new(&clock).is_due(deadline));
        hand.advance(Duration::from_nanos(1));
        assert!(Now::new(&clock).is_due(deadline));
    }

    #[test]
    fn the_longest_ttl_never_expires() {
        let (clock, hand) = Clock::manual();
        assert_eq!(Now::new(&clock).deadline_after(Duration::MAX), NEVER);
        hand.advance(Duration::MAX);
        hand.advance(Duration::MAX);
        assert!(!Now::new(&clock).is_due(NEVER));
    }

    #[test]
    fn one_operation_sees_one_time() {
        let (clock, hand) = Clock::manual();
        let now = Now::new(&clock);
        let first = now.precise();
        hand.advance(Duration::from_secs(1));
        assert_eq!(now.precise(), first);
        now.refresh();
        assert_eq!(now.precise(), first + 1_000_000_000);
    }

    #[test]
    fn the_coarse_clock_is_never_ahead() {
        for _ in 0..10_000 {
            let coarse = system::coarse();
            assert!(coarse <= system::precise());
        }
    }
}
