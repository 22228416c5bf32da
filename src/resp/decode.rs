//! Frames, as a client reads them.
//!
//! The decoder is shown what has come and says how much of it is used up: everything but the line that is not whole yet. Strings are copied as
//! they come, so the buffer never needs to be larger than a line may be. What is open, an array in an array, stands on a list and not on the stack.
//!
//! ```
//! use purekv::resp::{decode::FrameDecoder, frame::Frame};
//!
//! let mut decoder = FrameDecoder::default();
//! let step = decoder.decode(b"*2\r\n:1\r\n$5\r\nhel")?;
//! assert_eq!((step.length, step.frame), (15, None));
//! let step = decoder.decode(b"lo\r\n+OK\r\n")?;
//! assert_eq!(step.frame, Some(Frame::Array(vec![Frame::Integer(1), Frame::Bulk(b"hello".to_vec())])));
//! assert_eq!(step.length, 4);
//! # Ok::<(), purekv::resp::error::FrameError>(())
//! ```

use super::aggregate::{Kind, Open};
use super::error::FrameError;
use super::frame::Frame;
use super::limits::FrameLimits;
use super::number;

const LINE_END: &str = "\\r\\n";

/// What a look at the buffer brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How many bytes are used up: show the decoder what is behind them, next time.
    pub length: usize,
    /// A frame that is whole; `None` if more bytes must come first.
    pub frame: Option<Frame>,
}

/// Reads frames from one connection's bytes.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    limits: FrameLimits,
    open: Open,
    string: Option<Text>,
    /// Elements seen of the outermost frame.
    elements: u64,
    /// How many bytes of the buffer are known not to end the line.
    scanned: usize,
    /// Bytes of the stream that are used up.
    offset: u64,
    failed: Option<FrameError>,
    #[cfg(test)]
    pub(super) examined: u64,
}

/// A string of which bytes are still to come.
#[derive(Debug)]
struct Text {
    kind: TextKind,
    /// How many; `None` between the pieces of one that is streamed.
    left: Option<u64>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TextKind {
    Bulk,
    Error,
    Verbatim,
    Streamed,
}

impl FrameDecoder {
    /// A decoder for a connection from which nothing has come yet.
    pub fn new(limits: FrameLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Bytes of the stream that are used up.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads on, up to the end of a frame or of `buffer`, which begins with what the last call has not used up.
    ///
    /// O(bytes that were not there at the last call). Does not block.
    ///
    /// # Panics
    ///
    /// If bytes were taken from the buffer that had to stay.
    ///
    /// # Errors
    ///
    /// If it is no frame, or one beyond the limits. Every later call has the same error.
    pub fn decode(&mut self, buffer: &[u8]) -> Result<Step, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let start = self.offset;
        let frame = self.advance(buffer).inspect_err(|error| self.failed = Some(error.clone()))?;
        Ok(Step { length: (self.offset - start) as usize, frame })
    }

    fn advance(&mut self, mut rest: &[u8]) -> Result<Option<Frame>, FrameError> {
        loop {
            let value = if let Some(text) = self.string.take_if(|text| text.left.is_some()) {
                match self.text(&mut rest, text)? {
                    Some(value) => Some(value),
                    // It is streamed, and a piece of it ends here; or there are no more bytes.
                    None if self.string.as_ref().is_some_and(|text| text.left.is_none()) => None,
                    None => return Ok(None),
                }
            } else {
                let Some(line) = self.line(rest)? else {
                    return Ok(None);
                };
                let value = self.value(line)?;
                self.use_up(&mut rest, line.len() + 2);
                value
            };
            if let Some(value) = value
                && let Some(frame) = self.open.attach(value)
            {
                self.elements = 0;
                return Ok(Some(frame));
            }
        }
    }

    fn use_up(&mut self, rest: &mut &[u8], length: usize) {
        self.offset += length as u64;
        self.scanned = 0;
        *rest = &rest[length..];
    }

