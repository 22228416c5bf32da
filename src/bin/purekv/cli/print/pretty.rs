//! Replies for people: the type of each is told, and strings are in quotes, so that a command line would read them.

use purekv::resp::frame::Frame;

use super::{double, quote};

/// `indent`: what lines begin with, but for the first, which stands behind the number of its element.
pub(super) fn write(out: &mut Vec<u8>, reply: &Frame, indent: &str) {
    match reply {
        Frame::Array(items) => list(out, items, indent, ')', "array"),
        Frame::Set(items) => list(out, items, indent, '~', "set"),
        Frame::Push(items) => list(out, items, indent, ')', "push"),
        Frame::Map(pairs) => map(out, pairs, indent, '#', "hash"),
        Frame::Attribute(pairs, about) => {
            map(out, pairs, indent, '|', "attribute");
            out.extend_from_slice(indent.as_bytes());
            write(out, about, indent);
        }
        other => {
            scalar(out, other);
            out.push(b'\n');
        }
    }
}

fn scalar(out: &mut Vec<u8>, reply: &Frame) {
    let mut labelled = |label: &[u8], text: &[u8]| {
        out.extend_from_slice(label);
        out.extend_from_slice(text);
    };
    match reply {
        Frame::Null | Frame::NullArray => labelled(b"(nil)", b""),
        Frame::Boolean(true) => labelled(b"(true)", b""),
        Frame::Boolean(false) => labelled(b"(false)", b""),
        Frame::Integer(value) => labelled(b"(integer) ", value.to_string().as_bytes()),
        Frame::Double(value) => labelled(b"(double) ", &double(*value)),
        Frame::BigNumber(digits) => labelled(b"(big number) ", digits.as_bytes()),
        Frame::Error(text) | Frame::BulkError(text) => labelled(b"(error) ", text),
        Frame::Simple(text) | Frame::Verbatim { text, .. } => labelled(b"", text),
        Frame::Bulk(bytes) => quote(out, bytes),
        other => labelled(b"", format!("{other:?}").as_bytes()),
    }
}

/// How wide numbers up to `count` are.
fn width(count: usize) -> usize {
    count.to_string().len()
}

fn list(out: &mut Vec<u8>, items: &[Frame], indent: &str, mark: char, name: &str) {
    if items.is_empty() {
        out.extend_from_slice(format!("(empty {name})\n").as_bytes());
        return;
    }
    let width = width(items.len());
    let below = format!("{indent}{:1$}", "", width + 2);
    for (place, item) in items.iter().enumerate() {
        let before = if place == 0 { "" } else { indent };
        out.extend_from_slice(format!("{before}{:width$}{mark} ", place + 1).as_bytes());
        write(out, item, &below);
    }
}

/// Whether there is more than one element, however deep.
fn has_lines(reply: &Frame) -> bool {
    match reply {
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => {
            items.len() > 1 || items.first().is_some_and(has_lines)
        }
        Frame::Map(pairs) => {
            pairs.len() > 1 || pairs.first().is_some_and(|(_, value)| has_lines(value))
        }
        _ => false,
    }
}

fn map(out: &mut Vec<u8>, pairs: &[(Frame, Frame)], indent: &str, mark: char, name: &str) {
    if pairs.is_empty() {
        out.extend_from_slice(format!("(empty {name})\n").as_bytes());
        return;
    }
    let width = width(pairs.len());
    let below = format!("{indent}{:1$}", "", width + 2);
    for (place, (key, value)) in pairs.iter().enumerate() {
        let before = if place == 0 { "" } else { indent };
        out.extend_from_slice(format!("{before}{:width$}{mark} ", place + 1).as_bytes());
        write(out, key, &below);
        // The line goes on.
        out.pop();
        out.extend_from_slice(b" => ");
        if has_lines(value) {
            // On lines of its own.
            out.extend_from_slice(format!("\n{below}").as_bytes());
        }
        write(out, value, &below);
    }
}

/// A push that says which keys have changed, in one line.
pub(super) fn invalidated(items: &[Frame]) -> Option<Vec<u8>> {
    let [Frame::Bulk(kind), keys] = items else {
        return None;
    };
    let keys = match keys {
        _ if kind != b"invalidate" => return None,
        Frame::Array(keys) => keys.as_slice(),
        // All of them.
        Frame::Null | Frame::NullArray => &[],
        _ => return None,
    };
    let mut out = b"-> invalidate: ".to_vec();
    for (place, key) in keys.iter().enumerate() {
        if place > 0 {
            out.extend_from_slice(b", ");
        }
        scalar(&mut out, key);
    }
    if keys.is_empty() {
        out.extend_from_slice(b"all keys");
    }
    out.push(b'\n');
    Some(out)
}
