//! Keys, whatever their values; and the time that they live in.

use std::time::UNIX_EPOCH;

use super::{Call, Done, Error, SYNTAX};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::glob;

/// How many entries a walk over all of them sees at a time: for so long the thread is pinned, at most.
const STEP: usize = 1000;
/// What SCAN shows unless it is told how many.
const COUNT: usize = 10;

/// DEL, UNLINK, EXISTS, TOUCH: how many of the keys it was done to. A key that is named twice is counted each time it is there.
pub(super) fn count_keys(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let store = call.store();
    let of_one = |key: &&[u8]| match call.command {
        Command::Exists => store.contains_key(key),
        Command::Touch => store.touch(key),
        _ => {
            let is_removed = store.invalidate(key);
            if is_removed {
                call.touch(key);
            }
            is_removed
        }
    };
    reply.integer(call.args.from(1).filter(of_one).count() as i64);
    Ok(())
}

pub(super) fn kind(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    reply.simple(if call.store().contains_key(call.key()) { b"string" } else { b"none" });
    Ok(())
}

pub(super) fn keys(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let pattern = call.args.at(1);
    let mut found = Vec::new();
    let mut cursor = 0;
    loop {
        cursor = call.store().scan(cursor, STEP, |key, _| {
            if pattern == b"*" || glob::matches(pattern, key) {
                found.push(key.to_vec());
            }
        });
        if cursor == 0 {
            break;
        }
    }
    reply.array(found.len());
    found.iter().for_each(|key| reply.bulk(key));
    Ok(())
}

/// A cursor as C's `strtoul` reads it.
fn cursor(text: &[u8]) -> Option<u64> {
    let (is_negative, digits) = match text {
        [] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let size = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    let size: u64 = size.parse().ok()?;
    Some(if is_negative { size.wrapping_neg() } else { size })
}

pub(super) fn scan(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = call.args;
    let from = cursor(args.at(1)).ok_or("ERR invalid cursor")?;
    let (mut count, mut pattern, mut kind) = (COUNT, None, None);
    let mut place = 2;
    while place < args.len() {
        let has_value = place + 1 < args.len();
        if args.is(place, "count") && has_value {
            count = match call.integer(place + 1)? {
                number @ 1.. => usize::try_from(number).unwrap_or(usize::MAX),
                _ => return Err(SYNTAX.into()),
            };
        } else if args.is(place, "match") && has_value {
            pattern = Some(args.at(place + 1)).filter(|pattern| pattern != b"*");
        } else if args.is(place, "type") && has_value {
            kind = Some(args.at(place + 1));
        } else {
            return Err(Error::from(SYNTAX));
        }
        place += 2;
    }
    let is_wanted = kind.is_none_or(|kind| kind.eq_ignore_ascii_case(b"string"));
    let mut found = Vec::new();
    let next = call.store().scan(from, count, |key, _| {
        if is_wanted && pattern.is_none_or(|pattern| glob::matches(pattern, key)) {
            found.push(key.to_vec());
        }
    });
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    reply.array(found.len());
    found.iter().for_each(|key| reply.bulk(key));
    Ok(())
}

pub(super) fn random_key(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    if call.store().random_entry(|key, _| reply.bulk(key)).is_none() {
        reply.null();
    }
    Ok(())
}

/// What is there, that of a snapshot below included.
pub(super) fn size(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let store = call.store();
    reply.integer((store.len() + store.stats().cold) as i64);
    Ok(())
}

/// FLUSHDB and FLUSHALL. There is no other way than at once, so SYNC and ASYNC are the same. Nobody is told of the single keys: who watches one that was there finds
/// that it is not, or that it was written to again.
pub(super) fn flush(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    match call.args.len() {
        1 => {}
        2 if call.args.is(1, "sync") || call.args.is(1, "async") => {}
        _ => return Err(SYNTAX.into()),
    }
    call.store().clear();
    reply.ok();
    Ok(())
}

/// TIME: seconds and microseconds, by the clock that deadlines are meant by.
pub(super) fn time(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let since = call.database.time().duration_since(UNIX_EPOCH).unwrap_or_default();
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(since.as_secs()).as_bytes());
    reply.bulk(itoa::Buffer::new().format(since.subsec_micros()).as_bytes());
    Ok(())
}
