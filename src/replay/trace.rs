//! Reads traces: text, one request a line, compressed with zstd where the name ends in `.zst`.
//!
//! ```text
//! key,size,ttl,op,timestamp      the first line names the columns: `key` and any of the others, in any order
//! 0,1713,3600,get,807256800      key: an id, size: bytes, ttl: seconds (0 = none), op: get or set
//! ```
//!
//! The timestamp is not read: a replay goes as fast as it can.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::error::quoted;
use super::{Operation, ReplayError, Request, Workload};

/// Bytes a line may have. A file that is no trace at all may be one endless line.
const LONGEST_LINE: u64 = 4096;

const HEADER: &str = "a header of key and any of size, ttl, op, timestamp";

/// Reads the trace at `path`, at most `limit` requests of it; they take 24 bytes of memory each. Blocks on the file.
///
/// # Errors
///
/// Says the file, the line, what was expected there and what was found, when the file cannot be opened or read, is
/// cut off, or is no trace. A trace without requests is an error, too.
pub fn read_trace(path: &Path, limit: usize) -> Result<Workload, ReplayError> {
    let open = |source| ReplayError::Open { path: path.to_owned(), source };
    let file = BufReader::new(File::open(path).map_err(open)?);
    if path.extension().is_some_and(|extension| extension == "zst") {
        let text = zstd::Decoder::with_buffer(file).map_err(open)?;
        parse_trace(BufReader::with_capacity(1 << 16, text), path, limit)
    } else {
        parse_trace(file, path, limit)
    }
}

/// As [`read_trace`], from `text` that is plain already; `path` names it in errors.
///
/// # Errors
///
/// As [`read_trace`].
pub fn parse_trace(text: impl BufRead, path: &Path, limit: usize) -> Result<Workload, ReplayError> {
    let mut lines = Lines { text, path, number: 0, line: Vec::new() };
    let columns = match lines.next()? {
        Some(header) => columns(header).ok_or_else(|| lines.expected(HEADER, None))?,
        None => return Err(lines.expected(HEADER, Some("the end of the file"))),
    };
    let mut requests = Vec::new();
    while requests.len() < limit {
        let Some(line) = lines.next()? else { break };
        match parse_request(line, &columns) {
            Ok(request) => requests.push(request),
            Err(fault) => {
                let (expected, found) = (fault.expected(), quoted(fault.found));
                return Err(lines.expected(&expected, Some(&found)));
            }
        }
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    if requests.is_empty() {
        return Err(ReplayError::Empty { name });
    }
    Ok(Workload::new(name, requests))
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Key,
    Size,
    Ttl,
    Operation,
    Timestamp,
}

/// The columns a header names; `None` if it is no header: an unknown name, one twice, or no key.
fn columns(header: &[u8]) -> Option<Vec<Column>> {
    let mut columns = Vec::new();
    for name in header.split(|&byte| byte == b',') {
        let column = match name {
            b"key" => Column::Key,
            b"size" => Column::Size,
            b"ttl" => Column::Ttl,
            b"op" => Column::Operation,
            b"timestamp" => Column::Timestamp,
            _ => return None,
        };
        if columns.contains(&column) {
            return None;
        }
        columns.push(column);
    }
    columns.contains(&Column::Key).then_some(columns)
}

/// Why a line is no request.
struct Fault<'l> {
    kind: FaultKind,
    found: &'l [u8],
}

enum FaultKind {
    Fields(usize),
    Number(&'static str),
    Operation,
}

impl Fault<'_> {
    fn expected(&self) -> String {
        match self.kind {
            FaultKind::Fields(1) => "one field".to_owned(),
            FaultKind::Fields(count) => format!("{count} fields"),
            FaultKind::Number(column) => format!("a whole number as {column}"),
            FaultKind::Operation => "get or set as op".to_owned(),
        }
    }
}

fn parse_request<'l>(line: &'l [u8], columns: &[Column]) -> Result<Request, Fault<'l>> {
    let wrong_count = Fault { kind: FaultKind::Fields(columns.len()), found: line };
    let mut request = Request::get(0);
    let mut fields = line.split(|&byte| byte == b',');
    for column in columns {
        let Some(field) = fields.next() else { return Err(wrong_count) };
        let fault = |kind| Fault { kind, found: field };
        let number = |name| parse_number(field).ok_or(fault(FaultKind::Number(name)));
        match column {
            Column::Key => request.key = number("key")?,
            // What is larger than a cache would take is as good as the largest.
            Column::Size => request.size = u32::try_from(number("size")?).unwrap_or(u32::MAX),
            Column::Ttl => request.ttl = u32::try_from(number("ttl")?).unwrap_or(u32::MAX),
            Column::Operation => {
                request.operation = match field {
                    b"get" => Operation::Get,
                    b"set" => Operation::Set,
                    _ => return Err(fault(FaultKind::Operation)),
                }
            }
            Column::Timestamp => {}
        }
    }
    if fields.next().is_some() { Err(wrong_count) } else { Ok(request) }
}

