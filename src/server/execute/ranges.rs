//! Parts of values: STRLEN, APPEND, SETRANGE, GETRANGE.

use super::{Call, Done};
use crate::resp::encode::Encoder;

pub(super) fn length(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let length = call.store().read(call.key(), <[u8]>::len);
    reply.integer(length.unwrap_or(0) as i64);
    Ok(())
}

pub(super) fn append(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let tail = call.args.at(2);
    let length = call.change(|value| {
        let value = value.unwrap_or_default();
        let length = value.len() + tail.len();
        if !value.is_empty() {
            call.check_length(Some(length))?;
        }
        Ok((Some([value, tail].concat()), length))
    })?;
    reply.integer(length as i64);
    Ok(())
}

pub(super) fn set_range(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let Ok(offset) = usize::try_from(call.integer(2)?) else {
        return Err("ERR offset is out of range".into());
    };
    let part = call.args.at(3);
    let end = offset.checked_add(part.len());
    let length = call.change(|value| {
        let value = value.unwrap_or_default();
        if part.is_empty() {
            return Ok((None, value.len()));
        }
        call.check_length(end)?;
        let mut changed = Vec::with_capacity(value.len().max(offset + part.len()));
        changed.extend_from_slice(value);
        grow(&mut changed, offset + part.len());
        changed[offset..offset + part.len()].copy_from_slice(part);
        let length = changed.len();
        Ok((Some(changed), length))
    })?;
    reply.integer(length as i64);
    Ok(())
}

/// With zeros, to so many bytes at least.
pub(super) fn grow(value: &mut Vec<u8>, length: usize) {
    if value.len() < length {
        value.resize(length, 0);
    }
}

/// GETRANGE and SUBSTR.
pub(super) fn get_range(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let is_there = call.store().read(call.key(), |value| {
        reply.bulk(range(start, end, value.len()).map_or(&[][..], |range| &value[range]));
    });
    if is_there.is_none() {
        reply.bulk(b"");
    }
    Ok(())
}

/// What is meant by the first and the last place of something so long, where negative ones count from its end; None if it is empty.
pub(super) fn range(start: i64, end: i64, length: usize) -> Option<std::ops::Range<usize>> {
    if start < 0 && end < 0 && start > end { None } else { clamp(start, end, length) }
}

/// As [`range`], but both may be before the beginning, in any order, and are the first place then: as BITPOS has it.
pub(super) fn clamp(start: i64, end: i64, length: usize) -> Option<std::ops::Range<usize>> {
    let length = length as i64;
    let place = |place: i64| if place < 0 { (length + place).max(0) } else { place };
    let (start, end) = (place(start), place(end).min(length - 1));
    (start <= end).then(|| start as usize..end as usize + 1)
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::{clamp, range};

    #[test]
    fn places_are_clamped() {
        assert_eq!(range(0, -1, 5), Some(0..5));
        assert_eq!(range(-3, -2, 5), Some(2..4));
        assert_eq!(range(-100, 100, 5), Some(0..5));
        assert_eq!(range(-1, -2, 5), None);
        assert_eq!(range(-9, -8, 5), Some(0..1), "as Redis has it");
        assert_eq!(range(-8, -9, 5), None);
        assert_eq!(clamp(-8, -9, 5), Some(0..1));
        assert_eq!(range(5, 9, 5), None);
        assert_eq!(range(0, 0, 0), None);
        assert_eq!(range(i64::MIN, i64::MAX, 5), Some(0..5));
    }
}
