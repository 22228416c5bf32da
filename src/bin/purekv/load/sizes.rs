//! How large values are.

use std::fmt;
use std::str::FromStr;

use rand::{Rng, RngExt};

/// Bytes of the largest value.
const LARGEST: usize = 64 << 20;

/// How large values are. As text: a number of bytes, MIN..MAX, or SIZE:WEIGHT,SIZE:WEIGHT,…
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sizes {
    Fixed(usize),
    /// Uniformly at random, both ends included.
    Between(usize, usize),
    /// Each size with its weight.
    Weighted(Vec<(usize, u32)>),
}

impl Sizes {
    pub(crate) fn pick(&self, random: &mut impl Rng) -> usize {
        match self {
            Self::Fixed(size) => *size,
            Self::Between(min, max) => random.random_range(*min..=*max),
            Self::Weighted(sizes) => {
                let mut left = random.random_range(0..total(sizes));
                let found =
                    sizes.iter().find(|(_, weight)| match left.checked_sub((*weight).into()) {
                        Some(rest) => {
                            left = rest;
                            false
                        }
                        None => true,
                    });
                // One is found: what is left began below the sum of all.
                found.map_or(0, |(size, _)| *size)
            }
        }
    }

    /// Whether a value may be of this size.
    pub(crate) fn contains(&self, size: usize) -> bool {
        match self {
            Self::Fixed(fixed) => size == *fixed,
            Self::Between(min, max) => (*min..=*max).contains(&size),
            Self::Weighted(sizes) => sizes.iter().any(|(known, _)| *known == size),
        }
    }

    pub(crate) fn largest(&self) -> usize {
        match self {
            Self::Fixed(size) | Self::Between(_, size) => *size,
            Self::Weighted(sizes) => sizes.iter().map(|(size, _)| *size).max().unwrap_or(0),
        }
    }
}

fn total(sizes: &[(usize, u32)]) -> u64 {
    sizes.iter().map(|(_, weight)| u64::from(*weight)).sum()
}

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = |text: &str| match text.parse() {
            Ok(size) if size <= LARGEST => Ok(size),
            _ => Err(format!("{text:?} is no number of bytes up to {LARGEST}")),
        };
        if let Some((min, max)) = text.split_once("..") {
            let (min, max) = (size(min)?, size(max)?);
            if min > max {
                return Err(format!("{text}: the first is the larger one"));
            }
            return Ok(Self::Between(min, max));
        }
        if !text.contains(':') {
            return size(text).map(Self::Fixed);
        }
        let pair = |part: &str| {
            let (bytes, weight) = part.split_once(':').unwrap_or((part, ""));
            let weight = weight.parse();
            let weight = weight.map_err(|_| format!("{part:?} is no SIZE:WEIGHT, as 64:90"))?;
            Ok::<_, String>((size(bytes)?, weight))
        };
        let sizes: Vec<_> = text.split(',').map(pair).collect::<Result<_, _>>()?;
        if total(&sizes) == 0 {
            return Err(format!("{text}: all weights are 0"));
        }
        Ok(Self::Weighted(sizes))
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Between(min, max) => write!(f, "{min}..{max}"),
            Self::Weighted(sizes) => {
                let parts = sizes.iter().map(|(size, weight)| format!("{size}:{weight}"));
                f.write_str(&parts.collect::<Vec<_>>().join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn text_there_and_back() {
        for text in ["0", "64", "1..4096", "7..7", "64:90,4096:10", "5:1"] {
            assert_eq!(text.parse::<Sizes>().unwrap().to_string(), text);
        }
        for text in ["", "-1", "64k", "9..1", "1..", "64:", ":1", "64:0", "64:1,", "99999999999"] {
            assert!(text.parse::<Sizes>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_come_by_their_weight() {
        let sizes: Sizes = "64:90,4096:10,9:0".parse().unwrap();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let picked: Vec<_> = (0..10_000).map(|_| sizes.pick(&mut random)).collect();
        let large = picked.iter().filter(|size| **size == 4096).count();
        assert!((850..1150).contains(&large), "{large}");
        assert_eq!(picked.iter().filter(|size| **size == 64).count(), 10_000 - large);
        assert!(sizes.contains(64) && !sizes.contains(65));
        assert_eq!(sizes.largest(), 4096);
        let range: Sizes = "3..5".parse().unwrap();
        let mut seen: Vec<_> = (0..100).map(|_| range.pick(&mut random)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [3, 4, 5]);
    }
}
