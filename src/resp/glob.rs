//! Patterns as in `KEYS`, `SCAN ... MATCH` and `CONFIG GET`.
//!
//! `*` is any bytes, `?` any one byte, `[abx-z]` one of these, `[^abx-z]` none of these, `\` makes the next byte stand for itself, in brackets too.
//! Bytes and not characters. What looks odd is Redis's `stringmatchlen`: `[]` matches nothing and `[^]` any byte; a bracket that is not closed is closed by the
//! pattern's end; in a range the ends may come in either order; and an empty text is matched by the empty pattern and by `*`, but not by `**`.
//!
//! One difference: Redis compares bytes above 127 in ranges as negative numbers, on machines where C's `char` is signed.
//!
//! O(pattern · text), and nothing is allocated. Only the last `*` is ever gone back to: what stands before it has matched, as early as it could, so
//! no other choice there would leave more to what follows.

/// Whether all of `text` is what `pattern` says.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    run::<false>(pattern, text, &mut 0)
}

/// The same with ASCII letters of either case taken for the same.
pub fn matches_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    run::<true>(pattern, text, &mut 0)
}

/// `steps` counts up with each comparison of a pattern's part with a byte.
fn run<const FOLD: bool>(pattern: &[u8], text: &[u8], steps: &mut u64) -> bool {
    if text.is_empty() {
        return matches!(pattern, [] | [b'*']);
    }
    let (mut part, mut at) = (0, 0);
    // Where the pattern goes on after the last star, and the first byte of the text that is not the star's.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        *steps += 1;
        if pattern.get(part) == Some(&b'*') {
            part += 1;
            if part == pattern.len() {
                return true;
            }
            star = Some((part, at));
            continue;
        }
        let step = pattern.get(part..).filter(|rest| !rest.is_empty());
        match step.map(|rest| one::<FOLD>(rest, text[at])) {
            Some((true, length)) => (part, at) = (part + length, at + 1),
            _ => match star {
                None => return false,
                Some((after, from)) => {
                    (part, at) = (after, from + 1);
                    star = Some((after, from + 1));
                }
            },
        }
    }
    pattern[part..].iter().all(|byte| *byte == b'*')
}

/// Whether the first part of `pattern`, which is not empty and no star, is `byte`; and how long that part is.
fn one<const FOLD: bool>(pattern: &[u8], byte: u8) -> (bool, usize) {
    match pattern {
        [b'?', ..] => (true, 1),
        [b'[', ..] => class::<FOLD>(pattern, byte),
        [b'\\', escaped, ..] => (fold::<FOLD>(*escaped) == fold::<FOLD>(byte), 2),
        [literal, ..] => (fold::<FOLD>(*literal) == fold::<FOLD>(byte), 1),
        [] => (false, 0),
    }
}

/// The same for a class in brackets.
fn class<const FOLD: bool>(pattern: &[u8], byte: u8) -> (bool, usize) {
    let byte = fold::<FOLD>(byte);
    let is_negated = pattern.get(1) == Some(&b'^');
    let mut at = if is_negated { 2 } else { 1 };
    let mut is_in = false;
    loop {
        match &pattern[at..] {
            [b'\\', escaped, ..] => {
                is_in |= fold::<FOLD>(*escaped) == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [] => break,
            [first, b'-', last, ..] => {
                let (first, last) = (fold::<FOLD>(*first), fold::<FOLD>(*last));
                is_in |= (first.min(last)..=first.max(last)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                is_in |= fold::<FOLD>(*literal) == byte;
                at += 1;
            }
        }
    }
    (is_in != is_negated, at)
}

fn fold<const FOLD: bool>(byte: u8) -> u8 {
    if FOLD { byte.to_ascii_lowercase() } else { byte }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "a", true),
            ("*", "", true),
            ("**", "", false),
            ("**", "ab", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h*llo", "hllo", true),
            ("h*llo", "heeeello", true),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-b]llo", "hbllo", true),
            ("h[b-a]llo", "hallo", true),
            ("h[a-b]llo", "hcllo", false),
            ("a*", "a", true),
            ("a**", "a", true),
            ("*a*b", "xaxxb", true),
            ("*ab", "aab", true),
            ("a*a", "a", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"a\", r"a\", true),
            (r"[\]]", "]", true),
            (r"[a\-z]", "-", true),
            (r"[a\-z]", "b", false),
            ("[]", "a", false),
            ("[^]", "a", true),
            ("[]a]", "a]", false),
            ("[abc", "b", true),
            ("[a-", "-", true),
            ("[a-]", "]", true),
            ("[", "[", false),
            ("[^", "a", true),
            ("[a-c", "b", true),
            ("a?", "a", false),
            ("Key:*", "key:1", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn case_may_not_matter() {
        assert!(matches_ignoring_case(b"MaxMem*", b"maxmemory"));
        assert!(matches_ignoring_case(b"[A-C]\\D?", b"bd!"));
        assert!(!matches_ignoring_case(b"[^A]", b"a"));
    }

    #[test]
    fn stars_do_not_multiply() {
        let mut pattern = b"a*".repeat(100);
        pattern.push(b'b');
        let text = [b'a'; 1000];
        let mut steps = 0;
        assert!(!run::<false>(&pattern, &text, &mut steps));
        assert!(steps <= 2 * 201 * 1000, "{steps}");
    }

    /// By recursion, as the words say it.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|from| naive(rest, &text[from..])),
            (_, []) => false,
            (_, [byte, behind @ ..]) => {
                let (is_it, length) = one::<false>(pattern, *byte);
                is_it && naive(&pattern[length..], behind)
            }
        }
    }

    proptest! {
        #[test]
        fn going_back_to_the_last_star_is_enough(pattern in r"[ab*?\[\]^\\-]{0,8}", text in "[abc*-]{1,8}") {
            prop_assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), naive(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn any_bytes_may_be_asked(pattern: Vec<u8>, text: Vec<u8>) {
            let _ = (matches(&pattern, &text), matches_ignoring_case(&pattern, &text));
        }
    }
}
