//! Names of subjects: at the ends of their lines where there is room beside the plot, else in a legend below.

use std::fmt::Write as _;

use super::super::palette::{Look, is_ours, look};
use super::super::text::{escape, width};
use super::{NAME, WIDTH, at, marker};

/// From one label to the next.
pub(super) const LINE: f64 = 14.0;
/// From the plot to the text of a label.
const LEAD: f64 = 24.0;
/// Longer names do not stand beside the plot.
const WIDEST: f64 = 110.0;
/// Nor do more of them.
const MOST: usize = 16;

/// The end of a line that is to have its name.
pub(super) struct End<'a> {
    pub(super) subject: &'a str,
    /// What is written: the name, or more.
    pub(super) text: String,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// What a name takes; ours are bold.
pub(super) fn room(subject: &str) -> f64 {
    width(subject, NAME) * if is_ours(subject) { 1.16 } else { 1.0 }
}

/// The room that names need to the right of the plot; none: they do not go there.
pub(super) fn beside(texts: &[String]) -> Option<f64> {
    let widest = texts.iter().map(|text| room(text)).fold(0.0, f64::max);
    (widest <= WIDEST && texts.len() <= MOST).then_some(widest + LEAD + 2.0)
}

/// Labels to the right of `right`, each as near to the end of its line as the others allow, between `top` and `bottom`.
pub(super) fn write_ends(
    out: &mut String,
    mut ends: Vec<End<'_>>,
    right: f64,
    top: f64,
    bottom: f64,
) {
    ends.sort_by(|one, other| one.y.total_cmp(&other.y));
    let wanted: Vec<f64> = ends.iter().map(|end| end.y).collect();
    for (end, y) in ends.iter().zip(apart(&wanted, LINE, top, bottom)) {
        let looks = look(end.subject);
        let mut drawn = String::new();
        // A thread from the end of the line to its name, where one cannot see it without.
        if (y - end.y).abs() > 2.0 || right - end.x > 6.0 {
            let (x, from, to) = (at(end.x), at(end.y), at(y));
            let _ = write!(
                drawn,
                "<path class=\"leader\" d=\"M{x} {from}L{} {from}L{} {to}\"/>",
                at(right.max(end.x)),
                at(right + 10.0)
            );
        }
        drawn.push_str(&marker::dots(&looks, &marker::path(&looks, right + 15.0, y)));
        label(out, end.subject, &looks, &drawn, &end.text, right + LEAD, y);
    }
}

/// Names in rows from `y` on; where they end.
pub(super) fn write_legend(out: &mut String, names: &[(&str, String)], y: f64) -> f64 {
    let (mut x, mut y) = (4.0, y + LINE);
    for (subject, text) in names {
        let room = 34.0 + room(text);
        if x > 4.0 && x + room > WIDTH {
            (x, y) = (4.0, y + LINE + 2.0);
        }
        let looks = look(subject);
        let drawn = format!(
            "<path class=\"line\"{} d=\"M{} {y1}h22\"/>{}",
            line_style(&looks),
            at(x),
            marker::dots(&looks, &marker::path(&looks, x + 11.0, y - 4.0)),
            y1 = at(y - 4.0)
        );
        label(out, subject, &looks, &drawn, text, x + 27.0, y - 4.0);
        x += room + 10.0;
    }
    y + 4.0
}

/// A name with what is drawn before it; a script makes it a switch.
fn label(out: &mut String, subject: &str, look: &Look, drawn: &str, text: &str, x: f64, y: f64) {
    let strong = if is_ours(subject) { " ours" } else { "" };
    let _ = writeln!(
        out,
        "<g class=\"label h-{}{strong}\" data-switch=\"{}\">{drawn}<text x=\"{}\" y=\"{}\">{}</text></g>",
        look.hue,
        escape(subject),
        at(x),
        at(y + 4.0),
        escape(text)
    );
}

/// Dash and width of a line.
pub(super) fn line_style(look: &Look) -> String {
    let dash = if look.dash.is_empty() {
        String::new()
    } else {
        format!(" stroke-dasharray=\"{}\"", look.dash)
    };
    format!(" stroke-width=\"{}\"{dash}", look.width)
}

/// Ascending places as near to the `wanted` ones (ascending too) as can be, in the mean of squares, that are `gap` apart and between `low` and `high`.
fn apart(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    // With the gaps taken away it is an isotonic regression: neighbours out of order become one block at their mean.
    let mut blocks: Vec<(f64, usize)> = vec![];
    for (index, y) in wanted.iter().enumerate() {
        let mut block = (y - gap * index as f64, 1);
        while let Some(&(sum, count)) = blocks.last() {
            if sum / count as f64 <= block.0 / block.1 as f64 {
                break;
            }
            block = (block.0 + sum, block.1 + count);
            blocks.pop();
        }
        blocks.push(block);
    }
    let last = high - gap * wanted.len().saturating_sub(1) as f64;
    let means = blocks.iter().flat_map(|&(sum, count)| {
        let mean = (sum / count as f64).min(last).max(low);
        std::iter::repeat_n(mean, count)
    });
    means.enumerate().map(|(index, mean)| mean + gap * index as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn labels_are_apart_and_otherwise_where_they_belong() {
        assert_eq!(apart(&[10.0, 50.0], 10.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(apart(&[48.0, 50.0, 52.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
        assert_eq!(apart(&[0.0, 1.0, 90.0], 10.0, 0.0, 100.0), [0.0, 10.0, 90.0]);
        assert_eq!(apart(&[99.0, 99.0, 100.0], 10.0, 0.0, 100.0), [80.0, 90.0, 100.0]);
        assert!(apart(&[], 10.0, 0.0, 100.0).is_empty());
    }
}
