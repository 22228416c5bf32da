//! A dump of either face.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::options::DumpOptions;
use super::times::Times;
use crate::cache::core::{Core, Loadable, enter};
use crate::engine::Hard;
use crate::snapshot::{Due, DumpError, DumpProgress, Pending, Refused, System, Types, Writer};
use crate::table::{Cursor, Shared};

/// Dumps all live entries to `path`; `put` adds one to what is to be written.
pub(super) fn dump<E: Loadable>(
    core: &Core<E>,
    path: &Path,
    types: Types,
    mut options: DumpOptions<'_>,
    put: impl Fn(&mut Pending, Shared<'_, E>, Due) -> Result<(), Refused>,
) -> Result<DumpProgress, DumpError> {
    core.hydrate();
    let begin = Instant::now();
    let times = Times::now(core.clock());
    let mut writer = Writer::begin(&System, path, types, times.wall(), options.synced)?;
    #[cfg(feature = "dump-zstd")]
    if let Some(level) = options.level {
        writer.pack(level)?;
    }
    let mut pending = Pending::new();
    let mut cursor = Cursor::new();
    loop {
        if options.is_stopped() {
            return Err(DumpError::Stopped { path: path.to_owned() });
        }
        let mut put_all = Ok(());
        let more = {
            let (guard, now) = enter(core);
            core.engine.next_bucket(&mut cursor, &guard, &now, |live| {
                if put_all.is_ok() {
                    let entry = live.entry();
                    let due = times.due(live.deadline(), E::hard(entry).map(Hard::load));
                    put_all = put(&mut pending, entry, due);
                }
            })
        };
        put_all.map_err(|refused| refused.into_error(path))?;
        if pending.is_due() {
            writer.write_full(&mut pending)?;
            let progress = writer.progress();
            if let Some(tell) = &mut options.progress {
                tell(progress);
            }
            if let Some(rate) = options.rate {
                let due = Duration::from_secs_f64(progress.bytes as f64 / rate as f64);
                wait_until(begin, due, || options.is_stopped());
            }
        }
        if !more {
            break;
        }
    }
    let progress = writer.finish(pending)?;
    if let Some(tell) = &mut options.progress {
        tell(progress);
    }
    Ok(progress)
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
