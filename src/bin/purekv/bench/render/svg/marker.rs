//! Marks of points, as pieces of a path: all points of a series are one element.

use super::super::palette::{Look, Marker};
use super::at;

/// Half of a marker's size.
const REACH: f64 = 3.0;

/// A marker around a place.
pub(super) fn path(look: &Look, x: f64, y: f64) -> String {
    let (r, wide) = (REACH, REACH * 1.2);
    let [x, left, right, far] = [x, x - r, x - wide, 2.0 * wide].map(at);
    match look.marker {
        Marker::Circle => {
            format!("M{left} {}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z", at(y), d = 2.0 * r)
        }
        Marker::Square => format!("M{left} {}h{d}v{d}h-{d}z", at(y - r), d = at(2.0 * r - 0.4)),
        Marker::Diamond => {
            let w = at(wide);
            format!("M{right} {}l{w} -{w}l{w} {w}l-{w} {w}z", at(y))
        }
        Marker::Up => format!("M{right} {}h{far}L{x} {}z", at(y + r), at(y - wide)),
        Marker::Down => format!("M{right} {}h{far}L{x} {}z", at(y - r), at(y + wide)),
    }
}

/// The element of all markers of a series.
pub(super) fn dots(look: &Look, paths: &str) -> String {
    let class = if look.hollow { "dots hollow" } else { "dots" };
    format!("<path class=\"{class}\" d=\"{paths}\"/>")
}
