//! What happened to one key between two quiescent points, and how to show it to a person.

use std::fmt;

use purekv::Computed;

/// The deadline of an entry that does not expire.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a thread asked for. Times are nanoseconds; every write has a value of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Get,
    Read,
    GetMany,
    ContainsKey,
    Insert { value: u64, ttl: Option<u64> },
    InsertIfAbsent { value: u64, ttl: Option<u64> },
    Remove,
    Compute(Decision),
    SetTtl(u64),
    Persist,
    Ttl,
}

/// What the closure of a `compute` answers, whatever it sees.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decision {
    PutKeepTtl(u64),
    PutWithTtl(u64, u64),
    Remove,
    Keep,
}

/// What it got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    Done,
    Was(bool),
    Value(Option<u64>),
    /// What the closure saw when it was called last, and what came of it.
    Computed {
        saw: Option<u64>,
        did: Computed,
    },
    Ttl(Option<TimeLeft>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TimeLeft {
    Nanos(u64),
    Forever,
}

/// One operation. It came before another exactly if its `end` is less than the other's `start`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) call: Call,
    pub(crate) answer: Answer,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// The clock is moved; `start` and `end` as those of an [`Event`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) to: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// A key: absent, or a value with its deadline.
pub(crate) type State = Option<Entry>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) value: u64,
    pub(crate) deadline: u64,
}

/// All that was done to one key in one window.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) initial: State,
    /// What the clock showed when the window began.
    pub(crate) time: u64,
    /// The operations of each thread, in its order.
    pub(crate) lanes: Vec<Vec<Event>>,
    /// One thread's work, so in order and never overlapping.
    pub(crate) moves: Vec<Move>,
}

impl History {
    /// How many operations were under way together with one of another thread.
    pub(crate) fn overlapping(&self) -> usize {
        let events = || {
            self.lanes
                .iter()
                .enumerate()
                .flat_map(|(lane, events)| events.iter().map(move |it| (lane, it)))
        };
        let meet = |a: &Event, b: &Event| a.start <= b.end && b.start <= a.end;
        events().filter(|(lane, a)| events().any(|(other, b)| other != *lane && meet(a, b))).count()
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<(u64, u64, String)> = self
            .moves
            .iter()
            .map(|it| (it.start, it.end, format!("clock      moves to {}", nanos(it.to))))
            .collect();
        for (thread, lane) in self.lanes.iter().enumerate() {
            lines.extend(
                lane.iter()
                    .map(|event| (event.start, event.end, format!("thread {thread}   {event}"))),
            );
        }
        lines.sort();
        let initial = match self.initial {
            None => "absent".to_string(),
            Some(entry) if entry.deadline == NEVER => format!("#{}", entry.value),
            Some(entry) => format!("#{}, due at {}", entry.value, nanos(entry.deadline)),
        };
        writeln!(f, "  at first: {initial}; the clock shows {}", nanos(self.time))?;
        for (start, end, what) in lines {
            writeln!(f, "  {start:>5} to {end:>5}   {what}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Call::Get => write!(f, "get")?,
            Call::Read => write!(f, "read")?,
            Call::GetMany => write!(f, "get_many")?,
            Call::ContainsKey => write!(f, "contains_key")?,
            Call::Insert { value, ttl: None } => write!(f, "insert #{value}")?,
            Call::Insert { value, ttl: Some(ttl) } => {
                write!(f, "insert #{value} for {}", nanos(ttl))?
            }
            Call::InsertIfAbsent { value, ttl: None } => write!(f, "insert_if_absent #{value}")?,
            Call::InsertIfAbsent { value, ttl: Some(ttl) } => {
                write!(f, "insert_if_absent #{value} for {}", nanos(ttl))?;
            }
            Call::Remove => write!(f, "remove")?,
            Call::Compute(Decision::PutKeepTtl(value)) => {
                write!(f, "compute: put #{value}, keep ttl")?
            }
            Call::Compute(Decision::PutWithTtl(value, ttl)) => {
                write!(f, "compute: put #{value} for {}", nanos(ttl))?;
            }
            Call::Compute(Decision::Remove) => write!(f, "compute: remove")?,
            Call::Compute(Decision::Keep) => write!(f, "compute: keep")?,
            Call::SetTtl(ttl) => write!(f, "set_ttl {}", nanos(ttl))?,
            Call::Persist => write!(f, "persist")?,
            Call::Ttl => write!(f, "ttl")?,
        }
        match self.answer {
            Answer::Done => write!(f, ": done"),
            Answer::Was(was) => write!(f, ": {was}"),
            Answer::Value(value) => write!(f, ": {}", shown(value)),
            Answer::Computed { saw, did } => write!(f, ": saw {}, {did:?}", shown(saw)),
            Answer::Ttl(None) => write!(f, ": absent"),
            Answer::Ttl(Some(TimeLeft::Forever)) => write!(f, ": forever"),
            Answer::Ttl(Some(TimeLeft::Nanos(left))) => write!(f, ": {}", nanos(left)),
        }
    }
}

fn shown(value: Option<u64>) -> String {
    value.map_or("nothing".to_string(), |value| format!("#{value}"))
}

fn nanos(time: u64) -> String {
    format!("{:?}", std::time::Duration::from_nanos(time))
}
