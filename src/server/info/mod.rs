//! INFO: sections of figures, with Redis 7.0's names in its order, so that whoever reads them there reads them here.
//!
//! Fields that say something here say the truth; what there is none of here is 0, as it is in a Redis that has none.

mod rates;
mod stats;
pub(super) mod system;
mod whole;

use std::fmt::{Display, Write as _};

use super::counters::{Tally, Totals, Traffic};
use super::execute::Figures;
use super::session::Request;
use super::settings::Server;
use crate::resp::encode::Encoder;

pub(super) use rates::{Rates, Sample};

/// A section: its heading, and what writes its fields.
struct Section {
    title: &'static str,
    /// Whether it is shown to who asks for nothing in particular.
    is_usual: bool,
    write: fn(&Facts<'_>, &mut Text),
}

const fn usual(title: &'static str, write: fn(&Facts<'_>, &mut Text)) -> Section {
    Section { title, is_usual: true, write }
}

const SECTIONS: &[Section] = &[
    usual("Server", whole::server),
    usual("Clients", whole::clients),
    usual("Memory", whole::memory),
    usual("Persistence", whole::persistence),
    usual("Stats", stats::stats),
    usual("Replication", whole::replication),
    usual("CPU", whole::processor),
    usual("Modules", |_, _| ()),
    Section { title: "Commandstats", is_usual: false, write: stats::commands },
    usual("Errorstats", stats::errors),
    Section { title: "Latencystats", is_usual: false, write: |_, _| () },
    usual("Cluster", |_, text| text.field("cluster_enabled", 0)),
    usual("Keyspace", whole::keyspace),
];

/// What sections are made of, read once.
struct Facts<'a> {
    server: &'a Server,
    figures: Figures,
    totals: Totals,
    memory: system::Memory,
    now: u64,
}

/// Lines of a reply.
#[derive(Default)]
struct Text(String);

impl Text {
    fn title(&mut self, title: &str) {
        if !self.0.is_empty() {
            self.0.push_str("\r\n");
        }
        self.line(format_args!("# {title}"));
    }

    fn line(&mut self, line: impl Display) {
        // A string takes whatever it is given.
        let _ = write!(self.0, "{line}\r\n");
    }

    fn field(&mut self, name: &str, value: impl Display) {
        self.line(format_args!("{name}:{value}"));
    }

    fn zeros(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.field(name, 0));
    }

    /// Bytes, and again for people.
    fn bytes(&mut self, name: &str, bytes: u64) {
        self.field(name, bytes);
        self.field(&format!("{name}_human"), human(bytes));
    }
}

/// Bytes as Redis shows them: "888.37K".
fn human(bytes: u64) -> String {
    let units = ["B", "K", "M", "G", "T", "P"];
    let mut unit = 0;
    let mut size = bytes as f64;
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes}B") } else { format!("{size:.2}{}", units[unit]) }
}

/// INFO [section ...]: sections that there are none of are nothing.
pub(super) fn info(request: &Request<'_>, reply: &mut Encoder<'_>) {
    let asked =
        |word: &str| request.args.from(1).any(|arg| arg.eq_ignore_ascii_case(word.as_bytes()));
    let is_all = asked("all") || asked("everything");
    let is_default = request.args.len() == 1 || asked("default");
    let server = request.server;
    let facts = Facts {
        server,
        figures: server.figures(),
        totals: server.totals(),
        memory: system::memory(),
        now: server.database.millis(),
    };
    let mut text = Text::default();
    for section in SECTIONS {
        if is_all || is_default && section.is_usual || asked(section.title) {
            text.title(section.title);
            (section.write)(&facts, &mut text);
        }
    }
    reply.verbatim(*b"txt", text.0.as_bytes());
}

impl Server {
    /// Takes note of how much was done; how much a second it is: commands, bytes that come, bytes that are written.
    fn rates(&self, totals: &Totals, now: u64) -> [f64; 3] {
        self.rates.note(Sample {
            time: now,
            commands: totals.all(Tally::Calls),
            input: totals.traffic(Traffic::Input),
            output: totals.traffic(Traffic::Output),
        })
    }

    /// As [`rates`](Self::rates), from time to time.
    pub(super) fn note_rates(&self) {
        self.rates(&self.totals(), self.database.millis());
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::human;

    #[test]
    fn bytes_are_shown_as_redis_shows_them() {
        assert_eq!(human(0), "0B");
        assert_eq!(human(1023), "1023B");
        assert_eq!(human(909_688), "888.37K");
        assert_eq!(human(25_276_502_016), "23.54G");
    }
}
