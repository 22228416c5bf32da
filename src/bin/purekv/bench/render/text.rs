//! Text on its way into HTML and SVG: escaped, measured by estimate, broken into lines.

use std::fmt::Write as _;

/// Safe between tags and inside quoted attributes of either kind.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in XML, escaped or not.
            letter if letter.is_control() && !"\n\t".contains(letter) => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Escaped, and what stands between backquotes is code.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // A backquote without its partner is a backquote.
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let mut safe = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        let tags = if index % 2 == 1 { ("<code>", "</code>") } else { ("", "") };
        let _ = write!(safe, "{}{}{}", tags.0, escape(part), tags.1);
    }
    safe
}

/// A paragraph for each block of text between empty lines.
pub(super) fn paragraphs(text: &str) -> String {
    let blocks = text.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    blocks.map(|block| format!("<p>{}</p>\n", prose(block))).collect()
}

/// What may be an `id` and a `data-` value without a second thought: letters, digits, hyphens.
pub(super) fn identifier(name: &str) -> String {
    let kept = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    name.chars().map(kept).collect()
}

/// About how wide the text is, in the unit of `size`, set in a sans-serif of the system. There is no font to ask, so it errs to the wide side.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let em = |letter: char| match letter {
        ' ' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | 'i' | 'j' | 'l' | 'I' => 0.32,
        'f' | 'r' | 't' | '(' | ')' | '-' | '/' => 0.41,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.93,
        letter if letter.is_ascii_uppercase() => 0.69,
        letter if letter.is_ascii() => 0.59,
        letter if letter < '\u{2e80}' => 0.66,
        _ => 1.0,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// Broken at spaces into lines no wider than `most`, unless a word is.
pub(super) fn wrap(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `n` of a thing, by name.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_means_something_to_html_gets_through() {
        let text = "<script>alert(\"1\" & '2')</script>\u{7}";
        let safe = "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;\u{fffd}";
        assert_eq!(escape(text), safe);
        assert_eq!(prose("`a<b`, then c"), "<code>a&lt;b</code>, then c");
        assert_eq!(prose("one ` alone"), "one ` alone");
        assert_eq!(paragraphs("one\n\ntwo & three\n"), "<p>one</p>\n<p>two &amp; three</p>\n");
        assert_eq!(identifier("a b\"c/ü"), "a-b-c--");
    }

    #[test]
    fn lines_are_broken_at_spaces_only() {
        let lines = wrap("10 k keys of any length, unbreakablelongword", 10.0, 70.0);
        assert_eq!(lines, ["10 k keys of", "any length,", "unbreakablelongword"]);
        assert!(wrap("", 10.0, 70.0).is_empty());
    }
}
