//! Who looks how, in every picture alike: by name, never by place in a chart.
//!
//! Ours share a strong hue, the yardsticks are grey, the others have hues that stay apart for the colour-blind (after Paul Tol's "muted" set, each
//! turned darker on white and lighter on black until it can be read as text). A hue is never alone: everyone has a marker and a dash of their own, and a
//! name at the end of the line.

use std::fmt::Write as _;

/// A colour by name, in both themes.
struct Colour {
    name: &'static str,
    light: &'static str,
    dark: &'static str,
}

const fn colour(name: &'static str, light: &'static str, dark: &'static str) -> Colour {
    Colour { name, light, dark }
}

/// Of the page.
const SURFACES: [Colour; 13] = [
    colour("paper", "#ffffff", "#111418"),
    colour("ink", "#1b1f24", "#e3e7ec"),
    colour("muted", "#59626d", "#9ba6b2"),
    colour("rule", "#d5dae0", "#363d46"),
    colour("grid", "#e7eaee", "#252b32"),
    colour("panel", "#f5f7f9", "#191e24"),
    colour("tint", "#eef4fc", "#17222f"),
    colour("good", "#0f6b2e", "#6cc26a"),
    colour("bad", "#b3261e", "#ff8f85"),
    colour("badly", "#fdf0ef", "#2b1a1b"),
    colour("unsure", "#7d5c00", "#dcbb4f"),
    colour("unsurely", "#fdf7e3", "#262114"),
    colour("level", "#8a939e", "#7b8794"),
];

/// Of those who are measured. The first two are ours, the third is for yardsticks.
const HUES: [Colour; 12] = [
    colour("blue", "#0b4fb3", "#62aaff"),
    colour("sky", "#166bce", "#a3cdff"),
    colour("grey", "#66707b", "#98a2ad"),
    colour("orange", "#b84e00", "#f5934a"),
    colour("teal", "#14786a", "#45c4ae"),
    colour("wine", "#882255", "#e884b2"),
    colour("purple", "#a23e95", "#d795df"),
    colour("ochre", "#826500", "#d9b83c"),
    colour("green", "#117733", "#6fc873"),
    colour("brown", "#7a4a2b", "#cf9f7f"),
    colour("violet", "#6546c0", "#ab98f5"),
    colour("red", "#b3313d", "#ff8189"),
];

/// How a point is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
}

/// How one subject is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// Class that sets the colour.
    pub(super) hue: &'static str,
    /// As `stroke-dasharray` has it; empty: solid.
    pub(super) dash: &'static str,
    pub(super) marker: Marker,
    /// Outlined rather than filled.
    pub(super) hollow: bool,
    /// Of the line.
    pub(super) width: f64,
}

/// A name, its hue, dash and marker.
type Known = (&'static str, usize, &'static str, Marker);

/// Those we know.
const KNOWN: &[Known] = &[
    ("store", 0, "", Marker::Circle),
    ("purekv", 0, "", Marker::Circle),
    ("cache", 1, "9 3", Marker::Square),
    ("store-bound", 0, "3 2", Marker::Circle),
    ("cache-bound", 1, "3 2", Marker::Square),
    ("baseline", 2, "5 4", Marker::Square),
    ("pure-kv", 2, "9 3 2 3", Marker::Diamond),
    ("none", 2, "1 3", Marker::Circle),
    ("belady", 2, "1 3", Marker::Diamond),
    ("papaya", 3, "", Marker::Up),
    ("dashmap", 4, "7 2", Marker::Square),
    ("scc-map", 5, "", Marker::Down),
    ("scc-index", 6, "6 2 1 2", Marker::Diamond),
    ("moka", 7, "", Marker::Square),
    ("quick_cache", 8, "7 2", Marker::Up),
    ("foyer", 9, "", Marker::Diamond),
    ("redis", 11, "", Marker::Up),
    ("valkey", 10, "7 2", Marker::Diamond),
    ("memcached", 8, "", Marker::Square),
];

const MARKERS: [Marker; 5] =
    [Marker::Circle, Marker::Square, Marker::Diamond, Marker::Up, Marker::Down];
