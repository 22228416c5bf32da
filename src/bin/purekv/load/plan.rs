//! What is to be done, worked out from the options.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use purekv::replay::TtlChoice;

use super::error::LoadError;
use super::keys::{Keys, Popularity};
use super::operation::{Command, Operation};
use super::options::Server;
use super::phase::{Phase, Source};
use super::work::{Protocol, Work};
use crate::machine;

/// Requests of a connection that are under way while keys are written or read back, and the bytes that they may have.
const BUSY: usize = 64;
const BUSY_BYTES: usize = 256 << 10;
/// How many keys are read back after a run that has only written.
const READ_BACK: u64 = 10_000;

pub(crate) struct Plan {
    pub(crate) work: Work,
    pub(crate) operations: Vec<(Operation, u32)>,
    /// What writes all keys first.
    pub(crate) fill: Option<Vec<(Operation, u32)>>,
    /// What looks afterwards at what was written.
    pub(crate) read_back: Option<Vec<(Operation, u32)>>,
    pub(crate) threads: usize,
}

impl Plan {
    pub(crate) fn new(options: &Server) -> Result<Self, LoadError> {
        let keys = options.keys;
        let size = usize::from(options.key_size);
        let wrong = LoadError::Arguments;
        let operations = match &options.command {
            Command::One(operation) => vec![(operation.clone(), 1)],
            Command::Mixed => {
                let (gets, sets) = options.ratio;
                let both = [(Operation::Get, gets), (Operation::Set, sets)];
                both.into_iter().filter(|(_, weight)| *weight > 0).collect()
            }
        };
        let counts = has(&operations, &Operation::Incr);
        let reads = operations.iter().any(|(operation, _)| operation.reads());
        let sets = has(&operations, &Operation::Set) || has(&operations, &Operation::Mset);
        // Also where nothing is read: else the first run inserts where the second overwrites, and what others have left could not be told from damage.
        let fills = options.fill || (reads || counts || sets) && !options.no_fill;
        let several = u64::from(options.keys_per_command);
        let needs_several =
            has(&operations, &Operation::Mget) || has(&operations, &Operation::Mset);
        if needs_several && several > keys {
            return Err(wrong(format!("--keys-per-command {several}, and only {keys} keys")));
        }
        let work = Work {
            keys: Keys::new(&options.key_prefix, size, keys).map_err(wrong)?,
            popularity: Popularity::new(keys, options.zipf).map_err(wrong)?,
            sizes: options.value_size.clone(),
            ttl: match options.ttl {
                TtlChoice::Between(min, max) => Some((min, max)),
                _ => None,
            },
            several,
            is_own: fills,
        };
        let first = if counts { Operation::Zero } else { Operation::Set };
        let last = match (counts, sets && !reads) {
            _ if !fills => None,
            (true, _) => Some(Operation::Total),
            (_, true) => Some(Operation::Get),
            _ => None,
        };
        let one = |operation| vec![(operation, 1)];
        let (fill, read_back) = (fills.then(|| one(first)), last.map(one));
        let threads = options.threads.map_or(machine::cores() / 2, usize::from);
        let threads = threads.clamp(1, options.connections as usize);
        Ok(Self { work, operations, fill, read_back, threads })
    }

    /// What a protocol cannot carry.
    pub(crate) fn check(&self, protocol: Protocol) -> Result<(), String> {
        if protocol != Protocol::Memcached {
            return Ok(());
        }
        if !self.work.keys.are_words() {
            return Err("memcached's keys have no blanks, and 250 bytes at most".to_owned());
        }
        let is_foreign =
            |operation: &Operation| matches!(operation, Operation::Mset | Operation::Custom(_));
        match self.operations.iter().find(|(operation, _)| is_foreign(operation)) {
            Some((operation, _)) => Err(format!("memcached has no {}", operation.name())),
            None => Ok(()),
        }
    }

    /// Writes each key once.
    pub(crate) fn filling<'p>(
        &'p self,
        options: &Server,
        protocol: Protocol,
        operations: &'p [(Operation, u32)],
        bar: &'p ProgressBar,
    ) -> Phase<'p> {
        let source = Source::Each { step: 1 };
        Phase { source, bar: Some(bar), ..self.quick(options, protocol, operations) }
    }

    /// Reads some keys, or all counters.
    pub(crate) fn reading_back<'p>(
        &'p self,
        options: &Server,
        protocol: Protocol,
        operations: &'p [(Operation, u32)],
    ) -> Phase<'p> {
        let step = match has(operations, &Operation::Total) {
            true => 1,
            false => self.work.keys.count.div_ceil(READ_BACK),
        };
        Phase { source: Source::Each { step }, ..self.quick(options, protocol, operations) }
    }

    /// As fast as it goes, and nothing is measured.
    fn quick<'p>(
        &'p self,
        options: &Server,
        protocol: Protocol,
        operations: &'p [(Operation, u32)],
    ) -> Phase<'p> {
        Phase {
            work: &self.work,
            protocol,
            operations,
            source: Source::Random(None),
            depth: (BUSY_BYTES / self.work.sizes.largest().max(1)).clamp(1, BUSY),
            rate: None,
            connections: options.connections as usize,
            workers: self.threads,
            begin: Instant::now(),
            warm: 0,
            end: None,
            give_up: None,
            patience: options.timeout,
            seed: options.seed,
            bar: None,
        }
    }

    /// What is measured.
    pub(crate) fn load<'p>(
        &'p self,
        options: &Server,
        protocol: Protocol,
        round: u64,
        bar: &'p ProgressBar,
    ) -> Phase<'p> {
        let warm = options.warmup;
        let end = warm + options.duration;
        // Who is behind by then may catch up for as long again.
        let grace = options.duration.clamp(Duration::from_secs(1), Duration::from_secs(10));
        let is_timed = options.requests.is_none();
        let timed = |instant: Duration| is_timed.then_some(instant.as_nanos() as u64);
        Phase {
            source: Source::Random(options.requests),
            depth: options.pipeline as usize,
            rate: options.rate.map(|rate| (rate, options.arrivals)),
            warm: warm.as_nanos() as u64,
            end: timed(end),
            give_up: timed(end + grace),
            // Each run has its own requests; those of all targets are the same.
            seed: options.seed.wrapping_add(round),
            bar: (!is_timed).then_some(bar),
            ..self.quick(options, protocol, &self.operations)
        }
    }
}

fn has(operations: &[(Operation, u32)], wanted: &Operation) -> bool {
    operations.iter().any(|(operation, _)| operation == wanted)
}
