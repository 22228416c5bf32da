//! Median and spread of some repetitions.

use std::fmt;

use purekv::replay;

/// What some samples come to. Of none it is not a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) samples: usize,
}

impl Spread {
    pub(crate) fn of(samples: &[f64]) -> Self {
        let Some(found) = replay::Spread::of(samples.iter().copied()) else {
            return Self { median: f64::NAN, least: f64::NAN, most: f64::NAN, samples: 0 };
        };
        let replay::Spread { median, min: least, max: most, .. } = found;
        Self { median, least, most, samples: samples.len() }
    }
}

/// `median (least–most)`, or the only one.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.samples == 1 {
            return f.write_str(&number(self.median));
        }
        write!(f, "{} ({}–{})", number(self.median), number(self.least), number(self.most))
    }
}

/// Three significant digits, or all before the point, in groups of three.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        _ if value.is_infinite() => "∞".into(),
        _ if value.is_nan() => "–".into(),
        size if size >= 999.5 => {
            let sign = if value < 0.0 { "-" } else { "" };
            sign.to_owned() + &replay::grouped(size)
        }
        size if size >= 99.95 || value == 0.0 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]).to_string(), "2.00 (1.00–3.00)");
        assert_eq!(Spread::of(&[4.0, 1.0]).to_string(), "2.50 (1.00–4.00)");
        assert_eq!(Spread::of(&[123.4]).to_string(), "123");
        assert!(Spread::of(&[]).median.is_nan());
    }

    #[test]
    fn numbers_have_three_digits_that_mean_something() {
        let shown = [
            9.999,
            99.96,
            0.0,
            0.001_23,
            0.123_4,
            12.34,
            999.4,
            999.6,
            1_234_567.8,
            -4321.0,
            f64::NAN,
        ];
        let wanted = [
            "10.0",
            "100",
            "0",
            "0.0012",
            "0.12",
            "12.3",
            "999",
            "1,000",
            "1,234,568",
            "-4,321",
            "–",
        ];
        assert_eq!(shown.map(number), wanted);
    }
}
