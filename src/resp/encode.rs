//! Replies, as a server writes them, and requests, as a client does: appended to a vector that the connection keeps, without an allocation once that is large enough.
//!
//! Each method writes one value, or the head of an aggregate whose elements the caller writes next. What RESP2 lacks
//! is written as Redis writes it there; so code that replies seldom asks which version it is. A line never has a `\r` or `\n` in it, whatever it is given.
//!
//! ```
//! use purekv::resp::{Protocol, encode::Encoder};
//!
//! let mut out = Vec::new();
//! let mut reply = Encoder::new(&mut out, Protocol::Resp2);
//! reply.map(1);
//! reply.bulk(b"ttl");
//! reply.integer(-1);
//! assert_eq!(out, b"*2\r\n$3\r\nttl\r\n:-1\r\n");
//! ```

use super::error::RequestFault;
use super::{Protocol, number};

/// What a string takes besides its bytes, at most: its mark, a length of 20 digits, and two line ends.
const HEAD: usize = 25;

/// Writes replies of one version of the protocol to the end of a vector.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

impl<'a> Encoder<'a> {
    /// What is written goes to the end of `out`.
    #[inline]
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Self { out, protocol }
    }

    /// Which version is written.
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// A line: `+PONG`. Line ends in it become spaces.
    #[inline]
    pub fn simple(&mut self, text: &[u8]) {
        self.line(b'+', text);
    }

    /// An error line: `text` is its code, a space, and what there is to say, as "ERR no such key". Line ends in it become spaces.
    #[inline]
    pub fn error(&mut self, text: &[u8]) {
        self.line(b'-', text);
    }

    /// The error reply to what is no request. The connection should be closed after it.
    pub fn fault(&mut self, fault: RequestFault) {
        self.out.extend_from_slice(b"-ERR ");
        let start = self.out.len();
        fault.write(self.out);
        spaces_for_line_ends(&mut self.out[start..]);
        self.end();
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        self.number(b':', value);
    }

    /// A string of any bytes.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() + HEAD);
        self.count(b'$', bytes.len());
        self.out.extend_from_slice(bytes);
        self.end();
    }

    /// Nothing: what there would be is a string, or anything but an array.
    #[inline]
    pub fn null(&mut self) {
        self.out.extend_from_slice(if self.is_resp3() { b"_\r\n" } else { b"$-1\r\n" });
    }

    /// Nothing: what there would be is an array.
    #[inline]
    pub fn null_array(&mut self) {
        self.out.extend_from_slice(if self.is_resp3() { b"_\r\n" } else { b"*-1\r\n" });
    }

    /// The head of an array: `length` values follow.
    #[inline]
    pub fn array(&mut self, length: usize) {
        self.count(b'*', length);
    }

    /// The head of a map: `length` pairs of values follow. RESP2: an array.
    #[inline]
    pub fn map(&mut self, length: usize) {
        if self.is_resp3() {
            self.count(b'%', length);
        } else {
            self.count(b'*', length * 2);
        }
    }

    /// The head of a set: `length` values follow. RESP2: an array.
    #[inline]
    pub fn set(&mut self, length: usize) {
        let head = if self.is_resp3() { b'~' } else { b'*' };
        self.count(head, length);
    }

    /// The head of a push: `length` values follow, the first of them a string that says what it is. RESP2: an array.
    #[inline]
    pub fn push(&mut self, length: usize) {
        let head = if self.is_resp3() { b'>' } else { b'*' };
        self.count(head, length);
    }

    /// The head of an attribute: if true is returned, `length` pairs of values follow, and then the value that they are about. RESP2 has no attributes: then only that value follows.
    #[inline]
    #[must_use]
    pub fn attribute(&mut self, length: usize) -> bool {
        if self.is_resp3() {
            self.count(b'|', length);
        }
        self.is_resp3()
    }

    /// A float: the fewest digits that read back as the same. RESP2: a string.
    pub fn double(&mut self, value: f64) {
        if self.is_resp3() {
            self.out.push(b',');
            number::write_double(self.out, value);
            self.end();
        } else {
            self.text_of_float(value, number::write_double);
        }
    }

    /// A float as a string in both versions, as `INCRBYFLOAT` replies: see [`number::write_human`].
    pub fn human(&mut self, value: f64) {
        self.text_of_float(value, number::write_human);
    }

    /// True or false. RESP2: 1 or 0.
    #[inline]
    pub fn boolean(&mut self, value: bool) {
        match (self.is_resp3(), value) {
            (true, true) => self.out.extend_from_slice(b"#t\r\n"),
            (true, false) => self.out.extend_from_slice(b"#f\r\n"),
            (false, value) => self.integer(value.into()),
        }
    }

    /// An integer of any size, in decimal. RESP2: a string.
    pub fn big_number(&mut self, digits: &str) {
        if self.is_resp3() {
            self.line(b'(', digits.as_bytes());
        } else {
            self.bulk(digits.as_bytes());
        }
    }

    /// An error with any bytes in it. RESP2: an error line.
    pub fn bulk_error(&mut self, bytes: &[u8]) {
        if self.is_resp3() {
            self.string(b'!', &[bytes]);
        } else {
            self.error(bytes);
        }
    }

    /// A string that says what it is, by three letters: "txt", "mkd". RESP2: a string.
    pub fn verbatim(&mut self, format: [u8; 3], text: &[u8]) {
        if self.is_resp3() {
            self.string(b'=', &[&format, b":", text]);
        } else {
            self.bulk(text);
        }
    }

    fn line(&mut self, head: u8, text: &[u8]) {
        self.out.reserve(text.len() + 3);
        self.out.push(head);
        let start = self.out.len();
        self.out.extend_from_slice(text);
        spaces_for_line_ends(&mut self.out[start..]);
        self.end();
    }

    fn number(&mut self, head: u8, value: i64) {
        // Appended as one: of a reply's cost, each step counts.
        let mut line = [0; 24];
        line[0] = head;
        let end = if let 0..10 = value {
            line[1] = b'0' + value as u8;
            2
        } else {
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(value).as_bytes();
            line[1..][..digits.len()].copy_from_slice(digits);
            1 + digits.len()
        };
        line[end..end + 2].copy_from_slice(b"\r\n");
        self.out.extend_from_slice(&line[..end + 2]);
    }

    fn count(&mut self, head: u8, length: usize) {
        // A length of more than i64 has no vector that long.
        self.number(head, length as i64);
    }

    fn string(&mut self, head: u8, parts: &[&[u8]]) {
        let length = parts.iter().map(|part| part.len()).sum();
        self.out.reserve(length + HEAD);
        self.count(head, length);
        for part in parts {
            self.out.extend_from_slice(part);
        }
        self.end();
    }

    /// A float as a string: its length stands before it and is known after it.
    fn text_of_float(&mut self, value: f64, write: fn(&mut Vec<u8>, f64)) {
        let start = self.out.len();
        write(self.out, value);
        let length = self.out.len() - start;
        self.count(b'$', length);
        // What was written last goes to the front.
        self.out[start..].rotate_left(length);
        self.end();
    }

    fn end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }
}

