//! Operations on a cache as data, for proptest and for the fuzzer.
//!
//! The fuzzer decodes them from bytes, so an inserted or removed variant changes what its corpus means: append.

use std::time::{Duration, SystemTime};

use arbitrary::Arbitrary;
use purekv::Expiration;

/// What the fuzzer tries in one run.
///
/// One implementation, for it is the number of runs that counts; whatever is kept in the corpus is replayed on all.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Case {
    pub(crate) subject: u8,
    pub(crate) scenario: Scenario,
}

/// Everything that is done to a cache.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) default_ttl: Option<Span>,
    pub(crate) operations: Vec<Operation>,
}

/// A key: mostly one of eight, so that operations meet, at times one of some more.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Key(pub(crate) u8);

impl Key {
    pub(crate) fn bytes(self) -> Vec<u8> {
        let number = if self.0 < 224 { self.0 % 8 } else { self.0 };
        match number {
            0 => Vec::new(),
            _ => vec![number; 1 + usize::from(number) % 20],
        }
    }
}

/// One of 256 values of different lengths.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Value(pub(crate) u8);

impl Value {
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self.0 {
            0 => Vec::new(),
            number => vec![number; 1 + usize::from(number) % 47],
        }
    }
}

/// A duration of some order of magnitude.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Span {
    Zero,
    Nanos(u8),
    Micros(u16),
    Millis(u16),
    Seconds(u16),
    Days(u16),
    /// Up to 255: more than a clock can show.
    Years(u8),
    Max,
}

impl Span {
    pub(crate) fn duration(self) -> Duration {
        const DAY: u64 = 24 * 3600;
        match self {
            Self::Zero => Duration::ZERO,
            Self::Nanos(count) => Duration::from_nanos(count.into()),
            Self::Micros(count) => Duration::from_micros(count.into()),
            Self::Millis(count) => Duration::from_millis(count.into()),
            Self::Seconds(count) => Duration::from_secs(count.into()),
            Self::Days(count) => Duration::from_secs(DAY * u64::from(count)),
            Self::Years(count) => Duration::from_secs(365 * DAY * u64::from(count)),
            Self::Max => Duration::MAX,
        }
    }
}

/// How far the clock moves: seldom further than a minute or so, for once time has come to its end nothing happens any more.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Lapse {
    pub(crate) unit: u8,
    pub(crate) count: u16,
}

impl Lapse {
    pub(crate) fn duration(self) -> Duration {
        let span = match self.unit {
            255 => Span::Max,
            254 => Span::Years(self.count as u8),
            250..=253 => Span::Days(self.count),
            unit => match unit % 4 {
                0 => Span::Nanos(self.count as u8),
                1 => Span::Micros(self.count),
                2 => Span::Millis(self.count),
                _ => Span::Seconds(self.count & 0xff),
            },
        };
        span.duration()
    }
}

/// What the closure of a `compute` answers.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Decision {
    Put(Value),
    PutWithTtl(Value, Span),
    PutKeepTtl(Value),
    Keep,
    Remove,
    /// What is there and one byte more, with its deadline; a single byte if nothing is there.
    Append(u8),
    /// Removes what is there, inserts where nothing is.
    Toggle(Value),
    PutFor(Value, Due),
    Retime(Due),
}

/// When an entry is to be absent.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Due {
    Default,
    Keep,
    After(Span),
    Never,
    /// A time of the wall clock long ago.
    LongAgo,
}

impl Due {
    pub(crate) fn expiration(self) -> Expiration {
        match self {
            Self::Default => Expiration::Default,
            Self::Keep => Expiration::Keep,
            Self::After(span) => Expiration::After(span.duration()),
            Self::Never => Expiration::Never,
            Self::LongAgo => Expiration::At(SystemTime::UNIX_EPOCH),
        }
    }
}

/// One step.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Operation {
    Insert(Key, Value),
    InsertWithTtl(Key, Value, Span),
    InsertIfAbsent(Key, Value),
    InsertIfAbsentWithTtl(Key, Value, Span),
    Get(Key),
    Read(Key),
    GetMany(Vec<Key>),
    ContainsKey(Key),
    Remove(Key),
    Compute(Key, Decision),
    Ttl(Key),
    SetTtl(Key, Span),
    Persist(Key),
    Len,
    Clear,
    ForEach,
    /// Keeps the entries whose key and value have lengths with a sum that is not a multiple of this plus one.
    Retain(u8),
    /// Drives expiry.
    Advance,
    /// Moves the clock on.
    Pass(Lapse),
    /// Inserts the first keys of a row, for the cache to grow.
    Fill {
        row: u8,
        count: u8,
        ttl: Option<Span>,
    },
    /// Removes the first keys of such a row.
    Drain {
        row: u8,
        count: u8,
    },
}

/// Whether [`Operation::Retain`] keeps this entry.
pub(crate) fn keeps(divisor: u8, key: &[u8], value: &[u8]) -> bool {
    !(key.len() + value.len()).is_multiple_of(usize::from(divisor) + 1)
}
