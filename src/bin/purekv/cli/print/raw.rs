//! The bytes of a reply and nothing else: elements on lines of their own, a key and its value on one line.

use purekv::resp::frame::Frame;

use super::double;

/// Without a line end.
pub(super) fn write(out: &mut Vec<u8>, reply: &Frame) {
    match reply {
        Frame::Null | Frame::NullArray => {}
        Frame::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Frame::Double(value) => out.extend_from_slice(&double(*value)),
        Frame::Boolean(value) => {
            out.extend_from_slice(if *value { b"(true)" } else { b"(false)" });
        }
        Frame::BigNumber(digits) => out.extend_from_slice(digits.as_bytes()),
        // With a line end of its own, as redis-cli has it: so there is an empty line behind it.
        Frame::Error(text) | Frame::BulkError(text) => {
            out.extend_from_slice(text);
            out.push(b'\n');
        }
        Frame::Simple(bytes) | Frame::Bulk(bytes) => out.extend_from_slice(bytes),
        Frame::Verbatim { text, .. } => out.extend_from_slice(text),
        Frame::Array(items) | Frame::Set(items) | Frame::Push(items) => {
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b'\n');
                }
                write(out, item);
            }
        }
        Frame::Map(pairs) => {
            for (place, (key, value)) in pairs.iter().enumerate() {
                if place > 0 {
                    out.push(b'\n');
                }
                write(out, key);
                out.push(b' ');
                write(out, value);
            }
        }
        Frame::Attribute(_, frame) => write(out, frame),
        other => out.extend_from_slice(format!("{other:?}").as_bytes()),
    }
}
