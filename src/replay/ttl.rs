//! Which time-to-live a replay gives to what it inserts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Request;

/// Which time-to-live each inserted value gets.
///
/// As text: `none`, `trace`, a duration (`90s`, `1h 30m`), or two of them with `..` between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TtlChoice {
    /// None: nothing expires.
    None,
    /// What the trace says; none where it says nothing.
    Trace,
    /// Uniformly at random, from the first to the second, both included.
    Between(Duration, Duration),
}

/// A TTL that is neither `none`, `trace`, a duration nor a range of durations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected none, trace, DURATION or MIN..MAX such as 50ms..2s: {reason}")]
pub struct ParseTtlError {
    reason: String,
}

impl TtlChoice {
    /// The time-to-live of the `index`-th request. It depends on nothing else but `seed`, so that every store gets
    /// the same one, whichever thread inserts and in whatever order.
    pub(super) fn pick(self, request: &Request, index: usize, seed: u64) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Trace if request.ttl == 0 => None,
            Self::Trace => Some(Duration::from_secs(request.ttl.into())),
            Self::Between(min, max) => {
                let span = u64::try_from((max - min).as_nanos()).unwrap_or(u64::MAX);
                let random = scramble(seed ^ scramble(index as u64));
                // The high half of the product: uniform over the span without a division.
                let share = (u128::from(random) * (u128::from(span) + 1)) >> 64;
                Some(min + Duration::from_nanos(share as u64))
            }
        }
    }
}

/// A bijection of 64 bits that looks random (the output function of SplitMix64).
fn scramble(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl FromStr for TtlChoice {
    type Err = ParseTtlError;

    fn from_str(text: &str) -> Result<Self, ParseTtlError> {
        let duration = |text: &str| {
            humantime::parse_duration(text)
                .map_err(|error| ParseTtlError { reason: error.to_string() })
        };
        match text {
            "none" => return Ok(Self::None),
            "trace" => return Ok(Self::Trace),
            _ => {}
        }
        let (min, max) = match text.split_once("..") {
            Some((min, max)) => (duration(min)?, duration(max)?),
            None => (duration(text)?, duration(text)?),
        };
        if min > max {
            return Err(ParseTtlError { reason: format!("{text}: the first is the longer one") });
        }
        Ok(Self::Between(min, max))
    }
}

impl fmt::Display for TtlChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::None => f.write_str("none"),
            Self::Trace => f.write_str("trace"),
            Self::Between(min, max) if min == max => humantime::format_duration(min).fmt(f),
            Self::Between(min, max) => {
                let (min, max) = (humantime::format_duration(min), humantime::format_duration(max));
                write!(f, "{min}..{max}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_there_and_back() {
        for text in ["none", "trace", "1s", "50ms..2s", "1h 30m", "0s"] {
            assert_eq!(text.parse::<TtlChoice>().unwrap().to_string(), text);
        }
        assert_eq!("2s..2s".parse::<TtlChoice>().unwrap().to_string(), "2s");
        for text in [
            "",
            "..",
            "1s..",
            "..1s",
            "2s..1s",
            "5",
            "1s..2s..3s",
            "-1s",
            "soon",
            "999999999999999999999y",
        ] {
            let error = text.parse::<TtlChoice>().unwrap_err().to_string();
            assert!(error.contains("expected none"), "{text}: {error}");
        }
    }

    #[test]
    fn a_range_is_filled_evenly_and_to_its_ends() {
        let (min, max) = (Duration::from_millis(50), Duration::from_secs(2));
        let choice = TtlChoice::Between(min, max);
        let picked: Vec<Duration> =
            (0..100_000).map(|index| choice.pick(&Request::get(1), index, 7).unwrap()).collect();
        assert!(picked.iter().all(|ttl| (min..=max).contains(ttl)));
        let mean = picked.iter().sum::<Duration>() / 100_000;
        assert!(mean.abs_diff((min + max) / 2) < Duration::from_millis(10), "{mean:?}");
        assert!(*picked.iter().min().unwrap() < min + Duration::from_millis(1));
        assert!(*picked.iter().max().unwrap() > max - Duration::from_millis(1));
    }

    #[test]
    fn a_trace_may_know() {
        let known = Request { ttl: 3, ..Request::get(1) };
        assert_eq!(TtlChoice::Trace.pick(&known, 0, 0), Some(Duration::from_secs(3)));
        assert_eq!(TtlChoice::Trace.pick(&Request::get(1), 0, 0), None);
        let fixed = TtlChoice::Between(Duration::MAX, Duration::MAX);
        assert_eq!(fixed.pick(&known, 5, 9), Some(Duration::MAX));
    }
}
