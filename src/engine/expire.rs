//! The death of entries that are due: met by an operation, or brought up by the wheel.

use super::deadline::State;
use super::entry::{Armed, avoid_reserved};
use super::{Engine, Entry};
use crate::clock::{NEVER, Now};
use crate::kv::RemovalCause;
use crate::sync::epoch::Guard;
use crate::sync::{Ordering, failpoint};
use crate::table::{Found, GROUP, Shared};
use crate::wheel::{Due, Wheel};

/// Records per slice of work; between slices the ticker is unpinned.
const SLICE: usize = 4096;

/// Stale records that are not worth a sweep.
const STALE_ALLOWED: usize = if cfg!(purekv_loom) { 0 } else { 1024 };

/// After a sweep that was no use: as many turns without another as it takes to look at so many records a turn.
const RECORDS_PER_TURN: usize = 64;

/// A round of sweeping.
#[derive(Default)]
struct Sweep {
    seen: usize,
    dropped: usize,
}

/// What has become of an entry that a record has fired for.
enum Served {
    Removed,
    /// Its timer is later, or it is another's to look after.
    Changed,
    /// It waits for a later record with the same 32 bits.
    AsItWas,
}

impl<E: Entry> Engine<E> {
    /// Removes what was found if it is due, claimed, or so by now; true: it is gone, by whoever's hand. False: look again.
    ///
    /// Linearisation points: the claim, against `set_ttl`; the CAS on the slot, against everything else.
    #[cold]
    pub(super) fn expire(&self, found: &Found<'_, E>, guard: &Guard, now: &Now<'_>) -> bool {
        let entry = found.node.get();
        let deadline = loop {
            // SAFETY: found under the guard.
            match unsafe { entry.deadline().state() } {
                State::Live(deadline) if now.is_due(deadline) => {
                    failpoint::hit("engine::expire::before_claim");
                    if entry.deadline().claim(deadline) {
                        break Some(deadline);
                    }
                }
                // It was extended meanwhile.
                State::Live(_) => return false,
                // It was replaced by one that keeps its deadline.
                State::Sealed(_) => return false,
                State::Dead => break None,
            }
        };
        failpoint::hit("engine::expire::claimed");
        if !self.table.remove(found, guard) {
            return false;
        }
        if let Some(deadline) = deadline {
            self.lag.record(now.precise().saturating_sub(deadline));
        }
        self.bury(found.node, RemovalCause::Expired, guard);
        true
    }

    /// Brings the wheel to the present: removes what is due, in slices, unpinned in between. Returns how many entries
    /// it has removed; 0 at once if another thread is at it.
    pub(crate) fn advance(&self) -> usize {
        self.advance_until(|| false)
    }

    /// As [`advance`](Self::advance), and stops after a slice if `stop` says so; the rest is kept.
    pub(crate) fn advance_until(&self, stop: impl Fn() -> bool) -> usize {
        let Some(wheel) = &self.wheel else { return 0 };
        let mut removed = 0;
        let mut sweep = None;
        loop {
            let now = Now::new(&self.clock);
            let tick = now.precise() / self.tick;
            let (some, finished) = self.expire_slice(wheel, tick, SLICE, |removed, guard, now| {
                self.tidy(removed, guard, now);
            });
            removed += some;
            if stop() {
                return removed;
            }
            if !finished {
                continue;
            }
            // In slices too: neither what falls due meanwhile nor who wants to stop waits for the end of a sweep.
            let round = match &mut sweep {
                Some(round) => round,
                None if self.is_sweep_worth_it() => sweep.insert(Sweep::default()),
                None => return removed,
            };
            if self.sweep_slice(wheel, round) {
                return removed;
            }
        }
    }

    /// Serves so many records that are due by this tick; how many entries that removed, and whether there are no more. So it is for
    /// who comes while another thread is at it. `tidy` is told of each batch how many it has removed.
    pub(super) fn expire_slice(
        &self,
        wheel: &Wheel,
        tick: u64,
        records: usize,
        tidy: impl Fn(usize, &Guard, &Now<'_>),
    ) -> (usize, bool) {
        let mut removed = 0;
        let progress = wheel.advance(tick, records, |guard, batch| {
            let now = Now::new(&self.clock);
            let some = self.fire(wheel, batch, guard, &now);
            tidy(some, guard, &now);
            removed += some;
        });
        (removed, progress.finished)
    }

    /// Serves a batch of records; how many entries that removed.
    fn fire(&self, wheel: &Wheel, batch: &[Due], guard: &Guard, now: &Now<'_>) -> usize {
        // Exactly, and before any judgement: a record whose entry were taken for live on a lagging clock would be lost.
        now.precise();
        let hashes = hashes_of(batch);
        let mut removed = 0;
        // A sealed one is out of its slot already, and having seen the seal we shall find the one that replaced it.
        let elapsed = wheel.elapsed();
        let waits = |due: &Due, entry: Shared<'_, E>| {
            let armed = entry.get().timer().load();
            armed.is_served_by(due.tick, elapsed) || armed == Armed::Sealed
        };
        self.table.find_group(
            &hashes[..batch.len()],
            guard,
            |index, entry| waits(&batch[index], entry),
            |index, found| {
                // Rule 4: serve all that are waiting, not the first only.
                let mut found = found;
                while let Some(waiting) = found {
                    match self.serve(wheel, &waiting, guard, now) {
                        Served::Removed => removed += 1,
                        Served::Changed => {}
                        Served::AsItWas => break,
                    }
                    let hash = hashes[index];
                    found = self.table.find(hash, guard, |entry| waits(&batch[index], entry));
                }
            },
        );
        removed
    }

