//! The figures as Prometheus reads them: its text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use super::counters::{Tally, Traffic};
use super::info::system::{memory, processor_time};
use super::settings::Server;
use crate::resp::command::Command;

/// Lines of the text.
#[derive(Default)]
struct Page(String);

impl Page {
    /// What the lines that follow are of.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // A string takes whatever it is given.
        let _ = write!(self.0, "# HELP purekv_{name} {help}\n# TYPE purekv_{name} {kind}\n");
    }

    /// One of a family; `labels` in braces, or empty.
    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.0, "purekv_{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, "", value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample(name, "", value);
    }

    /// A counter for each command of which there is anything to count.
    fn by_command(&mut self, name: &str, help: &str, value: impl Fn(Command) -> f64) {
        self.family(name, "counter", help);
        for command in Command::all() {
            let value = value(command);
            if value > 0.0 {
                let labels = format!("{{command=\"{}\"}}", command.spec().name);
                self.sample(name, &labels, value);
            }
        }
    }
}

impl Server {
    /// What there is to be counted and measured, in the text format of Prometheus (`text/plain; version=0.0.4`). Names begin with `purekv_`; sizes are bytes, times seconds. What counts
    /// up does so from when the server was made, whatever `CONFIG RESETSTAT` has said since. O(connections, commands, threads).
    pub fn metrics_text(&self) -> String {
        let (figures, totals) = (self.database.figures(), self.all_totals());
        let (now, saved, memory) = (self.database.millis(), self.dumps.status(), memory());
        let cards = self.clients.all();
        let mut page = Page::default();
        page.family("info", "gauge", "Which server this is.");
        page.sample("info", concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1);
        let uptime = now.saturating_sub(self.since) as f64 / 1000.0;
        page.gauge("uptime_seconds", "How long the server has been there.", uptime);
        page.gauge("connected_clients", "Connections.", cards.len());
        let held = cards.iter().filter(|card| card.is_held()).count();
        page.gauge("waiting_clients", "Connections with a request that waits for a pause.", held);
        page.gauge("max_clients", "Connections that there may be.", self.live.max_clients.get());
        let came = self.clients.count();
        page.counter("connections_received_total", "Connections that have come.", came);
        let help = "Connections that were turned away.";
        page.counter("connections_rejected_total", help, self.rejected());
        let help = "Bytes of connections' buffers.";
        let buffers: u64 = cards.iter().map(|card| card.buffers().2).sum();
        page.gauge("client_buffers_bytes", help, buffers);
        let wire = |which| totals.traffic(which);
        page.counter("net_input_bytes_total", "Bytes that came.", wire(Traffic::Input));
        page.counter("net_output_bytes_total", "Bytes that were written.", wire(Traffic::Output));

        let totals = &totals;
        let count = |which| move |command| totals.command(command, which) as f64;
        page.by_command("commands_total", "Commands carried out.", count(Tally::Calls));
        let help = "Commands whose reply is an error.";
        page.by_command("commands_failed_total", help, count(Tally::Failed));
        let help = "Commands that were refused before they were carried out.";
        page.by_command("commands_rejected_total", help, count(Tally::Rejected));
        let help = "Time taken by commands that are timed: those that may take long.";
        let micros = count(Tally::Micros);
        page.by_command("commands_timed_seconds_total", help, |command| micros(command) / 1e6);
        let help = "How many commands were timed.";
        page.by_command("commands_timed_total", help, count(Tally::Timed));
        page.family("errors_total", "counter", "Replies that are errors, by their codes.");
        for (code, count) in totals.errors() {
            page.sample("errors_total", &format!("{{code=\"{code}\"}}"), count);
        }

        page.gauge("keys", "Keys, those included that are due and not removed yet.", figures.keys);
        let help = "Keys with a time to live, about.";
        page.gauge("keys_expiring", help, figures.deadlines.min(figures.keys));
        let help = "Keys of the dump that the server started from which are not in memory yet.";
        page.gauge("keys_cold", help, figures.cold);
        if let (Some(hits), Some(misses)) = (figures.hits, figures.misses) {
            page.counter("keyspace_hits_total", "Look-ups that have found their key.", hits);
            page.counter("keyspace_misses_total", "Look-ups that have not.", misses);
        }
        page.counter("expired_keys_total", "Keys that were removed when due.", figures.expired);
        page.counter("evicted_keys_total", "Keys that there was no room for.", figures.evicted);
        let help = "From a key's deadline to its removal.";
        page.family("expiry_lag_seconds", "gauge", help);
        for (quantile, lag) in ["0.5", "0.99"].into_iter().zip(figures.lag) {
            page.sample("expiry_lag_seconds", &format!("{{quantile=\"{quantile}\"}}"), lag);
        }

        if let Some(used) = figures.used {
            page.gauge("memory_used_bytes", "Bytes of keys, values and tables.", used);
        }
        if let Some(most) = figures.most {
            page.gauge("memory_max_bytes", "What these may be.", most);
        }
        page.gauge("memory_tables_bytes", "Bytes of tables alone.", figures.overhead);
        page.gauge("memory_retired_bytes", "Bytes that wait to be freed.", figures.retired);
        page.gauge("memory_resident_bytes", "Memory of the process.", memory.resident);
        let [system, user, ..] = processor_time();
        page.family("cpu_seconds_total", "counter", "Processor time of the process.");
        page.sample("cpu_seconds_total", "{mode=\"system\"}", system);
        page.sample("cpu_seconds_total", "{mode=\"user\"}", user);

        page.counter("dumps_total", "Dumps that are complete.", saved.completed);
        page.counter("dumps_failed_total", "Dumps that have failed.", saved.failed);
        let is_under_way = u8::from(saved.began.is_some());
        page.gauge("dump_in_progress", "Whether a dump is under way.", is_under_way);
        let is_well = u8::from(saved.error.is_none());
        page.gauge("last_dump_ok", "Whether the last dump was complete.", is_well);
        let help = "When the last complete dump was, or the server was made.";
        page.gauge("last_dump_timestamp_seconds", help, saved.last);
        let help = "Changes since the last complete dump was begun.";
        page.gauge("changes_since_dump", help, self.changes());
        page.0
    }
}
