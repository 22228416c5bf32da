//! The threads of one run, and who watches them.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::error::Fault;
use super::phase::Phase;
use super::process::{Process, Usage};
use super::tally::Tally;
use super::worker::Worker;

/// How often whoever watches shows how far it is.
const LOOK: Duration = Duration::from_millis(100);

/// What the server's process had taken at the end of the warm-up and at the end.
pub(crate) type Usages = Option<(Usage, Usage)>;

/// All threads through one phase. `clock`: shows the milliseconds that have passed.
pub(crate) fn through(
    workers: &mut [Worker],
    phase: &Phase<'_>,
    process: Option<Process>,
    clock: Option<&ProgressBar>,
) -> Result<(Tally, Usages), Fault> {
    thread::scope(|scope| {
        let (report, reports) = mpsc::channel();
        let mut stops = Vec::new();
        for worker in workers {
            let (stop, stopped) = mpsc::channel();
            let report = report.clone();
            let thread = thread::Builder::new().name("purekv-load".to_owned());
            let started = thread.spawn_scoped(scope, move || {
                // If nobody waits for it, another thread has failed.
                let _ = report.send(worker.run(phase, &stopped));
            });
            started.map_err(|source| Fault::System { what: "cannot start a thread", source })?;
            stops.push(stop);
        }
        drop(report);
        let mut tally = Tally::new(phase.operations.len());
        let mut failed = None;
        let mut begin = None;
        let warm = phase.begin + Duration::from_nanos(phase.warm);
        let mut shown = Duration::ZERO;
        loop {
            if begin.is_none() && Instant::now() >= warm {
                begin = process.and_then(Process::usage);
            }
            let passed = phase.begin.elapsed();
            if let Some(bar) = clock {
                bar.inc((passed - shown).as_millis() as u64);
                shown = passed;
            }
            let to_warm = warm.saturating_duration_since(Instant::now());
            let wait = if to_warm.is_zero() { LOOK } else { to_warm.min(LOOK) };
            match reports.recv_timeout(wait) {
                Ok(Ok(part)) => tally.merge(part),
                Ok(Err(fault)) => {
                    // The others see that, and stop.
                    stops.clear();
                    if !matches!(fault, Fault::Stopped) {
                        failed.get_or_insert(fault);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let end = process.and_then(Process::usage);
        match failed {
            Some(fault) => Err(fault),
            None => Ok((tally, begin.zip(end))),
        }
    })
}