    /// A record has fired for this entry: removes it, or arms it again.
    fn serve(&self, wheel: &Wheel, found: &Found<'_, E>, guard: &Guard, now: &Now<'_>) -> Served {
        failpoint::hit("engine::serve::before");
        let entry = found.node.get();
        let armed = entry.timer().load();
        // SAFETY: found under the guard.
        match unsafe { entry.deadline().state() } {
            // Sealed: it is being replaced, and a record of ours will do the new one no harm.
            State::Live(deadline) | State::Sealed(deadline) if !now.is_due(deadline) => {
                if deadline != NEVER && armed == Armed::at(self.arm_tick(wheel, deadline)) {
                    return Served::AsItWas;
                }
                // A seal is for ever, and whoever set it sees to the rest.
                if armed != Armed::Sealed {
                    let hash = E::hash(found.node, self.context());
                    self.arm(wheel, hash, found.node, armed, guard);
                }
                Served::Changed
            }
            _ if self.expire(found, guard, now) => Served::Removed,
            _ => Served::Changed,
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

    /// Whether for two records that an entry waits for there is more than one that none does: so each is looked at a bounded number of times.
    fn is_sweep_worth_it(&self) -> bool {
        let (records, waited_for) = self.records();
        if records <= waited_for + waited_for / 2 + STALE_ALLOWED {
            return false;
        }
        // Relaxed: it paces the ticker, of whom there is one.
        let pause = self.sweep_pause.load(Ordering::Relaxed);
        if pause > 0 {
            self.sweep_pause.store(pause - 1, Ordering::Relaxed);
        }
        pause == 0
    }

    /// Does some of a round; whether that was the end of it.
    fn sweep_slice(&self, wheel: &Wheel, round: &mut Sweep) -> bool {
        let progress = wheel.sweep(SLICE, |guard, batch, keep| {
            self.keep_waited_for(wheel, batch, keep, guard);
            for (index, (keep, due)) in keep.iter_mut().zip(batch).enumerate() {
                // The wheel may hold copies of a record, and each of them passes for the one that its entry waits for.
                // All of this batch are out of the wheel, so of those in it one is enough.
                *keep &= !batch[..index].contains(due);
                round.dropped += usize::from(!*keep);
            }
        });
        round.seen += progress.records;
        if progress.finished {
            // Copies that lie too far apart stay until they fire. Then stale records outnumber the others whatever we do.
            let futile = 4 * round.dropped < round.seen;
            let pause = if futile { round.seen / RECORDS_PER_TURN } else { 0 };
            self.sweep_pause.store(pause, Ordering::Relaxed);
        }
        progress.finished
    }

    /// Rule 5: which records of a batch somebody waits for.
    fn keep_waited_for(&self, wheel: &Wheel, batch: &[Due], keep: &mut [bool], guard: &Guard) {
        let hashes = hashes_of(batch);
        // A sealed one was found just before its slot got another, which may have inherited this very record.
        let own = |due: &Due, entry: Shared<'_, E>| {
            let armed = entry.get().timer().load();
            armed == Armed::at(due.tick) || armed == Armed::Sealed
        };
        self.table.look_up_group(
            &hashes[..batch.len()],
            guard,
            |index, entry| own(&batch[index], entry),
            // An overdue record may have lost its exact tick; it will fire next time.
            |index, entry| keep[index] = entry.is_some() || batch[index].tick <= wheel.elapsed(),
        );
    }
}

/// The hashes of a batch of records, by which their entries are found.
fn hashes_of(batch: &[Due]) -> [u64; GROUP] {
    let mut hashes = [0; GROUP];
    for (hash, due) in hashes.iter_mut().zip(batch) {
        *hash = due.signature.to_hash();
    }
    hashes
}
