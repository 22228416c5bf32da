//! What is asked of a server.

use std::fmt;
use std::str::FromStr;

use purekv::resp::inline;

/// A kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    Set,
    Incr,
    /// Gets of several keys in one request.
    Mget,
    /// Sets of several keys in one request.
    Mset,
    Ping,
    /// Any command.
    Custom(Template),
    /// Sets a counter to nothing, for [`Incr`](Self::Incr).
    Zero,
    /// Reads a counter.
    Total,
}

/// What `--command` takes: a kind of request, or `mixed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Gets and sets, by `--ratio`.
    Mixed,
    One(Operation),
}

/// A command with places for a key and a value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    pub(crate) words: Vec<Vec<Part>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(Vec<u8>),
    Key,
    Data,
}

const KEY: &str = "__key__";
const DATA: &str = "__data__";

impl Operation {
    /// As tables and files name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Get | Self::Total => "get".to_owned(),
            Self::Set | Self::Zero => "set".to_owned(),
            Self::Incr => "incr".to_owned(),
            Self::Mget => "mget".to_owned(),
            Self::Mset => "mset".to_owned(),
            Self::Ping => "ping".to_owned(),
            Self::Custom(template) => {
                let first = template.text.split_whitespace().next().unwrap_or_default();
                // It becomes a part of a file's name.
                let is_plain = first.chars().all(|letter| letter.is_ascii_alphanumeric());
                if is_plain { first.to_ascii_lowercase() } else { "command".to_owned() }
            }
        }
    }

    /// Whether a reply to it tells hits from misses.
    pub(crate) fn reads(&self) -> bool {
        matches!(self, Self::Get | Self::Mget | Self::Total)
    }
}

impl Template {
    fn read(text: &str) -> Result<Self, String> {
        let words = inline::words(text.as_bytes());
        let words = words.map_err(|_| format!("{text:?}: quotes that are not closed"))?;
        Ok(Self { text: text.to_owned(), words: words.iter().map(|word| parts(word)).collect() })
    }

    /// The command as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A word cut at its places.
fn parts(word: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < word.len() {
        let marks = [(KEY, Part::Key), (DATA, Part::Data)];
        let found = marks.into_iter().find(|(mark, _)| word[at..].starts_with(mark.as_bytes()));
        let Some((mark, part)) = found else {
            at += 1;
            continue;
        };
        if start < at {
            parts.push(Part::Text(word[start..at].to_vec()));
        }
        parts.push(part);
        at += mark.len();
        start = at;
    }
    if start < at {
        parts.push(Part::Text(word[start..].to_vec()));
    }
    parts
}

impl FromStr for Command {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = match text.to_ascii_lowercase().as_str() {
            "mixed" => return Ok(Self::Mixed),
            "get" => Operation::Get,
            "set" => Operation::Set,
            "incr" => Operation::Incr,
            "mget" => Operation::Mget,
            "mset" => Operation::Mset,
            "ping" => Operation::Ping,
            "" => return Err("no command".to_owned()),
            _ => Operation::Custom(Template::read(text)?),
        };
        Ok(Self::One(known))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mixed => f.write_str("gets and sets"),
            Self::One(Operation::Custom(template)) => write!(f, "{:?}", template.text),
            Self::One(operation) => f.write_str(&operation.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_from_text() {
        assert_eq!("GET".parse(), Ok(Command::One(Operation::Get)));
        assert_eq!("mixed".parse(), Ok(Command::Mixed));
        assert!("".parse::<Command>().is_err());
        assert!("SET \"a".parse::<Command>().is_err());
    }

    #[test]
    fn a_template_has_places() {
        let Ok(Command::One(Operation::Custom(template))) =
            "HSET h:__key__:x \"f __data__\" __key____data__ v".parse()
        else {
            panic!("it is a command");
        };
        let text = |text: &str| Part::Text(text.as_bytes().to_vec());
        assert_eq!(
            template.words,
            [
                vec![text("HSET")],
                vec![text("h:"), Part::Key, text(":x")],
                vec![text("f "), Part::Data],
                vec![Part::Key, Part::Data],
                vec![text("v")],
            ]
        );
        assert_eq!(Operation::Custom(template).name(), "hset");
    }
}
