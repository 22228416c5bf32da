//! What is told of a run: each figure, and how it is computed.

use hdrhistogram::Histogram;
use purekv::replay::Unit;

use super::site::Outcome;
use super::tally::Counts;

/// How a figure is had from what a run has found.
type Of<T> = Box<dyn Fn(&T) -> Option<f64>>;

pub(crate) struct Figure {
    pub(crate) label: String,
    pub(crate) key: String,
    pub(crate) unit: Unit,
    pub(crate) value: Of<Outcome>,
}

fn figure(
    label: &str,
    key: &str,
    unit: Unit,
    value: impl Fn(&Outcome) -> Option<f64> + 'static,
) -> Figure {
    Figure { label: label.to_owned(), key: key.to_owned(), unit, value: Box::new(value) }
}

/// Of a latency.
const QUANTILES: &[(&str, &str, f64)] = &[
    ("p50", "p50_ns", 0.5),
    ("p90", "p90_ns", 0.9),
    ("p99", "p99_ns", 0.99),
    ("p99.9", "p999_ns", 0.999),
    ("p99.99", "p9999_ns", 0.9999),
];

/// All that there are, for operations of these names.
pub(crate) fn figures(operations: &[String], is_paced: bool) -> Vec<Figure> {
    let mut all = vec![figure("requests/s", "requests_per_second", Unit::Rate, |outcome| {
        Some(outcome.per_second())
    })];
    for (place, name) in operations.iter().enumerate() {
        all.extend(latencies(name, move |outcome| &outcome.tally.counts[place].latency));
    }
    if is_paced {
        all.extend(latencies("behind", |outcome| &outcome.tally.behind));
        all.push(figure("never begun", "abandoned", Unit::Count, |outcome| {
            Some(outcome.tally.abandoned as f64)
        }));
    }
    all.push(figure("hit ratio", "hit_ratio", Unit::Share, |outcome| outcome.hit_ratio()));
    all.push(figure("bytes in/s", "bytes_in_per_second", Unit::Rate, |outcome| {
        Some(outcome.tally.bytes_in as f64 / outcome.seconds.max(1e-9))
    }));
    all.push(figure("bytes out/s", "bytes_out_per_second", Unit::Rate, |outcome| {
        Some(outcome.tally.bytes_out as f64 / outcome.seconds.max(1e-9))
    }));
    let server = "server_cpu_seconds_per_million";
    all.push(figure("server CPU s/M requests", server, Unit::Rate, Outcome::server_cpu));
    all.push(figure("server processors", "server_cpu_share", Unit::Rate, |outcome| {
        let (begin, end) = outcome.usages?;
        Some(end.cpu.saturating_sub(begin.cpu).as_secs_f64() / outcome.seconds.max(1e-9))
    }));
    all.push(figure("server RSS bytes", "server_rss_bytes", Unit::Rate, |outcome| {
        Some(outcome.usages?.1.rss? as f64)
    }));
    let own = "generator_cpu_seconds_per_million";
    all.push(figure("generator CPU s/M requests", own, Unit::Rate, Outcome::own_cpu));
    all.push(figure("generator CPU share", "generator_cpu_share", Unit::Share, Outcome::own_share));
    all.push(figure("generator waited for CPU", "generator_wait_share", Unit::Share, |outcome| {
        outcome.share(|time| time.waited)
    }));
    all
}

fn latencies(
    name: &str,
    of: impl Fn(&Outcome) -> &Histogram<u64> + Clone + 'static,
) -> Vec<Figure> {
    let mut all = Vec::new();
    let mut add = |label: &str, key: &str, value: Of<Histogram<u64>>| {
        let of = of.clone();
        // Of nothing there is no latency.
        let value = move |outcome: &Outcome| value(of(outcome)).filter(|_| !of(outcome).is_empty());
        all.push(figure(&format!("{name} {label}"), &format!("{name}_{key}"), Unit::Nanos, value));
    };
    add("mean", "mean_ns", Box::new(|latency| Some(latency.mean())));
    for (label, key, quantile) in QUANTILES {
        add(label, key, Box::new(|latency| Some(latency.value_at_quantile(*quantile) as f64)));
    }
    add("max", "max_ns", Box::new(|latency| Some(latency.max() as f64)));
    all
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.tally.answered() as f64 / self.seconds.max(1e-9)
    }

    pub(crate) fn hit_ratio(&self) -> Option<f64> {
        let (hits, misses) = (self.tally.hits(), self.tally.misses());
        (hits + misses > 0).then(|| hits as f64 / (hits + misses) as f64)
    }

    /// Microseconds a request, which are seconds a million.
    fn per_million(&self, seconds: f64) -> Option<f64> {
        let answered = self.tally.answered();
        (answered > 0).then(|| seconds * 1e6 / answered as f64)
    }

    fn server_cpu(&self) -> Option<f64> {
        let (begin, end) = self.usages?;
        self.per_million(end.cpu.saturating_sub(begin.cpu).as_secs_f64())
    }

    fn own_cpu(&self) -> Option<f64> {
        let threads = Some(&self.tally.threads).filter(|threads| !threads.is_empty())?;
        self.per_million(threads.iter().map(|time| time.busy.as_secs_f64()).sum())
    }

    /// Of the thread that had most to do.
    pub(crate) fn own_share(&self) -> Option<f64> {
        self.share(|time| time.busy)
    }

    pub(crate) fn share(
        &self,
        of: impl Fn(&super::threads::ThreadTime) -> std::time::Duration,
    ) -> Option<f64> {
        let share = |time| {
            let time: &super::threads::ThreadTime = time;
            of(time).as_secs_f64() / time.passed.as_secs_f64().max(1e-9)
        };
        self.tally.threads.iter().map(share).reduce(f64::max)
    }
}

/// A latency's curve: pairs of a quantile and nanoseconds, finer towards the end.
pub(crate) fn curve(counts: &Counts) -> Vec<(f64, u64)> {
    let steps = counts.latency.iter_quantiles(4);
    steps.map(|step| (step.quantile_iterated_to(), step.value_iterated_to())).collect()
}