const DASHES: [&str; 4] = ["", "7 2", "6 2 1 2", "3 2"];

/// How the subject of that name is drawn. A name with something after a space or comma is a variant: it has the hue of its first word.
pub(super) fn look(name: &str) -> Look {
    let first = name.split([' ', ',', '/', ':']).next().unwrap_or(name);
    let hash = hash(name) as usize;
    let known = KNOWN.iter().find(|known| known.0 == first);
    let (index, dash, marker) = match known {
        Some(&(_, index, dash, marker)) if first == name => (index, dash, marker),
        Some(&(_, index, ..)) => (index, DASHES[hash % 4], MARKERS[hash / 4 % 5]),
        None => (3 + self::hash(first) as usize % 9, DASHES[hash % 4], MARKERS[hash / 4 % 5]),
    };
    let width = match first {
        "none" | "belady" => 1.3,
        "baseline" | "pure-kv" => 1.7,
        _ if index < 2 => 2.6,
        _ => 1.6,
    };
    Look { hue: HUES[index].name, dash, marker, hollow: name.ends_with("-bound"), width }
}

/// Whether it is one of ours, which are drawn on top.
pub(super) fn is_ours(name: &str) -> bool {
    matches!(look(name).hue, "blue" | "sky")
}

/// FNV-1a, so that a name has its colour for good.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn tokens(pick: impl Fn(&Colour) -> &'static str) -> String {
    let mut text = String::new();
    for colour in SURFACES.iter().chain(&HUES) {
        let _ = write!(text, "--{}:{};", colour.name, pick(colour));
    }
    text
}

fn hues() -> String {
    let hues = HUES.iter();
    hues.map(|hue| format!(".h-{0}{{--c:var(--{0})}}", hue.name)).collect()
}

/// Colours for a page: by the reader's preference, unless the root says otherwise; on paper, light.
pub(super) fn page_css() -> String {
    let (light, dark) = (tokens(|colour| colour.light), tokens(|colour| colour.dark));
    format!(
        ":root{{color-scheme:light;{light}}}\n\
         @media (prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}\n\
         :root[data-theme=light]{{color-scheme:light;{light}}}\n\
         :root[data-theme=dark]{{color-scheme:dark;{dark}}}\n\
         @media print{{:root:root:root{{color-scheme:light;{light}}}}}\n{}\n",
        hues()
    )
}

/// Colours for a picture by itself.
pub(super) fn picture_css() -> String {
    let (light, dark) = (tokens(|colour| colour.light), tokens(|colour| colour.dark));
    format!(":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{}\n", hues())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, as WCAG 2 defines it.
    fn luminance(hex: &str) -> f64 {
        let channel = |from: usize| {
            let byte = u8::from_str_radix(&hex[from..from + 2], 16).expect("two hex digits");
            let part = f64::from(byte) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn surface(name: &str) -> &'static Colour {
        SURFACES.iter().find(|colour| colour.name == name).expect("a surface")
    }

    #[test]
    fn every_colour_that_is_read_can_be_read_in_both_themes() {
        let words = ["ink", "muted", "good", "bad", "unsure"].map(surface);
        for text in HUES.iter().chain(words) {
            for under in ["paper", "panel", "tint", "badly", "unsurely"].map(surface) {
                for (text_in, under_in) in [(text.light, under.light), (text.dark, under.dark)] {
                    let found = contrast(text_in, under_in);
                    assert!(found >= 4.5, "{} on {}: {found:.2}", text.name, under.name);
                }
            }
        }
    }

    #[test]
    fn no_two_who_are_measured_together_look_alike() {
        let looks: Vec<_> = crate::bench::subjects::NAMES.iter().map(|name| look(name)).collect();
        for (index, one) in looks.iter().enumerate() {
            assert!(!looks[..index].contains(one), "{one:?}");
        }
        assert_eq!(look("purekv, 4 threads").hue, look("purekv").hue);
        assert_eq!(look("somebody else").hue, look("somebody new").hue);
        assert!(is_ours("cache-bound") && !is_ours("baseline") && !is_ours("somebody"));
    }
}
