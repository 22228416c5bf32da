//! An entry that takes the place of another.

use std::ptr::NonNull;

use super::entry::Armed;
use super::{Engine, Entry, signature};
use crate::clock::{NEVER, Now};
use crate::sync::epoch::Guard;
use crate::sync::failpoint;
use crate::table::{Found, Owned};

impl<E: Entry> Engine<E> {
    /// Puts `entry` into the place of what was found.
    pub(super) fn replace(
        &self,
        hash: u64,
        found: &Found<'_, E>,
        entry: Owned<E>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Result<(), Owned<E>> {
        self.replace_in_line(hash, found, entry, guard, now)
    }

    /// [`replace`](Self::replace) where that is most of what is done.
    #[inline(always)]
    pub(super) fn replace_in_line(
        &self,
        hash: u64,
        found: &Found<'_, E>,
        entry: Owned<E>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Result<(), Owned<E>> {
        let Some(mark) = self.inherit_mark(found.node, &entry) else { return Err(entry) };
        let old = found.node.get().timer().load();
        let deadline = entry.get().deadline().initial();
        let inherits = match &self.wheel {
            Some(wheel) if deadline != NEVER => self.is_by(wheel, old, deadline),
            _ => false,
        };
        let tick = if inherits {
            entry.get().timer().set(old);
            None
        } else {
            self.arm_new(&entry)
        };
        let new = self.table.replace(found, entry, guard)?;
        failpoint::hit("engine::replace::done");
        if inherits {
            self.take_over(hash, found.node, new, old, Some(deadline), guard);
        } else if let Some(wheel) = &self.wheel {
            self.count_armed(found.node.get().timer().seal(), tick.map_or(Armed::No, Armed::at));
            failpoint::hit("engine::replace::sealed");
            if let Some(tick) = tick {
                wheel.push(signature(hash), tick, guard);
            }
        }
        self.take_mark_over(hash, found.node, new, mark, guard, now);
        self.bury_replaced(found.node, guard);
        Ok(())
    }

    /// As [`replace`](Self::replace), for an entry that takes over the deadline, whatever that may be by then.
    pub(super) fn replace_keeping(
        &self,
        hash: u64,
        found: &Found<'_, E>,
        entry: Owned<E>,
        guard: &Guard,
        now: &Now<'_>,
    ) -> Result<(), Owned<E>> {
        let Some(mark) = self.inherit_mark(found.node, &entry) else { return Err(entry) };
        let old = found.node.get();
        let armed = old.timer().load();
        if armed == Armed::Sealed {
            return Err(entry);
        }
        entry.get().timer().set(armed);
        entry.get().deadline().set_inherit(NonNull::from(old.deadline()));
        let hard = self.inherit_hard(found.node, &entry);
        let new = self.table.replace(found, entry, guard)?;
        failpoint::hit("engine::replace::inherits");
        // Settled before the old timer is sealed: who finds it sealed (`arm_by`) has changed the deadline before that.
        // SAFETY: published just now, and not retired while we are pinned.
        unsafe { new.get().deadline().state() };
        self.take_hard_over(hash, found.node, new, hard, guard, now);
        self.take_over(hash, found.node, new, armed, None, guard);
        self.take_mark_over(hash, found.node, new, mark, guard, now);
        self.bury_replaced(found.node, guard);
        Ok(())
    }
}
