//! Operations on a bounded cache as data. What `common/op.rs` says of changes goes for these too.

use arbitrary::Arbitrary;

use crate::common::op::{Key, Operation, Span, Value};

/// What the fuzzer tries in one run.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Case {
    pub(crate) subject: u8,
    pub(crate) scenario: Scenario,
}

/// Everything that is done to a bounded cache.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) default_ttl: Option<Span>,
    pub(crate) capacity: Capacity,
    /// Whether all entries are looked at now and then, which removes what is due.
    pub(crate) looks: bool,
    pub(crate) steps: Vec<Step>,
}

/// A capacity: mostly one that a few entries fill, or one alone exceeds; seldom one for all there are.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Capacity(pub(crate) u8);

impl Capacity {
    pub(crate) fn units(self) -> u64 {
        match self.0 {
            small @ 0..160 => u64::from(small) % 20,
            255 => u64::MAX,
            large => u64::from(large) * 2 - 300,
        }
    }
}

/// One step.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Step {
    /// What any cache can do.
    Do(Operation),
    TryInsert(Key, Value, Option<Span>),
    SetMaxCapacity(Capacity),
    /// Inserts and removes the first keys of a row, up to seven times, which leaves records without entries behind.
    Churn {
        row: u8,
        count: u8,
        times: u8,
    },
}
