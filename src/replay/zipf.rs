//! A generated workload, for machines without traces.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, Zipf};

use super::{ReplayError, Request, Workload};

/// `requests` gets of `keys` keys, the k-th most popular of which is asked for in proportion to 1 / k^`exponent`.
///
/// The same arguments give the same workload on every machine with the same version of this crate. Key ids follow
/// the rank (0 is the most popular), which says nothing about where a store keeps them, for it hashes them.
///
/// # Errors
///
/// [`ReplayError::Zipf`] when `keys` is 0, or `exponent` negative or not finite.
pub fn zipf(requests: usize, keys: u64, exponent: f64, seed: u64) -> Result<Workload, ReplayError> {
    let bad = ReplayError::Zipf { exponent, keys };
    if !exponent.is_finite() {
        return Err(bad);
    }
    // Beside 1 the sampler's formula divides next to nothing by next to nothing; its own case for 1 is right there, too.
    let near = if (exponent - 1.0).abs() < 1e-6 { 1.0 } else { exponent };
    let Ok(ranks) = Zipf::new(keys as f64, near) else { return Err(bad) };
    // A generator with a name, not "the small one": that may change with the machine and the version.
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let requests = (0..requests)
        .map(|_| {
            let rank = ranks.sample(&mut random) as u64;
            // Floating point may round the last rank up where `keys` is beyond 2^53.
            Request::get(rank.clamp(1, keys) - 1)
        })
        .collect();
    Ok(Workload::new(format!("zipf {exponent} over {keys} keys"), requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: usize = 1000;
    const REQUESTS: usize = 200_000;

    fn counts(exponent: f64) -> Vec<f64> {
        let mut counts = vec![0.0; KEYS];
        let workload = zipf(REQUESTS, KEYS as u64, exponent, 42).unwrap();
        for request in workload.requests() {
            counts[request.key as usize] += 1.0;
        }
        counts
    }

    #[test]
    fn frequencies_fall_as_the_power_law_says() {
        for exponent in [0.0, 0.8, 0.99, 1.0, 1.0 + f64::EPSILON, 1.2] {
            let weights: Vec<f64> = (1..=KEYS).map(|k| (k as f64).powf(-exponent)).collect();
            let total: f64 = weights.iter().sum();
            let chi_square: f64 = counts(exponent)
                .iter()
                .zip(&weights)
                .map(|(count, weight)| {
                    let expected = REQUESTS as f64 * weight / total;
                    (count - expected).powi(2) / expected
                })
                .sum();
            // 999 degrees of freedom: mean 999, deviation 44.7; six deviations either way.
            assert!((730.0..1270.0).contains(&chi_square), "{exponent}: {chi_square}");
        }
    }

    #[test]
    fn the_top_key_has_its_share() {
        let total: f64 = (1..=KEYS).map(|k| (k as f64).powf(-0.99)).sum();
        let share = counts(0.99)[0] / REQUESTS as f64;
        assert!((share * total - 1.0).abs() < 0.03, "{share} against {}", 1.0 / total);
    }

    #[test]
    fn the_seed_decides() {
        let keys = |seed| -> Vec<u64> {
            let workload = zipf(1000, 100, 0.99, seed).unwrap();
            workload.requests().iter().map(|request| request.key).collect()
        };
        assert_eq!(keys(1), keys(1));
        assert_ne!(keys(1), keys(2));
    }

    #[test]
    fn nonsense_is_refused() {
        for (keys, exponent) in [(0, 0.99), (10, -1.0), (10, f64::NAN), (10, f64::INFINITY)] {
            assert!(zipf(10, keys, exponent, 1).is_err(), "{keys} {exponent}");
        }
    }

    #[test]
    fn the_ends_of_the_ranges_work() {
        assert_eq!(zipf(10, 1, 0.99, 1).unwrap().unique_keys(), 1);
        assert_eq!(zipf(10, 100, f64::MAX, 1).unwrap().unique_keys(), 1);
        assert!(zipf(100, u64::MAX, 0.0, 1).unwrap().unique_keys() > 90);
        assert!(zipf(0, 10, 0.99, 1).unwrap().requests().is_empty());
    }
}