/// Decimal digits and nothing else; `None` also beyond 64 bits.
fn parse_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Lines of bounded length, counted.
struct Lines<'p, R> {
    text: R,
    path: &'p Path,
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line without its end; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<&[u8]>, ReplayError> {
        self.number += 1;
        self.line.clear();
        (&mut self.text).take(LONGEST_LINE + 1).read_until(b'\n', &mut self.line).map_err(
            |source| ReplayError::Read { path: self.path.to_owned(), line: self.number, source },
        )?;
        if self.line.is_empty() {
            return Ok(None);
        }
        if self.line.len() as u64 > LONGEST_LINE {
            let expected = format!("a line of at most {LONGEST_LINE} bytes");
            return Err(self.expected(&expected, None));
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// An error at the current line, which is quoted if the caller found nothing more telling.
    fn expected(&self, expected: &str, found: Option<&str>) -> ReplayError {
        ReplayError::Format {
            path: self.path.to_owned(),
            line: self.number,
            expected: expected.to_owned(),
            found: found.map_or_else(|| quoted(self.line.trim_ascii_end()), str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Workload, ReplayError> {
        parse_trace(text, Path::new("some/trace.csv"), usize::MAX)
    }

    fn error(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn keys_alone() {
        let workload = parse(b"key\n5\n18446744073709551615\n5").unwrap();
        assert_eq!(workload.requests(), [5, u64::MAX, 5].map(Request::get));
        assert_eq!(workload.unique_keys(), 2);
        assert_eq!(workload.name(), "trace.csv");
    }

    #[test]
    fn all_columns_in_any_order() {
        let expected = [
            Request { key: 1, size: 10, ttl: 60, operation: Operation::Get },
            Request { key: 2, size: u32::MAX, ttl: 0, operation: Operation::Set },
        ];
        let usual = parse(b"key,size,ttl,op,timestamp\n1,10,60,get,99\n2,5000000000,0,set,99.5\n");
        assert_eq!(usual.unwrap().requests(), expected);
        let other = parse(b"op,ttl,size,key\r\nget,60,10,1\r\nset,0,5000000000,2\r\n");
        assert_eq!(other.unwrap().requests(), expected);
    }

    #[test]
    fn the_limit_ends_the_reading() {
        let workload = parse_trace(&b"key\n1\n2\nrubbish\n"[..], Path::new("t"), 2).unwrap();
        assert_eq!(workload.requests().len(), 2);
    }

    #[test]
    fn errors_name_the_line_and_both_sides() {
        for (text, line, expected, found) in [
            ("", 1, HEADER, "the end of the file"),
            ("1\n2\n", 1, HEADER, "\"1\""),
            ("size,ttl\n", 1, HEADER, "\"size,ttl\""),
            ("key,key\n", 1, HEADER, "\"key,key\""),
            ("key,colour\n", 1, HEADER, "\"key,colour\""),
            ("key\n1\n\n2\n", 3, "a whole number as key", "\"\""),
            ("key\n1\n-2\n", 3, "a whole number as key", "\"-2\""),
            ("key\n+2\n", 2, "a whole number as key", "\"+2\""),
            ("key\n18446744073709551616\n", 2, "a whole number as key", "\"18446744073709551616\""),
            ("key\n1,2\n", 2, "one field", "\"1,2\""),
            ("key,size\n1\n", 2, "2 fields", "\"1\""),
            ("key,size\n1,2x\n", 2, "a whole number as size", "\"2x\""),
            ("key,ttl\n1,1.5\n", 2, "a whole number as ttl", "\"1.5\""),
            ("key,op\n1,delete\n", 2, "get or set as op", "\"delete\""),
        ] {
            let message =
                format!("some/trace.csv: line {line}: expected {expected}, found {found}");
            assert_eq!(error(text), message, "{text:?}");
        }
        assert_eq!(error("key\n"), "trace.csv: no requests");
    }

    #[test]
    fn rubbish_is_quoted_short_and_on_one_line() {
        let endless = format!("key\n1\n{}", "7".repeat(10_000));
        assert!(error(&endless).contains("line 3: expected a line of at most 4096 bytes"));
        assert!(error(&endless).len() < 200);
        let binary = parse(b"key\n\xff\xfe\x00\x1b[2J\n").unwrap_err().to_string();
        assert!(binary.chars().all(|character| !character.is_control()), "{binary:?}");
    }

    #[test]
    fn a_frame_cut_anywhere_is_an_error_or_the_end_of_a_line() {
        let text: String =
            std::iter::once("key\n".to_owned()).chain((0..500).map(|n| format!("{n}\n"))).collect();
        let whole = zstd::encode_all(text.as_bytes(), 3).unwrap();
        let read = |bytes: &[u8]| {
            let text = zstd::Decoder::with_buffer(bytes).unwrap();
            parse_trace(BufReader::new(text), Path::new("t.csv.zst"), usize::MAX)
        };
        assert_eq!(read(&whole).unwrap().requests().len(), 500);
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn damage_never_panics() {
        let whole = zstd::encode_all(&b"key,size\n1,2\n3,4\n5,6\n"[..], 3).unwrap();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                let text = zstd::Decoder::with_buffer(&damaged[..]).unwrap();
                // Some damage hits what does not matter; an answer of either kind will do.
                let _ = parse_trace(BufReader::new(text), Path::new("t.csv.zst"), 100);
            }
        }
    }
}
