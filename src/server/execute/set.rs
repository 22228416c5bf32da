//! SET and GETEX with their options, and the commands that SET has made unnecessary.

use super::{Call, Done, Error, SYNTAX, instant};
use crate::cache::EntryView;
use crate::kv::{Computed, Expiration, Op};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::number::{NOT_AN_INTEGER, integer};

/// How an expiry is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
    UnixSeconds,
    UnixMillis,
}

impl Unit {
    fn of(word: &[u8]) -> Option<Self> {
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        match () {
            () if is(b"ex") => Some(Self::Seconds),
            () if is(b"px") => Some(Self::Millis),
            () if is(b"exat") => Some(Self::UnixSeconds),
            () if is(b"pxat") => Some(Self::UnixMillis),
            () => None,
        }
    }
}

/// What stands behind the key and the value.
#[derive(Default)]
struct Options<'a> {
    if_absent: bool,
    if_present: bool,
    get: bool,
    keep: bool,
    persist: bool,
    expire: Option<(Unit, &'a [u8])>,
}

impl<'a> Options<'a> {
    /// Of SET, or of GETEX.
    fn read(call: &Call<'a>, from: usize) -> Result<Self, Error> {
        let (args, of_set) = (call.args, call.command == Command::Set);
        let mut options = Self::default();
        let mut place = from;
        while let Some(word) = args.get(place) {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            let unit = Unit::of(word);
            let is_timed = options.expire.is_some();
            // The same unit again is taken, and the last one counts.
            let is_other = options.expire.is_some_and(|(other, _)| Some(other) != unit);
            if is(b"nx") && of_set && !options.if_present {
                options.if_absent = true;
            } else if is(b"xx") && of_set && !options.if_absent {
                options.if_present = true;
            } else if is(b"get") && of_set {
                options.get = true;
            } else if is(b"keepttl") && of_set && !is_timed {
                options.keep = true;
            } else if is(b"persist") && !of_set && !is_timed {
                options.persist = true;
            } else if let (Some(unit), Some(time)) = (unit, args.get(place + 1))
                && !options.keep
                && !options.persist
                && !is_other
            {
                options.expire = Some((unit, time));
                place += 1;
            } else {
                return Err(SYNTAX.into());
            }
            place += 1;
        }
        Ok(options)
    }
}

/// The instant, in milliseconds since the epoch, that is meant by `text`.
fn deadline(call: &Call<'_>, unit: Unit, text: &[u8]) -> Result<i64, Error> {
    let time = integer(text).ok_or(NOT_AN_INTEGER)?;
    let is_seconds = matches!(unit, Unit::Seconds | Unit::UnixSeconds);
    let millis = if is_seconds { time.checked_mul(1000) } else { Some(time) };
    let millis = millis.filter(|millis| *millis > 0);
    let due = match unit {
        Unit::Seconds | Unit::Millis => millis.and_then(|millis| millis.checked_add(call.now())),
        Unit::UnixSeconds | Unit::UnixMillis => millis,
    };
    due.ok_or_else(|| call.bad_expiry())
}

fn owned(entry: Option<&EntryView<'_, [u8]>>) -> Option<Vec<u8>> {
    entry.map(|entry| entry.value().to_vec())
}

fn bulk_or_null(value: Option<&[u8]>, reply: &mut Encoder<'_>) {
    match value {
        Some(value) => reply.bulk(value),
        None => reply.null(),
    }
}

pub(super) fn set(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let options = Options::read(call, 3)?;
    let (key, value) = (call.key(), call.args.at(2));
    let expiration = match options.expire {
        Some((unit, text)) => Expiration::At(instant(deadline(call, unit, text)?)),
        None if options.keep => Expiration::Keep,
        None => Expiration::Default,
    };
    if !options.if_absent && !options.if_present && !options.get {
        call.put(key, value, expiration)?;
        reply.ok();
        return Ok(());
    }
    let (mut old, mut is_set) = (None, false);
    call.store().try_compute_entry(key, |entry| {
        old = owned(entry.as_ref().filter(|_| options.get));
        let refused = if entry.is_some() { options.if_absent } else { options.if_present };
        is_set = !refused;
        if refused { Op::Keep } else { Op::PutFor(value.to_vec(), expiration) }
    })?;
    if is_set {
        call.touch(key);
    }
    match (options.get, is_set) {
        (true, _) => bulk_or_null(old.as_deref(), reply),
        (false, true) => reply.ok(),
        (false, false) => reply.null(),
    }
    Ok(())
}

pub(super) fn get_set(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let mut old = None;
    call.store().try_compute_entry(call.key(), |entry| {
        old = owned(entry.as_ref());
        Op::Put(call.args.at(2).to_vec())
    })?;
    call.touch(call.key());
    bulk_or_null(old.as_deref(), reply);
    Ok(())
}

pub(super) fn set_nx(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let computed = call.store().try_compute_entry(call.key(), |entry| match entry {
        Some(_) => Op::Keep,
        None => Op::Put(call.args.at(2).to_vec()),
    })?;
    let is_set = computed == Computed::Inserted;
    if is_set {
        call.touch(call.key());
    }
    reply.integer(is_set.into());
    Ok(())
}

/// SETEX and PSETEX.
pub(super) fn set_ex(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let unit = if call.command == Command::SetEx { Unit::Seconds } else { Unit::Millis };
    let due = deadline(call, unit, call.args.at(2))?;
    call.put(call.key(), call.args.at(3), Expiration::At(instant(due)))?;
    reply.ok();
    Ok(())
}

pub(super) fn get_ex(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let options = Options::read(call, 2)?;
    // Of a key that is absent Redis does not look at the time.
    let expiration = match options.expire {
        Some((unit, text)) => deadline(call, unit, text).map(|due| Expiration::At(instant(due))),
        None if options.persist => Ok(Expiration::Never),
        None => Ok(Expiration::Keep),
    };
    let (mut value, mut was_due) = (None, false);
    call.store().touch(call.key());
    let computed = call.store().update_ttl(call.key(), |entry| {
        value = Some(entry.value().to_vec());
        was_due = entry.expires_at().is_some();
        expiration.as_ref().copied().unwrap_or(Expiration::Keep)
    });
    // PERSIST of what never expires changes nothing.
    let is_change = !options.persist || was_due;
    if is_change && matches!(computed, Computed::Retimed | Computed::Removed) {
        call.touch(call.key());
    }
    // It may have been there at first, and gone when the deadline was to be changed.
    let value = value.filter(|_| computed != Computed::Absent);
    if value.is_some() {
        expiration?;
    }
    bulk_or_null(value.as_deref(), reply);
    Ok(())
}
