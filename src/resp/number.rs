//! Numbers as Redis reads and writes them.
//!
//! Integers are strict, so that a number has one spelling: Redis stores what [`integer`] takes as an integer, and gives the very same
//! bytes back. Floats are `f64` here and the machine's long double there. That shows where a sum needs more than some 15 digits: 0.1 + 0.2 is
//! 0.3 there and 0.30000000000000004 here. Hexadecimal floats, which C's `strtold` takes, are no floats here, and neither is
//! what is beyond 1.8e308.

use std::io::Write as _;

/// What Redis replies where an argument, or the value of a key, should be an integer.
pub const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
/// What Redis replies where an argument, or the value of a key, should be a float.
pub const NOT_A_FLOAT: &str = "ERR value is not a valid float";
/// What Redis replies where an integer would leave its range by an increment.
pub const INTEGER_OVERFLOW: &str = "ERR increment or decrement would overflow";
/// What Redis replies where a float would leave its range by an increment.
pub const FLOAT_OVERFLOW: &str = "ERR increment would produce NaN or Infinity";

/// Digits after the point, at most, of what [`write_human`] writes.
const DECIMALS: usize = 17;

/// The integer that is written there: digits, with a minus before them or none, and nothing else; no plus, no space, no
/// leading zero, no "-0". `None` for anything else, and beyond the range.
#[inline]
pub fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    // Nineteen digits are always within a u64.
    let mut size = 0_u64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        size = size * 10 + u64::from(digit);
    }
    if negative { 0_i64.checked_sub_unsigned(size) } else { size.try_into().ok() }
}

/// The float that is written there, in decimal, with an exponent or none, or as "inf" or "infinity" in either case. `None` for
/// anything else, "nan" and white space among it, for what is too large, and for what is so small that it would be 0.
pub fn float(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let is_word = unsigned[0].is_ascii_alphabetic();
    let is_out_of_range = value.is_infinite() && !is_word || value == 0.0 && has_size(unsigned);
    if value.is_nan() || is_out_of_range { None } else { Some(value) }
}

/// Whether a digit before the exponent is not 0.
fn has_size(text: &[u8]) -> bool {
    let size = text.split(|byte| byte.eq_ignore_ascii_case(&b'e')).next();
    size.is_some_and(|size| size.iter().any(|byte| matches!(byte, b'1'..=b'9')))
}

/// Appends a float as `INCRBYFLOAT` stores it: no exponent, at most 17 digits after the point, no zeros at the end.
///
/// The digits are the fewest that read back as the same `f64`, or, where these would be more than 17 after the point, the value rounded to so many. At most 309
/// bytes before the point.
pub fn write_human(out: &mut Vec<u8>, value: f64) {
    let start = out.len();
    push(out, format_args!("{value}"));
    let decimals = out[start..].iter().position(|byte| *byte == b'.');
    if decimals.is_some_and(|point| out.len() - start - point - 1 > DECIMALS) {
        out.truncate(start);
        push(out, format_args!("{value:.DECIMALS$}"));
        while out.last() == Some(&b'0') {
            out.pop();
        }
        if out.last() == Some(&b'.') {
            out.pop();
        }
    }
    if &out[start..] == b"-0" {
        out.remove(start);
    }
}

/// Appends a float as a double of RESP3: the fewest digits that read back as the same, with an exponent where it is very large or very small.
pub(super) fn write_double(out: &mut Vec<u8>, value: f64) {
    let size = value.abs();
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if size == 0.0 || (1e-5..1e17).contains(&size) || size.is_infinite() {
        push(out, format_args!("{value}"));
    } else {
        push(out, format_args!("{value:e}"));
    }
}

fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // A vector takes whatever it is given.
    let _ = out.write_fmt(text);
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn human(value: f64) -> String {
        let mut out = b"x".to_vec();
        write_human(&mut out, value);
        String::from_utf8(out.split_off(1)).unwrap()
    }

    #[test]
    fn integers_have_one_spelling() {
        for (text, value) in [
            ("0", 0),
            ("-1", -1),
            ("100", 100),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text.as_bytes()), Some(value));
        }
        for text in [
            "",
            "-",
            "-0",
            "+1",
            "01",
            "00",
            "-01",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "a",
            "1a",
            "--1",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
            "1\0",
            "0x1",
            "\u{661}",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_are_what_strtod_takes_in_decimal() {
        for (text, value) in [
            ("1", 1.0),
            ("+1", 1.0),
            ("-1.5", -1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("5.0e3", 5000.0),
            ("1E-2", 0.01),
            ("0e9", 0.0),
            ("-0", 0.0),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("007", 7.0),
        ] {
            assert_eq!(float(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "", " 1", "1 ", "nan", "-NaN", "1e400", "-1e400", "1e-400", "0.0e", "1.2.3", "e5", ".",
            "1_0", "0x10", "a",
        ] {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_are_written_for_people() {
        for (value, text) in [
            (10.5 + 0.1, "10.6"),
            (5.0e3 + 2.0e2, "5200"),
            (3.0, "3"),
            (-0.0, "0"),
            (0.0, "0"),
            (1e20, "100000000000000000000"),
            (1e-5, "0.00001"),
            (1e-17, "0.00000000000000001"),
            (1e-20, "0"),
            (-1e-20, "0"),
            (f64::INFINITY, "inf"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.234_567_890_123e-6, "0.00000123456789012"),
            (-1.5, "-1.5"),
        ] {
            assert_eq!(human(value), text);
        }
        assert_eq!(human(f64::MAX).len(), 309);
    }

    proptest! {
        #[test]
        fn any_integer_is_read_back(value: i64) {
            prop_assert_eq!(integer(value.to_string().as_bytes()), Some(value));
        }

        #[test]
        fn what_is_read_as_an_integer_is_its_spelling(text in "-?[0-9]{0,21}") {
            if let Some(value) = integer(text.as_bytes()) {
                prop_assert_eq!(value.to_string(), text);
            } else {
                prop_assert!(text.parse::<i64>().map_or(true, |value| value.to_string() != text));
            }
        }

        #[test]
        fn a_double_is_read_back(value: f64) {
            let mut out = Vec::new();
            write_double(&mut out, value);
            prop_assert!(out.len() <= 25);
            let read: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
            prop_assert!(read == value || value.is_nan() && read.is_nan());
        }

        #[test]
        fn people_see_the_number(value in -1e6..1e6) {
            let read = float(human(value).as_bytes()).unwrap();
            prop_assert!((read - value).abs() < 1e-17 + value.abs() * 1e-15);
        }

        #[test]
        fn any_bytes_may_be_asked(text: Vec<u8>) {
            let _ = (integer(&text), float(&text));
        }
    }
}
