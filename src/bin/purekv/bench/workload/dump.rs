//! Writing all of a store to a file, and having it back: loaded, or read where it lies.
//!
//! No peer has such a thing. The yardstick is inserting all entries anew.

use std::path::{Path, PathBuf};
use std::time::Instant;

use purekv::{Store, StoreSnapshot};

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Key, digest, value};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::settings::{Settings, short};

/// `dump`.
pub(crate) struct DumpTimes {
    sizes: Vec<usize>,
    reps: usize,
}

impl DumpTimes {
    pub(crate) fn new(settings: &Settings) -> Self {
        let sizes: &[usize] = settings.pick(
            &[10_000, 200_000],
            &[10_000, 100_000, 1_000_000],
            &[10_000, 100_000, 1_000_000, 10_000_000],
        );
        Self { sizes: settings.keys(sizes), reps: settings.reps(2, 3, 5) }
    }
}

const CHART: &str = "dump";

impl Comparison for DumpTimes {
    fn name(&self) -> &'static str {
        "dump"
    }

    fn title(&self) -> &'static str {
        "Dump files: writing, loading, opening"
    }

    fn about(&self) -> String {
        "A store with keys of 16 bytes and values of 64, each with a time-to-live. Dumped with fsync to the directory for temporary files; then opened as a snapshot and asked for one key; started on top of it (`warm_from`) and asked for one key; loaded. Beside it, what inserting all of it anew takes. No peer has dump files.".into()
    }

    fn charts(&self) -> Vec<Chart> {
        let x = Axis::new("entries", Scale::Log);
        let y = Axis::new("milliseconds", Scale::Log);
        vec![Chart::lines(CHART, "how long it takes", x, y)]
    }

    fn takes_part(&self, subject: &str) -> bool {
        subject == "store"
    }

    fn reps(&self) -> usize {
        self.reps
    }

    fn seconds(&self) -> f64 {
        0.3 + self.sizes.iter().sum::<usize>() as f64 * 4e-6
    }

    fn in_child(&self) -> bool {
        true
    }

    fn measure(&self, _: &'static str) -> Outcome {
        let mut outcome = Outcome::default();
        for &entries in &self.sizes {
            let file = File::new(entries);
            if let Err(error) = times(&file.0, entries, &mut outcome) {
                panic!("{}: {error}", file.0.display());
            }
        }
        outcome
    }
}

/// Removed at the end.
struct File(PathBuf);

impl File {
    fn new(entries: usize) -> Self {
        let name = format!("purekv-bench-{}-{entries}.dump", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // What cannot be removed is left for whoever clears the directory.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn times(path: &Path, entries: usize, outcome: &mut Outcome) -> Result<(), purekv::DumpError> {
    let wanted = Key::short(entries as u32 / 2);
    let expected = Some(2 * u64::from(wanted.id));
    let mut timed = |what: &str, start: Instant| {
        let time = start.elapsed().as_secs_f64() * 1e3;
        let label = format!("{} entries, {what}", short(entries));
        outcome.figure(RowName::new(label, "ms", Better::Lower), time);
        outcome.point_of(CHART, what, entries as f64, time);
    };

    let store = Store::new();
    let start = Instant::now();
    for id in 0..entries as u32 {
        store.insert_with_ttl(Key::short(id).bytes(), &value(id), super::LONG);
    }
    timed("insert anew", start);
    let start = Instant::now();
    let dumped = store.dump(path)?;
    timed("dump", start);
    assert_eq!(dumped.entries, entries as u64, "the dump is not whole");
    drop(store);

    let start = Instant::now();
    let snapshot = StoreSnapshot::open(path)?;
    let got = snapshot.get(wanted.bytes())?.map(digest);
    timed("open, first get", start);
    assert_eq!(got, expected, "a wrong value");

    let start = Instant::now();
    let warm = Store::builder().warm_from(snapshot).build();
    let got = warm.read(wanted.bytes(), digest);
    timed("warm start, first get", start);
    assert_eq!(got, expected, "a wrong value");
    drop(warm);

    let loaded = Store::new();
    let start = Instant::now();
    let report = loaded.load(path)?;
    timed("load", start);
    assert_eq!(report.loaded, entries as u64, "not all is loaded");
    for id in (0..entries as u32).step_by(101) {
        let got = loaded.read(Key::short(id).bytes(), digest);
        assert_eq!(got, Some(2 * u64::from(id)), "a wrong value");
    }
    Ok(())
}
