//! What is printed: a table for people, JSON for programs.

use purekv::replay::{Spread, Unit, aligned, grouped};
use serde_json::{Map, Value, json};

use super::figures::{self, Figure};
use super::options::Server;
use super::plan::Plan;
use super::site::{Outcome, Site};
use super::warnings;
use crate::machine;

/// Each target with its runs.
pub(crate) type Found<'s> = [(&'s Site, Vec<Outcome>)];

fn names(plan: &Plan) -> Vec<String> {
    plan.operations.iter().map(|(operation, _)| operation.name()).collect()
}

fn all_figures(options: &Server, plan: &Plan) -> Vec<Figure> {
    figures::figures(&names(plan), options.rate.is_some())
}

pub(crate) fn table(options: &Server, plan: &Plan, found: &Found<'_>) -> String {
    let mut text = format!("{}\n{}\n", machine::command(), machine::machine());
    text += &format!("{}\n{}\n", workload(options, plan), load(options, plan));
    for (site, _) in found {
        text += &format!("{}\n", site.line());
    }
    text.push('\n');
    let labels = found.iter().map(|(site, _)| site.name.clone());
    let mut rows = vec![std::iter::once(String::new()).chain(labels).collect::<Vec<_>>()];
    for figure in all_figures(options, plan) {
        let spreads: Vec<_> = found.iter().map(|(_, runs)| spread(&figure, runs)).collect();
        if spreads.iter().all(Option::is_none) {
            continue;
        }
        let cell = |spread: &Option<Spread>| {
            spread.map_or("–".to_owned(), |spread| figure.unit.show(spread, options.repeat > 1))
        };
        rows.push(std::iter::once(figure.label.clone()).chain(spreads.iter().map(cell)).collect());
    }
    text += &aligned(&rows);
    text.push('\n');
    for (site, runs) in found {
        text += &format!("{}\n", checked(site, runs));
    }
    for warning in warnings::all(options, plan, found) {
        text += &format!("WARNING: {warning}\n");
    }
    text
}

fn spread(figure: &Figure, runs: &[Outcome]) -> Option<Spread> {
    Spread::of(runs.iter().filter_map(|run| (figure.value)(run)))
}

/// What the self-check has seen.
fn checked(site: &Site, runs: &[Outcome]) -> String {
    let sum = |of: fn(&Outcome) -> u64| grouped(runs.iter().map(of).sum::<u64>() as f64);
    let replies = sum(|run| run.tally.answered());
    let mut text = format!("{}: {replies} replies, as many as requests, all right", site.name);
    if runs.iter().any(|run| run.hit_ratio().is_some()) {
        let (hits, misses) = (sum(|run| run.tally.hits()), sum(|run| run.tally.misses()));
        text += &format!("; {hits} hits, their values checked, {misses} misses");
    }
    let read_back = runs.iter().filter_map(|run| run.read_back);
    let pair = read_back.reduce(|sum, next| (sum.0 + next.0, sum.1 + next.1));
    if let Some((asked, found)) = pair {
        let (asked, found) = (grouped(asked as f64), grouped(found as f64));
        text += &format!("; read back: of {asked} keys {found} were there and right");
    }
    text
}

fn workload(options: &Server, plan: &Plan) -> String {
    let what = match (&options.command, options.ratio) {
        (super::operation::Command::Mixed, (gets, sets)) => format!("gets to sets {gets}:{sets}"),
        (one, _) => one.to_string(),
    };
    let popularity = match options.zipf {
        0.0 => "uniform".to_owned(),
        exponent => format!("zipf {exponent}"),
    };
    let filled = if plan.fill.is_some() { "all written first" } else { "none written first" };
    format!(
        "{what}; {} keys of {} bytes, {popularity}, {filled}; values of {} bytes, ttl {}",
        grouped(options.keys as f64),
        options.key_size,
        options.value_size,
        options.ttl,
    )
}

