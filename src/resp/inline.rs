//! Inline commands: a line of words, as a person types it into a terminal.
//!
//! Words are parted by white space. In double quotes there are escapes (`\n \r \t \b \a \xHH`, and any other byte after a backslash stands for itself),
//! in single quotes only `\'`. A quote may begin within a word, and a word ends with its closing quote. These are the rules of Redis's
//! `sdssplitargs`, its odd corners included: vertical tabs and form feeds part words only where one could begin.

use super::error::RequestFault;
use super::request::Span;

/// A quote that is not closed, or goes on right after it was closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unbalanced;

/// The words of a line that is no part of a stream, as a command line has it. O(n).
///
/// ```
/// let words = purekv::resp::inline::words(br#"set k "a b\n""#)?;
/// assert_eq!(words, [&b"set"[..], b"k", b"a b\n"]);
/// # Ok::<(), purekv::resp::error::RequestFault>(())
/// ```
///
/// # Errors
///
/// [`RequestFault::Quotes`] if a quote is not closed, or goes on right after it was.
pub fn words(line: &[u8]) -> Result<Vec<Vec<u8>>, RequestFault> {
    let (mut line, mut spans) = (line.to_vec(), Vec::new());
    split(&mut line, 0, &mut spans).map_err(|Unbalanced| RequestFault::Quotes)?;
    Ok(spans.iter().map(|span| span.of(&line).to_vec()).collect())
}

/// C's `isspace`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Cuts `line` into words. A word never grows by losing its quotes and escapes, so it is rewritten where it stands: no allocation
/// but for `words`, whose spans count from `base` before the line.
pub(super) fn split(line: &mut [u8], base: usize, words: &mut Vec<Span>) -> Result<(), Unbalanced> {
    let mut at = 0;
    loop {
        while line.get(at).is_some_and(|byte| is_space(*byte)) {
            at += 1;
        }
        if at == line.len() {
            return Ok(());
        }
        let start = at;
        let (end, next) = word(line, start)?;
        words.push(Span { start: base + start, end: base + end });
        at = next;
    }
}

/// Rewrites the word that begins at `start`: where it ends now, and where its source did.
fn word(line: &mut [u8], start: usize) -> Result<(usize, usize), Unbalanced> {
    let (mut from, mut to) = (start, start);
    while from < line.len() {
        match line[from] {
            b' ' | b'\t' | b'\n' | b'\r' => break,
            quote @ (b'"' | b'\'') => {
                (from, to) = quoted(line, from + 1, to, quote)?;
                // A closing quote must be followed by a space, or nothing.
                return match line.get(from) {
                    Some(byte) if !is_space(*byte) => Err(Unbalanced),
                    _ => Ok((to, from)),
                };
            }
            byte => {
                line[to] = byte;
                (from, to) = (from + 1, to + 1);
            }
        }
    }
    Ok((to, from))
}

/// Rewrites what stands in quotes, from `from` on, to `to`: where both are after the closing quote.
fn quoted(
    line: &mut [u8],
    mut from: usize,
    mut to: usize,
    quote: u8,
) -> Result<(usize, usize), Unbalanced> {
    loop {
        let (byte, length) = match &line[from..] {
            [] => return Err(Unbalanced),
            [byte, ..] if *byte == quote => return Ok((from + 1, to)),
            [b'\\', b'\'', ..] if quote == b'\'' => (b'\'', 2),
            [b'\\', b'x', high, low, ..] if quote == b'"' => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (b'x', 2),
            },
            [b'\\', escaped, ..] if quote == b'"' => (escape(*escaped), 2),
            [byte, ..] => (*byte, 1),
        };
        line[to] = byte;
        (from, to) = (from + length, to + 1);
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

fn escape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    fn is(line: &[u8], expected: &[&[u8]]) {
        assert_eq!(words(line).unwrap(), expected, "{}", line.escape_ascii());
    }

    #[test]
    fn words_are_parted_by_white_space() {
        is(b"", &[]);
        is(b" \t\r\n", &[]);
        is(b"ping", &[b"ping"]);
        is(b"  set  k\tv ", &[b"set", b"k", b"v"]);
        is(b"a\rb\nc", &[b"a", b"b", b"c"]);
        is(b"\x0ba\x0bb\x0c", &[b"a\x0bb\x0c"]);
        is(b"a\0b", &[b"a\0b"]);
    }

    #[test]
    fn double_quotes_have_escapes() {
        is(br#""""#, &[b""]);
        is(br#"set "a b" "\n\r\t\b\a\"\\\q""#, &[b"set", b"a b", b"\n\r\t\x08\x07\"\\q"]);
        is(br#""\x41\xfF\x4g\x""#, &[b"A\xffx4gx"]);
        is(b"\"a\nb\"", &[b"a\nb"]);
        is(br#"a"b c""#, &[b"ab c"]);
    }

    #[test]
    fn single_quotes_have_one() {
        is(br"''", &[b""]);
        is(br"'a\n\'\x41'", &[br"a\n'\x41"]);
        is(br#"'"' "'""#, &[b"\"", b"'"]);
    }

    #[test]
    fn quotes_must_balance() {
        for line in
            [&b"\""[..], b"'", b"\"a", b"'a", br#""a\""#, br"'a\'", br#""a"b"#, b"'a'b", b"''''"]
        {
            assert_eq!(words(line), Err(RequestFault::Quotes), "{}", line.escape_ascii());
        }
        // Redis's own test: what follows the quote may be any white space.
        is(b"\"a\"\x0b'b'\t", &[b"a", b"b"]);
    }
}
