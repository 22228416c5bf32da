//! A frame: one value of the protocol, as a client gets it.

use super::encode::Encoder;
use super::{Protocol, number};

/// A value of RESP2 or RESP3, that owns its bytes.
///
/// Streamed strings and aggregates (RESP3) come as the whole that they are; nothing tells them from others.
///
/// It is dropped, compared and encoded by recursion. From the decoder it has no more levels than [`FrameLimits::depth`](super::limits::FrameLimits::depth);
/// who builds one by hand should not go beyond some hundred either.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// A line of text, as `+OK`. Without `\r` and `\n`.
    Simple(Vec<u8>),
    /// An error line: a code, a space, and text. Without `\r` and `\n`.
    Error(Vec<u8>),
    /// A signed integer.
    Integer(i64),
    /// A string of any bytes.
    Bulk(Vec<u8>),
    /// Nothing: RESP3's null, or RESP2's null string.
    Null,
    /// RESP2's null array. In RESP3 there is one null for all.
    NullArray,
    /// Any frames in order.
    Array(Vec<Frame>),
    /// A float. RESP3.
    Double(f64),
    /// True or false. RESP3.
    Boolean(bool),
    /// An integer of any size, in decimal, with a sign or none. RESP3.
    BigNumber(String),
    /// An error with any bytes in it. RESP3.
    BulkError(Vec<u8>),
    /// A string that says what it is. RESP3.
    Verbatim {
        /// Three letters, as "txt" or "mkd".
        format: [u8; 3],
        /// The string.
        text: Vec<u8>,
    },
    /// Keys and values, in the order in which they came. RESP3.
    Map(Vec<(Frame, Frame)>),
    /// Frames whose order means nothing. RESP3.
    Set(Vec<Frame>),
    /// What the server says without having been asked. RESP3.
    Push(Vec<Frame>),
    /// What may be known besides about a frame, and the frame. RESP3.
    Attribute(Vec<(Frame, Frame)>, Box<Frame>),
}

impl Frame {
    /// Appends the frame to `out`. What RESP2 lacks is written as Redis writes it there: maps as arrays of keys and values in turn, sets and pushes as
    /// arrays, booleans as 1 and 0, doubles, big numbers and verbatim strings as strings, errors of any bytes as error lines, and attributes not at all.
    pub fn encode(&self, protocol: Protocol, out: &mut Vec<u8>) {
        self.encode_to(&mut Encoder::new(out, protocol));
    }

    fn encode_to(&self, out: &mut Encoder<'_>) {
        match self {
            Self::Simple(text) => out.simple(text),
            Self::Error(text) => out.error(text),
            Self::Integer(value) => out.integer(*value),
            Self::Bulk(bytes) => out.bulk(bytes),
            Self::Null => out.null(),
            Self::NullArray => out.null_array(),
            Self::Array(items) => {
                out.array(items.len());
                encode_all(items, out);
            }
            Self::Double(value) => out.double(*value),
            Self::Boolean(value) => out.boolean(*value),
            Self::BigNumber(digits) => out.big_number(digits),
            Self::BulkError(bytes) => out.bulk_error(bytes),
            Self::Verbatim { format, text } => out.verbatim(*format, text),
            Self::Map(pairs) => {
                out.map(pairs.len());
                encode_pairs(pairs, out);
            }
            Self::Set(items) => {
                out.set(items.len());
                encode_all(items, out);
            }
            Self::Push(items) => {
                out.push(items.len());
                encode_all(items, out);
            }
            Self::Attribute(pairs, frame) => {
                if out.attribute(pairs.len()) {
                    encode_pairs(pairs, out);
                }
                frame.encode_to(out);
            }
        }
    }

    /// The same as a client of RESP2 would get it.
    pub fn to_resp2(&self) -> Self {
        let all = |items: &[Self]| items.iter().map(Self::to_resp2).collect();
        match self {
            Self::Double(value) => {
                let mut text = Vec::new();
                number::write_double(&mut text, *value);
                Self::Bulk(text)
            }
            Self::Boolean(value) => Self::Integer((*value).into()),
            Self::BigNumber(digits) => Self::Bulk(digits.as_bytes().to_vec()),
            Self::BulkError(bytes) => Self::Error(super::encode::one_line(bytes)),
            Self::Verbatim { text, .. } => Self::Bulk(text.clone()),
            Self::Map(pairs) => Self::Array(
                pairs.iter().flat_map(|(key, value)| [key.to_resp2(), value.to_resp2()]).collect(),
            ),
            Self::Array(items) | Self::Set(items) | Self::Push(items) => Self::Array(all(items)),
            Self::Attribute(_, frame) => frame.to_resp2(),
            other => other.clone(),
        }
    }
}

fn encode_all(items: &[Frame], out: &mut Encoder<'_>) {
    for item in items {
        item.encode_to(out);
    }
}

fn encode_pairs(pairs: &[(Frame, Frame)], out: &mut Encoder<'_>) {
    for (key, value) in pairs {
        key.encode_to(out);
        value.encode_to(out);
    }
}
