//! The comparisons, one a file, and how each is run: every subject in turn, over and over, and whoever fails its self-check is out.

mod runner;
#[cfg(test)]
mod tests;

pub(crate) use self::runner::{Outcome, child, run};

use super::report::Chart;
use super::settings::Settings;
use super::workload;

/// One comparison.
pub(crate) trait Comparison {
    /// What `--only` calls it.
    fn name(&self) -> &'static str;

    fn title(&self) -> &'static str;

    /// What is asked, and how it is measured.
    fn about(&self) -> String;

    /// Empty pictures, which [`Outcome`]s fill.
    fn charts(&self) -> Vec<Chart>;

    /// What there is to know besides.
    fn notes(&self) -> Vec<String> {
        vec![]
    }

    /// Why it cannot be run.
    fn obstacle(&self) -> Option<String> {
        None
    }

    /// Makes what all turns need, before the first of them.
    fn prepare(&mut self) {}

    /// Whether a subject takes part.
    fn takes_part(&self, subject: &str) -> bool;

    /// Those that take part here though they do so elsewhere only where they are named.
    fn also(&self) -> &[&'static str] {
        &[]
    }

    /// How often each subject is measured.
    fn reps(&self) -> usize;

    /// Seconds that one turn of one subject takes, about.
    fn seconds(&self) -> f64;

    /// Whether each turn has a process of its own, as it must where memory is measured: nothing that another subject has left
    /// behind in the allocator, and no thread of it, is in the figures.
    fn in_child(&self) -> bool {
        false
    }

    /// One turn of one subject. Panics if a self-check fails: then the figures mean nothing.
    fn measure(&self, subject: &'static str) -> Outcome;
}

/// Makes a comparison of what was asked for.
type Make = fn(&Settings) -> Box<dyn Comparison>;

/// All of them, in the order of the report.
pub(crate) const ALL: &[Make] = &[
    |settings| Box::new(workload::throughput::Throughput::new(settings)),
    |settings| Box::new(workload::latency::Latency::new(settings)),
    |settings| Box::new(workload::size::Size::new(settings)),
    |settings| Box::new(workload::memory::Memory::new(settings, false)),
    |settings| Box::new(workload::growth::Growing::new(settings)),
    |settings| Box::new(workload::mass_expiry::MassExpiry::new(settings)),
    |settings| Box::new(workload::expiry_lag::ExpiryLag::new(settings)),
    |settings| Box::new(workload::churn::Churning::new(settings)),
    |settings| Box::new(workload::evictions::Evictions::new(settings)),
    |settings| Box::new(workload::memory::Memory::new(settings, true)),
    |settings| Box::new(workload::max_memory::MaxMemory::new(settings)),
    |settings| Box::new(workload::hit_ratio::HitRatio::new(settings)),
    |settings| Box::new(workload::stall::Stall::new(settings)),
    |settings| Box::new(workload::dump::DumpTimes::new(settings)),
];
