//! Replies as text, in the forms that redis-cli has.

mod json;
mod pretty;
mod raw;
#[cfg(test)]
mod tests;

use purekv::resp::frame::Frame;

/// How replies are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people: types are told, strings are quoted.
    Pretty,
    /// For programs: the bytes, and a line end.
    Raw,
    /// A line of JSON.
    Json,
}

impl Form {
    /// The text of a reply, with its line end.
    pub(crate) fn text(self, reply: &Frame) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            // It writes line ends of its own.
            Self::Pretty => {
                pretty::write(&mut out, reply, "");
                return out;
            }
            Self::Raw => raw::write(&mut out, reply),
            Self::Json => json::write(&mut out, reply),
        }
        out.push(b'\n');
        out
    }

    /// The text of the reply to these arguments. INFO and its like are text for people already, so that is shown as it is.
    pub(crate) fn text_for(self, args: &[Vec<u8>], reply: &Frame) -> Vec<u8> {
        if self == Self::Json || !is_text(args) {
            return self.text(reply);
        }
        let mut out = Vec::new();
        raw::write(&mut out, reply);
        out
    }

    /// The text of what the server says without having been asked.
    pub(crate) fn push(self, items: &[Frame]) -> Vec<u8> {
        match (self, pretty::invalidated(items)) {
            (Self::Pretty, Some(text)) => text,
            _ => self.text(&Frame::Push(items.to_vec())),
        }
    }
}

/// Whether the reply to these arguments is text for people.
fn is_text(args: &[Vec<u8>]) -> bool {
    let is = |place: usize, words: &[&str]| {
        args.get(place).is_some_and(|arg: &Vec<u8>| {
            words.iter().any(|word| arg.eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    is(0, &["info", "lolwut"])
        || is(0, &["client"]) && is(1, &["list", "info"])
        || is(0, &["memory"]) && is(1, &["doctor", "malloc-stats"])
        || is(0, &["latency"]) && is(1, &["doctor", "graph"])
        || is(0, &["cluster"]) && is(1, &["nodes", "info"]) && args.len() == 2
        || is(0, &["debug"]) && is(1, &["htstats", "htstats-key", "client-eviction"])
}

/// A double, as a server writes it.
fn double(value: f64) -> Vec<u8> {
    let mut text = Vec::new();
    Frame::Double(value).encode(purekv::resp::Protocol::Resp3, &mut text);
    text[1..text.len() - 2].to_vec()
}

/// A string in quotes, with escapes for what cannot be printed.
fn quote(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            7 => out.extend_from_slice(b"\\a"),
            8 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(*byte),
            _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}
