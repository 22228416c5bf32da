//! One replay of one workload against one store.

use std::io;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use super::cpu::process_time;
use super::latency::{Latency, Sampler};
use super::{Operation, ReplayError, Request, TtlChoice, ValueSize, Workload};
use crate::{Histogram, Kv};

/// Requests a thread replays in a row. They are dealt in turn: with T threads, thread t gets blocks
/// t, t + T, t + 2T …, so that all of them move through the trace together and neighbours mostly stay neighbours.
const BLOCK: usize = 512;

/// How a replay is done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Threads that replay; 0 counts as 1.
    pub threads: usize,
    /// How large the values are.
    pub value_size: ValueSize,
    /// What time-to-live they get.
    pub ttl: TtlChoice,
    /// Of so many gets, and of so many inserts, one is timed (two clock readings cost more than a get); 0 counts as 1.
    pub sample: usize,
    /// Decides the random TTLs.
    pub seed: u64,
}

impl Default for Options {
    /// A thread for each processor, values of 64 bytes that live 50 ms to 2 s, one in 8 timed.
    fn default() -> Self {
        Self {
            threads: thread::available_parallelism().map_or(1, usize::from),
            value_size: ValueSize::default(),
            ttl: TtlChoice::Between(Duration::from_millis(50), Duration::from_secs(2)),
            sample: 8,
            seed: 1,
        }
    }
}

/// What one replay has measured.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Requests replayed: gets and sets. The insert after a miss is part of its get's request.
    pub requests: u64,
    /// From the first thread's first request to the last one's last.
    pub elapsed: Duration,
    /// Gets among the requests.
    pub gets: u64,
    /// Gets that found a value.
    pub hits: u64,
    /// Latency of gets, found or not; without the insert that follows a miss.
    pub get: Latency,
    /// Latency of inserts.
    pub insert: Latency,
    /// How long after their deadlines entries were removed; those that were due and still there at the end
    /// were removed then and are counted.
    pub expiry_lag: Histogram,
    /// Entries at the end, with those due and not yet removed.
    pub entries: usize,
    /// Processor time the process used, as a share (0 to 1) of what its threads, or as many of them as there
    /// are processors, could have used; above 1 when background threads worked as well.
    pub cpu_share: Option<f64>,
}

impl Outcome {
    /// Requests per second, all threads together.
    pub fn requests_per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// The share of the gets that found a value; `None` when there were no gets.
    pub fn hit_ratio(&self) -> Option<f64> {
        (self.gets > 0).then(|| self.hits as f64 / self.gets as f64)
    }
}

