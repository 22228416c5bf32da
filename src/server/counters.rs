//! What is counted: by each serving thread for itself, and summed by who asks.
//!
//! One thread writes, by a load and a store: no read-modify-write, and no line that two threads write. Nothing is ever set back, since that would be a second writer:
//! CONFIG RESETSTAT remembers what the sums were.

use crossbeam_utils::CachePadded;

use crate::resp::command::Command;
use crate::sync::{AtomicU64, Ordering};

/// The codes of errors that are counted by themselves, in the order of their names. Any other counts as the first.
pub(super) const CODES: [&str; 9] =
    ["ERR", "EXECABORT", "MISCONF", "NOAUTH", "NOPERM", "NOPROTO", "OOM", "WRONGPASS", "WRONGTYPE"];

/// Relaxed throughout: figures, by which nothing else is found.
#[derive(Debug)]
pub(super) struct Counters(CachePadded<Cells>);

#[derive(Debug)]
struct Cells {
    traffic: [AtomicU64; Traffic::COUNT],
    commands: [[AtomicU64; Tally::COUNT]; Command::COUNT],
    errors: [AtomicU64; CODES.len()],
}

/// What goes over the wire.
#[derive(Clone, Copy, Debug)]
pub(super) enum Traffic {
    /// Bytes that came.
    Input,
    /// Bytes that were written.
    Output,
    /// How often bytes came.
    Reads,
    /// How often some were written.
    Writes,
}

impl Traffic {
    const COUNT: usize = Self::Writes as usize + 1;
}

/// What becomes of a command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tally {
    /// It was carried out.
    Calls,
    /// How long that took, of those that are timed.
    Micros,
    /// How many were timed.
    Timed,
    /// It was refused before: too few arguments, no password.
    Rejected,
    /// It was carried out and its reply is an error.
    Failed,
}

impl Tally {
    const COUNT: usize = Self::Failed as usize + 1;
}

impl Default for Counters {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self(CachePadded::new(Cells {
            traffic: std::array::from_fn(|_| zero()),
            commands: std::array::from_fn(|_| std::array::from_fn(|_| zero())),
            errors: std::array::from_fn(|_| zero()),
        }))
    }
}

#[inline]
fn add(cell: &AtomicU64, count: u64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
}

impl Counters {
    #[inline]
    pub(super) fn traffic(&self, which: Traffic, count: usize) {
        add(&self.0.traffic[which as usize], count as u64);
    }

    #[inline]
    pub(super) fn command(&self, command: Command, which: Tally, count: u64) {
        add(&self.0.commands[command as usize][which as usize], count);
    }

    /// An error that was replied, by its text.
    pub(super) fn error(&self, text: &[u8]) {
        let code = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        let place = CODES.iter().position(|known| known.as_bytes() == code).unwrap_or(0);
        add(&self.0.errors[place], 1);
    }
}

/// Sums of several threads' counters.
#[derive(Clone, Debug)]
pub(super) struct Totals {
    traffic: [u64; Traffic::COUNT],
    commands: Vec<[u64; Tally::COUNT]>,
    errors: [u64; CODES.len()],
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            traffic: [0; Traffic::COUNT],
            commands: vec![[0; Tally::COUNT]; Command::COUNT],
            errors: [0; CODES.len()],
        }
    }
}

impl Totals {
    /// Adds a thread's.
    pub(super) fn add(&mut self, counters: &Counters) {
        let cells = &*counters.0;
        let sum = |total: &mut [u64], cells: &[AtomicU64]| {
            total.iter_mut().zip(cells).for_each(|(total, cell)| {
                *total = total.wrapping_add(cell.load(Ordering::Relaxed));
            });
        };
        sum(&mut self.traffic, &cells.traffic);
        sum(&mut self.errors, &cells.errors);
        let commands = self.commands.iter_mut().zip(&cells.commands);
        commands.for_each(|(total, cells)| sum(total, cells));
    }

    /// What has come on top of these.
    pub(super) fn since(mut self, before: &Self) -> Self {
        let take = |total: &mut [u64], before: &[u64]| {
            total.iter_mut().zip(before).for_each(|(total, before)| {
                *total = total.wrapping_sub(*before);
            });
        };
        take(&mut self.traffic, &before.traffic);
        take(&mut self.errors, &before.errors);
        let commands = self.commands.iter_mut().zip(&before.commands);
        commands.for_each(|(total, before)| take(total, before));
        self
    }

    pub(super) fn traffic(&self, which: Traffic) -> u64 {
        self.traffic[which as usize]
    }

    pub(super) fn command(&self, command: Command, which: Tally) -> u64 {
        self.commands[command as usize][which as usize]
    }

    /// Of all commands.
    pub(super) fn all(&self, which: Tally) -> u64 {
        self.commands.iter().map(|tallies| tallies[which as usize]).sum()
    }

    /// Errors of each code that there were any of.
    pub(super) fn errors(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CODES.into_iter().zip(self.errors).filter(|(_, count)| *count > 0)
    }

    pub(super) fn all_errors(&self) -> u64 {
        self.errors.iter().sum()
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn threads_are_summed_and_what_was_before_is_left_out() {
        let [a, b] = [(), ()].map(|()| Counters::default());
        let sum = || {
            let mut totals = Totals::default();
            [&a, &b].into_iter().for_each(|counters| totals.add(counters));
            totals
        };
        a.command(Command::Get, Tally::Calls, 3);
        a.error(b"OOM command not allowed");
        let before = sum();
        b.command(Command::Get, Tally::Calls, 4);
        b.command(Command::Set, Tally::Failed, 1);
        b.error(b"OOM x");
        b.error(b"NEWCODE x");
        a.traffic(Traffic::Output, 10);
        assert_eq!(sum().command(Command::Get, Tally::Calls), 7);
        let since = sum().since(&before);
        assert_eq!(since.command(Command::Get, Tally::Calls), 4);
        assert_eq!(since.all(Tally::Calls), 4);
        assert_eq!(since.all(Tally::Failed), 1);
        assert_eq!(since.traffic(Traffic::Output), 10);
        assert_eq!(since.errors().collect::<Vec<_>>(), [("ERR", 1), ("OOM", 1)]);
        assert_eq!(since.all_errors(), 2);
    }
}
