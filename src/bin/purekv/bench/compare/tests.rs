//! Every comparison runs, fills its charts, and finds out who is wrong.

use std::thread;

use super::{ALL, Comparison, run};
use crate::bench::progress::Progress;
use crate::bench::report::Section;
use crate::bench::settings::Settings;

/// One turn of each of these, in this process: the program that a child would be is the test's.
struct Here(Box<dyn Comparison>);

impl Comparison for Here {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn title(&self) -> &'static str {
        self.0.title()
    }
    fn about(&self) -> String {
        self.0.about()
    }
    fn charts(&self) -> Vec<crate::bench::report::Chart> {
        self.0.charts()
    }
    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }
    fn obstacle(&self) -> Option<String> {
        self.0.obstacle()
    }
    fn prepare(&mut self) {
        self.0.prepare();
    }
    fn takes_part(&self, subject: &str) -> bool {
        self.0.takes_part(subject)
    }
    fn also(&self) -> &[&'static str] {
        self.0.also()
    }
    fn reps(&self) -> usize {
        1
    }
    fn seconds(&self) -> f64 {
        self.0.seconds()
    }
    fn measure(&self, subject: &'static str) -> super::Outcome {
        self.0.measure(subject)
    }
}

fn section(make: super::Make, subjects: &[&'static str]) -> Section {
    let mut settings = Settings::least();
    settings.subjects = subjects.to_vec();
    run(&mut Here(make(&settings)), &settings, &mut Progress::new(1.0))
}

#[test]
fn every_comparison_measures_everybody_and_fills_its_charts() {
    measures(0);
}

/// Much of their time is by the clock, so the two run beside each other.
#[test]
fn so_does_every_other_comparison() {
    measures(1);
}

/// Every other comparison, from this one on.
fn measures(first: usize) {
    for make in ALL.iter().skip(first).step_by(2) {
        // Those take their time by the clock, and each has a child in a run.
        let slow: &[&str] = match make(&Settings::least()).in_child() {
            true => &[
                "papaya",
                "dashmap",
                "scc-map",
                "scc-index",
                "cache",
                "store-bound",
                "cache-bound",
                "none",
            ],
            false => &[],
        };
        let everybody: Vec<&'static str> = crate::bench::subjects::NAMES
            .iter()
            .copied()
            .filter(|name| !FAULTY.contains(name) && !slow.contains(name))
            .collect();
        let section = section(*make, &everybody);
        if section.skipped.is_some() {
            continue;
        }
        let name = &section.name;
        assert!(section.failures.is_empty(), "{name}: {:?}", section.failures);
        assert!(!section.rows.is_empty(), "{name} has no rows");
        for row in &section.rows {
            let samples = row.cells.iter().flat_map(|cell| &cell.samples);
            assert!(samples.clone().count() > 0, "{name}: nothing in {}", row.name.label);
            assert!(samples.into_iter().all(|value| value.is_finite()), "{name}: {row:?}");
        }
        for chart in &section.charts {
            assert!(!chart.series.is_empty(), "{name}: nothing on {}", chart.id);
            assert!(
                chart.series.iter().all(|series| !series.points.is_empty()),
                "{name}: {chart:?}"
            );
        }
        let labels: std::collections::BTreeSet<_> =
            section.rows.iter().map(|row| &row.name.label).collect();
        assert_eq!(labels.len(), section.rows.len(), "{name}: two rows of one name");
    }
}

const FAULTY: [&str; 4] = ["liar", "lazy", "lossy", "stale"];

/// What a subject that is wrong in this way does not show in that comparison: it never asks for a value of it, or a cache may forget.
const ALLOWED: &[(&str, &str)] = &[
    // Who evicts may forget anything, so an insert that is lost is no error.
    ("lossy", "evictions"),
    ("lossy", "max-memory"),
    ("lossy", "memory-full"),
    ("lossy", "hit-ratio"),
    // There nothing is inserted that is there.
    ("stale", "size"),
    ("stale", "evictions"),
    ("stale", "hit-ratio"),
];

#[test]
fn whoever_is_wrong_has_no_figures() {
    // Self-checks panic, in threads that are joined; their messages are not for this test's output.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let told = thread::spawn(|| {
        let mut told = vec![];
        for make in ALL {
            let comparison = make(&Settings::least());
            // Those take their time by the clock.
            let faulty = if comparison.in_child() { &FAULTY[..2] } else { &FAULTY };
            for &subject in faulty {
                let section = section(*make, &[subject]);
                let is_out = section.failures.len() == 1 && section.rows.is_empty();
                let takes_part = comparison.takes_part(subject) && section.skipped.is_none();
                let is_allowed = ALLOWED.contains(&(subject, &section.name));
                if takes_part && !is_out && !is_allowed {
                    told.push(format!("{} believes {subject}", section.name));
                }
            }
        }
        told
    });
    let told = told.join();
    std::panic::set_hook(hook);
    assert_eq!(told.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), Vec::<String>::new());
}
