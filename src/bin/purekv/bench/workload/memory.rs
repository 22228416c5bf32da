//! Bytes per entry beyond its key and its value, grown from empty.

use std::time::Duration;

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Key, VALUE, value};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::settings::{Settings, short};
use crate::bench::subjects::{self, Bound, Config, Subject, Visit};
use crate::bench::{alloc, machine};

/// Bytes of a key.
const KEY: usize = 16;

/// `memory`, or with `evicts` `memory-full`.
pub(crate) struct Memory {
    keys: usize,
    evicts: bool,
    reps: usize,
}

impl Memory {
    pub(crate) fn new(settings: &Settings, evicts: bool) -> Self {
        let keys = settings.one_keys(settings.pick(100_000, 1_000_000, 2_000_000));
        Self { keys, evicts, reps: settings.reps(1, 3, 3) }
    }
}

impl Comparison for Memory {
    fn name(&self) -> &'static str {
        if self.evicts { "memory-full" } else { "memory" }
    }

    fn title(&self) -> &'static str {
        match self.evicts {
            true => "Memory an entry, of a full cache that evicts",
            false => "Memory an entry, beyond its key and its value",
        }
    }

    fn about(&self) -> String {
        let bounded = match self.evicts {
            true => {
                " The store is bounded to as many entries, and three times as many more are inserted, each of which evicts one."
            }
            false => "",
        };
        format!(
            "{} entries, grown from empty, with a time-to-live where the store has one per entry; keys of {KEY} bytes, values of {VALUE}. What is shown is beyond these {}.{bounded}",
            short(self.keys),
            KEY + VALUE
        )
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("", Scale::Steps).named(0.0, "allocated").named(1.0, "resident");
        let y = Axis::new("bytes an entry", Scale::Linear);
        vec![Chart::bars(self.name(), self.title(), x, y)]
    }

    fn notes(&self) -> Vec<String> {
        vec!["Allocated: as asked for, by a counting allocator; resident: with all that the allocator rounds up and keeps. Zeroed blocks of 1 MiB and more are committed page by page as they are written, so they may cost less than allocated says.".into()]
    }

    fn takes_part(&self, subject: &str) -> bool {
        subject != "none"
            && (!self.evicts || subjects::bounds(subject))
            && !(self.evicts && subject.ends_with("-bound"))
    }

    fn also(&self) -> &[&'static str] {
        if self.evicts { &["foyer"] } else { &[] }
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        0.6 + self.keys as f64 * if self.evicts { 4e-6 } else { 1.5e-6 }
    }

    fn in_child(&self) -> bool {
        true
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        let evict = if self.evicts { 3 * self.keys } else { 0 };
        subjects::with(subject, Fill { keys: self.keys, evict, chart: self.name() })
    }
}

struct Fill {
    keys: usize,
    evict: usize,
    chart: &'static str,
}

impl Visit for Fill {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        alloc::start_counting();
        let (allocated, resident) = (alloc::live(), machine::rss());
        let cpu = (machine::cpu_time(), std::time::Instant::now());
        let share = || (machine::cpu_time() - cpu.0).as_secs_f64() / cpu.1.elapsed().as_secs_f64();
        let bound = (self.evict > 0).then_some(Bound::Entries(self.keys));
        let subject = S::build(&Config { bound, ..Config::growing(self.keys, true) });
        let insert = |id| subject.insert(Key::short(id).bytes(), &value(id), Some(super::LONG));
        let per_entry = |bytes: f64| bytes / self.keys as f64;
        let payload = (KEY + VALUE) as f64;
        let mut outcome = Outcome::default();
        let mut report = |when: &str, is_last: bool, share: f64| {
            settle(&subject);
            let grown = (machine::rss() as f64 - resident as f64, alloc::live() - allocated);
            let mut row = |what: &str, x: Option<f64>, bytes: f64| {
                let better = if x.is_some() { Better::Lower } else { Better::Neither };
                let row = RowName::new(format!("{when}{what}"), "bytes", better);
                let row =
                    x.filter(|_| is_last).into_iter().fold(row, |row, x| row.on(self.chart, x));
                outcome.sample(row, bytes, share);
            };
            row("allocated", Some(0.0), per_entry(grown.1 as f64) - payload);
            row("resident", Some(1.0), per_entry(grown.0) - payload);
            row(
                "of allocated, in zeroed blocks of 1 MiB and more",
                None,
                per_entry(alloc::lazy() as f64),
            );
            for (part, bytes) in subject.parts().into_iter().skip(1) {
                row(&format!("of allocated, {part}"), None, per_entry(bytes as f64));
            }
        };
        (0..self.keys as u32).for_each(insert);
        if self.evict == 0 {
            super::check_len(&subject, self.keys);
            report("", true, share());
            self.check(&subject);
            return outcome;
        }
        report("just filled, ", false, share());
        let end = (self.keys + self.evict) as u32;
        (self.keys as u32..end).for_each(insert);
        if S::BOUNDS_EXACTLY {
            super::check_len(&subject, self.keys);
        }
        report("evicting, ", true, share());
        super::check_held(&subject, 0..end, Key::short);
        let len = subject.len();
        assert!(2 * len >= self.keys, "{len} entries: less than half of what it may have");
        outcome
    }
}

impl Fill {
    /// Panics unless all entries are what was written.
    fn check<S: Subject>(&self, subject: &S) {
        for id in 0..self.keys as u32 {
            let got = subject.get(Key::short(id).bytes(), crate::bench::keys::digest);
            assert_eq!(got, Some(2 * u64::from(id)), "an entry is not what was written");
        }
    }
}

/// Lets go of what growing has left behind: a little traffic, for those who reclaim only then, until nothing changes any more.
fn settle<S: Subject>(subject: &S) {
    let mut last = alloc::live();
    for _ in 0..20 {
        for id in 0..10_000 {
            subject.get(Key::short(id).bytes(), crate::bench::keys::digest);
        }
        std::thread::sleep(Duration::from_millis(100));
        let now = alloc::live();
        if (last - now).abs() < 64 << 10 {
            return;
        }
        last = now;
    }
}
