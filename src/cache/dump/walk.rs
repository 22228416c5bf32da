//! A dump of either face.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::options::DumpOptions;
use super::standing::mark_of;
use super::times::Times;
use crate::cache::core::{Core, Loadable, enter};
use crate::engine::Hard;
use crate::snapshot::{Due, DumpError, DumpProgress, Pending, Refused, System, Types, Writer};
use crate::sync::Ordering;
use crate::table::{Cursor, Shared};

/// Two to the power of this is into how many parts several threads cut a walk: so many that they end at about the same time.
const PARTS_DEPTH: u32 = 5;

/// Dumps all live entries to `path`; `put` adds one to what is to be written.
pub(super) fn dump<E: Loadable>(
    core: &Core<E>,
    path: &Path,
    types: Types,
    mut options: DumpOptions<'_>,
    put: impl Fn(&mut Pending, Shared<'_, E>, Due) -> Result<(), Refused> + Sync,
) -> Result<DumpProgress, DumpError> {
    core.hydrate();
    let begin = Instant::now();
    let times = Times::now(core.clock());
    let writer = Writer::begin(&System, path, types, times.wall(), options.synced)?;
    let stop = options.stop;
    // Relaxed: whoever has set it waits for this thread's end.
    let is_stopped = || stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
    #[cfg(feature = "dump-zstd")]
    let level = options.level;
    let others = options.threads_for(core.engine.len()) - 1;
    let depth = if others == 0 { 0 } else { PARTS_DEPTH };
    let crew = Crew::new(1 << depth);
    let pending = || -> Result<Pending, DumpError> {
        #[allow(unused_mut, reason = "it is changed if it can be")]
        let mut pending = Pending::new();
        #[cfg(feature = "dump-zstd")]
        if let Some(level) = level {
            pending.pack(level, path)?;
        }
        Ok(pending)
    };
    let crew = &crew;
    let walk = Walk { core, path, times, writer: &writer, crew, depth, pending, put, is_stopped };
    let own = || {
        walk.run(|progress| {
            if let Some(tell) = &mut options.progress {
                tell(progress);
            }
            if let Some(rate) = options.rate {
                let due = Duration::from_secs_f64(progress.bytes as f64 / rate as f64);
                wait_until(begin, due, is_stopped);
            }
        })
    };
    crew.run(others, own, || walk.run(|_| {}))?;
    let learnt = core.engine.learnt().map(|learnt| learnt.encode());
    let progress = writer.finish(learnt)?;
    if let Some(tell) = &mut options.progress {
        tell(progress);
    }
    Ok(progress)
}

/// What the threads of a dump share.
struct Walk<'w, E: Loadable, N, P, S> {
    core: &'w Core<E>,
    path: &'w Path,
    times: Times,
    writer: &'w Writer<'static, System>,
    crew: &'w Crew,
    /// Two to the power of this is how many parts there are.
    depth: u32,
    pending: N,
    put: P,
    is_stopped: S,
}

impl<E, N, P, S> Walk<'_, E, N, P, S>
where
    E: Loadable,
    N: Fn() -> Result<Pending, DumpError>,
    P: Fn(&mut Pending, Shared<'_, E>, Due) -> Result<(), Refused>,
    S: Fn() -> bool,
{
    /// One thread's work; `tell` is told how far all of them have come whenever this one has written something.
    fn run(&self, mut tell: impl FnMut(DumpProgress)) -> Result<(), DumpError> {
        let mut pending = (self.pending)()?;
        while let Some(part) = self.crew.claim() {
            let mut cursor = Cursor::of_part(part, self.depth);
            while self.put_bucket(&mut cursor, &mut pending)? {
                if pending.is_due() {
                    self.writer.write_full(&mut pending)?;
                    tell(self.writer.progress());
                }
            }
        }
        self.writer.write_rest(pending)
    }

    /// Adds what is in the next bucket; false: there is none, or none that need be looked at.
    fn put_bucket(&self, cursor: &mut Cursor, pending: &mut Pending) -> Result<bool, DumpError> {
        if (self.is_stopped)() {
            return Err(DumpError::Stopped { path: self.path.to_owned() });
        }
        let mut put_all = Ok(());
        let more = {
            let (guard, now) = enter(self.core);
            self.core.engine.next_bucket(cursor, &guard, &now, |live| {
                if put_all.is_ok() {
                    let entry = live.entry();
                    let due = self.times.due(live.deadline(), E::hard(entry).map(Hard::load));
                    put_all = (self.put)(pending, entry, due);
                    if put_all.is_ok() {
                        pending.mark(mark_of(&self.core.engine, entry));
                    }
                }
            })
        };
        put_all.map_err(|refused| refused.into_error(self.path))?;
        Ok(more && !self.crew.has_failed())
    }
}

/// Comes back when so much time has passed since `begin`, or, unparked, if `stop` says so.
pub(super) fn wait_until(begin: Instant, due: Duration, stop: impl Fn() -> bool) {
    // It may wake up early.
    while let Some(left) = due.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
        if stop() {
            return;
        }
        thread::park_timeout(left);
    }
}
