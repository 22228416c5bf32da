//! A load into either face.

use std::thread;

use super::options::LoadOptions;
use crate::snapshot::{DumpError, Scratch};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};

/// What became of a dump's entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// They are in the cache now, or were until it had to make room for others.
    pub loaded: u64,
    /// Their keys were in the cache already, with what is newer.
    pub present: u64,
    /// They were due by the wall clock.
    pub expired: u64,
    /// They are heavier than the whole cache may be.
    pub too_heavy: u64,
}

impl LoadReport {
    fn add(&mut self, other: Self) {
        self.loaded += other.loaded;
        self.present += other.present;
        self.expired += other.expired;
        self.too_heavy += other.too_heavy;
    }
}

/// Loads section by section: each thread claims the next one. The first error is the answer; what was loaded by then stays.
pub(super) fn load_all(
    options: &LoadOptions,
    sections: usize,
    load: impl Fn(usize, &mut Scratch, &mut LoadReport) -> Result<(), DumpError> + Sync,
) -> Result<LoadReport, DumpError> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let (mut report, mut scratch) = (LoadReport::default(), Scratch::default());
        // Relaxed: only uniqueness matters; and a late look at `failed` costs a section.
        while !failed.load(Ordering::Relaxed) {
            let section = next.fetch_add(1, Ordering::Relaxed);
            if section >= sections {
                break;
            }
            load(section, &mut scratch, &mut report)
                .inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
        }
        Ok(report)
    };
    thread::scope(|scope| {
        let others = 1..options.threads_for(sections);
        // Where the system gives no thread, the others do its part.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = others.filter_map(spawn).collect();
        let mut total = work();
        for other in others {
            let part = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            total = match (total, part) {
                (Ok(mut total), Ok(part)) => {
                    total.add(part);
                    Ok(total)
                }
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
        }
        total
    })
}
