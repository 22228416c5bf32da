//! OBJECT: what is known of a value besides its bytes.

use super::{Call, Done, SYNTAX};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::number::integer;

/// Redis keeps a string of up to so many bytes in one piece with its header.
const EMBEDDED: usize = 44;
/// What is beside key and value: the header, and what an allocator keeps for itself.
const HEADER: usize = 24;
const NO_FREQUENCY: &str = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
const NO_IDLE_TIME: &str = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";

/// ENCODING, FREQ, IDLETIME.
pub(super) fn object(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let (store, key) = (call.store(), call.args.at(2));
    if call.command == Command::ObjectEncoding {
        // Everything is kept as bytes; this is what Redis would say of a value that was set.
        let encoding = store.read(key, |value| match value.len() {
            ..=20 if integer(value).is_some() => "int",
            ..=EMBEDDED => "embstr",
            _ => "raw",
        });
        match encoding {
            Some(encoding) => reply.bulk(encoding.as_bytes()),
            None => reply.null(),
        }
        return Ok(());
    }
    if !store.contains_key(key) {
        reply.null();
        return Ok(());
    }
    if call.command == Command::ObjectIdleTime {
        return Err(NO_IDLE_TIME.into());
    }
    // From 0 to 3; a store without a bound counts nothing.
    reply.integer(store.frequency(key).ok_or(NO_FREQUENCY)?.into());
    Ok(())
}

/// MEMORY USAGE. There is nothing to be sampled.
pub(super) fn memory_usage(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let (args, key) = (call.args, call.args.at(2));
    let mut place = 3;
    while place < args.len() {
        if !args.is(place, "samples") || place + 1 == args.len() {
            return Err(SYNTAX.into());
        }
        if call.integer(place + 1)? < 0 {
            return Err(SYNTAX.into());
        }
        place += 2;
    }
    // The entry alone, as what it is allocated with; its share of the table is not counted.
    let bytes =
        call.store().read(key, |value| (HEADER + key.len() + value.len()).next_multiple_of(16));
    match bytes {
        Some(bytes) => reply.integer(bytes as i64),
        None => reply.null(),
    }
    Ok(())
}
