//! What a cache's policy knows, to a dump and from one. A cache without a capacity has no policy: it writes nothing, and asks for nothing.

use crate::engine::{Engine, Entry, Learnt, Standing};
use crate::snapshot::{DumpError, Marks};
use crate::sync::epoch;
use crate::table::Shared;

/// What a dump says of an entry.
pub(super) fn mark_of<E: Entry>(engine: &Engine<E>, entry: Shared<'_, E>) -> u8 {
    Standing::encode(engine.standing(entry))
}

/// Where the entries of a section stand, one after the other and without end; `marks`: what the dump says of them.
pub(super) fn standings<'s, E: Entry>(
    engine: &Engine<E>,
    marks: impl FnOnce() -> Result<Marks<'s>, DumpError>,
) -> Result<impl Iterator<Item = Option<Standing>> + 's, DumpError> {
    let marks = if engine.capacity().is_some() { marks()? } else { Marks::default() };
    Ok(marks.iter().map(Standing::decode))
}

/// Which entries of a section are loaded when it is come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    All,
    /// Those that were not used since they came, or since the policy looked at them.
    Idle,
    Used,
}

impl Round {
    /// The rounds in which a dump of so many entries and bytes is loaded. Where it is plain that not all has room, those that were used come last, and
    /// so stay longest. (Elsewhere the two of a queue are better mixed: nobody knows how long an idle one has been there.)
    pub(super) fn of<E: Entry>(engine: &Engine<E>, entries: u64, bytes: u64) -> &'static [Self] {
        let least = if engine.bounds_memory() { bytes } else { entries };
        match engine.capacity() {
            Some(capacity) if least > capacity => &[Self::Idle, Self::Used],
            _ => &[Self::All],
        }
    }

    pub(super) fn takes(self, standing: Option<Standing>) -> bool {
        let is_used = standing.is_some_and(|standing| standing.count > 0);
        match self {
            Self::All => true,
            Self::Idle => !is_used,
            Self::Used => is_used,
        }
    }
}

/// Before anything is loaded: the policy goes on from what that of the dump had learnt.
pub(in crate::cache) fn learn_from<'s, E: Entry>(
    engine: &Engine<E>,
    learnt: impl FnOnce() -> Result<Option<&'s [u8]>, DumpError>,
) -> Result<(), DumpError> {
    if engine.capacity().is_some()
        && let Some(learnt) = learnt()?.and_then(Learnt::decode)
    {
        engine.learn_from(learnt, &epoch::pin());
    }
    Ok(())
}
