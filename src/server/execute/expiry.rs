//! When keys expire: EXPIRE and its like, TTL and its like, PERSIST.

use super::{Call, Done, Error, instant, millis};
use crate::kv::{Computed, Expiration};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;

/// On which condition a deadline is set.
#[derive(Default)]
struct Conditions {
    if_never: bool,
    if_due: bool,
    if_later: bool,
    if_sooner: bool,
}

impl Conditions {
    fn read(call: &Call<'_>) -> Result<Self, Error> {
        let mut read = Self::default();
        for (place, word) in call.args.from(3).enumerate() {
            let is = |name| call.args.is(place + 3, name);
            let flag = match () {
                () if is("nx") => &mut read.if_never,
                () if is("xx") => &mut read.if_due,
                () if is("gt") => &mut read.if_later,
                () if is("lt") => &mut read.if_sooner,
                () => return Err([b"ERR Unsupported option ", word].concat().into()),
            };
            *flag = true;
        }
        if read.if_never && (read.if_due || read.if_later || read.if_sooner) {
            return Err(
                "ERR NX and XX, GT or LT options at the same time are not compatible".into()
            );
        }
        if read.if_later && read.if_sooner {
            return Err("ERR GT and LT options at the same time are not compatible".into());
        }
        Ok(read)
    }

    /// Whether a deadline may be set where there is this one, or none.
    fn hold(&self, due: i64, current: Option<i64>) -> bool {
        !(self.if_never && current.is_some()
            || self.if_due && current.is_none()
            // Never is later than any time.
            || self.if_later && current.is_none_or(|current| due <= current)
            || self.if_sooner && current.is_some_and(|current| due >= current))
    }
}

/// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT. A time that has passed removes the key.
pub(super) fn expire(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let conditions = Conditions::read(call)?;
    let time = call.integer(2)?;
    let in_seconds = matches!(call.command, Command::Expire | Command::ExpireAt);
    let from_now = matches!(call.command, Command::Expire | Command::PExpire);
    let time = if in_seconds { time.checked_mul(1000) } else { Some(time) };
    let now = if from_now { call.now() } else { 0 };
    let due = time.and_then(|time| time.checked_add(now)).ok_or_else(|| call.bad_expiry())?;
    let computed = call.store().update_ttl(call.key(), |entry| {
        let holds = conditions.hold(due, entry.expires_at().map(millis));
        if holds { Expiration::At(instant(due)) } else { Expiration::Keep }
    });
    let is_set = matches!(computed, Computed::Retimed | Computed::Removed);
    if is_set {
        call.touch(call.key());
    }
    reply.integer(is_set.into());
    Ok(())
}

/// TTL, PTTL, EXPIRETIME, PEXPIRETIME.
pub(super) fn ttl(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let time = match call.store().expires_at(call.key()) {
        None => -2,
        Some(None) => -1,
        Some(Some(time)) => {
            let is_left = matches!(call.command, Command::Ttl | Command::PTtl);
            let time = millis(time) - if is_left { call.now() } else { 0 };
            let in_seconds = matches!(call.command, Command::Ttl | Command::ExpireTime);
            // Rounded to the nearest second.
            if in_seconds { (time.max(0) + 500) / 1000 } else { time.max(0) }
        }
    };
    reply.integer(time);
    Ok(())
}

pub(super) fn persist(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let computed = call.store().update_ttl(call.key(), |entry| match entry.expires_at() {
        Some(_) => Expiration::Never,
        None => Expiration::Keep,
    });
    let is_changed = computed == Computed::Retimed;
    if is_changed {
        call.touch(call.key());
    }
    reply.integer(is_changed.into());
    Ok(())
}