    /// The line at the beginning of `rest`, if its end is there.
    fn line<'a>(&mut self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, FrameError> {
        let window = &rest[self.scanned..rest.len().min(self.limits.line.saturating_add(1))];
        let found = window.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        #[cfg(test)]
        {
            self.examined += found.map_or(window.len(), |place| place + 1) as u64;
        }
        let Some(place) = found else {
            if rest.len() > self.limits.line {
                let limit = self.limits.line as u64;
                return Err(self.limit("bytes in a line", limit, limit + 1));
            }
            self.scanned = rest.len();
            return Ok(None);
        };
        let end = self.scanned + place;
        match rest[end..] {
            [b'\r', b'\n', ..] => Ok(Some(&rest[..end])),
            [b'\r'] => {
                self.scanned = end;
                Ok(None)
            }
            _ => {
                let at = self.offset + end as u64;
                Err(FrameError::syntax(at, LINE_END, no_line_end(&rest[end..])))
            }
        }
    }

    /// What a line is: a value, or `None` for the head of one.
    fn value(&mut self, line: &[u8]) -> Result<Option<Frame>, FrameError> {
        let [head, body @ ..] = line else {
            return Err(self.syntax("a frame", line));
        };
        if self.string.is_some() {
            return self.piece(*head, body);
        }
        if *head == b'.' {
            return self.end_of_stream(body).map(Some);
        }
        self.count_element()?;
        let value = match *head {
            b'+' => Frame::Simple(body.to_vec()),
            b'-' => Frame::Error(body.to_vec()),
            b':' => Frame::Integer(self.integer(body)?),
            b'_' if body.is_empty() => Frame::Null,
            b'#' if body == b"t" => Frame::Boolean(true),
            b'#' if body == b"f" => Frame::Boolean(false),
            b'_' => return Err(self.syntax("a null", line)),
            b'#' => return Err(self.syntax("t or f", body)),
            b',' => Frame::Double(self.double(body)?),
            b'(' => Frame::BigNumber(self.big_number(body)?),
            b'$' => return self.open_text(TextKind::Bulk, body),
            b'!' => return self.open_text(TextKind::Error, body),
            b'=' => return self.open_text(TextKind::Verbatim, body),
            b'*' => return self.open(Kind::Array, body),
            b'~' => return self.open(Kind::Set, body),
            b'>' => return self.open(Kind::Push, body),
            b'%' => return self.open(Kind::Map, body),
            b'|' => return self.open(Kind::Attribute, body),
            _ => return Err(self.syntax("a frame", line)),
        };
        Ok(Some(value))
    }

