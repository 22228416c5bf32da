//! Processor time of threads, as Linux tells it in /proc/…/schedstat: nanoseconds on a processor, and waiting for one.

use std::fs;
use std::path::Path;
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ThreadTime {
    /// On a processor.
    pub(crate) busy: Duration,
    /// Ready to go on, but others had the processors.
    pub(crate) waited: Duration,
    /// By the clock.
    pub(crate) passed: Duration,
}

impl ThreadTime {
    /// Of the calling thread, so far; `None` where the system does not say.
    pub(crate) fn now() -> Option<Self> {
        Self::read(Path::new("/proc/thread-self/schedstat"))
    }

    /// Of a process: all threads that it has now.
    pub(crate) fn of_process(pid: u32) -> Option<Self> {
        let mut all = Self::default();
        for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
            // It may have ended since.
            if let Some(time) = Self::read(&thread.ok()?.path().join("schedstat")) {
                all.busy += time.busy;
                all.waited += time.waited;
            }
        }
        Some(all)
    }

    fn read(path: &Path) -> Option<Self> {
        parse(&fs::read_to_string(path).ok()?)
    }

    /// What has come to it since `begin`, while so long a time has passed.
    pub(crate) fn since(self, begin: Self, passed: Duration) -> Self {
        Self {
            busy: self.busy.saturating_sub(begin.busy),
            waited: self.waited.saturating_sub(begin.waited),
            passed,
        }
    }
}

fn parse(text: &str) -> Option<ThreadTime> {
    let mut nanos = text.split_whitespace().map(|word| word.parse().map(Duration::from_nanos));
    let (busy, waited) = (nanos.next()?.ok()?, nanos.next()?.ok()?);
    Some(ThreadTime { busy, waited, passed: Duration::ZERO })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let time = parse("1500 20 7\n").unwrap();
        assert_eq!((time.busy.as_nanos(), time.waited.as_nanos()), (1500, 20));
        assert_eq!(parse("1500"), None);
        assert_eq!(parse("x 1 1"), None);
        let later = parse("2500 10 9").unwrap().since(time, Duration::from_nanos(2000));
        assert_eq!((later.busy.as_nanos(), later.waited.as_nanos()), (1000, 0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_some() {
        let mut sum = 0_u64;
        while ThreadTime::now().is_some_and(|time| time.busy.is_zero()) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(ThreadTime::of_process(std::process::id()).unwrap().busy > Duration::ZERO);
    }
}
