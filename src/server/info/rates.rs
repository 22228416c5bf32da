//! How much is done a second.

use crate::sync::Mutex;

/// Figures that only grow, at an instant in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::server) struct Sample {
    pub(in crate::server) time: u64,
    pub(in crate::server) commands: u64,
    pub(in crate::server) input: u64,
    pub(in crate::server) output: u64,
}

/// What was done between two looks, at least a second apart: [`Server::tick`](crate::server::Server::tick) looks, and so does who asks.
#[derive(Debug)]
pub(in crate::server) struct Rates(Mutex<[Sample; 2]>);

/// The least time between two looks.
const SPAN: u64 = 1000;

impl Rates {
    pub(in crate::server) fn new(now: u64) -> Self {
        Self(Mutex::new([Sample { time: now, ..Sample::default() }; 2]))
    }

    /// Takes note of how things are; how much a second it was since the look before the last one: commands, bytes that came, bytes that were written.
    pub(in crate::server) fn note(&self, now: Sample) -> [f64; 3] {
        let mut samples = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        let [before, last] = *samples;
        // Or it was counted anew.
        if now.time >= last.time + SPAN || now.commands < last.commands {
            *samples = [last, now];
        }
        let seconds = now.time.saturating_sub(before.time) as f64 / 1000.0;
        let rate = |now: u64, before: u64| {
            if seconds > 0.0 { now.saturating_sub(before) as f64 / seconds } else { 0.0 }
        };
        [
            rate(now.commands, before.commands),
            rate(now.input, before.input),
            rate(now.output, before.output),
        ]
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        let rates = Rates::new(0);
        let at = |time, commands| Sample { time, commands, ..Sample::default() };
        assert_eq!(rates.note(at(0, 0))[0], 0.0);
        assert_eq!(rates.note(at(500, 100))[0], 200.0);
        assert_eq!(rates.note(at(1000, 100))[0], 100.0);
        assert_eq!(rates.note(at(2000, 100))[0], 50.0);
        assert_eq!(rates.note(at(3000, 400))[0], 150.0);
        // Counted anew.
        assert_eq!(rates.note(at(4000, 10))[0], 0.0);
    }
}
