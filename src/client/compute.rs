//! A read-modify-write as one step, by optimistic locking: WATCH and GET, the user's closure, then MULTI, one change, EXEC, which does nothing if the key has been touched since.
//!
//! It is exact: what the change was decided upon is what it changes. (An entry that expires in between counts as touched since Redis 6.0.9.) What it takes is a connection that is nobody
//! else's meanwhile.

use redis::{Value, cmd};

use super::call::{self, Call, Due};
use super::reply::{self, Decoded};
use crate::kv::{Computed, Expiration, Op};

/// What is to be done now, and what that will have been.
pub(super) enum Step {
    /// Nothing, so the key is to be watched no longer.
    Leave(Call<()>, Computed),
    /// Whether it was done, and not overtaken.
    Change(Call<bool>, Computed),
}

/// What the closure has decided, of a key that is there or not.
pub(super) fn step(key: &[u8], is_there: bool, op: Op<Vec<u8>>) -> Step {
    let put = if is_there { Computed::Replaced } else { Computed::Inserted };
    let set = |value: &[u8], due: &Due, relative| call::set(key, value, due, relative);
    let (change, computed) = match op {
        Op::Put(value) | Op::PutFor(value, Expiration::Default | Expiration::Never) => {
            (set(&value, &Due::Never, ""), put)
        }
        Op::PutWithTtl(value, ttl) | Op::PutFor(value, Expiration::After(ttl)) => {
            (set(&value, &call::after(ttl), "PX"), put)
        }
        Op::PutFor(value, Expiration::At(time)) => (set(&value, &call::at(time), "PXAT"), put),
        Op::PutKeepTtl(value) | Op::PutFor(value, Expiration::Keep) => {
            (call::command("SET", &[key, &value, b"KEEPTTL"]), put)
        }
        Op::Keep | Op::Remove | Op::Retime(_) if !is_there => return leave(Computed::Absent),
        Op::Keep | Op::Retime(Expiration::Keep) => return leave(Computed::Kept),
        Op::Remove => (call::command("DEL", &[key]), Computed::Removed),
        Op::Retime(expiration) => retime(key, expiration),
    };
    let commands = vec![cmd("MULTI"), change, cmd("EXEC")];
    Step::Change(Call::of("compute", commands, done), computed)
}

fn retime(key: &[u8], expiration: Expiration) -> (redis::Cmd, Computed) {
    let (due, command) = match expiration {
        Expiration::After(ttl) => (call::after(ttl), "PEXPIRE"),
        Expiration::At(time) => (call::at(time), "PEXPIREAT"),
        Expiration::Default | Expiration::Keep | Expiration::Never => (Due::Never, ""),
    };
    match due {
        Due::Now => (call::command("DEL", &[key]), Computed::Removed),
        Due::Never => (call::command("PERSIST", &[key]), Computed::Retimed),
        Due::At(time) => {
            let time = time.to_string();
            (call::command(command, &[key, time.as_bytes()]), Computed::Retimed)
        }
    }
}

fn leave(computed: Computed) -> Step {
    Step::Leave(call::unwatch(), computed)
}

/// Whether the transaction was carried out.
fn done(values: Vec<Value>) -> Decoded<bool> {
    const EXPECTED: &str = "the result of a transaction, or nothing";
    // What was refused when it was queued says more than that the whole is.
    if let Some(refused) = values.iter().find(|value| matches!(value, Value::ServerError(_))) {
        return reply::fault(EXPECTED, refused);
    }
    match values.last() {
        Some(Value::Nil) => Ok(false),
        Some(Value::Array(results)) => match &results[..] {
            [refused @ Value::ServerError(_)] => reply::fault(EXPECTED, refused),
            [_] => Ok(true),
            _ => reply::fault(EXPECTED, &values[values.len() - 1]),
        },
        Some(other) => reply::fault(EXPECTED, other),
        None => reply::fault(EXPECTED, &Value::Nil),
    }
}