/// Replays all of `workload` against `store`. Blocks until it is done; `progress` is told, by whichever thread, how many
/// requests have been done since it was last told.
///
/// # Errors
///
/// [`ReplayError::Empty`] for a workload without requests, [`ReplayError::Threads`] when they cannot be started, and
/// [`ReplayError::WrongValue`] when the store mixed up its values.
pub fn replay<S: Kv>(
    store: &S,
    workload: &Workload,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, ReplayError> {
    let requests = workload.requests();
    if requests.is_empty() {
        return Err(ReplayError::Empty { name: workload.name().to_owned() });
    }
    let largest = requests.iter().map(|request| options.value_size.of(request)).max().unwrap_or(0);
    let threads = options.threads.max(1);
    let work = |thread: usize, gate: &Gate| {
        let mut worker = Worker::new(store, options, largest);
        if !*gate.wait() {
            return worker.tally;
        }
        worker.tally.begin = Instant::now();
        for (block, requests) in requests.chunks(BLOCK).enumerate().skip(thread).step_by(threads) {
            for (offset, request) in requests.iter().enumerate() {
                worker.serve(request, block * BLOCK + offset);
            }
            progress(requests.len() as u64);
        }
        worker.tally.end = Instant::now();
        worker.tally
    };
    let (tallies, cpu_share) =
        at_once(threads, &work).map_err(|source| ReplayError::Threads { threads, source })?;
    let total = tallies.into_iter().reduce(Tally::merge).expect("there is at least one thread");
    if total.wrong > 0 {
        return Err(ReplayError::WrongValue { hits: total.wrong });
    }
    let entries = store.len();
    // Else the lag of a slow collector would look good: what it has not come to yet is not in its histogram.
    store.advance();
    Ok(Outcome {
        requests: requests.len() as u64,
        elapsed: total.end - total.begin,
        gets: total.gets,
        hits: total.hits,
        get: total.get_times.latency(),
        insert: total.insert_times.latency(),
        expiry_lag: store.expiry_lag(),
        entries,
        cpu_share,
    })
}

/// Where threads wait for each other: opened with true; with false, they go home.
type Gate = OnceLock<bool>;

/// Runs `work` on so many threads that begin together; what they return, and the share of their processors that the
/// process used meanwhile.
fn at_once<T: Send>(
    threads: usize,
    work: &(impl Fn(usize, &Gate) -> T + Sync),
) -> io::Result<(Vec<T>, Option<f64>)> {
    let gate = &Gate::new();
    thread::scope(|scope| {
        let mut running = Vec::new();
        for index in 0..threads {
            match thread::Builder::new().spawn_scoped(scope, move || work(index, gate)) {
                Ok(handle) => running.push(handle),
                Err(error) => {
                    let _ = gate.set(false);
                    return Err(error);
                }
            }
        }
        let (before, opened) = (process_time(), Instant::now());
        let _ = gate.set(true);
        let results = running
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect();
        let wall = opened.elapsed().as_secs_f64().max(1e-9);
        let processors = thread::available_parallelism().map_or(1, usize::from).min(threads);
        let used = before.zip(process_time()).map(|(before, after)| after.saturating_sub(before));
        Ok((results, used.map(|used| used.as_secs_f64() / wall / processors as f64)))
    })
}

/// What one thread has counted.
struct Tally {
    begin: Instant,
    end: Instant,
    gets: u64,
    hits: u64,
    wrong: u64,
    get_times: Sampler,
    insert_times: Sampler,
}

impl Tally {
    fn new(sample: usize) -> Self {
        let now = Instant::now();
        Self {
            begin: now,
            end: now,
            gets: 0,
            hits: 0,
            wrong: 0,
            get_times: Sampler::new(sample),
            insert_times: Sampler::new(sample),
        }
    }

    fn merge(mut self, other: Self) -> Self {
        self.begin = self.begin.min(other.begin);
        self.end = self.end.max(other.end);
        self.gets += other.gets;
        self.hits += other.hits;
        self.wrong += other.wrong;
        self.get_times.merge(&other.get_times);
        self.insert_times.merge(&other.insert_times);
        self
    }
}

/// One replaying thread.
struct Worker<'r, S> {
    store: &'r S,
    options: &'r Options,
    /// The value of every key but for its first bytes, which name the key.
    value: Vec<u8>,
    tally: Tally,
}

impl<'r, S: Kv> Worker<'r, S> {
    fn new(store: &'r S, options: &'r Options, largest: usize) -> Self {
        let tally = Tally::new(options.sample);
        Self { store, options, value: vec![0xa5; largest], tally }
    }

    #[inline]
    fn serve(&mut self, request: &Request, index: usize) {
        let key = key_bytes(request.key);
        if request.operation == Operation::Get {
            self.tally.gets += 1;
            let label = request.key.to_le_bytes();
            let right = self.tally.get_times.time(|| {
                self.store.read(&key, |value| {
                    let length = value.len().min(label.len());
                    value[..length] == label[..length]
                })
            });
            if let Some(right) = right {
                self.tally.hits += 1;
                self.tally.wrong += u64::from(!right);
                return;
            }
        }
        self.insert(request, index, &key);
    }

    fn insert(&mut self, request: &Request, index: usize, key: &[u8]) {
        let value = &mut self.value[..self.options.value_size.of(request)];
        let label = request.key.to_le_bytes();
        let length = value.len().min(label.len());
        value[..length].copy_from_slice(&label[..length]);
        let ttl = self.options.ttl.pick(request, index, self.options.seed);
        self.tally.insert_times.time(|| match ttl {
            Some(ttl) => self.store.insert_with_ttl(key, value, ttl),
            None => self.store.insert(key, value),
        });
    }
}

/// 16 bytes for an id, so that keys are as long as real ones tend to be; distinct for distinct ids.
fn key_bytes(id: u64) -> [u8; 16] {
    let mut bytes = *b"key:\0\0\0\0\0\0\0\0:kv\0";
    bytes[4..12].copy_from_slice(&id.to_le_bytes());
    bytes
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
