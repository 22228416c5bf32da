//! Which record of the wheel an entry relies on: rules 1 to 3 and 6 of the [engine](super).

use super::deadline::State;
use super::entry::{Armed, avoid_reserved};
use super::{Engine, Entry, signature};
use crate::clock::NEVER;
use crate::sync::epoch::Guard;
use crate::sync::failpoint;
use crate::table::{Owned, Shared};
use crate::wheel::Wheel;

impl<E: Entry> Engine<E> {
    /// Sets the timer of an entry that nobody can see yet for a record of its own: the tick of that, if it needs one.
    pub(super) fn arm_new(&self, entry: &Owned<E>) -> Option<u64> {
        let deadline = entry.get().deadline().initial();
        let tick = match &self.wheel {
            Some(wheel) if deadline != NEVER => Some(self.arm_tick(wheel, deadline)),
            _ => None,
        };
        entry.get().timer().set(tick.map_or(Armed::No, Armed::at));
        tick
    }

    /// Rule 3: `new` was published with the timer that `old` had, which is known to be early enough for the deadline `good_for`.
    pub(super) fn take_over(
        &self,
        hash: u64,
        old: Shared<'_, E>,
        new: Shared<'_, E>,
        inherited: Armed,
        good_for: Option<u64>,
        guard: &Guard,
    ) {
        let last = old.get().timer().seal();
        self.count_armed(last, inherited);
        failpoint::hit("engine::take_over::sealed");
        let Some(wheel) = &self.wheel else { return };
        if last != inherited
            && let Some(tick) = inherited.tick_near(wheel.elapsed())
        {
            // The record may have fired, or been swept. To arm `new` anew would not do: whoever has replaced that
            // one meanwhile has taken the timer over, sees nothing wrong with it, and relies on the very same record.
            wheel.push(signature(hash), tick, guard);
        }
        let changed = good_for != Some(self.deadline_of(wheel, new));
        if changed && !self.is_in_time(wheel, new, inherited) {
            self.arm(wheel, hash, new, inherited, guard);
        }
    }

    /// Whether `armed` will do for the entry as its deadline is now.
    fn is_in_time(&self, wheel: &Wheel, entry: Shared<'_, E>, armed: Armed) -> bool {
        match self.deadline_of(wheel, entry) {
            NEVER => true,
            deadline => self.is_by(wheel, armed, deadline),
        }
    }

    /// Whether a record fires for `armed`, and not later than one pushed now for `deadline` would.
    pub(super) fn is_by(&self, wheel: &Wheel, armed: Armed, deadline: u64) -> bool {
        // The first is enough as a rule, and cheaper: it knows nothing of how the wheel rounds.
        armed.is_by(self.tick_of(deadline)) || armed.is_by(self.arm_tick(wheel, deadline))
    }

    /// When the entry, found under a guard that is still there, wants to be looked at.
    fn deadline_of(&self, wheel: &Wheel, entry: Shared<'_, E>) -> u64 {
        // SAFETY: as the caller promises.
        match unsafe { entry.get().deadline().state() } {
            State::Live(deadline) | State::Sealed(deadline) => deadline,
            // Now: whoever has claimed it, or the entry that it inherits from, may have been stopped.
            State::Dead => wheel.elapsed().saturating_mul(self.tick),
        }
    }

    /// The tick to arm an entry with this deadline for.
    pub(super) fn arm_tick(&self, wheel: &Wheel, deadline: u64) -> u64 {
        let mut tick = wheel.fire_tick(self.tick_of(deadline));
        loop {
            let avoided = avoid_reserved(tick);
            if avoided == tick {
                return tick;
            }
            tick = wheel.fire_tick(avoided);
        }
    }

    /// Replaces a timer whose record has fired, or may have, by one for the entry's deadline.
    ///
    /// If somebody else has changed the timer, or does, they see to it.
    pub(super) fn arm(
        &self,
        wheel: &Wheel,
        hash: u64,
        entry: Shared<'_, E>,
        mut armed: Armed,
        guard: &Guard,
    ) {
        loop {
            let deadline = self.deadline_of(wheel, entry);
            let tick = (deadline != NEVER).then(|| self.arm_tick(wheel, deadline));
            let wanted = tick.map_or(Armed::No, Armed::at);
            failpoint::hit("engine::arm::before");
            if !entry.get().timer().rearm(armed, wanted) {
                return;
            }
            self.count_armed(armed, wanted);
            failpoint::hit("engine::arm::rearmed");
            if let Some(tick) = tick {
                wheel.push(signature(hash), tick, guard);
            }
            // A deadline that was brought forward since we read it has relied on the timer before this one.
            if self.deadline_of(wheel, entry) == deadline || self.is_in_time(wheel, entry, wanted) {
                return;
            }
            armed = wanted;
        }
    }

    /// Sees to it that a record fires for the entry by its new deadline.
    pub(super) fn arm_by(&self, hash: u64, entry: &E, deadline: u64, guard: &Guard) {
        let Some(wheel) = &self.wheel else { return };
        if deadline == NEVER {
            return;
        }
        loop {
            let armed = entry.timer().load();
            // Sealed: whoever replaced it looks at the deadline after that.
            if armed == Armed::Sealed {
                return;
            }
            let tick = self.arm_tick(wheel, deadline);
            if armed.is_by(tick) {
                // Written all the same: who is about to change it (`arm`) either reads this, and then our deadline, or
                // has changed it before, and then we fail.
                if entry.timer().rearm(armed, armed) {
                    return;
                }
            } else if entry.timer().rearm(armed, Armed::at(tick)) {
                self.count_armed(armed, Armed::at(tick));
                failpoint::hit("engine::arm_by::rearmed");
                wheel.push(signature(hash), tick, guard);
                return;
            }
        }
    }

    /// Counts a change of timer.
    pub(super) fn count_armed(&self, from: Armed, to: Armed) {
        match (from == Armed::No, to == Armed::No) {
            (true, false) => self.counters.armed(),
            (false, true) => self.counters.disarmed(),
            _ => {}
        }
    }
}
