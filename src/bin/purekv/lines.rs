//! Entries as JSON lines: one object a line, `docs/dump-format.md` says which.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read as _, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use purekv::SnapshotEntry;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An entry.
pub(crate) struct Entry<'l> {
    pub(crate) key: Cow<'l, [u8]>,
    pub(crate) value: Cow<'l, [u8]>,
    pub(crate) expires_at: Option<SystemTime>,
    pub(crate) expires_at_latest: Option<SystemTime>,
}

/// A line as it is written. What is absent stands for never, or for what the other one says.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Line<'l> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'l, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<Base64<'l>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Cow<'l, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<Base64<'l>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    expires_at_latest: Option<Option<Instant>>,
}

/// Tells what is null from what is absent.
fn there<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Instant>>, D::Error> {
    Option::deserialize(from).map(Some)
}

struct Base64<'l>(Cow<'l, [u8]>);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Base64Display::new(&self.0, &STANDARD))
    }
}

impl<'de> Deserialize<'de> for Base64<'_> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = STANDARD.decode(&text).map_err(|error| {
            D::Error::custom(format!("expected base64, found {}: {error}", excerpt(&text)))
        });
        Ok(Self(bytes?.into()))
    }
}

struct Instant(SystemTime);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&humantime::format_rfc3339_nanos(self.0))
    }
}

/// What a file can name: all nanoseconds that 64 bits can but one, which is never.
const LAST: Duration = Duration::from_nanos(u64::MAX - 1);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let instant = humantime::parse_rfc3339(&text).ok();
        let is_known =
            |&at: &SystemTime| at.duration_since(UNIX_EPOCH).is_ok_and(|since| since <= LAST);
        instant.filter(is_known).map(Self).ok_or_else(|| {
            let expected = "an instant in UTC, 1970 to 2554, as 2026-11-27T20:27:25.000000001Z";
            D::Error::custom(format!("expected {expected}, found {}", excerpt(&text)))
        })
    }
}

/// Text for an error, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Counted from 1, in bytes; None: all of the line.
    column: Option<usize>,
    what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "column {column}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        let (text, column) = (error.to_string(), error.column());
        // It counts the lines of a line.
        let place = format!(" at line {} column {column}", error.line());
        let what = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        Self { column: Some(column.max(1)), what }
    }
}

/// The one that is there.
fn one<'l>(
    name: &str,
    text: Option<Cow<'l, str>>,
    base64: Option<Base64<'l>>,
) -> Result<Cow<'l, [u8]>, Wrong> {
    let found = match (text, base64) {
        (Some(Cow::Borrowed(text)), None) => return Ok(text.as_bytes().into()),
        (Some(Cow::Owned(text)), None) => return Ok(text.into_bytes().into()),
        (None, Some(Base64(bytes))) => return Ok(bytes),
        (None, None) => "neither",
        (Some(_), Some(_)) => "both",
    };
    let what = format!("expected either {name} or {name}_base64, found {found}");
    Err(Wrong { column: None, what })
}

/// The entry of a line.
pub(crate) fn parse(line: &[u8]) -> Result<Entry<'_>, Wrong> {
    // An array would do for serde.
    let first = line.iter().position(|byte| !byte.is_ascii_whitespace());
    if let Some(at) = first.filter(|&at| line[at] != b'{') {
        let what = format!("expected an object, found {:?}", char::from(line[at]));
        return Err(Wrong { column: Some(at + 1), what });
    }
    let line: Line<'_> = serde_json::from_slice(line)?;
    let expires_at = line.expires_at.map(|instant| instant.0);
    if let Some(Some(latest)) = &line.expires_at_latest
        && expires_at.is_none_or(|at| at > latest.0)
    {
        let what = "expected an expires_at that is not behind expires_at_latest".to_owned();
        return Err(Wrong { column: None, what });
    }
    Ok(Entry {
        key: one("key", line.key, line.key_base64)?,
        value: one("value", line.value, line.value_base64)?,
        expires_at,
        expires_at_latest: match line.expires_at_latest {
            Some(latest) => latest.map(|instant| instant.0),
            None => expires_at,
        },
    })
}

/// Writes an entry's line.
pub(crate) fn write(mut to: impl Write, entry: &SnapshotEntry<'_, [u8], [u8]>) -> io::Result<()> {
    let mut line = Line::default();
    match std::str::from_utf8(entry.key) {
        Ok(key) => line.key = Some(key.into()),
        Err(_) => line.key_base64 = Some(Base64(entry.key.into())),
    }
    match std::str::from_utf8(entry.value) {
        Ok(value) => line.value = Some(value.into()),
        Err(_) => line.value_base64 = Some(Base64(entry.value.into())),
    }
    line.expires_at = entry.expires_at.map(Instant);
    if entry.expires_at_latest != entry.expires_at {
        line.expires_at_latest = Some(entry.expires_at_latest.map(Instant));
    }
    serde_json::to_writer(&mut to, &line)?;
    to.write_all(b"\n")
}

/// What a line takes at most: a GiB, each byte of which may be six, and names.
const LONGEST: u64 = 6 * (1 << 30) + (1 << 10);

/// Reads the next line into `line`, without its end; whether there was one.
pub(crate) fn next(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if from.by_ref().take(LONGEST).read_until(b'\n', line)? as u64 == LONGEST {
        let what = format!("a line of more than {LONGEST} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let is_there = !line.is_empty();
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(is_there)
}
