//! The store that is served: its bounds, and what it begins with.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use purekv::{Expiry, Store, StoreSnapshot};

use super::options::{DumpStart, Options};

/// A store as the options want it, and a line about what it began with.
pub(crate) fn open(options: &Options) -> Result<(Store, String), String> {
    let mut builder = Store::builder();
    if let Some(shards) = options.shards {
        builder = builder.shards(shards);
    }
    builder = match options.ttl_garbage_timeout {
        None => builder,
        Some(0) => builder.expiry(Expiry::Off),
        Some(millis) => builder.tick(Duration::from_millis(millis)),
    };
    if let Some(size) = options.max_memory {
        builder = builder.max_memory(size.0);
    } else if let Some(entries) = options.max_entries {
        builder = builder.max_capacity(entries);
    }
    let Some(path) = &options.dump else { return Ok((builder.build(), String::new())) };
    let began = Instant::now();
    let Some(snapshot) = snapshot(path)? else {
        return Ok((builder.build(), format!("no dump at {} yet", path.display())));
    };
    let count = snapshot.len();
    let how = options.dump_start.unwrap_or(DumpStart::Warm);
    let store = match how {
        DumpStart::Warm => builder.warm_from(snapshot).build(),
        DumpStart::Load => {
            drop(snapshot);
            let store = builder.build();
            store.load(path).map_err(|error| format!("{}: {error}", path.display()))?;
            store
        }
    };
    let word = if how == DumpStart::Warm { "on top of" } else { "loaded" };
    let took = began.elapsed();
    Ok((store, format!("{word} {count} entries of {} in {took:.1?}", path.display())))
}

/// The dump, if there is one. One that is damaged is an error: to go on without it would be to write over it later.
fn snapshot(path: &Path) -> Result<Option<StoreSnapshot>, String> {
    match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let told =
        |error| format!("{}: {error}; move the file away to start without it", path.display());
    StoreSnapshot::open(path).map(Some).map_err(told)
}