    fn count_element(&mut self) -> Result<(), FrameError> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(self.limit("elements", self.limits.elements, self.elements));
        }
        Ok(())
    }

    fn integer(&self, body: &[u8]) -> Result<i64, FrameError> {
        let text = match body {
            [b'+', text @ ..] if text.first().is_some_and(u8::is_ascii_digit) => text,
            text => text,
        };
        number::integer(text).ok_or_else(|| self.syntax("an integer", body))
    }

    fn double(&self, body: &[u8]) -> Result<f64, FrameError> {
        let text = std::str::from_utf8(body).ok().and_then(|text| text.parse().ok());
        // C writes a NaN with its sign.
        let nan = body.eq_ignore_ascii_case(b"-nan").then_some(f64::NAN);
        text.or(nan).ok_or_else(|| self.syntax("a double", body))
    }

    fn big_number(&self, body: &[u8]) -> Result<String, FrameError> {
        let digits = body.strip_prefix(b"-").or(body.strip_prefix(b"+")).unwrap_or(body);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(self.syntax("a big number", body));
        }
        Ok(body.iter().copied().map(char::from).collect())
    }

    /// A length or a count: `None` for -1.
    fn count(
        &self,
        body: &[u8],
        what: &'static str,
        limit: u64,
        may_be_null: bool,
    ) -> Result<Option<u64>, FrameError> {
        match number::integer(body) {
            Some(-1) if may_be_null => Ok(None),
            Some(count @ 0..) if count as u64 > limit => Err(self.limit(what, limit, count as u64)),
            Some(count @ 0..) => Ok(Some(count as u64)),
            _ => Err(self.syntax("a length", body)),
        }
    }

    fn open_text(&mut self, kind: TextKind, body: &[u8]) -> Result<Option<Frame>, FrameError> {
        let (kind, left) = if kind == TextKind::Bulk && body == b"?" {
            (TextKind::Streamed, None)
        } else {
            match self.count(body, "bytes", self.limits.bulk, kind == TextKind::Bulk)? {
                Some(length) => (kind, Some(length)),
                None => return Ok(Some(Frame::Null)),
            }
        };
        self.string = Some(Text { kind, left, bytes: Vec::new() });
        Ok(None)
    }

    /// The head of a piece of a streamed string.
    fn piece(&mut self, head: u8, body: &[u8]) -> Result<Option<Frame>, FrameError> {
        let so_far = self.string.as_ref().map_or(0, |text| text.bytes.len() as u64);
        if head != b';' {
            return Err(self.syntax("a piece of a string", &[head]));
        }
        let left = self.count(body, "bytes", self.limits.bulk - so_far, false)?;
        if left == Some(0) {
            return Ok(self.string.take().map(|text| Frame::Bulk(text.bytes)));
        }
        if let Some(text) = &mut self.string {
            text.left = left;
        }
        Ok(None)
    }

    /// Reads on in a string: its value, if it is whole.
    fn text(&mut self, rest: &mut &[u8], mut text: Text) -> Result<Option<Frame>, FrameError> {
        let left = text.left.unwrap_or(0);
        let here = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        text.bytes.extend_from_slice(&rest[..here]);
        #[cfg(test)]
        {
            self.examined += here as u64;
        }
        self.use_up(rest, here);
        text.left = Some(left - here as u64);
        match **rest {
            [b'\r', b'\n', ..] if text.left == Some(0) => self.use_up(rest, 2),
            [] | [b'\r'] => {
                self.string = Some(text);
                return Ok(None);
            }
            _ => {
                return Err(self.syntax(LINE_END, no_line_end(rest)));
            }
        }
        let bytes = match text.kind {
            TextKind::Bulk => return Ok(Some(Frame::Bulk(text.bytes))),
            TextKind::Error => return Ok(Some(Frame::BulkError(text.bytes))),
            TextKind::Streamed => {
                self.string = Some(Text { left: None, ..text });
                return Ok(None);
            }
            TextKind::Verbatim => text.bytes,
        };
        match bytes.split_first_chunk() {
            Some((format, [b':', text @ ..])) => {
                Ok(Some(Frame::Verbatim { format: *format, text: text.to_vec() }))
            }
            _ => {
                let start = self.offset - 2 - bytes.len() as u64;
                Err(FrameError::syntax(start, "three letters and a colon", &bytes))
            }
        }
    }

    fn open(&mut self, kind: Kind, body: &[u8]) -> Result<Option<Frame>, FrameError> {
        let may_stream = matches!(kind, Kind::Array | Kind::Set | Kind::Map);
        let left = if may_stream && body == b"?" {
            None
        } else {
            let room = self.limits.elements - self.elements;
            let per_item = if matches!(kind, Kind::Map | Kind::Attribute) { 2 } else { 1 };
            let about = u64::from(kind == Kind::Attribute);
            match self.count(body, "elements", room / per_item, kind == Kind::Array)? {
                Some(count) => Some(count * per_item + about),
                None => return Ok(Some(Frame::NullArray)),
            }
        };
        if self.open.depth() >= usize::from(self.limits.depth) {
            let found = self.open.depth() as u64 + 1;
            return Err(self.limit("levels", self.limits.depth.into(), found));
        }
        Ok(self.open.begin(kind, left))
    }

    /// The end of the innermost aggregate, which must be a streamed one.
    fn end_of_stream(&mut self, body: &[u8]) -> Result<Frame, FrameError> {
        if !body.is_empty() {
            return Err(self.syntax("a frame", body));
        }
        match self.open.end_stream() {
            Ok(frame) => Ok(frame),
            Err(expected) => Err(self.syntax(expected, b".")),
        }
    }

    fn syntax(&self, expected: &'static str, found: &[u8]) -> FrameError {
        FrameError::syntax(self.offset, expected, found)
    }

    fn limit(&self, what: &'static str, limit: u64, found: u64) -> FrameError {
        FrameError::Limit { offset: self.offset, what, limit, found }
    }
}

/// The bytes that show that no line ends here: no more of them than that takes, so that they are the same wherever the stream is cut.
fn no_line_end(rest: &[u8]) -> &[u8] {
    let length = if rest.first() == Some(&b'\r') { 2 } else { 1 };
    &rest[..rest.len().min(length)]
}
