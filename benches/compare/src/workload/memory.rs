//! Bytes per entry beyond its key and its value, grown from empty.

use std::time::Duration;

use super::child::{self, Outcome};
use crate::keys::{Key, VALUE, value};
use crate::options::{Options, short};
use crate::report::{Better, RowName, Target};
use crate::subjects::{self, Config, Subject, Visit};
use crate::{alloc, machine};

/// What `memory` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Bytes of a key.
const KEY: usize = 16;

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = &arguments.options;
    let keys = options.keys(&[2_000_000])[0];
    let row = |label: &str| {
        let row = RowName::new(label, "bytes", Better::Lower);
        if label.starts_with("of it") { row } else { row.target(Target::AtMost(56.0)) }
    };
    let what = format!(
        "{} entries with a TTL where there is such a thing, keys of {KEY} bytes, values of {VALUE}; per entry, beyond these {}.",
        short(keys),
        KEY + VALUE
    );
    child::measure(
        "memory",
        options,
        |name| name != "none",
        |subject| subjects::with(subject, Fill { keys }),
        row,
        &[
            &what,
            "Allocated: as asked for, by a counting allocator. `of it in zeroed blocks`: committed page by page as they are written, so it may cost less; RSS tells.",
        ],
    )
}

struct Fill {
    keys: usize,
}

impl Visit for Fill {
    type Output = Outcome;

    fn visit<S: Subject>(self) -> Outcome {
        alloc::start_counting();
        let cpu = (machine::cpu_time(), std::time::Instant::now());
        let (allocated, resident) = (alloc::live(), machine::rss());
        let subject = S::build(&Config::growing(self.keys, true));
        for id in 0..self.keys as u32 {
            subject.insert(Key::short(id).bytes(), &value(id), Some(super::LONG));
        }
        super::check_len(&subject, self.keys);
        let share = (machine::cpu_time() - cpu.0).as_secs_f64() / cpu.1.elapsed().as_secs_f64();
        settle(&subject);
        let per_entry = |bytes: f64| bytes / self.keys as f64;
        let payload = (KEY + VALUE) as f64;
        let grown = (machine::rss() as f64 - resident as f64, alloc::live() - allocated);
        let mut outcome = Outcome { share, ..Outcome::default() };
        outcome.value("allocated", per_entry(grown.1 as f64) - payload);
        outcome.value("of it in zeroed blocks of 1 MiB and more", per_entry(alloc::lazy() as f64));
        outcome.value("RSS", per_entry(grown.0) - payload);
        for id in 0..self.keys as u32 {
            let got = subject.get(Key::short(id).bytes(), crate::keys::digest);
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
            subject.get(Key::short(id).bytes(), crate::keys::digest);
        }
        std::thread::sleep(Duration::from_millis(100));
        let now = alloc::live();
        if (last - now).abs() < 64 << 10 {
            return;
        }
        last = now;
    }
}
