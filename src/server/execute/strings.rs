//! Whole values: GET, MGET, GETDEL, MSET.

use super::{Call, Done, values};
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
        Some(value) => reply.bulk(&value),
        None => reply.null(),
    }
    Ok(())
}

/// Key by key. What is too heavy is an error, and what came before it stays.
pub(super) fn mset(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    if call.args.len().is_multiple_of(2) {
        return Err(call.wrong_arity());
    }
    for place in (1..call.args.len()).step_by(2) {
        call.put(call.args.at(place), call.args.at(place + 1), Expiration::Default)?;
    }
    reply.ok();
    Ok(())
}
