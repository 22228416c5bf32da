//! Values as numbers: INCR and its like.

use super::{Call, Done};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::number::{
    FLOAT_OVERFLOW, INTEGER_OVERFLOW, NOT_A_FLOAT, NOT_AN_INTEGER, float, integer, write_human,
};

/// INCR, DECR, INCRBY, DECRBY.
pub(super) fn add(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let by = match call.command {
        Command::Incr => 1,
        Command::Decr => -1,
        Command::IncrBy => call.integer(2)?,
        _ => call.integer(2)?.checked_neg().ok_or("ERR decrement would overflow")?,
    };
    let sum = call.change(|value| {
        let value = value.map_or(Some(0), integer).ok_or(NOT_AN_INTEGER)?;
        let sum = value.checked_add(by).ok_or(INTEGER_OVERFLOW)?;
        Ok((Some(itoa::Buffer::new().format(sum).into()), sum))
    })?;
    reply.integer(sum);
    Ok(())
}

pub(super) fn add_float(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let by = float(call.args.at(2));
    let sum = call.change(|value| {
        let value = value.map_or(Some(0.0), float).ok_or(NOT_A_FLOAT)?;
        let sum = value + by.ok_or(NOT_A_FLOAT)?;
        if !sum.is_finite() {
            return Err(FLOAT_OVERFLOW.into());
        }
        let mut text = Vec::new();
        write_human(&mut text, sum);
        Ok((Some(text), sum))
    })?;
    reply.human(sum);
    Ok(())
}
