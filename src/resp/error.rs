//! What is wrong with bytes that came in.

use std::fmt;

/// Why a request was refused. The connection is of no use after it: where the next request begins, nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at byte {offset}")]
pub struct RequestError {
    /// Where: bytes from the beginning of the stream. For a line that is its beginning.
    pub offset: u64,
    /// What it is.
    pub fault: RequestFault,
}

/// What may be wrong with a request. It reads as Redis's own text, since clients match on that: an error reply is "ERR " and this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestFault {
    /// The count of arguments is no integer, or above the limit.
    #[error("Protocol error: invalid multibulk length")]
    Count,
    /// The line with the count of arguments does not end.
    #[error("Protocol error: too big mbulk count string")]
    CountLine,
    /// More arguments than a client may send that has not authenticated.
    #[error("Protocol error: unauthenticated multibulk length")]
    CountBeforeAuth,
    /// An argument does not begin as a bulk string.
    #[error("Protocol error: expected '$', got '{}'", Shown(*found))]
    Argument {
        /// What it begins with.
        found: u8,
    },
    /// The length of an argument is no integer, negative, or above the limit.
    #[error("Protocol error: invalid bulk length")]
    Length,
    /// The line with the length of an argument does not end.
    #[error("Protocol error: too big bulk count string")]
    LengthLine,
    /// A longer argument than a client may send that has not authenticated.
    #[error("Protocol error: unauthenticated bulk length")]
    LengthBeforeAuth,
    /// An inline command that does not end.
    #[error("Protocol error: too big inline request")]
    Inline,
    /// An inline command with a quote that is not closed, or goes on right after it was.
    #[error("Protocol error: unbalanced quotes in request")]
    Quotes,
}

/// A byte as Redis shows it in a reply: line ends as spaces. What is no ASCII is replaced, so that the text is one.
struct Shown(u8);

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.0 {
            b'\r' | b'\n' => ' ',
            byte if byte.is_ascii() => byte.into(),
            _ => char::REPLACEMENT_CHARACTER,
        };
        write!(formatter, "{shown}")
    }
}

impl RequestFault {
    /// Appends the text to an error line, byte for byte what Redis writes: a byte that is no ASCII goes as it is.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Argument { found } => {
                out.extend_from_slice(b"Protocol error: expected '$', got '");
                out.extend_from_slice(&[found, b'\'']);
            }
            other => out.extend_from_slice(other.to_string().as_bytes()),
        }
    }
}

/// Why bytes are no frame. The connection is of no use after it.
///
/// Offsets are bytes from the beginning of the stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Something else stands there than the protocol wants.
    #[error("at byte {offset}: expected {expected}, found \"{found}\"")]
    Syntax {
        /// Where.
        offset: u64,
        /// What the protocol wants there.
        expected: &'static str,
        /// What is there: the beginning of it, with escapes.
        found: String,
    },
    /// More than the limit.
    #[error("at byte {offset}: {found} {what}, at most {limit} are allowed")]
    Limit {
        /// Where.
        offset: u64,
        /// Of what: "levels", "elements", "bytes".
        what: &'static str,
        /// How many there may be.
        limit: u64,
        /// How many there are: at least so many, where that is not known.
        found: u64,
    },
}

impl FrameError {
    /// An error of syntax; of `found`, some bytes are kept.
    pub(super) fn syntax(offset: u64, expected: &'static str, found: &[u8]) -> Self {
        let found = found[..found.len().min(32)].escape_ascii().to_string();
        Self::Syntax { offset, expected, found }
    }
}
