//! Requests, as a server reads them.
//!
//! A request is an array of bulk strings (`*2 $3 GET $1 k`, each with a line end behind it) or, if it does not begin with an asterisk, a line of
//! words. A client sends any number of them without waiting for replies.
//!
//! The decoder is shown the bytes that have come and are not used up, from the first byte of a request on. It remembers how far
//! it got: bytes may come one by one, and none is looked at twice. Arguments are [spans](Span) of those bytes, in one vector that is used again
//! for each request.
//!
//! ```
//! use purekv::resp::request::{Decoded, RequestDecoder};
//!
//! let mut decoder = RequestDecoder::default();
//! let mut buffer = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING 'a b'\r\n*1\r\n$4\r".to_vec();
//! let mut requests = Vec::new();
//! loop {
//!     match decoder.decode(&mut buffer)? {
//!         Decoded::Request { length } => {
//!             requests.push(decoder.arguments().iter().map(|span| span.of(&buffer).to_vec()).collect::<Vec<_>>());
//!             buffer.drain(..length);
//!         }
//!         Decoded::Skipped { length } => drop(buffer.drain(..length)),
//!         Decoded::Partial { missing } => {
//!             assert_eq!((buffer.as_slice(), missing), (&b"*1\r\n$4\r"[..], 1));
//!             break;
//!         }
//!     }
//! }
//! assert_eq!(requests, [[&b"GET"[..], b"k"], [b"PING", b"a b"]]);
//! # Ok::<(), purekv::resp::error::RequestError>(())
//! ```
//!
//! As Redis does, it skips empty lines and arrays of no or of negative length, takes whatever byte there is after the `\r` of a count for the `\n`, and
//! any two bytes after an argument for its line end.

use super::error::{RequestError, RequestFault};
use super::inline;
use super::limits::RequestLimits;
use super::number;

/// The vector of arguments is not kept for the next request when it has grown beyond this.
const ARGUMENTS_KEPT: usize = 1024;

/// Where an argument is: bytes from the beginning of the buffer that was decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// One after its last byte.
    pub end: usize,
}

impl Span {
    /// The argument.
    ///
    /// # Panics
    ///
    /// If `buffer` is shorter than the one that was decoded.
    #[inline]
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start..self.end]
    }

    /// The same span in a buffer with `base` bytes more before it.
    #[inline]
    pub fn after(self, base: usize) -> Self {
        Self { start: self.start + base, end: self.end + base }
    }
}

/// What a look at the buffer brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A request, whose arguments [`RequestDecoder::arguments`] has until the next call. There is at least one. The next request begins after `length` bytes.
    Request {
        /// How many bytes it takes.
        length: usize,
    },
    /// The buffer is empty requests and nothing else.
    Skipped {
        /// How many bytes they take: all there are.
        length: usize,
    },
    /// The request goes on: show the decoder the same bytes again, with more behind them.
    Partial {
        /// How many bytes must come at least before there can be a request: within an argument all up to its end, otherwise 1. The
        /// client says so, and may not mean it: take memory in proportion to what has come.
        missing: usize,
    },
}

/// Reads requests from one connection's bytes.
#[derive(Debug, Default)]
pub struct RequestDecoder {
    limits: RequestLimits,
    must_authenticate: bool,
    arguments: Vec<Span>,
    part: Part,
    /// Where in the buffer that part begins.
    at: usize,
    /// How many bytes from there on are known not to end the line.
    scanned: usize,
    /// Bytes of the stream before the buffer.
    offset: u64,
    failed: Option<RequestError>,
    #[cfg(test)]
    pub(super) examined: u64,
}

/// What is to be read next.
#[derive(Clone, Copy, Debug, Default)]
enum Part {
    /// A request's first byte.
    #[default]
    Start,
    /// An inline command, up to its end.
    Inline,
    /// How many arguments there are.
    Count,
    /// How long an argument is, of those that are still to come.
    Length { left: usize },
    /// An argument and its line end.
    Argument { left: usize, length: usize },
    /// Nothing: the request is whole.
    Whole,
}

