//! Turns a recorded call into a real one, and a value's number into bytes and back.

use std::time::Duration;

use purekv::{Kv, Op, Ttl};

use crate::history::{Answer, Call, Decision, TimeLeft};

pub(crate) fn perform<S: Kv>(store: &S, key: &[u8], call: Call) -> Answer {
    let after = Duration::from_nanos;
    match call {
        Call::Get => Answer::Value(store.get(key).as_deref().map(number)),
        Call::Read => Answer::Value(store.read(key, number)),
        Call::GetMany => {
            let values = store.get_many(&[key, b"of nobody"]);
            Answer::Value(values[0].as_deref().map(number))
        }
        Call::ContainsKey => Answer::Was(store.contains_key(key)),
        Call::Insert { value, ttl: None } => {
            store.insert(key, &bytes(value));
            Answer::Done
        }
        Call::Insert { value, ttl: Some(ttl) } => {
            store.insert_with_ttl(key, &bytes(value), after(ttl));
            Answer::Done
        }
        Call::InsertIfAbsent { value, ttl: None } => {
            Answer::Was(store.insert_if_absent(key, &bytes(value)))
        }
        Call::InsertIfAbsent { value, ttl: Some(ttl) } => {
            Answer::Was(store.insert_if_absent_with_ttl(key, &bytes(value), after(ttl)))
        }
        Call::Remove => Answer::Value(store.remove(key).as_deref().map(number)),
        Call::Compute(decision) => {
            let mut saw = None;
            let did = store.compute(key, |value| {
                saw = value.map(number);
                match decision {
                    Decision::PutKeepTtl(value) => Op::PutKeepTtl(bytes(value)),
                    Decision::PutWithTtl(value, ttl) => Op::PutWithTtl(bytes(value), after(ttl)),
                    Decision::Remove => Op::Remove,
                    Decision::Keep => Op::Keep,
                }
            });
            Answer::Computed { saw, did }
        }
        Call::SetTtl(ttl) => Answer::Was(store.set_ttl(key, after(ttl))),
        Call::Persist => Answer::Was(store.persist(key)),
        Call::Ttl => Answer::Ttl(store.ttl(key).map(|ttl| match ttl {
            Ttl::Never => TimeLeft::Forever,
            Ttl::Remaining(left) => TimeLeft::Nanos(left.as_nanos() as u64),
        })),
    }
}

/// The bytes of a value: its number, several times over, so that a torn one shows, and so that lengths differ.
fn bytes(value: u64) -> Vec<u8> {
    value.to_le_bytes().repeat(1 + value as usize % 5)
}

fn number(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    assert!(rest.is_empty() && !words.is_empty(), "a value that nobody wrote: {bytes:?}");
    assert!(words.iter().all(|word| *word == words[0]), "a torn value: {bytes:?}");
    u64::from_le_bytes(words[0])
}
