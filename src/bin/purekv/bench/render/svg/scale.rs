//! From values to places: where on an axis of length 1 a value stands.

use crate::bench::report::Scale;

/// An axis with its ends fixed.
#[derive(Clone, Debug)]
pub(super) struct Span {
    scale: Scale,
    /// The ends, in values.
    pub(super) low: f64,
    pub(super) high: f64,
    /// Of [`Scale::Steps`]: the values, ascending.
    pub(super) steps: Vec<f64>,
}

/// 1, 2 and 5 times a power of ten.
const ROUND: [f64; 3] = [1.0, 2.0, 5.0];

impl Span {
    /// Just around these values.
    pub(super) fn around(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.filter(|value| fits(scale, *value)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let (low, high) = match (values.first(), values.last()) {
            (Some(low), Some(high)) => (*low, *high),
            _ if scale == Scale::Nines => (0.0, 0.99),
            _ => (1.0, 10.0),
        };
        let steps = if scale == Scale::Steps { values } else { vec![] };
        let mut span = Self { scale, low, high, steps };
        if span.low == span.high {
            span.widen();
        }
        span
    }

    /// As [`around`](Self::around), from 0 where the scale is linear and to round values.
    pub(super) fn rounded(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let mut span = match scale {
            Scale::Linear => Self::around(scale, values.chain([0.0])),
            _ => Self::around(scale, values),
        };
        match scale {
            Scale::Linear => {
                let step = span.step(4.0);
                span.low = (span.low / step + 1e-9).floor() * step;
                span.high = (span.high / step - 1e-9).ceil() * step;
            }
            Scale::Log => {
                span.low = round_below(span.low);
                span.high = 1.0 / round_below(1.0 / span.high);
            }
            Scale::Nines | Scale::Steps => {}
        }
        span
    }

    /// A single value in the middle, or at the end of a way from 0.
    fn widen(&mut self) {
        match self.scale {
            Scale::Log => (self.low, self.high) = (self.low / 2.0, self.high * 2.0),
            Scale::Nines => (self.low, self.high) = (0.0, self.high.max(0.9)),
            Scale::Steps => {}
            Scale::Linear => match self.low {
                0.0 => self.high = 1.0,
                _ => {
                    let around = self.low.abs() / 2.0;
                    (self.low, self.high) = (self.low - around, self.high + around);
                }
            },
        }
    }

    /// A round distance, so that some `parts` of them fill the span.
    pub(super) fn step(&self, parts: f64) -> f64 {
        let rough = (self.high - self.low) / parts;
        let power = 10_f64.powf(rough.log10().floor());
        let round = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|times| times * power >= rough);
        round.unwrap_or(10.0) * power
    }

    /// Where a value stands, 0 at the low end and 1 at the high; none: nowhere.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        if !fits(self.scale, value) {
            return None;
        }
        let between = |of: fn(f64) -> f64| {
            let (low, high) = (of(self.low), of(self.high));
            (of(value) - low) / (high - low)
        };
        match self.scale {
            Scale::Linear => Some(between(|value| value)),
            Scale::Log => Some(between(f64::log10)),
            Scale::Nines => Some(between(nines)),
            Scale::Steps => {
                let index = self.steps.binary_search_by(|step| step.total_cmp(&value)).ok()?;
                // Half a step free at both ends.
                Some((index as f64 + 0.5) / self.steps.len() as f64)
            }
        }
    }

    /// Whether a value can be seen.
    pub(super) fn shows(&self, value: f64) -> bool {
        self.place(value).is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place))
    }
}

/// Whether a scale has a place for a value.
pub(super) fn fits(scale: Scale, value: f64) -> bool {
    match scale {
        Scale::Linear | Scale::Steps => value.is_finite(),
        Scale::Log => value.is_finite() && value > 0.0,
        Scale::Nines => (0.0..1.0).contains(&value),
    }
}

/// How many nines a quantile has: 0.9 is 1, 0.99 is 2.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

/// The largest of 1, 2, 5 × 10ⁿ that is not above a value.
fn round_below(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    // What rounding errors push a hair above 1 is 1.
    let times = ROUND.into_iter().rfind(|times| times * power <= value * (1.0 + 1e-9));
    times.map_or(power / 2.0, |times| times * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(span: &Span, values: &[f64]) -> Vec<Option<f64>> {
        let rounded = |place: f64| (place * 1000.0).round() / 1000.0;
        values.iter().map(|value| span.place(*value).map(rounded)).collect()
    }

    #[test]
    fn a_linear_axis_begins_at_zero_and_ends_round() {
        let span = Span::rounded(Scale::Linear, [3.0, 17.0, f64::NAN].into_iter());
        assert_eq!((span.low, span.high), (0.0, 20.0));
        assert_eq!(places(&span, &[0.0, 5.0, f64::INFINITY]), [Some(0.0), Some(0.25), None]);
        let below = Span::rounded(Scale::Linear, [-3.0, 17.0].into_iter());
        assert_eq!((below.low, below.high), (-5.0, 20.0));
        let exact = Span::rounded(Scale::Linear, [0.3].into_iter());
        assert_eq!(places(&exact, &[0.3]), [Some(1.0)]);
    }

    #[test]
    fn a_logarithmic_axis_has_no_place_for_zero() {
        let span = Span::rounded(Scale::Log, [0.0, 0.03, 4000.0].into_iter());
        assert!((span.low - 0.02).abs() < 1e-12 && (span.high - 5000.0).abs() < 1e-6, "{span:?}");
        let decades = Span::rounded(Scale::Log, [1.0, 1000.0].into_iter());
        assert_eq!(
            places(&decades, &[1.0, 10.0, 1000.0, -1.0]),
            [Some(0.0), Some(0.333), Some(1.0), None]
        );
        let one = Span::around(Scale::Log, [8.0].into_iter());
        assert_eq!(places(&one, &[8.0]), [Some(0.5)]);
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        let span = Span::around(Scale::Nines, [0.0, 0.9999, 1.0].into_iter());
        assert_eq!(
            places(&span, &[0.0, 0.9, 0.99, 0.999, 1.0]),
            [Some(0.0), Some(0.25), Some(0.5), Some(0.75), None]
        );
    }

    #[test]
    fn each_step_takes_the_same_room() {
        let span = Span::around(Scale::Steps, [64.0, 1.0, 1e6, 1.0].into_iter());
        assert_eq!(
            places(&span, &[1.0, 64.0, 1e6, 2.0]),
            [Some(0.167), Some(0.5), Some(0.833), None]
        );
    }

    #[test]
    fn of_no_values_an_axis_is_made_all_the_same() {
        for scale in [Scale::Linear, Scale::Log, Scale::Nines, Scale::Steps] {
            for span in [Span::around(scale, [].into_iter()), Span::rounded(scale, [].into_iter())]
            {
                assert!(span.low < span.high, "{span:?}");
                assert!(span.place(span.low).is_none_or(f64::is_finite), "{span:?}");
            }
        }
    }
}
