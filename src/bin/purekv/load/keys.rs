//! Which keys there are, and which is asked for next.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Zipf};

/// Keys by their numbers: a prefix, and the number in so many digits. All are of one length.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: Vec<u8>,
    digits: usize,
    pub(crate) count: u64,
}

impl Keys {
    /// `size`: bytes of each key.
    ///
    /// # Errors
    ///
    /// If the last number does not fit behind the prefix.
    pub(crate) fn new(prefix: &str, size: usize, count: u64) -> Result<Self, String> {
        let needed = count.saturating_sub(1).to_string().len();
        match size.checked_sub(prefix.len()) {
            Some(digits) if digits >= needed => {
                Ok(Self { prefix: prefix.as_bytes().to_vec(), digits, count })
            }
            _ => Err(format!(
                "keys of {size} bytes have no room for {prefix:?} and {needed} digits: \
                 --key-size or --key-prefix must change"
            )),
        }
    }

    /// Bytes of each key.
    pub(crate) fn length(&self) -> usize {
        self.prefix.len() + self.digits
    }

    /// Appends the key of this number.
    #[inline]
    pub(crate) fn write(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prefix);
        let start = out.len();
        out.resize(start + self.digits, b'0');
        let mut left = number;
        for digit in out[start..].iter_mut().rev() {
            if left == 0 {
                break;
            }
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
        }
    }

    pub(crate) fn text(&self, number: u64) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.length());
        self.write(number, &mut key);
        key
    }

    /// The key that comes so many places later: behind the last is the first.
    pub(crate) fn after(&self, number: u64, places: u64) -> u64 {
        ((u128::from(number) + u128::from(places)) % u128::from(self.count)) as u64
    }

    /// Whether a text protocol can carry them: no blanks, no control characters, and at most 250 bytes.
    pub(crate) fn are_words(&self) -> bool {
        self.length() <= 250 && self.prefix.iter().all(u8::is_ascii_graphic)
    }
}

/// How often which key is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Popularity {
    Uniform,
    /// The k-th in proportion to 1 / k^s.
    Zipf(Zipf<f64>),
}

impl Popularity {
    /// Exponent 0: uniform.
    ///
    /// # Errors
    ///
    /// If there is no such distribution.
    pub(crate) fn new(keys: u64, exponent: f64) -> Result<Self, String> {
        if exponent == 0.0 {
            return Ok(Self::Uniform);
        }
        // As in `purekv replay`: beside 1 the sampler's formula divides next to nothing by next to nothing.
        let near = if (exponent - 1.0).abs() < 1e-6 { 1.0 } else { exponent };
        let zipf = Zipf::new(keys as f64, near);
        zipf.map(Self::Zipf).map_err(|error| format!("zipf {exponent} over {keys} keys: {error}"))
    }

    #[inline]
    pub(crate) fn pick(&self, keys: u64, random: &mut impl Rng) -> u64 {
        match self {
            Self::Uniform => random.random_range(0..keys),
            Self::Zipf(ranks) => (ranks.sample(random) as u64).clamp(1, keys) - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn keys_are_of_one_length() {
        let keys = Keys::new("key:", 16, 1000).unwrap();
        assert_eq!(keys.text(0), b"key:000000000000");
        assert_eq!(keys.text(987), b"key:000000000987");
        assert_eq!((keys.length(), keys.after(998, 5)), (16, 3));
        assert_eq!(
            Keys::new("", 20, u64::MAX).unwrap().text(u64::MAX - 1),
            b"18446744073709551614"
        );
        assert!(Keys::new("key:", 6, 100).is_ok());
        let error = Keys::new("key:", 6, 101).unwrap_err();
        assert!(error.contains("no room for \"key:\" and 3 digits"), "{error}");
        assert!(keys.are_words());
        assert!(!Keys::new("a b", 16, 9).unwrap().are_words());
        assert!(!Keys::new("a", 251, 9).unwrap().are_words());
    }

    #[test]
    fn a_few_keys_get_most_of_a_zipf() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let zipf = Popularity::new(1000, 0.99).unwrap();
        let first = (0..10_000).filter(|_| zipf.pick(1000, &mut random) == 0).count();
        // 1 / (the sum of k^-0.99) = 0.13.
        assert!((1150..1450).contains(&first), "{first}");
        let even = Popularity::new(10, 0.0).unwrap();
        let mut counts = [0; 10];
        (0..10_000).for_each(|_| counts[even.pick(10, &mut random) as usize] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert!(Popularity::new(10, -1.0).is_err());
    }
}
