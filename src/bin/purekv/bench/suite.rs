//! The run of all comparisons that were asked for.

use std::time::{Instant, SystemTime};

use super::compare::{self, Comparison};
use super::machine;
use super::progress::Progress;
use super::report::Report;
use super::settings::Settings;
use super::subjects;

/// Those that `only` names, or all.
pub(crate) fn choose(
    settings: &Settings,
    only: &[String],
) -> Result<Vec<Box<dyn Comparison>>, String> {
    let all: Vec<_> = compare::ALL.iter().map(|make| make(settings)).collect();
    let known = |name: &String| all.iter().any(|comparison| comparison.name() == name);
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        let names: Vec<_> = all.iter().map(|comparison| comparison.name()).collect();
        return Err(format!("no comparison {unknown:?}; there are {}", names.join(", ")));
    }
    let asked = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    Ok(all.into_iter().filter(|comparison| asked(comparison.name())).collect())
}

/// What there is to choose from.
pub(crate) fn list(settings: &Settings) -> String {
    let comparisons = compare::ALL.iter().map(|make| make(settings));
    let comparisons: String = comparisons
        .map(|comparison| format!("  {:14} {}\n", comparison.name(), comparison.title()))
        .collect();
    format!("comparisons:\n{comparisons}stores: {}\n", subjects::NAMES.join(", "))
}

/// Seconds that all turns of a comparison take, about.
fn expected(settings: &Settings, comparison: &dyn Comparison) -> f64 {
    if comparison.obstacle().is_some() {
        return 0.0;
    }
    let turns = settings.turn(0, comparison).len() * comparison.reps();
    turns as f64 * comparison.seconds()
}

/// Runs them all, one after the other.
pub(crate) fn run(settings: &Settings, mut comparisons: Vec<Box<dyn Comparison>>) -> Report {
    let (began, start) = (SystemTime::now(), Instant::now());
    let expected = comparisons.iter().map(|comparison| expected(settings, comparison.as_ref()));
    let mut progress = Progress::new(expected.sum());
    // What a self-check says is in the report; here it would only break the bar.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let sections = comparisons
        .iter_mut()
        .map(|comparison| compare::run(comparison.as_mut(), settings, &mut progress))
        .collect();
    std::panic::set_hook(hook);
    progress.end();
    Report {
        version: env!("CARGO_PKG_VERSION").into(),
        command: crate::machine::command(),
        began: humantime::format_rfc3339_seconds(began).to_string(),
        seconds: start.elapsed().as_secs_f64(),
        effort: settings.effort().name().into(),
        machine: machine::describe(),
        sections,
    }
}
