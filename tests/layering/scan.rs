//! Rust source as identifiers and punctuation, without comments and literals.

/// An identifier, `::`, or one character of other punctuation.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Cuts a source into tokens.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let literal = literal_length(rest);
        let (length, text) = if let Some(length) = comment_length(rest).or(literal) {
            (length, None)
        } else if is_name(first) {
            let length = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
            (length, Some(&rest[..length]))
        } else if rest.starts_with("::") {
            (2, Some("::"))
        } else {
            let length = first.len_utf8();
            (length, (!first.is_whitespace()).then(|| &rest[..length]))
        };
        tokens.extend(text.map(|text| Token { text: text.into(), line }));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// How long the comment at the start of `rest` is, if there is one.
fn comment_length(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let mut depth = 0;
    let mut place = 0;
    while place < rest.len() {
        let tail = &rest.as_bytes()[place..];
        if tail.starts_with(b"/*") {
            depth += 1;
            place += 2;
        } else if tail.starts_with(b"*/") {
            depth -= 1;
            place += 2;
            if depth == 0 {
                return Some(place);
            }
        } else {
            place += 1;
        }
    }
    Some(rest.len())
}

/// How long the string or character literal at the start of `rest` is, if there is one.
fn literal_length(rest: &str) -> Option<usize> {
    let unprefixed = rest.trim_start_matches(['b', 'c', 'r']);
    let prefix = rest.len() - unprefixed.len();
    let hashes = unprefixed.len() - unprefixed.trim_start_matches('#').len();
    if rest[..prefix].ends_with('r') && unprefixed[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let body = prefix + hashes + 1;
        return Some(rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()));
    }
    if prefix <= 1 && unprefixed.starts_with('"') {
        return Some(closing(rest, prefix + 1, '"'));
    }
    let quoted = unprefixed.strip_prefix('\'').filter(|_| prefix <= 1)?;
    // Else it is a lifetime.
    let mut inside = quoted.chars();
    (inside.next()? == '\\' || inside.next()? == '\'').then(|| closing(rest, prefix + 1, '\''))
}

/// Where the literal whose body begins at `start` is over.
fn closing(rest: &str, start: usize, quote: char) -> usize {
    let mut escaped = false;
    for (place, character) in rest[start..].char_indices() {
        if character == quote && !escaped {
            return start + place + 1;
        }
        escaped = character == '\\' && !escaped;
    }
    rest.len()
}

fn text(tokens: &[Token], place: usize) -> &str {
    tokens.get(place).map_or("", |token| token.text.as_str())
}

/// The names that follow `crate ::` (at `place`): one, or the first of each path of a group.
pub(crate) fn names_after(tokens: &[Token], place: usize) -> Vec<Token> {
    if text(tokens, place + 1) != "::" {
        return Vec::new();
    }
    if text(tokens, place + 2) != "{" {
        return tokens.get(place + 2).into_iter().cloned().collect();
    }
    let mut names = Vec::new();
    let mut depth = 0;
    for place in place + 2..tokens.len() {
        match text(tokens, place) {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        let begins_a_path = matches!(text(tokens, place - 1), "{" | ",");
        if depth == 1 && begins_a_path && text(tokens, place).chars().all(is_name) {
            names.push(tokens[place].clone());
        }
    }
    names
}

/// How many times `super` stands in the path that begins at `place`, and where the last one is; `None` in mid-path.
pub(crate) fn supers(tokens: &[Token], place: usize) -> Option<(usize, usize)> {
    if place > 0 && text(tokens, place - 1) == "::" {
        return None;
    }
    let mut last = place;
    while text(tokens, last + 1) == "::" && text(tokens, last + 2) == "super" {
        last += 2;
    }
    Some(((last - place) / 2 + 1, last))
}

/// Whether the attribute that begins at `place` makes what follows part of the tests alone; and where it ends.
fn test_attribute(tokens: &[Token], place: usize) -> Option<(bool, usize)> {
    if text(tokens, place) != "#" || text(tokens, place + 1) != "[" {
        return None;
    }
    let mut end = place + 2;
    let mut depth = 1;
    while depth > 0 && end < tokens.len() {
        match text(tokens, end) {
            "[" => depth += 1,
            "]" => depth -= 1,
            _ => {}
        }
        end += 1;
    }
    let says_test = (place + 4..end).any(|inside| {
        text(tokens, inside) == "test" && text(tokens, inside.saturating_sub(2)) != "not"
    });
    Some((text(tokens, place + 2) == "cfg" && says_test, end))
}

/// Where each item begins and ends that is compiled for tests alone.
fn test_items(tokens: &[Token]) -> Vec<(usize, usize)> {
    let mut items = Vec::new();
    let mut place = 0;
    while place < tokens.len() {
        let Some((mut is_test, mut start)) = test_attribute(tokens, place) else {
            place += 1;
            continue;
        };
        while let Some((also, end)) = test_attribute(tokens, start) {
            is_test |= also;
            start = end;
        }
        place = start;
        if is_test {
            place = item_end(tokens, start);
            items.push((start, place));
        }
    }
    items
}

/// Just after the `;` or the closing brace of the item that begins at `start`.
fn item_end(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0;
    for place in start..tokens.len() {
        match text(tokens, place) {
            "{" => depth += 1,
            "}" if depth <= 1 => return place + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return place + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Whether the token at `place` is compiled for tests alone.
pub(crate) fn is_test(tokens: &[Token], place: usize) -> bool {
    test_items(tokens).iter().any(|(start, end)| (*start..*end).contains(&place))
}

/// The files and folders of the modules that `file` declares for tests alone.
pub(crate) fn test_modules(file: &str, tokens: &[Token]) -> Vec<String> {
    let folder = match file.rsplit_once('/') {
        Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
        _ => file.trim_end_matches(".rs"),
    };
    test_items(tokens)
        .into_iter()
        .filter(|&(_, end)| text(tokens, end - 1) == ";" && text(tokens, end - 3) == "mod")
        .map(|(_, end)| format!("{folder}/{}", text(tokens, end - 2)))
        .flat_map(|module| [format!("{module}.rs"), format!("{module}/")])
        .collect()
}
