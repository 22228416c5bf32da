//! Replies as JSON: one value, on one line.
//!
//! What JSON has no word for: an error is `{"error":"…"}`, a string that is no UTF-8 `{"base64":"…"}` (RFC 4648, padded), or with escapes if it is a key; what is no
//! number or has no end, and a key that is no string, is the text of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use purekv::resp::frame::Frame;

use super::{double, quote};

/// Without a line end.
pub(super) fn write(out: &mut Vec<u8>, reply: &Frame) {
    match reply {
        Frame::Null | Frame::NullArray => out.extend_from_slice(b"null"),
        Frame::Boolean(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Frame::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Frame::Double(value) if value.is_finite() => out.extend_from_slice(&double(*value)),
        Frame::Double(value) => string(out, &double(*value)),
        Frame::BigNumber(digits) => number(out, digits),
        Frame::Error(text) | Frame::BulkError(text) => {
            out.extend_from_slice(b"{\"error\":");
            string(out, text);
            out.push(b'}');
        }
        Frame::Simple(bytes) | Frame::Bulk(bytes) | Frame::Verbatim { text: bytes, .. } => {
            string(out, bytes);
        }
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        }
        Frame::Map(pairs) => {
            out.push(b'{');
            for (place, (name, value)) in pairs.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                key(out, name);
                out.push(b':');
                write(out, value);
            }
            out.push(b'}');
        }
        Frame::Attribute(_, about) => write(out, about),
        other => string(out, format!("{other:?}").as_bytes()),
    }
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    match str::from_utf8(bytes) {
        Ok(text) => text_of(out, text),
        Err(_) => {
            out.extend_from_slice(b"{\"base64\":\"");
            out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            out.extend_from_slice(b"\"}");
        }
    }
}

fn text_of(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

/// Digits of any count are a number there, but for a plus and for zeros before others.
fn number(out: &mut Vec<u8>, digits: &str) {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(digits.as_bytes());
}

fn key(out: &mut Vec<u8>, name: &Frame) {
    let mut text = Vec::new();
    match name {
        Frame::Simple(bytes) | Frame::Bulk(bytes) | Frame::Verbatim { text: bytes, .. } => {
            match str::from_utf8(bytes) {
                Ok(name) => return text_of(out, name),
                Err(_) => {
                    quote(&mut text, bytes);
                    text = text[1..text.len() - 1].to_vec();
                }
            }
        }
        other => write(&mut text, other),
    }
    text_of(out, &String::from_utf8_lossy(&text));
}
