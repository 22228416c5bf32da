//! What makes figures worth less than they look, said aloud.

use purekv::replay::grouped;

use super::options::Server;
use super::plan::Plan;
use super::report::{Found, merged, nanos, spread_of_rates};
use super::site::{Outcome, Site};

/// A generator's thread that works for more than this share of the time may be what is measured.
const BUSY: f64 = 0.9;
/// It had to wait for a processor for more than this share of the time.
const CROWDED: f64 = 0.1;
/// The best run is faster than the worst by more than this.
const APART: f64 = 1.25;
/// At a rate: later than this by itself, in nanoseconds, or slower than this share of the rate.
const LATE: u64 = 1_000_000;
const SLOW: f64 = 0.99;

pub(crate) fn all(options: &Server, plan: &Plan, found: &Found<'_>) -> Vec<String> {
    found.iter().flat_map(|(site, runs)| of_target(options, plan, site, runs)).collect()
}

fn of_target(options: &Server, plan: &Plan, site: &Site, runs: &[Outcome]) -> Vec<String> {
    let mut all = Vec::new();
    let mut warn = |text: String| all.push(format!("{}: {text}", site.name));
    let most = |shares: Vec<Option<f64>>| shares.into_iter().flatten().fold(0.0, f64::max);
    let tally = merged(runs, plan.operations.len());
    let gone = |run: &Outcome| run.read_back.map_or(0, |(asked, found)| asked - found);
    let misses = tally.misses() + runs.iter().map(gone).sum::<u64>();
    if misses > 0 && plan.fill.is_some() && plan.work.ttl.is_none() {
        let misses = grouped(misses as f64);
        warn(format!(
            "{misses} gets found nothing, of keys that were written and never expire: \
             the server evicts or loses what it is given"
        ));
    }
    if tally.abandoned > 0 {
        let count = grouped(tally.abandoned as f64);
        warn(format!(
            "{count} requests were due and never begun; in the latencies they count with the time for which they had waited"
        ));
    }
    let busy = most(runs.iter().map(Outcome::own_share).collect());
    if busy > BUSY {
        let busy = busy * 100.0;
        warn(format!(
            "a thread of the generator was busy for {busy:.0} % of the time: the server may be \
             faster than this shows; try more --threads, where there are processors for them"
        ));
    }
    let waited = most(runs.iter().map(|run| run.share(|time| time.waited)).collect());
    if waited > CROWDED {
        let waited = waited * 100.0;
        warn(format!(
            "a thread of the generator waited for a processor for {waited:.0} % of the time: \
             more threads want to run than there are processors, and latencies show it"
        ));
    }
    let late = tally.late.value_at_quantile(0.99);
    if !tally.late.is_empty() && late > LATE {
        let late = nanos(late);
        warn(format!(
            "the generator itself was late: by {late} and more for 1 % of the requests that had not to wait for their connection"
        ));
    }
    if let (Some(rate), Some(spread)) = (options.rate, spread_of_rates(runs))
        && spread.min < rate * SLOW
        && options.requests.is_none()
        && tally.answered() > 1000
    {
        let (min, rate) = (grouped(spread.min), grouped(rate));
        warn(format!("{min} requests/s were answered where {rate} were to begin"));
    }
    if let Some(spread) = spread_of_rates(runs)
        && spread.max > spread.min * APART
    {
        let (min, max) = (grouped(spread.min), grouped(spread.max));
        warn(format!(
            "runs are far apart, {min} to {max} requests/s: too noisy for small differences"
        ));
    }
    all
}
