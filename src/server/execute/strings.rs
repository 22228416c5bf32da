//! Whole values: GET, MGET, GETDEL, MSET, MSETNX.

use super::{Call, Done, Error, set, values};
use crate::kv::Expiration;
use crate::resp::encode::Encoder;

/// GET and MGET.
pub(super) fn get(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    if call.command == crate::resp::command::Command::MGet {
        reply.array(call.args.len() - 1);
    }
    values(call.store(), call.args.from(1), reply);
    Ok(())
}

pub(super) fn get_del(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    match call.store().remove(call.key()) {
        Some(value) => {
            call.touch(call.key());
            reply.bulk(&value);
        }
        None => reply.null(),
    }
    Ok(())
}

/// The pairs of a key and a value, if each has both.
fn pairs<'a>(call: &Call<'a>) -> Result<impl Iterator<Item = (&'a [u8], &'a [u8])>, Error> {
    if call.args.len().is_multiple_of(2) {
        return Err(call.wrong_arity());
    }
    let args = call.args;
    Ok((1..args.len()).step_by(2).map(move |place| (args.at(place), args.at(place + 1))))
}

/// All of them, or, if one is too heavy, none.
fn put_all(call: &Call<'_>) -> Done {
    if call.args.len() > 3 {
        for (key, value) in pairs(call)? {
            call.store().check_weight(key, value)?;
        }
    }
    for (key, value) in pairs(call)? {
        call.put(key, value, Expiration::Default)?;
    }
    Ok(())
}

pub(super) fn mset(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    put_all(call)?;
    reply.ok();
    Ok(())
}

pub(super) fn mset_nx(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    if call.args.len() == 3 {
        return set::set_nx(call, reply);
    }
    let is_any = pairs(call)?.any(|(key, _)| call.database.has(key));
    if !is_any {
        put_all(call)?;
    }
    reply.integer((!is_any).into());
    Ok(())
}
