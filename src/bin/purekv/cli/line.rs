//! What a line means that was typed, or came through a pipe.

use purekv::resp::inline;

use super::target::Place;

#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    /// Nothing in it.
    Empty,
    /// To be told of, and nothing to be done.
    Wrong(String),
    Exit,
    Clear,
    Help(Vec<String>),
    Connect(Place),
    /// A command for the server, so many times.
    Command(Vec<Vec<u8>>, u32),
}

impl Line {
    pub(crate) fn read(line: &[u8]) -> Self {
        let Ok(mut words) = inline::words(line) else {
            return Self::Wrong("Invalid argument(s)".to_owned());
        };
        let texts = |words: &[Vec<u8>]| -> Vec<String> {
            words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
        };
        let Some(first) = words.first() else {
            return Self::Empty;
        };
        match first.to_ascii_lowercase().as_slice() {
            b"exit" | b"quit" => Self::Exit,
            b"clear" if words.len() == 1 => Self::Clear,
            b"help" | b"?" => Self::Help(texts(&words[1..])),
            b"connect" if words.len() == 3 => connect(&texts(&words[1..])),
            count if words.len() > 1 && is_number(count) => match count_of(count) {
                Some(count) => {
                    words.remove(0);
                    Self::Command(words, count)
                }
                None => Self::Wrong(format!("Invalid count \"{}\"", count.escape_ascii())),
            },
            _ => Self::Command(words, 1),
        }
    }
}

fn is_number(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn count_of(word: &[u8]) -> Option<u32> {
    str::from_utf8(word).ok()?.parse().ok().filter(|count| *count > 0)
}

fn connect(words: &[String]) -> Line {
    match words[1].parse() {
        Ok(port) => Line::Connect(Place::Tcp { host: words[0].clone(), port }),
        Err(_) => Line::Wrong(format!("Invalid port \"{}\"", words[1])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&[u8]], count: u32) -> Line {
        Line::Command(words.iter().map(|word| word.to_vec()).collect(), count)
    }

    #[test]
    fn words_are_cut_as_redis_cli_cuts_them() {
        let read = |line: &str| Line::read(line.as_bytes());
        assert_eq!(read(" \t"), Line::Empty);
        assert_eq!(read("get k\r"), command(&[b"get", b"k"], 1));
        assert_eq!(
            read(r#"set "a b\n\x00" 'it\'s \n'"#),
            command(&[b"set", b"a b\n\0", br"it's \n"], 1)
        );
        assert_eq!(read("set k \"\""), command(&[b"set", b"k", b""], 1));
        for line in ["get \"k", "get 'k", "get \"k\"x"] {
            assert_eq!(read(line), Line::Wrong("Invalid argument(s)".into()));
        }
        assert_eq!(Line::read(b"get \xff"), command(&[b"get", b"\xff"], 1));
    }

    #[test]
    fn some_words_are_for_the_prompt() {
        let read = |line: &str| Line::read(line.as_bytes());
        assert_eq!(read("EXIT"), Line::Exit);
        assert_eq!(read("quit"), Line::Exit);
        assert_eq!(read("clear"), Line::Clear);
        assert_eq!(read("help config set"), Line::Help(vec!["config".into(), "set".into()]));
        assert_eq!(read("? get"), Line::Help(vec!["get".into()]));
        let place = Place::Tcp { host: "::1".into(), port: 7 };
        assert_eq!(read("connect ::1 7"), Line::Connect(place));
        assert!(matches!(read("connect h 65536"), Line::Wrong(_)));
    }

    #[test]
    fn a_number_before_a_command_is_how_often() {
        let read = |line: &str| Line::read(line.as_bytes());
        assert_eq!(read("3 incr n"), command(&[b"incr", b"n"], 3));
        assert_eq!(read("3"), command(&[b"3"], 1));
        assert_eq!(read("3x incr"), command(&[b"3x", b"incr"], 1));
        for line in ["0 incr n", "-1 incr n", "99999999999 incr n"] {
            assert!(matches!(read(line), Line::Wrong(_)), "{line}");
        }
    }
}
