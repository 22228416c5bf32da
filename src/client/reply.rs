//! Values of the protocol as results of operations.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::{ServerError, Value};

use crate::kv::Ttl;

/// Why values are no result.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server has refused.
    Refused(String),
    /// Another reply than there can be.
    Unexpected { expected: &'static str, found: String },
}

pub(super) type Decoded<T> = Result<T, Fault>;

/// The server's own words.
pub(super) fn text(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

pub(super) fn fault<T>(expected: &'static str, value: &Value) -> Decoded<T> {
    if let Value::ServerError(error) = value {
        return Err(Fault::Refused(text(error)));
    }
    Err(Fault::Unexpected { expected, found: describe(value) })
}

fn describe(value: &Value) -> String {
    let beginning = |bytes: &[u8]| {
        let more = if bytes.len() > 32 { "…" } else { "" };
        format!("\"{}{more}\"", bytes[..bytes.len().min(32)].escape_ascii())
    };
    match value {
        Value::Nil => "nothing".to_owned(),
        Value::Int(number) => format!("the number {number}"),
        Value::BulkString(bytes) => format!("a string, {}", beginning(bytes)),
        Value::SimpleString(text) => format!("the line {}", beginning(text.as_bytes())),
        Value::Okay => "OK".to_owned(),
        Value::Array(items) => format!("an array of {}", items.len()),
        other => beginning(format!("{other:?}").as_bytes()),
    }
}

/// The one value of a call of one command.
fn only(values: Vec<Value>) -> Value {
    values.into_iter().next().unwrap_or_default()
}

/// OK, for each of the commands.
pub(super) fn done(values: Vec<Value>) -> Decoded<()> {
    for value in &values {
        if *value != Value::Okay {
            return fault("OK", value);
        }
    }
    Ok(())
}

/// Any answer at all, unless the server has refused one of the commands.
pub(super) fn any(values: Vec<Value>) -> Decoded<()> {
    for value in &values {
        if let Value::ServerError(_) = value {
            return fault("an answer", value);
        }
    }
    Ok(())
}

pub(super) fn pong(values: Vec<Value>) -> Decoded<()> {
    match only(values) {
        Value::SimpleString(line) if line == "PONG" => Ok(()),
        other => fault("PONG", &other),
    }
}

/// OK, or nothing for what was not done.
pub(super) fn done_or_not(values: Vec<Value>) -> Decoded<bool> {
    match only(values) {
        Value::Okay => Ok(true),
        Value::Nil => Ok(false),
        other => fault("OK or nothing", &other),
    }
}

fn maybe_bytes(value: Value) -> Decoded<Option<Vec<u8>>> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes)),
        Value::Nil => Ok(None),
        other => fault("a string or nothing", &other),
    }
}

pub(super) fn bytes(values: Vec<Value>) -> Decoded<Option<Vec<u8>>> {
    maybe_bytes(only(values))
}

/// Whether there was a string.
pub(super) fn is_there(values: Vec<Value>) -> Decoded<bool> {
    Ok(bytes(values)?.is_some())
}

/// A string or nothing for each key.
pub(super) fn many(values: Vec<Value>, keys: usize) -> Decoded<Vec<Option<Vec<u8>>>> {
    if keys == 0 {
        return Ok(Vec::new());
    }
    match only(values) {
        Value::Array(items) if items.len() == keys => items.into_iter().map(maybe_bytes).collect(),
        other => fault("an array with a value for each key", &other),
    }
}

pub(super) fn number(values: Vec<Value>) -> Decoded<i64> {
    match only(values) {
        Value::Int(number) => Ok(number),
        other => fault("a number", &other),
    }
}

pub(super) fn count(values: Vec<Value>) -> Decoded<usize> {
    let value = only(values);
    match value {
        Value::Int(number) => usize::try_from(number).or_else(|_| fault("a count", &value)),
        other => fault("a count", &other),
    }
}

/// How many of the keys.
pub(super) fn count_of(values: Vec<Value>, keys: usize) -> Decoded<usize> {
    if keys == 0 { Ok(0) } else { count(values) }
}

/// 1 or 0.
pub(super) fn flag(values: Vec<Value>) -> Decoded<bool> {
    match only(values) {
        Value::Int(1) => Ok(true),
        Value::Int(0) => Ok(false),
        other => fault("1 or 0", &other),
    }
}

/// As [`flag`], the other way round.
pub(super) fn no_flag(values: Vec<Value>) -> Decoded<bool> {
    flag(values).map(|flag| !flag)
}

pub(super) fn is_empty(values: Vec<Value>) -> Decoded<bool> {
    count(values).map(|count| count == 0)
}

/// Milliseconds; -1: never, -2: absent.
fn milliseconds(values: Vec<Value>) -> Decoded<Option<Option<u64>>> {
    match only(values) {
        Value::Int(-2) => Ok(None),
        Value::Int(-1) => Ok(Some(None)),
        Value::Int(number) if number >= 0 => Ok(Some(Some(number.unsigned_abs()))),
        other => fault("milliseconds, -1 or -2", &other),
    }
}

pub(super) fn ttl(values: Vec<Value>) -> Decoded<Option<Ttl>> {
    // 0 is of an entry that is there, if not for a whole millisecond.
    let remaining = |left: u64| Ttl::Remaining(Duration::from_millis(left.max(1)));
    Ok(milliseconds(values)?.map(|left| left.map_or(Ttl::Never, remaining)))
}

pub(super) fn time(values: Vec<Value>) -> Decoded<Option<Option<SystemTime>>> {
    let Some(Some(milliseconds)) = milliseconds(values.clone())? else {
        return Ok(milliseconds(values)?.map(|_| None));
    };
    match UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds)) {
        Some(time) => Ok(Some(Some(time))),
        None => fault("a time", &only(values)),
    }
}

/// The cursor that comes next, and keys.
pub(super) fn page(values: Vec<Value>) -> Decoded<(u64, Vec<Vec<u8>>)> {
    const EXPECTED: &str = "a cursor and keys";
    let value = only(values);
    let Value::Array(parts) = &value else {
        return fault(EXPECTED, &value);
    };
    let [Value::BulkString(cursor), Value::Array(keys)] = &parts[..] else {
        return fault(EXPECTED, &value);
    };
    let cursor = std::str::from_utf8(cursor).ok().and_then(|cursor| cursor.parse().ok());
    let Some(cursor) = cursor else {
        return fault(EXPECTED, &value);
    };
    let key = |key: &Value| match key {
        Value::BulkString(key) => Ok(key.clone()),
        other => fault("a key", other),
    };
    Ok((cursor, keys.iter().map(key).collect::<Decoded<_>>()?))
}
