//! `get_or_insert_with` and its like: one load however many ask, hand-over, refresh, and what else happens to the key meanwhile.

#[cfg(feature = "async")]
#[path = "loading/asynchronous.rs"]
mod asynchronous;
#[path = "loading/basics.rs"]
mod basics;
#[cfg(feature = "async")]
#[path = "loading/cancelled.rs"]
mod cancelled;
#[path = "loading/face.rs"]
mod face;
#[path = "loading/overtaken.rs"]
mod overtaken;
#[path = "support/random.rs"]
mod random;
#[path = "loading/refresh.rs"]
mod refresh;
#[path = "loading/stress.rs"]
mod stress;
#[path = "common/weak.rs"]
mod weak;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub(crate) use face::{Face, tests};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What `work` panics with.
pub(crate) fn panic_of<T>(work: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(work)) else { panic!("it should panic") };
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
    }
}