/// Appends a request, as a client writes it: the command's name and its arguments.
///
/// ```
/// let mut out = Vec::new();
/// purekv::resp::encode::request(&mut out, [&b"GET"[..], b"k"]);
/// assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
/// ```
pub fn request<'a>(
    out: &mut Vec<u8>,
    args: impl IntoIterator<Item = &'a [u8], IntoIter: ExactSizeIterator>,
) {
    let args = args.into_iter();
    let mut out = Encoder::new(out, Protocol::Resp2);
    out.array(args.len());
    args.for_each(|arg| out.bulk(arg));
}

fn spaces_for_line_ends(text: &mut [u8]) {
    for byte in text {
        if matches!(*byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
}

/// The text of a line.
pub(super) fn one_line(text: &[u8]) -> Vec<u8> {
    let mut line = text.to_vec();
    spaces_for_line_ends(&mut line);
    line
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    fn both(write: impl Fn(&mut Encoder<'_>)) -> [String; 2] {
        [Protocol::Resp2, Protocol::Resp3].map(|protocol| {
            let mut out = Vec::new();
            write(&mut Encoder::new(&mut out, protocol));
            String::from_utf8(out).unwrap().replace("\r\n", "|")
        })
    }

    #[test]
    fn both_versions_agree_where_they_can() {
        assert_eq!(both(|out| out.ok()), ["+OK|"; 2]);
        assert_eq!(both(|out| out.simple(b"OK")), ["+OK|"; 2]);
        assert_eq!(both(|out| out.integer(9)), [":9|"; 2]);
        assert_eq!(both(|out| out.integer(10)), [":10|"; 2]);
        assert_eq!(both(|out| out.integer(-1)), [":-1|"; 2]);
        assert_eq!(both(|out| out.error(b"ERR no such key")), ["-ERR no such key|"; 2]);
        assert_eq!(both(|out| out.integer(i64::MIN)), [":-9223372036854775808|"; 2]);
        assert_eq!(both(|out| out.bulk(b"")), ["$0||"; 2]);
        assert_eq!(both(|out| out.bulk(b"hello")), ["$5|hello|"; 2]);
        assert_eq!(both(|out| out.array(0)), ["*0|"; 2]);
        assert_eq!(both(|out| out.human(10.6)), ["$4|10.6|"; 2]);
    }

    #[test]
    fn what_resp2_lacks_is_written_as_redis_does() {
        assert_eq!(both(|out| out.null()), ["$-1|", "_|"]);
        assert_eq!(both(|out| out.null_array()), ["*-1|", "_|"]);
        assert_eq!(both(|out| out.map(2)), ["*4|", "%2|"]);
        assert_eq!(both(|out| out.set(2)), ["*2|", "~2|"]);
        assert_eq!(both(|out| out.push(2)), ["*2|", ">2|"]);
        assert_eq!(both(|out| assert_eq!(out.attribute(1), out.is_resp3())), ["", "|1|"]);
        assert_eq!(both(|out| out.boolean(true)), [":1|", "#t|"]);
        assert_eq!(both(|out| out.boolean(false)), [":0|", "#f|"]);
        assert_eq!(both(|out| out.big_number("-1234")), ["$5|-1234|", "(-1234|"]);
        assert_eq!(both(|out| out.verbatim(*b"txt", b"a b")), ["$3|a b|", "=7|txt:a b|"]);
        assert_eq!(both(|out| out.bulk_error(b"E a\nb")), ["-E a b|", "!5|E a\nb|"]);
    }

    #[test]
    fn doubles_are_short() {
        for (value, text) in [
            (3.0, "3"),
            (-0.5, "-0.5"),
            (1e300, "1e300"),
            (1.5e-9, "1.5e-9"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (-f64::NAN, "nan"),
            (-0.0, "-0"),
            (123_456_789.0, "123456789"),
        ] {
            let resp2 = format!("${}|{text}|", text.len());
            assert_eq!(both(|out| out.double(value)), [resp2, format!(",{text}|")]);
        }
    }

    #[test]
    fn no_text_ends_its_line() {
        let text = b"a\r\n+OK\rb\n";
        assert_eq!(both(|out| out.simple(text)), ["+a  +OK b |"; 2]);
        assert_eq!(both(|out| out.error(text)), ["-a  +OK b |"; 2]);
        assert_eq!(both(|out| out.big_number("1\r\n"))[1], "(1  |");
        let fault = RequestFault::Argument { found: b'\r' };
        assert_eq!(
            both(|out| out.fault(fault)),
            ["-ERR Protocol error: expected '$', got ' '|"; 2]
        );
        let mut out = Vec::new();
        Encoder::new(&mut out, Protocol::Resp2).fault(RequestFault::Argument { found: 0xff });
        assert_eq!(out, b"-ERR Protocol error: expected '$', got '\xff'\r\n");
    }

    #[test]
    fn replies_do_not_allocate() {
        let mut out = Vec::with_capacity(200);
        let start = out.as_ptr();
        let mut reply = Encoder::new(&mut out, Protocol::Resp3);
        reply.simple(b"OK");
        reply.bulk(&[b'x'; 64]);
        reply.double(0.1);
        reply.human(1e17);
        reply.integer(7);
        assert_eq!((out.as_ptr(), out.capacity()), (start, 200));
    }
}
