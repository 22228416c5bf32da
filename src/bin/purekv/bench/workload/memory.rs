//! Bytes per entry beyond its key and its value, grown from empty.

use std::time::Duration;

use super::child::{self, Outcome};
use crate::bench::keys::{Key, VALUE, value};
use crate::bench::options::{Options, short};
use crate::bench::report::{Better, RowName, Target};
use crate::bench::subjects::{self, Bound, Config, Subject, Visit};
use crate::bench::{alloc, machine};

/// What `memory` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// With a capacity, of exactly the entries there are; and so many more are inserted after these.
    #[arg(long, default_value_t = 0)]
    evict: usize,
}

/// Bytes of a key.
const KEY: usize = 16;

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = &arguments.options;
    let keys = options.keys(&[2_000_000])[0];
    let row = |label: &str| {
        let row = RowName::new(label, "bytes", Better::Lower);
        match arguments.evict {
            _ if label.contains("of it") => row,
            0 => row.target(Target::AtMost(56.0)),
            _ => row.target(Target::AtMost(64.0)).target(Target::AtMost(48.0)),
        }
    };
    let bounded = match arguments.evict {
        0 => String::new(),
        more => format!(" Bounded to as many; then {} more are inserted.", short(more)),
    };
    let what = format!(
        "{} entries with a TTL where there is such a thing, keys of {KEY} bytes, values of {VALUE}; per entry, beyond these {}.{bounded}",
        short(keys),
        KEY + VALUE
    );
    child::measure(
        "memory",
        options,
        |name| name != "none" && (arguments.evict == 0 || subjects::bounds(name)),
        |subject| subjects::with(subject, Fill { keys, evict: arguments.evict }),
        row,
        &[
            &what,
            "Allocated: as asked for, by a counting allocator. `of it in zeroed blocks`: committed page by page as they are written, so it may cost less; RSS tells.",
        ],
    )
}

struct Fill {
    keys: usize,
    evict: usize,
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
        let mut report = |when: &str| {
            settle(&subject);
            let grown = (machine::rss() as f64 - resident as f64, alloc::live() - allocated);
            let lazy = per_entry(alloc::lazy() as f64);
            outcome.value(format!("{when}allocated"), per_entry(grown.1 as f64) - payload);
            outcome.value(format!("{when}of it in zeroed blocks of 1 MiB and more"), lazy);
            outcome.value(format!("{when}RSS"), per_entry(grown.0) - payload);
            for (part, bytes) in subject.parts().into_iter().skip(1) {
                outcome.value(format!("{when}of it {part}"), per_entry(bytes as f64));
            }
        };
        (0..self.keys as u32).for_each(insert);
        if self.evict == 0 {
            super::check_len(&subject, self.keys);
            let share = share();
            report("");
            return Outcome { share, ..self.checked(&subject, outcome) };
        }
        report("just filled, ");
        let end = (self.keys + self.evict) as u32;
        (self.keys as u32..end).for_each(insert);
        if S::BOUNDS_EXACTLY {
            super::check_len(&subject, self.keys);
        }
        let share = share();
        report("evicting, ");
        Outcome { share, ..outcome }
    }
}

impl Fill {
    /// Panics unless all entries are what was written.
    fn checked<S: Subject>(&self, subject: &S, outcome: Outcome) -> Outcome {
        for id in 0..self.keys as u32 {
            let got = subject.get(Key::short(id).bytes(), crate::bench::keys::digest);
            assert_eq!(got, Some(2 * u64::from(id)), "an entry is not what was written");
        }
        outcome
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
