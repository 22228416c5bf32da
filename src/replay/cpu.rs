//! How much processor time the process was given.

use std::time::Duration;

/// User and system time of the whole process so far, all threads together; `None` where the system does not say.
#[cfg(unix)]
pub(super) fn process_time() -> Option<Duration> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: `usage` is a valid place for one rusage.
    let code = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    if code != 0 {
        return None;
    }
    // SAFETY: the call has succeeded, so it has filled it in.
    let usage = unsafe { usage.assume_init() };
    Some(duration(usage.ru_utime) + duration(usage.ru_stime))
}

#[cfg(unix)]
fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(not(unix))]
pub(super) fn process_time() -> Option<Duration> {
    None
}
