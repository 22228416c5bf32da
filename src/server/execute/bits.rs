//! Bits of values: SETBIT, GETBIT, BITCOUNT, BITPOS. The first bit is the highest of the first byte.

use super::ranges::{clamp, grow};
use super::{Call, Done, Error, SYNTAX};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::number::integer;

const BAD_OFFSET: &str = "ERR bit offset is not an integer or out of range";
const BAD_BIT: &str = "ERR bit is not an integer or out of range";

/// Which bit is meant: the number of its byte, and its mask there.
fn offset(call: &Call<'_>) -> Result<(usize, u8), Error> {
    let offset = integer(call.args.at(2)).and_then(|offset| usize::try_from(offset).ok());
    let offset = offset.filter(|offset| offset >> 3 < call.longest);
    let offset = offset.ok_or(BAD_OFFSET)?;
    Ok((offset >> 3, 0x80 >> (offset & 7)))
}

pub(super) fn set(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let (byte, mask) = offset(call)?;
    let bit = match integer(call.args.at(3)) {
        Some(bit @ 0..=1) => bit == 1,
        _ => return Err(BAD_BIT.into()),
    };
    let old = call.change(|value| {
        let value = value.unwrap_or_default();
        let old = value.get(byte).is_some_and(|byte| byte & mask != 0);
        // As it is already: who watches it is not told.
        if byte < value.len() && old == bit {
            return Ok((None, old));
        }
        let mut value = value.to_vec();
        grow(&mut value, byte + 1);
        if bit {
            value[byte] |= mask
        } else {
            value[byte] &= !mask
        }
        Ok((Some(value), old))
    })?;
    reply.integer(old.into());
    Ok(())
}

pub(super) fn get(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let (byte, mask) = offset(call)?;
    let bit =
        call.store().read(call.key(), |value| value.get(byte).is_some_and(|byte| byte & mask != 0));
    reply.integer(bit.unwrap_or(false).into());
    Ok(())
}

/// What is asked about: all of a value, or a part of it.
struct Part {
    start: i64,
    end: Option<i64>,
    /// In bits and not in bytes.
    in_bits: bool,
    /// BITCOUNT takes this for nothing, and does not look at the unit.
    is_reversed: bool,
}

impl Part {
    /// From the arguments at `from` on: a start, an end, BYTE or BIT.
    fn read(call: &Call<'_>, from: usize) -> Result<Self, Error> {
        let given = call.args.len().saturating_sub(from);
        if given > 3 {
            return Err(SYNTAX.into());
        }
        let start = if given > 0 { call.integer(from)? } else { 0 };
        let unit = || -> Result<bool, Error> {
            match (call.args.is(from + 2, "bit"), call.args.is(from + 2, "byte")) {
                (true, _) => Ok(true),
                (_, true) => Ok(false),
                _ if given < 3 => Ok(false),
                _ => Err(SYNTAX.into()),
            }
        };
        let end = || if given > 1 { call.integer(from + 1).map(Some) } else { Ok(None) };
        let is_reversed =
            |end: Option<i64>| start < 0 && end.is_some_and(|end| end < 0 && start > end);
        // The two read them in different orders, which shows if both are wrong.
        let (end, in_bits) = if call.command == Command::BitCount {
            let end = end()?;
            (end, !is_reversed(end) && unit()?)
        } else {
            let in_bits = unit()?;
            (end()?, in_bits)
        };
        Ok(Self { start, end, in_bits, is_reversed: is_reversed(end) })
    }

    /// The bits of a value that are meant.
    fn bits(&self, length: usize) -> Option<std::ops::Range<usize>> {
        let end = self.end.unwrap_or(-1);
        if self.in_bits {
            return clamp(self.start, end, length * 8);
        }
        let bytes = clamp(self.start, end, length)?;
        Some(bytes.start * 8..bytes.end * 8)
    }
}

/// The bytes of `value` that have bits of the range, each with its number and what it has of them: others are as `outside`.
fn bytes(
    value: &[u8],
    bits: std::ops::Range<usize>,
    outside: bool,
) -> impl Iterator<Item = (usize, u8)> {
    let (first, last) = (bits.start / 8, bits.end.saturating_sub(1) / 8);
    let head = 0xff_u8 >> (bits.start & 7);
    let tail = 0xff_u8 << ((8 - (bits.end & 7)) & 7);
    let part = if bits.is_empty() { &[][..] } else { &value[first..=last] };
    part.iter().enumerate().map(move |(place, byte)| {
        let place = first + place;
        let mut mask = 0xff;
        if place == first {
            mask &= head;
        }
        if place == last {
            mask &= tail;
        }
        (place, if outside { byte | !mask } else { byte & mask })
    })
}

pub(super) fn count(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    // Of a key that is absent Redis reads no more arguments.
    let count = call.store().read(call.key(), |value| {
        if call.args.len() == 3 {
            return Err(Error::from(SYNTAX));
        }
        let part = Part::read(call, 2)?;
        let bits = part.bits(value.len()).filter(|_| !part.is_reversed).unwrap_or(0..0);
        Ok(bytes(value, bits, false).map(|(_, byte)| i64::from(byte.count_ones())).sum())
    });
    reply.integer(count.unwrap_or(Ok(0))?);
    Ok(())
}

pub(super) fn position(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let bit = match call.integer(2)? {
        0 => false,
        1 => true,
        _ => return Err("ERR The bit argument must be 1 or 0.".into()),
    };
    // What is absent is zeros without end, and no more arguments are read.
    let absent = if bit { -1 } else { 0 };
    let found = call.store().read(call.key(), |value| {
        let part = Part::read(call, 3)?;
        let Some(bits) = part.bits(value.len()) else { return Ok(-1) };
        let wanted = |byte: u8| if bit { byte } else { !byte };
        let found = bytes(value, bits.clone(), !bit).find(|(_, byte)| wanted(*byte) != 0);
        Ok(match found {
            Some((place, byte)) => place as i64 * 8 + i64::from(wanted(byte).leading_zeros()),
            // Behind a value there are zeros, unless an end was given.
            None if !bit && part.end.is_none() => bits.end as i64,
            None => -1,
        })
    });
    reply.integer(found.unwrap_or(Ok::<_, Error>(absent))?);
    Ok(())
}
