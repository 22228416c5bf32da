//! memcached's text protocol.

use super::{LONGEST_VALUE, Reply, Step, digits, line, shown};

#[derive(Debug)]
pub(crate) struct MemcachedReader;

/// Lines that mean something else than an error.
const WORDS: &[&[u8]] =
    &[b"STORED", b"NOT_STORED", b"EXISTS", b"NOT_FOUND", b"DELETED", b"TOUCHED", b"OK"];

impl MemcachedReader {
    #[inline]
    pub(crate) fn next<'b>(&mut self, buffer: &'b [u8]) -> Result<Step<'b>, String> {
        let Some(first) = line(buffer)? else {
            return Ok(Step::wait());
        };
        let used = first.len() + 2;
        let reply = match first {
            b"END" => Reply::Nothing,
            _ if first.starts_with(b"VALUE ") => return values(buffer),
            _ if WORDS.contains(&first) || first.starts_with(b"VERSION ") => Reply::Line(first),
            _ if is_error(first) => Reply::Error(first),
            _ => match digits(first).and_then(|number| i64::try_from(number).ok()) {
                Some(number) => Reply::Integer(number),
                None => return Err(format!("no reply: {}", shown(first))),
            },
        };
        Ok(Step::whole(used, reply))
    }
}

fn is_error(line: &[u8]) -> bool {
    let is = |word: &[u8]| line.starts_with(word);
    line == b"ERROR" || is(b"ERROR ") || is(b"CLIENT_ERROR") || is(b"SERVER_ERROR")
}

/// `VALUE key flags bytes [cas]`, the bytes, and so on, up to `END`.
fn values(buffer: &[u8]) -> Result<Step<'_>, String> {
    let (mut at, mut only, mut several) = (0, None, Vec::new());
    loop {
        let Some(head) = line(&buffer[at..])? else {
            return Ok(Step::wait());
        };
        let start = at + head.len() + 2;
        if head == b"END" {
            let reply = match (only, several.is_empty()) {
                (Some((key, value)), true) => Reply::Value(Some(key), value),
                _ => Reply::Values(several),
            };
            return Ok(Step::whole(start, reply));
        }
        let mut words = head.split(|byte| *byte == b' ');
        let is_value = words.next() == Some(b"VALUE");
        let (key, _flags, length) = (words.next(), words.next(), words.next());
        let length = length.and_then(digits).filter(|length| *length <= LONGEST_VALUE);
        let (true, Some(key), Some(length)) = (is_value, key, length) else {
            return Err(format!("no value: {}", shown(head)));
        };
        let end = start + length;
        match buffer.get(end..end + 2) {
            None => return Ok(Step::wait()),
            Some(b"\r\n") => {}
            Some(other) => {
                return Err(format!("no line end behind {length} bytes: {}", shown(other)));
            }
        }
        let found = (key, &buffer[start..end]);
        // The second one makes them several.
        match (only, several.is_empty()) {
            (None, _) => only = Some(found),
            (Some(first), true) => several.extend([first, found]),
            _ => several.push(found),
        }
        at = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::in_pieces;
    use super::*;
    use crate::load::work::Protocol;

    #[test]
    fn one_value_and_several() {
        let step = MemcachedReader.next(b"VALUE k 0 2 9\r\nab\r\nEND\r\nmore").unwrap();
        assert_eq!(step, Step::whole(24, Reply::Value(Some(b"k"), b"ab")));
        let two = b"VALUE k 0 2\r\nab\r\nVALUE l 0 0\r\n\r\nVALUE m 0 1\r\nc\r\nEND\r\n";
        let step = MemcachedReader.next(two).unwrap();
        let all: Vec<(&[u8], &[u8])> = vec![(b"k", b"ab"), (b"l", b""), (b"m", b"c")];
        assert_eq!(step, Step::whole(two.len(), Reply::Values(all)));
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let read = |text: &str| in_pieces(Protocol::Memcached, text.as_bytes(), 1000);
        for (text, told) in [
            ("hello\r\n", "no reply: \"hello\""),
            ("-1\r\n", "no reply: \"-1\""),
            ("VALUE k 0\r\n", "no value: \"VALUE k 0\""),
            ("VALUE k 0 x\r\n", "no value"),
            ("VALUE k 0 1\r\nabc", "no line end behind 1 bytes: \"bc\""),
            ("VALUE k 0 1\r\na\r\nSTORED\r\n", "no value: \"STORED\""),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
