//! RESP: what nearly all replies are is read in place, everything else by the library's decoder.

use purekv::resp::decode::FrameDecoder;
use purekv::resp::frame::Frame;
use purekv::resp::number;

use super::{LONGEST_VALUE, Reply, Step, digits, line, shown};

#[derive(Debug, Default)]
pub(crate) struct RespReader {
    decoder: FrameDecoder,
    /// Whether the decoder is in the middle of a frame.
    is_inside: bool,
}

impl RespReader {
    #[inline]
    pub(crate) fn next<'b>(&mut self, buffer: &'b [u8]) -> Result<Step<'b>, String> {
        let Some(first) = buffer.first() else {
            return Ok(Step::wait());
        };
        if self.is_inside || !matches!(first, b'+' | b'-' | b':' | b'$' | b'_') {
            return self.decode(buffer);
        }
        let Some(head) = line(buffer)? else {
            return Ok(Step::wait());
        };
        let (body, used) = (&head[1..], head.len() + 2);
        let reply = match first {
            b'+' => Reply::Line(body),
            b'-' => Reply::Error(body),
            b':' => match number::integer(body) {
                Some(number) => Reply::Integer(number),
                None => return Err(format!("no integer: {}", shown(head))),
            },
            b'_' if body.is_empty() => Reply::Nothing,
            b'$' if body == b"-1" => Reply::Nothing,
            b'$' => return value(buffer, body, used),
            _ => return Err(format!("no reply: {}", shown(head))),
        };
        Ok(Step::whole(used, reply))
    }

    fn decode<'b>(&mut self, buffer: &[u8]) -> Result<Step<'b>, String> {
        let step = self.decoder.decode(buffer).map_err(|error| error.to_string())?;
        self.is_inside = step.frame.is_none();
        // Nobody has asked for a push.
        let frame = step.frame.filter(|frame| !matches!(frame, Frame::Push(_)));
        Ok(Step { used: step.length, reply: frame.map(Reply::Frame) })
    }
}

/// `start`: where the value begins.
#[inline]
fn value<'b>(buffer: &'b [u8], length: &[u8], start: usize) -> Result<Step<'b>, String> {
    let Some(length) = digits(length).filter(|length| *length <= LONGEST_VALUE) else {
        return Err(format!("no length: {}", shown(length)));
    };
    let end = start + length;
    match buffer.get(end..end + 2) {
        None => Ok(Step::wait()),
        Some(b"\r\n") => Ok(Step::whole(end + 2, Reply::Value(None, &buffer[start..end]))),
        Some(other) => Err(format!("no line end behind {length} bytes: {}", shown(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::in_pieces;
    use crate::load::work::Protocol;

    #[test]
    fn what_is_no_reply_is_refused() {
        let read = |text: &str| in_pieces(Protocol::Resp2, text.as_bytes(), 1000);
        for (text, told) in [
            ("$x\r\n", "no length: \"x\""),
            ("$999999999999\r\n", "no length"),
            ("$-2\r\n", "no length: \"-2\""),
            ("$2\r\nabc\r\n", "no line end behind 2 bytes: \"c\\r\""),
            (":1x\r\n", "no integer: \":1x\""),
            ("+OK\n", "a line without \\r: \"+OK\""),
            ("_x\r\n", "no reply: \"_x\""),
            ("hello\r\n", "expected a frame"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert!(read(&"+".repeat(70_000)).unwrap_err().contains("65536"));
    }
}
