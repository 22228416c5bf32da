//! How many entries a bounded store may hold.

use std::fmt;
use std::str::FromStr;

use super::Workload;

/// A bound. As text: a number of entries, or a share of the workload's different keys with a percent sign.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Capacity {
    /// So many entries.
    Entries(u64),
    /// Percent of the different keys of a workload.
    Percent(f64),
}

/// A capacity that is neither a number of entries from 1 nor a percentage above 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of entries, or percent of the different keys, as in 0.1%")]
#[non_exhaustive]
pub struct ParseCapacityError;

impl Capacity {
    /// In entries, one at least.
    pub fn of(self, workload: &Workload) -> u64 {
        match self {
            Self::Entries(entries) => entries,
            Self::Percent(percent) => {
                ((workload.unique_keys() as f64 * percent / 100.0).round() as u64).max(1)
            }
        }
    }
}

impl FromStr for Capacity {
    type Err = ParseCapacityError;

    fn from_str(text: &str) -> Result<Self, ParseCapacityError> {
        match text.strip_suffix('%') {
            Some(percent) => match percent.parse::<f64>() {
                Ok(percent) if percent.is_finite() && percent > 0.0 => Ok(Self::Percent(percent)),
                _ => Err(ParseCapacityError),
            },
            None => match text.parse() {
                Ok(entries) if entries > 0 => Ok(Self::Entries(entries)),
                _ => Err(ParseCapacityError),
            },
        }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(entries) => write!(f, "{entries}"),
            Self::Percent(percent) => write!(f, "{percent} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Request;

    #[test]
    fn capacities_from_text() {
        assert_eq!("10".parse(), Ok(Capacity::Entries(10)));
        assert_eq!("0.1%".parse(), Ok(Capacity::Percent(0.1)));
        for text in ["", "0", "-1", "1.5", "%", "0%", "-1%", "inf%", "1 %x"] {
            assert_eq!(text.parse::<Capacity>(), Err(ParseCapacityError), "{text}");
        }
    }

    #[test]
    fn a_share_is_of_the_different_keys() {
        let workload = Workload::new("w", (0..2000).map(|n| Request::get(n % 1500)).collect());
        assert_eq!(Capacity::Percent(0.1).of(&workload), 2);
        assert_eq!(Capacity::Percent(0.01).of(&workload), 1);
        assert_eq!(Capacity::Entries(7).of(&workload), 7);
    }
}