fn load(options: &Server, plan: &Plan) -> String {
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{} {what}s", grouped(count as f64)),
    };
    let pace = match options.rate {
        None => "closed loop".to_owned(),
        Some(rate) => format!("open loop, {} requests/s {}", grouped(rate), options.arrivals),
    };
    let length = match options.requests {
        Some(requests) => format!("{} requests", grouped(requests as f64)),
        None => humantime::format_duration(options.duration).to_string(),
    };
    let runs = match options.repeat {
        1 => "one run each".to_owned(),
        runs => format!("{runs} runs each in turn: median (min–max)"),
    };
    format!(
        "{}, {}, pipeline {}, {pace}; {length} after {} of warm-up; {runs}",
        count(options.connections as usize, "connection"),
        count(plan.threads, "thread"),
        options.pipeline,
        humantime::format_duration(options.warmup),
    )
}

pub(crate) fn json(options: &Server, plan: &Plan, found: &Found<'_>) -> Value {
    let figures = all_figures(options, plan);
    let target = |(site, runs): &(&Site, Vec<Outcome>)| {
        let figures: Map<String, Value> = figures
            .iter()
            .map(|figure| {
                let values: Vec<_> = runs.iter().map(|run| (figure.value)(run)).collect();
                let spread = Spread::of(values.iter().copied().flatten());
                let value = json!({
                    "median": spread.map(|spread| spread.median),
                    "min": spread.map(|spread| spread.min),
                    "max": spread.map(|spread| spread.max),
                    "runs": values,
                });
                (figure.key.clone(), value)
            })
            .collect();
        let total = |of: fn(&Outcome) -> u64| runs.iter().map(of).sum::<u64>();
        json!({
            "name": site.name,
            "place": site.target.place.to_string(),
            "protocol": site.greeting.protocol.name(),
            "server": site.greeting.name,
            "version": site.greeting.version,
            "process": site.process.as_ref().ok().map(|process| process.pid),
            "replies": total(|run| run.tally.answered()),
            "hits": total(|run| run.tally.hits()),
            "misses": total(|run| run.tally.misses()),
            "figures": figures,
            "latency": curves(plan, runs),
        })
    };
    let targets: Vec<_> = found.iter().map(target).collect();
    json!({
        "about": machine::to_json(),
        "workload": {
            "text": workload(options, plan),
            "command": options.command.to_string(),
            "ratio": [options.ratio.0, options.ratio.1],
            "keys": options.keys,
            "key_bytes": options.key_size,
            "zipf": options.zipf,
            "value_bytes": options.value_size.to_string(),
            "ttl": options.ttl.to_string(),
            "filled": plan.fill.is_some(),
        },
        "load": {
            "text": load(options, plan),
            "connections": options.connections,
            "threads": plan.threads,
            "pipeline": options.pipeline,
            "rate": options.rate,
            "requests": options.requests,
            "seconds": options.requests.is_none().then_some(options.duration.as_secs_f64()),
            "repeat": options.repeat,
            "seed": options.seed,
        },
        "targets": targets,
        "warnings": warnings::all(options, plan, found),
    })
}

/// Of each command the latencies of all runs together, as pairs of a quantile and nanoseconds.
fn curves(plan: &Plan, runs: &[Outcome]) -> Map<String, Value> {
    let merged = merged(runs, plan.operations.len());
    let curve = |(name, counts)| {
        let pairs: Vec<_> = figures::curve(counts).into_iter().map(|pair| json!(pair)).collect();
        (name, json!(pairs))
    };
    names(plan).into_iter().zip(&merged.counts).map(curve).collect()
}

pub(crate) fn merged(runs: &[Outcome], operations: usize) -> super::tally::Tally {
    let mut all = super::tally::Tally::new(operations);
    runs.iter().for_each(|run| all.merge(run.tally.clone()));
    all
}

/// Whether the figures of these runs are so far apart that nothing can be concluded.
pub(crate) fn spread_of_rates(runs: &[Outcome]) -> Option<Spread> {
    Spread::of(runs.iter().map(Outcome::per_second))
}

/// As the tables show it.
pub(crate) fn nanos(nanos: u64) -> String {
    let nanos = nanos as f64;
    let one = Spread::of([nanos]);
    one.map_or_else(String::new, |spread| Unit::Nanos.show(spread, false))
}
