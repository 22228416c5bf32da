//! A value under another key: RENAME, RENAMENX, COPY. All are carried out alone.

use super::{Call, Done, SYNTAX, check_database};
use crate::kv::Expiration;
use crate::resp::command::Command;
use crate::resp::encode::Encoder;

const NO_SUCH_KEY: &str = "ERR no such key";
const SAME_KEY: &str = "ERR source and destination objects are the same";

/// A value, and when it is due.
type Found = (Vec<u8>, Expiration);

fn read(call: &Call<'_>) -> Option<Found> {
    call.store().read_entry(call.key(), |entry| {
        (entry.value().to_vec(), entry.expires_at().map_or(Expiration::Never, Expiration::At))
    })
}

/// RENAME and RENAMENX.
pub(super) fn rename(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let (from, to) = (call.key(), call.args.at(2));
    let if_absent = call.command == Command::RenameNx;
    let (value, expiration) = read(call).ok_or(NO_SUCH_KEY)?;
    let is_refused = if_absent && call.database.has(to);
    if from != to && !is_refused {
        // First, for it may be too heavy.
        call.put(to, &value, expiration)?;
        call.store().invalidate(from);
        call.touch(from);
    }
    if if_absent {
        reply.integer((!is_refused).into());
    } else {
        reply.ok();
    }
    Ok(())
}

pub(super) fn copy(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let (args, to) = (call.args, call.args.at(2));
    let mut replaces = false;
    let mut place = 3;
    while place < args.len() {
        if args.is(place, "replace") {
            replaces = true;
        } else if args.is(place, "db") && place + 1 < args.len() {
            place += 1;
            check_database(args.at(place))?;
        } else {
            return Err(SYNTAX.into());
        }
        place += 1;
    }
    if call.key() == to {
        return Err(SAME_KEY.into());
    }
    let found = read(call).filter(|_| replaces || !call.database.has(to));
    if let Some((value, expiration)) = &found {
        call.put(to, value, *expiration)?;
    }
    reply.integer(found.is_some().into());
    Ok(())
}
