//! Median and spread of some repetitions.

use std::fmt;

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
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let median = match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
        };
        let end = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        Self { median, least: end(sorted.first()), most: end(sorted.last()), samples: sorted.len() }
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
        _ if !value.is_finite() => "–".into(),
        size if size >= 999.5 => grouped(value),
        size if size >= 99.95 || value == 0.0 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
