//! What the policy knows, on its way out to a dump and back: of each entry where it stands, and what the policy has learnt.
//!
//! An entry that comes with a standing is not asked about: it goes to the end of the queue in which it was, with the count that it had. All
//! else is as for any that is inserted.

use super::bound::Arrival;
use super::{Engine, Entry};
use crate::policy::{Learnt, Serial, Standing};
use crate::sync::epoch::Guard;
use crate::table::Shared;

impl<E: Entry> Engine<E> {
    /// Where an entry stands; None: there is no policy, or the entry has left.
    pub(crate) fn standing(&self, entry: Shared<'_, E>) -> Option<Standing> {
        Some(entry.get().mark().load()?.into())
    }

    /// Whether the capacity is one of bytes.
    pub(crate) fn bounds_memory(&self) -> bool {
        self.bound.as_ref().is_some_and(|bound| bound.is_memory)
    }

    /// What the policy has learnt; None: there is no policy.
    pub(crate) fn learnt(&self) -> Option<Learnt> {
        Some(self.bound.as_ref()?.policy.learnt())
    }

    /// Tells the policy, if there is one, and has not learnt anything itself yet.
    pub(crate) fn learn_from(&self, learnt: Learnt, guard: &Guard) {
        if let Some(bound) = &self.bound {
            bound.policy.learn_from(learnt, guard);
        }
    }

    /// For an arrival that has this standing, if there is a policy.
    pub(super) fn stand(&self, arrival: &mut Arrival, standing: Standing) {
        if self.bound.is_some() {
            arrival.marked = Some(standing.mark(Serial::new(self.counters.changing())));
        }
    }
}
