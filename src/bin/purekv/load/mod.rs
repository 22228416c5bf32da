//! `purekv bench server`: a load generator for servers that speak RESP or memcached's text protocol.
//!
//! ```text
//! options ─► Plan ─► Site (a target: who it is, its process) ─┐
//!                                                            ├─► Phase ─► Worker × threads ─► Tally ─► report
//!            Work (keys, values, operations) ────────────────┘              │
//!                                                              Connection × many: Feed, Schedule ─► requests
//!                                                                                 Reader, judge  ◄─ replies
//! ```
//!
//! Each thread has its connections and one poll; nothing is shared while it runs. All requests that there is room for at a connection go out by one
//! write, and the clock is read once for each read of a socket.
//!
//! A latency begins when its request was *meant* to begin. In the closed loop that is when it is written. In the open loop it is the
//! schedule's instant, and a request whose connection is busy waits, and the waiting counts: a server that stalls
//! is seen by all the requests that would have come meanwhile, and not only by those few that a waiting generator still sent.

mod connection;
mod crew;
mod error;
mod figures;
mod greeting;
mod hgrm;
mod judge;
mod keys;
mod operation;
mod options;
mod phase;
mod plan;
mod process;
mod reply;
mod report;
mod run;
mod schedule;
mod site;
mod sizes;
mod stream;
mod tally;
mod target;
mod threads;
mod timer;
mod value;
mod warnings;
mod work;
mod worker;

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use error::LoadError;
#[cfg(feature = "bench")]
pub(crate) use keys::Popularity;
pub(crate) use options::Server;
use plan::Plan;
use site::{Outcome, Site};

/// Descriptors that are no connections.
const OWN_DESCRIPTORS: u64 = 64;

impl Server {
    /// Measures, and says what is to be printed.
    pub(crate) fn run(self) -> Result<String, LoadError> {
        let plan = Plan::new(&self)?;
        make_room(u64::from(self.connections) + OWN_DESCRIPTORS);
        let mut sites = Vec::new();
        for (place, target) in self.targets.iter().enumerate() {
            sites.push(Site::meet(target, self.pid.get(place).copied(), &self, &plan)?);
        }
        tell_apart(&mut sites);
        let mut runs: Vec<Vec<Outcome>> = sites.iter().map(|_| Vec::new()).collect();
        let bar = self.progress_bar();
        for round in 0..u64::from(self.repeat) {
            for (site, runs) in sites.iter_mut().zip(&mut runs) {
                runs.push(site.run(&self, &plan, round, &bar)?);
            }
        }
        bar.finish_and_clear();
        let found: Vec<_> = sites.iter().zip(runs).collect();
        if let Some(prefix) = &self.hgrm {
            hgrm::write_all(prefix, &plan, &found)?;
        }
        Ok(match self.json {
            true => format!("{:#}\n", report::json(&self, &plan, &found)),
            false => report::table(&self, &plan, &found),
        })
    }

    /// Over all runs, on standard error; it stays silent where that is no terminal.
    fn progress_bar(&self) -> ProgressBar {
        let each = match self.requests {
            Some(requests) => requests,
            None => (self.warmup + self.duration).as_millis() as u64,
        };
        let bar = ProgressBar::new(each * u64::from(self.repeat) * self.targets.len() as u64);
        // A template that were not valid would leave the bar as it is.
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {eta} left") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            // Draws from a thread of its own; else the threads that measure would do it.
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        bar
    }
}

/// Two of one name are told apart by where they are.
fn tell_apart(sites: &mut [Site]) {
    let names: Vec<_> = sites.iter().map(|site| site.name.clone()).collect();
    for site in sites {
        if names.iter().filter(|name| **name == site.name).count() > 1 {
            // As a part of a file's name, too.
            site.name = format!("{}@{}", site.name, site.target.place).replace('/', "_");
        }
    }
}

/// As many connections as are wanted, if the system lets us; if not, connecting says so.
fn make_room(wanted: u64) {
    #[cfg(unix)]
    let _ = rlimit::increase_nofile_limit(wanted);
    #[cfg(not(unix))]
    let _ = wanted;
}
