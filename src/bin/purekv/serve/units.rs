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
        let bytes = purekv::server::bytes(text.as_bytes());
        let told = || format!("{text:?} is no size: a number, and b, k, kb, m, mb, g or gb");
        bytes.map(Self).ok_or_else(told)
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
        assert_eq!(size("256mb"), Ok(256 << 20));
        assert!(size("1tb").unwrap_err().contains("\"1tb\" is no size"));
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
