//! A time-out that is finer than the milliseconds that a poll takes: half a millisecond of rounding would be in each latency of an open loop.

use std::io;
use std::time::Duration;

use mio::{Registry, Token};

#[cfg(target_os = "linux")]
pub(crate) struct Timer(rustix::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Timer {
    /// One that wakes a poll as `token`.
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        use rustix::fd::AsRawFd;
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};

        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let source = timer.as_raw_fd();
        registry.register(&mut mio::unix::SourceFd(&source), token, mio::Interest::READABLE)?;
        Ok(Self(timer))
    }

    /// Wakes it in so long; what was set before is forgotten. What a poll is to be given for a time-out besides: the sooner one counts.
    pub(crate) fn set(&self, wait: Duration) -> io::Result<Option<Duration>> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};

        let nothing = Timespec { tv_sec: 0, tv_nsec: 0 };
        // Zero would turn it off.
        let wait = wait.max(Duration::from_nanos(1));
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        let value = Timespec { tv_sec: seconds, tv_nsec: wait.subsec_nanos().into() };
        let times = Itimerspec { it_interval: nothing, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &times)?;
        Ok(None)
    }
}

/// Elsewhere a poll's own time-out has to do.
#[cfg(not(target_os = "linux"))]
pub(crate) struct Timer;

#[cfg(not(target_os = "linux"))]
impl Timer {
    pub(crate) fn new(_: &Registry, _: Token) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn set(&self, wait: Duration) -> io::Result<Option<Duration>> {
        Ok(Some(wait))
    }
}
