//! How well a full cache chooses: misses, over the size of the cache, on traces.
//!
//! One thread asks for each key of the trace and inserts it if it is not there. Nothing is timed, so each cell is run once; what chance does by the keys of the hashes is less than 1 %, and that is called level.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::bench::compare::{Comparison, Outcome};
use crate::bench::keys::{Key, digest, value};
use crate::bench::report::{Axis, Better, Chart, RowName, Scale};
use crate::bench::settings::Settings;
use crate::bench::subjects::{self, Bound, Config, Subject, Visit};

/// A trace that is not in memory yet.
struct Source {
    name: String,
    /// None: made here.
    path: Option<PathBuf>,
}

/// `hit-ratio`.
pub(crate) struct HitRatio {
    sources: Vec<Source>,
    /// What keeps it from being run.
    obstacle: Option<String>,
    /// Capacities, as shares of the different keys.
    shares: &'static [f64],
    /// The least possible misses, where the directory says them: by trace and capacity.
    belady: HashMap<(String, usize), f64>,
    traces: Vec<Trace>,
    /// Requests and keys of a trace that is made here.
    synthetic: (usize, u64),
}

/// The requests, each as the number of its key in the order of first appearance.
struct Trace {
    ids: Vec<u32>,
    unique: usize,
}

/// Fewer entries than these are no cache that anybody has.
const LEAST: usize = 50;

