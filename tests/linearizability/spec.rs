//! The sequential specification of one key: what each operation may answer, and what it leaves behind.

use purekv::Computed;

use crate::history::{Answer, Call, Decision, Entry, Event, NEVER, State, TimeLeft};

/// The state after `event`, if a store in `state` at the time `now` can give that answer.
///
/// An entry that is due stays in the state until something is put in its place, so that it is the reader's clock
/// alone that makes it absent.
pub(crate) fn apply(state: State, event: &Event, now: u64) -> Option<State> {
    let live = state.filter(|entry| entry.deadline > now);
    let value = live.map(|entry| entry.value);
    let after = |ttl: Option<u64>| ttl.map_or(NEVER, |ttl| now.saturating_add(ttl));
    let put = |value, ttl| Some(Entry { value, deadline: after(ttl) });
    let (answer, next) = match event.call {
        Call::Get | Call::Read | Call::GetMany => (Answer::Value(value), state),
        Call::ContainsKey => (Answer::Was(live.is_some()), state),
        Call::Insert { value, ttl } => (Answer::Done, put(value, ttl)),
        Call::InsertIfAbsent { value, ttl } => {
            (Answer::Was(live.is_none()), if live.is_none() { put(value, ttl) } else { state })
        }
        Call::Remove => (Answer::Value(value), if live.is_some() { None } else { state }),
        Call::Compute(decision) => {
            let (did, next) = compute(state, live, decision, after);
            (Answer::Computed { saw: value, did }, next)
        }
        Call::SetTtl(ttl) => {
            (Answer::Was(live.is_some()), live.map_or(state, |entry| put(entry.value, Some(ttl))))
        }
        Call::Persist => {
            (Answer::Was(live.is_some()), live.map_or(state, |entry| put(entry.value, None)))
        }
        Call::Ttl => {
            let left = live.map(|entry| match entry.deadline {
                NEVER => TimeLeft::Forever,
                deadline => TimeLeft::Nanos(deadline - now),
            });
            (Answer::Ttl(left), state)
        }
    };
    (answer == event.answer).then_some(next)
}

fn compute(
    state: State,
    live: State,
    decision: Decision,
    after: impl Fn(Option<u64>) -> u64,
) -> (Computed, State) {
    let put = if live.is_some() { Computed::Replaced } else { Computed::Inserted };
    let absent = if live.is_some() { None } else { Some((Computed::Absent, state)) };
    match decision {
        Decision::PutKeepTtl(value) => {
            (put, Some(Entry { value, deadline: live.map_or(NEVER, |entry| entry.deadline) }))
        }
        Decision::PutWithTtl(value, ttl) => {
            (put, Some(Entry { value, deadline: after(Some(ttl)) }))
        }
        Decision::Remove => absent.unwrap_or((Computed::Removed, None)),
        Decision::Keep => absent.unwrap_or((Computed::Kept, state)),
    }
}
