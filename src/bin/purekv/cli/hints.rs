//! What is shown, and what can be completed, behind a line that is being written.
//!
//! Pure functions of the line, from the table of commands.

use purekv::resp::command::Command;
use purekv::resp::inline;

use super::syntax::Rest;

/// Words of the prompt's own.
const OWN: &[&str] = &["help", "exit", "clear", "connect"];

/// A line that is being written.
struct Line {
    /// The words that are whole: there is a space behind each.
    words: Vec<String>,
    /// Where the word begins at which the line ends.
    start: usize,
}

impl Line {
    /// `None` within quotes: what stands there is a value.
    fn read(line: &str) -> Option<Self> {
        let start = line.rfind(' ').map_or(0, |space| space + 1);
        let words = inline::words(&line.as_bytes()[..start]).ok()?;
        let text = |word: &Vec<u8>| String::from_utf8_lossy(word).into_owned();
        let mut words: Vec<_> = words.iter().map(text).collect();
        // Three times: 3 INCR visits.
        if words.first().is_some_and(|word| word.parse::<u32>().is_ok()) {
            words.remove(0);
        }
        Some(Self { words, start })
    }
}

/// A command by its words, and how many of them are its name.
fn command(words: &[String]) -> Option<(Command, usize)> {
    let first = words.first()?.as_bytes();
    let second = words.get(1).map(String::as_bytes);
    let command = Command::find(first, second).ok()?;
    Some((command, 1 + usize::from(command.container().is_some())))
}

/// What is left of a command's arguments behind some words; `None` if that is not known.
fn rest(words: &[String]) -> Option<Rest> {
    let (command, name) = command(words)?;
    if command.is_container() {
        return None;
    }
    words[name..].iter().try_fold(Rest::of(command.spec().syntax), |rest, word| rest.after(word))
}

/// The arguments that are still to come, to be shown behind the line.
pub(crate) fn hint(line: &str) -> Option<String> {
    let Line { mut words, start } = Line::read(line)?;
    let unfinished = &line[start..];
    words.extend(Some(unfinished.to_owned()).filter(|word| !word.is_empty()));
    let rest = rest(&words)?.text();
    let space = if unfinished.is_empty() { "" } else { " " };
    (!rest.is_empty()).then(|| format!("{space}{rest}"))
}

/// What the word at the end of the line may become: where that begins, and the candidates, in order.
pub(crate) fn complete(line: &str) -> (usize, Vec<String>) {
    let Some(Line { words, start }) = Line::read(line) else {
        return (line.len(), Vec::new());
    };
    let begun = &line[start..];
    let tops = || Command::all().filter(|command| command.container().is_none());
    let names = |commands: &mut dyn Iterator<Item = Command>| -> Vec<&'static str> {
        let own = |name: &'static str| name.rsplit('|').next().unwrap_or(name);
        commands.map(|command| own(command.spec().name)).collect()
    };
    let is_help =
        words.first().is_some_and(|word| word == "?" || word.eq_ignore_ascii_case("help"));
    let of_command = if is_help { &words[1..] } else { &words[..] };
    let container = match of_command {
        [_] => command(of_command).map(|(command, _)| command),
        _ => None,
    };
    let candidates = match (of_command, container.filter(|command| command.is_container())) {
        ([], _) if is_help => names(&mut tops()),
        ([], _) => [names(&mut tops()), OWN.to_vec()].concat(),
        (_, Some(container)) => names(&mut container.subcommands()),
        _ if is_help => Vec::new(),
        (words, None) => rest(words).map(|rest| rest.keywords()).unwrap_or_default(),
    };
    let fits = |name: &&&str| {
        name.len() >= begun.len()
            && name.as_bytes()[..begun.len()].eq_ignore_ascii_case(begun.as_bytes())
    };
    // In small letters only if that is how it was begun.
    let is_small = begun.contains(|letter: char| letter.is_ascii_lowercase());
    let cased = |name: &&str| match is_small {
        true => name.to_ascii_lowercase(),
        false => name.to_ascii_uppercase(),
    };
    let mut found: Vec<String> = candidates.iter().filter(fits).map(cased).collect();
    found.sort();
    (start, found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hints_are_the_arguments_to_come() {
        for (line, expected) in [
            ("get", Some(" key")),
            ("get ", Some("key")),
            ("GET k", None),
            (
                "set k",
                Some(
                    " value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
                ),
            ),
            ("expire k 10 ", Some("[NX | XX | GT | LT]")),
            ("expire k 10 nx", None),
            ("set \"a b\" v ex ", Some("seconds [NX | XX] [GET]")),
            ("set \"a b", None),
            ("3 incr", Some(" key")),
            ("client pause ", Some("timeout [WRITE | ALL]")),
            ("client", None),
            ("client nothing ", None),
            ("ge", None),
            ("", None),
            ("lpush k", None),
        ] {
            assert_eq!(hint(line).as_deref(), expected, "{line:?}");
        }
    }

    #[track_caller]
    fn completes(line: &str, start: usize, expected: &[&str]) {
        assert_eq!(
            complete(line),
            (start, expected.iter().map(|word| (*word).into()).collect()),
            "{line:?}"
        );
    }

    #[test]
    fn words_are_completed_in_their_case() {
        completes("GETR", 0, &["GETRANGE"]);
        completes("getr", 0, &["getrange"]);
        completes("ex", 0, &["exec", "exists", "exit", "expire", "expireat", "expiretime"]);
        completes("2 incrbyf", 2, &["incrbyfloat"]);
        completes("client no", 7, &["no-evict"]);
        completes("CLIENT S", 7, &["SETINFO", "SETNAME"]);
        completes("help setr", 5, &["setrange"]);
        completes("? config se", 9, &["set"]);
        completes("set k v k", 8, &["keepttl"]);
        completes("set k v ", 8, &["EX", "EXAT", "GET", "KEEPTTL", "NX", "PX", "PXAT", "XX"]);
        completes("set k v ex ", 11, &[]);
        completes("set k ", 6, &[]);
        completes("set \"k", 4, &[]);
        completes("set \"k v", 8, &[]);
        completes("nothing ", 8, &[]);
        completes("set \u{e9}", 4, &[]);
    }

    #[test]
    fn an_empty_line_may_become_any_command() {
        let (start, all) = complete("");
        assert_eq!(start, 0);
        assert!(all.len() > 70 && all.contains(&"SET".to_owned()) && all.contains(&"EXIT".into()));
        assert!(!all.iter().any(|name| name.contains('|')));
    }

    proptest! {
        #[test]
        fn any_line_has_hints_or_none(line in r#"(set|client|help|\?|3|scan| |"|'|\\|\PC){0,12}"#) {
            let _ = hint(&line);
            let (start, _) = complete(&line);
            prop_assert!(line.is_char_boundary(start));
        }
    }
}
