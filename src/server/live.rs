//! Settings that can be changed while the server runs: what CONFIG SET writes.

use super::settings::Settings;
use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering};

/// A dump is due when so many seconds have passed since the last one, and so many keys have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SavePoint {
    pub(super) seconds: u64,
    pub(super) changes: u64,
}

/// Each is read by whoever needs it, relaxed: it may be seen a moment later.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) max_clients: Number,
    /// Seconds; 0: never.
    pub(super) timeout: Number,
    /// Bytes; 0: no limit.
    pub(super) output_limit: Number,
    /// Seconds; 0: not at all.
    pub(super) keepalive: Number,
    /// Bytes of one argument.
    pub(super) longest: Number,
    /// Microseconds from which a command is in the slow log; negative: never.
    pub(super) slow_after: Number,
    pub(super) slow_entries: Number,
    /// Milliseconds from which a command is an event; 0: never.
    pub(super) latency_after: Number,
    has_password: AtomicBool,
    password: Mutex<Vec<u8>>,
    saves: Mutex<Vec<SavePoint>>,
    dumps_at_end: AtomicBool,
}

/// A number that may be negative.
#[derive(Debug)]
pub(super) struct Number(AtomicU64);

impl Number {
    fn new(value: impl TryInto<i64>) -> Self {
        Self(AtomicU64::new(value.try_into().unwrap_or(i64::MAX).cast_unsigned()))
    }

    #[inline]
    pub(super) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed).cast_signed()
    }

    pub(super) fn set(&self, value: i64) {
        self.0.store(value.cast_unsigned(), Ordering::Relaxed);
    }

    /// One that is not negative.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.get()).unwrap_or(0)
    }
}

impl Live {
    pub(super) fn new(settings: &Settings) -> Self {
        let saves = settings
            .save_interval
            .map(|interval| SavePoint { seconds: interval.as_secs().max(1), changes: 1 });
        Self {
            max_clients: Number::new(settings.max_clients),
            timeout: Number::new(settings.timeout.map_or(0, |time| time.as_secs().max(1))),
            output_limit: Number::new(settings.output_limit.unwrap_or(0)),
            keepalive: Number::new(300),
            longest: Number::new(settings.limits.bulk),
            slow_after: Number::new(10_000),
            slow_entries: Number::new(128),
            latency_after: Number::new(0),
            has_password: AtomicBool::new(settings.password.is_some()),
            password: Mutex::new(settings.password.clone().unwrap_or_default()),
            saves: Mutex::new(saves.into_iter().collect()),
            dumps_at_end: AtomicBool::new(settings.dump_at_end),
        }
    }

    pub(super) fn has_password(&self) -> bool {
        self.has_password.load(Ordering::Relaxed)
    }

    /// An empty one is none.
    pub(super) fn set_password(&self, password: &[u8]) {
        let mut place = self.password.lock().unwrap_or_else(|broken| broken.into_inner());
        *place = password.to_vec();
        self.has_password.store(!password.is_empty(), Ordering::Relaxed);
    }

    /// The password, which is empty if there is none.
    pub(super) fn password(&self) -> Vec<u8> {
        self.password.lock().unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    pub(super) fn saves(&self) -> Vec<SavePoint> {
        self.saves.lock().unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    /// Whether a dump is to be written at the end, if nobody says otherwise.
    pub(super) fn dumps_at_end(&self) -> bool {
        self.dumps_at_end.load(Ordering::Relaxed) || !self.saves().is_empty()
    }

    /// From now on these count, also for the end.
    pub(super) fn set_saves(&self, points: Vec<SavePoint>) {
        self.dumps_at_end.store(false, Ordering::Relaxed);
        *self.saves.lock().unwrap_or_else(|broken| broken.into_inner()) = points;
    }

    /// Whether this is the password, in a time that does not tell how much of it was right.
    pub(super) fn is_password(&self, given: &[u8]) -> bool {
        if !self.has_password() {
            return true;
        }
        let password = self.password();
        let differ = |places: &[u8], other: &[u8]| {
            places.iter().zip(other).fold(0, |differ, (a, b)| std::hint::black_box(differ | a ^ b))
        };
        given.len() == password.len() && differ(given, &password) == 0
    }
}
