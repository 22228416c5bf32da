//! Replies, read where they lie in the buffer.

mod memcached;
mod resp;

use purekv::resp::frame::Frame;

pub(crate) use memcached::MemcachedReader;
pub(crate) use resp::RespReader;

use super::work::Protocol;

/// Bytes of a value, or of a line, that are believed.
const LONGEST_VALUE: usize = 512 << 20;
const LONGEST_LINE: usize = 64 << 10;

/// What a server has answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply<'b> {
    /// A line that is no error: OK, STORED.
    Line(&'b [u8]),
    Error(&'b [u8]),
    Integer(i64),
    /// A value, and its key if the protocol repeats that.
    Value(Option<&'b [u8]>, &'b [u8]),
    /// Keys and values, those that there are.
    Values(Vec<(&'b [u8], &'b [u8])>),
    /// There is no such value.
    Nothing,
    /// Anything else.
    Frame(Frame),
}

/// What a look at the buffer brought.
#[derive(Debug, PartialEq)]
pub(crate) struct Step<'b> {
    /// Bytes that are used up. Some may be without a reply that is whole.
    pub(crate) used: usize,
    pub(crate) reply: Option<Reply<'b>>,
}

impl<'b> Step<'b> {
    fn wait() -> Self {
        Self { used: 0, reply: None }
    }

    fn whole(used: usize, reply: Reply<'b>) -> Self {
        Self { used, reply: Some(reply) }
    }
}

/// Reads one connection's replies.
#[derive(Debug)]
pub(crate) enum Reader {
    Resp(RespReader),
    Memcached(MemcachedReader),
}

impl Reader {
    pub(crate) fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Resp2 | Protocol::Resp3 => Self::Resp(RespReader::default()),
            Protocol::Memcached => Self::Memcached(MemcachedReader),
        }
    }

    /// The next reply in `buffer`, which begins with what the last call has not used up.
    ///
    /// # Errors
    ///
    /// If it is none: what was expected, and what is there.
    #[inline]
    pub(crate) fn next<'b>(&mut self, buffer: &'b [u8]) -> Result<Step<'b>, String> {
        match self {
            Self::Resp(reader) => reader.next(buffer),
            Self::Memcached(reader) => reader.next(buffer),
        }
    }
}

/// The line at the beginning, if its end is there.
#[inline]
fn line(buffer: &[u8]) -> Result<Option<&[u8]>, String> {
    let window = &buffer[..buffer.len().min(LONGEST_LINE)];
    match window.iter().position(|byte| *byte == b'\n') {
        Some(end) if end > 0 && buffer[end - 1] == b'\r' => Ok(Some(&buffer[..end - 1])),
        Some(end) => Err(format!("a line without \\r: {}", shown(&buffer[..end]))),
        None if buffer.len() > LONGEST_LINE => {
            Err(format!("a line of more than {LONGEST_LINE} bytes"))
        }
        None => Ok(None),
    }
}

/// A number without a sign.
#[inline]
fn digits(text: &[u8]) -> Option<usize> {
    let all = text.iter().try_fold(0_usize, |sum, byte| match byte {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(usize::from(byte - b'0')),
        _ => None,
    });
    all.filter(|_| !text.is_empty())
}

/// The first bytes as an error quotes them.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const QUOTED: usize = 60;
    let head = bytes[..bytes.len().min(QUOTED)].escape_ascii();
    match bytes.len().checked_sub(QUOTED) {
        Some(more @ 1..) => format!("\"{head}\" and {more} bytes more"),
        _ => format!("\"{head}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All replies of a stream that comes in pieces of so many bytes, as text.
    pub(super) fn in_pieces(
        protocol: Protocol,
        bytes: &[u8],
        size: usize,
    ) -> Result<Vec<String>, String> {
        let mut reader = Reader::new(protocol);
        let (mut buffer, mut replies) = (Vec::new(), Vec::new());
        for piece in bytes.chunks(size) {
            buffer.extend_from_slice(piece);
            let mut at = 0;
            loop {
                let step = reader.next(&buffer[at..])?;
                at += step.used;
                match step.reply {
                    Some(reply) => replies.push(format!("{reply:?}")),
                    None if step.used == 0 => break,
                    None => {}
                }
            }
            buffer.drain(..at);
        }
        if !buffer.is_empty() {
            replies.push(format!("rest {}", shown(&buffer)));
        }
        Ok(replies)
    }

    #[test]
    fn any_cut_is_the_same() {
        let resp = b"+OK\r\n$-1\r\n_\r\n:-12\r\n$5\r\nhe\r\no\r\n*2\r\n$1\r\na\r\n$-1\r\n\
            >2\r\n+push\r\n:1\r\n-ERR no\r\n$0\r\n\r\n%1\r\n+a\r\n#t\r\n$1";
        let text = b"END\r\nSTORED\r\nVALUE k1 0 5\r\nhe\r\no\r\nEND\r\n12\r\n\
            VALUE a 0 1\r\nx\r\nVALUE b 3 0 77\r\n\r\nEND\r\nSERVER_ERROR out of memory\r\nNOT_FOUND\r\nVALUE k 0 1";
        for (protocol, bytes, count) in
            [(Protocol::Resp3, &resp[..], 10), (Protocol::Memcached, &text[..], 8)]
        {
            let whole = in_pieces(protocol, bytes, bytes.len()).unwrap();
            assert_eq!(whole.len(), count, "{whole:?}");
            for size in 1..bytes.len() {
                let found = in_pieces(protocol, bytes, size).unwrap();
                // What has no end yet may have been begun.
                assert_eq!(found[..count - 1], whole[..count - 1], "{size}");
            }
        }
    }
}
