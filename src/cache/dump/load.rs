//! A load into either face.

use super::crew::Crew;
use super::options::LoadOptions;
use super::standing::Round;
use crate::snapshot::{DumpError, Scratch};

/// Entries loaded under one pin. The memory where they will be is asked for together: a load would wait for each of them otherwise.
pub(super) const PER_PIN: usize = 32;

/// What became of a dump's entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// They are in the cache now, or were until it had to make room for others.
    pub loaded: u64,
    /// Their keys were in the cache already, with what is newer.
    pub present: u64,
    /// They were due by the wall clock.
    pub expired: u64,
    /// They are heavier than the whole cache may be.
    pub too_heavy: u64,
}

impl LoadReport {
    /// Counts an entry: whether it was inserted, or that it was refused.
    pub(super) fn count<E>(&mut self, inserted: Result<bool, E>) {
        match inserted {
            Ok(true) => self.loaded += 1,
            Ok(false) => self.present += 1,
            Err(_) => self.too_heavy += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.loaded += other.loaded;
        self.present += other.present;
        self.expired += other.expired;
        self.too_heavy += other.too_heavy;
    }
}

/// Loads section by section, in each round. The first error is the answer; what was loaded by then stays.
pub(super) fn load_all(
    options: &LoadOptions,
    sections: usize,
    rounds: &[Round],
    load: impl Fn(usize, Round, &mut Scratch, &mut LoadReport) -> Result<(), DumpError> + Sync,
) -> Result<LoadReport, DumpError> {
    let crew = Crew::new(sections * rounds.len());
    let work = || {
        let (mut report, mut scratch) = (LoadReport::default(), Scratch::default());
        while let Some(part) = crew.claim() {
            load(part % sections, rounds[part / sections], &mut scratch, &mut report)?;
        }
        Ok(report)
    };
    let mut total = LoadReport::default();
    let reports = crew.run(options.threads_for(sections) - 1, work, work)?;
    reports.into_iter().for_each(|report| total.add(report));
    Ok(total)
}