/// A line with a number.
struct NumberLine {
    /// What stands behind the first byte, if that is a number.
    number: Option<i64>,
    /// Where the next line begins.
    next: usize,
}

/// The number that a line begins with, as nearly all of them are: up to four digits, their `\r`, and a byte behind that. How
/// many digits it has, too. `None` says nothing.
#[inline]
fn short_number(line: &[u8]) -> Option<(i64, usize)> {
    let mut number = 0;
    for (place, byte) in line.iter().take(5).enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + i64::from(byte - b'0'),
            b'\r' if place == 1 || place > 1 && line[0] != b'0' => {
                return (line.len() > place + 1).then_some((number, place));
            }
            _ => return None,
        }
    }
    None
}

impl RequestDecoder {
    /// A decoder for a connection that has sent nothing yet.
    pub fn new(limits: RequestLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Whether the client has yet to authenticate, so that only short requests are taken from it. It holds for what is decoded from now on.
    pub fn set_must_authenticate(&mut self, must: bool) {
        self.must_authenticate = must;
    }

    /// The arguments of the request that was decoded last, the command's name first.
    #[inline]
    pub fn arguments(&self) -> &[Span] {
        match self.part {
            Part::Whole => &self.arguments,
            _ => &[],
        }
    }

    /// Looks for a request at the beginning of `buffer`. If the last call found one, or skipped something, `buffer` begins that much later now; if it did not, it has the
    /// same bytes at its beginning again. Words of an inline command are rewritten where they stand.
    ///
    /// O(bytes that were not there at the last call). Does not block; allocates only where a request has more arguments than any before.
    ///
    /// # Panics
    ///
    /// If bytes were taken from the buffer that had to stay.
    ///
    /// # Errors
    ///
    /// If it is no request, or one beyond the limits. Every later call has the same error.
    pub fn decode(&mut self, buffer: &mut [u8]) -> Result<Decoded, RequestError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Part::Whole = self.part {
            self.begin();
        }
        let decoded = self.advance(buffer).map_err(|fault| {
            let offset = self.offset + self.at as u64;
            *self.failed.insert(RequestError { offset, fault })
        })?;
        if let Decoded::Request { length } | Decoded::Skipped { length } = decoded {
            self.offset += length as u64;
            self.at = 0;
        }
        Ok(decoded)
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.arguments.capacity()
    }

    fn begin(&mut self) {
        self.part = Part::Start;
        self.arguments.clear();
        if self.arguments.capacity() > ARGUMENTS_KEPT {
            self.arguments.shrink_to(ARGUMENTS_KEPT);
        }
    }

    fn advance(&mut self, buffer: &mut [u8]) -> Result<Decoded, RequestFault> {
        loop {
            match self.part {
                Part::Start => match buffer.get(self.at) {
                    Some(b'*') => self.part = Part::Count,
                    Some(_) => self.part = Part::Inline,
                    None if self.at > 0 => return Ok(Decoded::Skipped { length: self.at }),
                    None => return Ok(Decoded::Partial { missing: 1 }),
                },
                Part::Inline => {
                    let Some(end) = self.line(buffer, b'\n', RequestFault::Inline)? else {
                        return Ok(Decoded::Partial { missing: 1 });
                    };
                    inline::split(&mut buffer[self.at..end], self.at, &mut self.arguments)
                        .map_err(|_| RequestFault::Quotes)?;
                    self.go_on(end + 1, Part::Start);
                    if !self.arguments.is_empty() {
                        return Ok(self.whole());
                    }
                }
                Part::Count => {
                    let Some(line) = self.number_line(buffer, RequestFault::CountLine)? else {
                        return Ok(Decoded::Partial { missing: 1 });
                    };
                    let count = self.count(line.number)?;
                    let part = if count == 0 { Part::Start } else { Part::Length { left: count } };
                    self.go_on(line.next, part);
                }
                Part::Length { left } => {
                    let Some(line) = self.number_line(buffer, RequestFault::LengthLine)? else {
                        return Ok(Decoded::Partial { missing: 1 });
                    };
                    let length = self.length(buffer[self.at], line.number)?;
                    self.go_on(line.next, Part::Argument { left, length });
                }
                Part::Argument { left, length } => {
                    let have = buffer.len() - self.at;
                    let missing = length.saturating_add(2).saturating_sub(have);
                    if missing > 0 {
                        return Ok(Decoded::Partial { missing });
                    }
                    let end = self.at + length;
                    self.arguments.push(Span { start: self.at, end });
                    self.go_on(end + 2, Part::Length { left: left - 1 });
                    if left == 1 {
                        return Ok(self.whole());
                    }
                }
                // `decode` has begun anew.
                Part::Whole => return Ok(self.whole()),
            }
        }
    }

