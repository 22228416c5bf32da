//! Sizes and times as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// Bytes: "1048576", "1mb"; as in Redis `k` is 1000 and `kb` 1024, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
        let (number, unit) = lower.split_at(digits);
        let factor: u64 = match unit.trim() {
            "" | "b" => 1,
            "k" => 1000,
            "kb" => 1 << 10,
            "m" => 1_000_000,
            "mb" => 1 << 20,
            "g" => 1_000_000_000,
            "gb" => 1 << 30,
            _ => {
                return Err(format!("{text:?} is no size: a number, and b, k, kb, m, mb, g or gb"));
            }
        };
        let number: u64 = number.parse().map_err(|_| format!("{text:?} has no number"))?;
        let bytes = number.checked_mul(factor);
        bytes.map(Self).ok_or_else(|| format!("{text:?} is more than can be counted"))
    }
}

/// A time: a number of seconds, or "5m", "1h 30m".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(Duration);

impl Seconds {
    /// None for zero: never.
    pub(crate) fn get(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.trim().parse() {
            return Ok(Self(Duration::from_secs(seconds)));
        }
        let time = humantime::parse_duration(text);
        time.map(Self).map_err(|error| format!("{text:?} is no time: {error}"))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word_or_number(deserializer)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word_or_number(deserializer)
    }
}

/// In a file, what the command line takes as a word may be a number.
pub(crate) fn word_or_number<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Either<T>(std::marker::PhantomData<T>);
    impl<T: FromStr<Err = String>> Visitor<'_> for Either<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number or a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
            number.to_string().parse().map_err(E::custom)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
            number.to_string().parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Either(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_redis_has_them() {
        let size = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(size("1024"), Ok(1024));
        assert_eq!(size("1k"), Ok(1000));
        assert_eq!(size("1KB"), Ok(1024));
        assert_eq!(size("256mb"), Ok(256 << 20));
        assert_eq!(size("2 gb"), Ok(2 << 30));
        assert!(size("1tb").unwrap_err().contains("\"1tb\" is no size"));
        assert!(size("mb").unwrap_err().contains("has no number"));
        assert!(size("99999999999gb").unwrap_err().contains("more than can be counted"));
    }

    #[test]
    fn times_are_seconds_unless_they_say_otherwise() {
        let time = |text: &str| text.parse::<Seconds>().map(Seconds::get);
        assert_eq!(time("300"), Ok(Some(Duration::from_secs(300))));
        assert_eq!(time("5m"), Ok(Some(Duration::from_secs(300))));
        assert_eq!(time("0"), Ok(None));
        assert!(time("soon").unwrap_err().contains("\"soon\" is no time"));
    }
}