impl HitRatio {
    pub(crate) fn new(settings: &Settings) -> Self {
        let (sources, obstacle) = match &settings.traces {
            None => (vec![Source { name: "zipf 0.9, made here".into(), path: None }], None),
            Some(folder) => match list(folder) {
                Ok(sources) => (sources, None),
                Err(why) => (vec![], Some(why)),
            },
        };
        let most = settings.pick(2, usize::MAX, usize::MAX);
        Self {
            sources: sources.into_iter().take(most).collect(),
            obstacle,
            shares: settings.pick(
                &[0.01, 0.1],
                &[0.001, 0.01, 0.1],
                &[0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
            ),
            belady: settings.traces.as_deref().map(reference).unwrap_or_default(),
            traces: vec![],
            synthetic: settings.pick((200_000, 20_000), (2_000_000, 200_000), (5_000_000, 500_000)),
        }
    }

    fn chart(index: usize) -> String {
        format!("hit-ratio-{index}")
    }
}

/// The traces of a directory, the smallest file first.
fn list(folder: &Path) -> Result<Vec<Source>, String> {
    let shown = folder.display();
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{shown}: {error}"))?;
    let mut sources = vec![];
    for entry in entries {
        let entry = entry.map_err(|error| format!("{shown}: {error}"))?;
        let path = entry.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = file.strip_suffix(".zst").unwrap_or(file).strip_suffix(".csv");
        let Some(name) = name.filter(|name| *name != "reference") else { continue };
        let size = entry.metadata().map_or(0, |data| data.len());
        sources.push((size, Source { name: name.to_owned(), path: Some(path) }));
    }
    sources.sort_by(|(a, one), (b, other)| (a, &one.name).cmp(&(b, &other.name)));
    match sources.is_empty() {
        true => Err(format!("{shown} has no *.csv or *.csv.zst")),
        false => Ok(sources.into_iter().map(|(_, source)| source).collect()),
    }
}

/// What `reference.csv` in the directory says of Belady's optimum: columns trace, frac, cap, requests, unique, policy, source, miss_ratio.
fn reference(folder: &Path) -> HashMap<(String, usize), f64> {
    let text = std::fs::read_to_string(folder.join("reference.csv")).unwrap_or_default();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let [trace, _, capacity, _, _, "Belady", _, ratio, ..] = fields[..] else { return None };
        Some(((trace.to_owned(), capacity.parse().ok()?), ratio.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

impl Trace {
    fn read(source: &Source, synthetic: (usize, u64)) -> Result<Self, String> {
        let workload = match &source.path {
            Some(path) => purekv::replay::read_trace(path, usize::MAX),
            None => purekv::replay::zipf(synthetic.0, synthetic.1, 0.9, 1),
        };
        let workload = workload.map_err(|error| error.to_string())?;
        let mut known: HashMap<u64, u32, ahash::RandomState> = HashMap::default();
        let ids = workload.requests().iter().map(|request| {
            let next = known.len() as u32;
            *known.entry(request.key).or_insert(next)
        });
        Ok(Self { ids: ids.collect(), unique: known.len() })
    }
}

impl Comparison for HitRatio {
    fn name(&self) -> &'static str {
        "hit-ratio"
    }

    fn title(&self) -> &'static str {
        "Misses, over the size of the cache"
    }

    fn about(&self) -> String {
        "One thread asks for each key of a trace and inserts it if it is not there; the capacity is so many percent of the different keys. Each cache is as its users have it, with as many shards as it takes by itself.".into()
    }

    fn charts(&self) -> Vec<Chart> {
        let chart = |(index, source): (usize, &Source)| {
            let x =
                self.shares.iter().fold(
                    Axis::new("capacity, % of the different keys", Scale::Log),
                    |axis, share| axis.named(share * 100.0, (share * 100.0).to_string()),
                );
            let y = Axis::new("misses, % of the requests", Scale::Linear);
            Chart::lines(Self::chart(index), &source.name, x, y)
        };
        self.sources.iter().enumerate().map(chart).collect()
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec!["Time-to-live and sizes of the traces are left out here: entries count as one each. `held at most` above the capacity makes a miss ratio look better than it is.".into()];
        if !self.belady.is_empty() {
            notes.push("belady: the least possible, by who knows the future, as the directory's reference.csv says.".into());
        }
        notes
    }

    fn obstacle(&self) -> Option<String> {
        self.obstacle.clone()
    }

    fn prepare(&mut self) {
        let read = |source| Trace::read(source, self.synthetic);
        let traces: Result<Vec<Trace>, String> = self.sources.iter().map(read).collect();
        match traces {
            Ok(traces) => self.traces = traces,
            Err(why) => self.obstacle = Some(why),
        }
    }

    fn takes_part(&self, subject: &str) -> bool {
        subjects::bounds(subject) && subject != "none" && !subject.ends_with("-bound")
    }

    fn also(&self) -> &[&'static str] {
        &["foyer"]
    }

    fn reps(&self) -> usize {
        1
    }

    fn seconds(&self) -> f64 {
        let megabytes = |source: &Source| {
            let bytes = source.path.as_ref().and_then(|path| path.metadata().ok());
            bytes.map_or(2.0, |data| data.len() as f64 / 1e6)
        };
        let requests = self.sources.iter().map(megabytes).sum::<f64>() * 1.5e6;
        requests * self.shares.len() as f64 * 0.25e-6
    }

    fn measure(&self, subject: &'static str) -> Outcome {
        let mut outcome = Outcome::default();
        for (index, (source, trace)) in self.sources.iter().zip(&self.traces).enumerate() {
            for share in self.shares {
                let capacity = (trace.unique as f64 * share) as usize;
                if capacity < LEAST {
                    continue;
                }
                let (misses, most) = subjects::with(subject, Replay { trace, capacity });
                let percent = |count: f64| count / trace.ids.len() as f64 * 100.0;
                let label = format!("{}, {} %", source.name, share * 100.0);
                let row = RowName::new(&label, "% misses", Better::Lower).exact();
                let row = row.on(Self::chart(index), share * 100.0);
                outcome.figure(row, percent(misses as f64));
                let row =
                    RowName::new(format!("{label}, held at most"), "entries", Better::Neither);
                outcome.figure(row, most as f64);
                if let Some(least) = self.belady.get(&(source.name.clone(), capacity)) {
                    outcome.point_of(&Self::chart(index), "belady", share * 100.0, least * 100.0);
                }
            }
        }
        outcome
    }
}

struct Replay<'a> {
    trace: &'a Trace,
    capacity: usize,
}

/// Requests between two looks at how many entries there are.
const LOOK: usize = 1 << 16;

impl Visit for Replay<'_> {
    /// Misses, and the most entries seen.
    type Output = (u64, usize);

    fn visit<S: Subject>(self) -> Self::Output {
        let bound = Bound::Entries(self.capacity);
        let subject = S::build(&Config::bounded(bound, self.capacity, false));
        let (mut misses, mut most) = (0, 0);
        for (number, &id) in self.trace.ids.iter().enumerate() {
            let key = Key::of(id);
            match subject.get(key.bytes(), digest) {
                Some(got) => assert_eq!(got, 2 * u64::from(id), "a wrong value"),
                None => {
                    misses += 1;
                    subject.insert(key.bytes(), &value(id), None);
                }
            }
            if number % LOOK == LOOK - 1 {
                most = most.max(subject.len());
            }
        }
        most = most.max(subject.len());
        assert!(misses >= self.trace.unique as u64, "more hits than there can be");
        super::check_held(&subject, 0..self.trace.unique as u32, Key::of);
        let len = subject.len();
        assert!(!S::BOUNDS_EXACTLY || len <= self.capacity, "{len} entries: more than the bound");
        (misses, most)
    }
}