    fn go_on(&mut self, at: usize, part: Part) {
        (self.at, self.scanned, self.part) = (at, 0, part);
    }

    fn whole(&mut self) -> Decoded {
        self.part = Part::Whole;
        Decoded::Request { length: self.at }
    }

    /// How many arguments are announced.
    #[inline]
    fn count(&self, number: Option<i64>) -> Result<usize, RequestFault> {
        let count = number.ok_or(RequestFault::Count)?;
        let count = usize::try_from(count.max(0)).map_err(|_| RequestFault::Count)?;
        if count > self.limits.arguments {
            Err(RequestFault::Count)
        } else if self.must_authenticate && count > self.limits.arguments_before_auth {
            Err(RequestFault::CountBeforeAuth)
        } else {
            Ok(count)
        }
    }

    /// The length of an argument, whose line begins with the byte `first`.
    #[inline]
    fn length(&self, first: u8, number: Option<i64>) -> Result<usize, RequestFault> {
        if first != b'$' {
            return Err(RequestFault::Argument { found: first });
        }
        let length = number.and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| *length <= self.limits.bulk);
        let length = length.ok_or(RequestFault::Length)?;
        if self.must_authenticate && length > self.limits.bulk_before_auth {
            return Err(RequestFault::LengthBeforeAuth);
        }
        Ok(length)
    }

    /// The line at `at`, if it is there, `\r` and the byte after that included.
    #[inline]
    fn number_line(
        &mut self,
        buffer: &[u8],
        too_long: RequestFault,
    ) -> Result<Option<NumberLine>, RequestFault> {
        if self.scanned == 0
            && let Some((number, length)) = buffer.get(self.at + 1..).and_then(short_number)
        {
            #[cfg(test)]
            {
                self.examined += length as u64 + 2;
            }
            return Ok(Some(NumberLine { number: Some(number), next: self.at + length + 3 }));
        }
        let Some(end) = self.line(buffer, b'\r', too_long)? else {
            return Ok(None);
        };
        if end + 1 == buffer.len() {
            self.scanned = end - self.at;
            return Ok(None);
        }
        // A `\r` may be all there is where an argument should begin.
        let number = buffer[self.at..end].get(1..).and_then(number::integer);
        Ok(Some(NumberLine { number, next: end + 2 }))
    }

    /// Where the line ends that begins at `at`, if its end is there.
    #[inline]
    fn line(
        &mut self,
        buffer: &[u8],
        end: u8,
        too_long: RequestFault,
    ) -> Result<Option<usize>, RequestFault> {
        let line = &buffer[self.at..];
        // The end may stand after as many bytes as are allowed, and no later, however much is there at once.
        let window = &line[self.scanned..line.len().min(self.limits.line.saturating_add(1))];
        let found = window.iter().position(|byte| *byte == end);
        #[cfg(test)]
        {
            self.examined += found.map_or(window.len(), |place| place + 1) as u64;
        }
        match found {
            Some(place) => Ok(Some(self.at + self.scanned + place)),
            None if line.len() > self.limits.line => Err(too_long),
            None => {
                self.scanned = line.len();
                Ok(None)
            }
        }
    }
}
