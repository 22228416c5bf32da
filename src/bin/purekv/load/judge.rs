//! Whether a reply is the one that its request must have.

use purekv::resp::frame::Frame;

use super::operation::Operation;
use super::reply::{Reply, shown};
use super::value;
use super::work::Work;

/// What a right reply says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    /// What a counter stands at.
    pub(crate) counted: u64,
}

const HIT: Found = Found { hits: 1, misses: 0, counted: 0 };
const MISS: Found = Found { hits: 0, misses: 1, counted: 0 };
const DONE: Found = Found { hits: 0, misses: 0, counted: 0 };

impl Work {
    /// # Errors
    ///
    /// If the reply is wrong: what was expected and what is there.
    #[inline]
    pub(crate) fn judge(
        &self,
        operation: &Operation,
        key: u64,
        reply: &Reply<'_>,
    ) -> Result<Found, String> {
        match (operation, reply) {
            (_, Reply::Error(text)) => Err(format!("an error: {}", shown(text))),
            (Operation::Get, Reply::Nothing) => Ok(MISS),
            (Operation::Get, Reply::Value(named, bytes)) => {
                self.named(key, *named)?;
                self.value(key, bytes)
            }
            (
                Operation::Set | Operation::Zero | Operation::Mset,
                Reply::Line(b"OK" | b"STORED"),
            ) => Ok(DONE),
            (Operation::Incr, Reply::Integer(1..)) => Ok(DONE),
            (Operation::Mget, Reply::Frame(Frame::Array(items))) => self.items(key, items),
            (Operation::Mget, Reply::Values(values)) => self.values(key, values),
            (Operation::Mget, Reply::Value(Some(named), bytes)) => {
                self.values(key, &[(named, bytes)])
            }
            // The text protocol's, for all of them.
            (Operation::Mget, Reply::Nothing) => self.values(key, &[]),
            (Operation::Ping, Reply::Line(b"PONG")) => Ok(DONE),
            (Operation::Ping, Reply::Line(text)) if text.starts_with(b"VERSION ") => Ok(DONE),
            (Operation::Total, Reply::Nothing) => Ok(MISS),
            (Operation::Total, Reply::Value(_, bytes)) => {
                let number =
                    str::from_utf8(bytes).ok().and_then(|text| text.trim_end().parse().ok());
                let told = || format!("expected a counter, found {}", shown(bytes));
                number.map(|counted| Found { counted, ..HIT }).ok_or_else(told)
            }
            (Operation::Custom(_), Reply::Frame(Frame::Error(text) | Frame::BulkError(text))) => {
                Err(format!("an error: {}", shown(text)))
            }
            (Operation::Custom(_), _) => Ok(DONE),
            _ => Err(format!("expected {}, found {}", expected(operation), kind(reply))),
        }
    }

    fn named(&self, key: u64, named: Option<&[u8]>) -> Result<(), String> {
        match named {
            Some(other) if *other != *self.keys.text(key) => {
                Err(format!("the value of another key, {}", shown(other)))
            }
            _ => Ok(()),
        }
    }

    fn value(&self, key: u64, bytes: &[u8]) -> Result<Found, String> {
        let is_known_size = || self.sizes.contains(bytes.len());
        if value::is_of(key, bytes) && (!self.is_own || is_known_size()) {
            return Ok(HIT);
        }
        let size = bytes.len();
        match value::owner(bytes) {
            Some(own) if own == key => Err(format!(
                "a value of this key, but of {size} bytes: no --value-size of this run"
            )),
            Some(other) if other < self.keys.count => {
                let other = self.keys.text(other);
                Err(format!("the value of another key, {}", shown(&other)))
            }
            _ => Err(format!("{size} bytes that were never written to this key: {}", shown(bytes))),
        }
    }

    fn items(&self, first: u64, items: &[Frame]) -> Result<Found, String> {
        if items.len() as u64 != self.several {
            return Err(format!("expected {} values, found {}", self.several, items.len()));
        }
        let mut all = Found::default();
        for (key, item) in self.keys_of(&Operation::Mget, first).zip(items) {
            let found = match item {
                Frame::Null => MISS,
                Frame::Bulk(bytes) => self.value(key, bytes)?,
                other => return Err(format!("expected a value, found {}", brief(other))),
            };
            all.hits += found.hits;
            all.misses += found.misses;
        }
        Ok(all)
    }

    /// The text protocol leaves out what there is not.
    fn values(&self, first: u64, values: &[(&[u8], &[u8])]) -> Result<Found, String> {
        let mut left = values.iter().peekable();
        let mut all = Found::default();
        for key in self.keys_of(&Operation::Mget, first) {
            let text = self.keys.text(key);
            match left.next_if(|(named, _)| *named == text) {
                Some((_, bytes)) => all.hits += self.value(key, bytes)?.hits,
                None => all.misses += 1,
            }
        }
        match left.next() {
            Some((other, _)) => Err(format!("the value of another key, {}", shown(other))),
            None => Ok(all),
        }
    }
}

fn expected(operation: &Operation) -> &'static str {
    match operation {
        Operation::Get | Operation::Total => "a value or none",
        Operation::Set | Operation::Zero | Operation::Mset => "OK or STORED",
        Operation::Incr => "a positive integer",
        Operation::Mget => "values",
        Operation::Ping => "PONG or VERSION",
        Operation::Custom(_) => "no error",
    }
}

fn kind(reply: &Reply<'_>) -> String {
    match reply {
        Reply::Line(text) | Reply::Error(text) => shown(text),
        Reply::Integer(number) => number.to_string(),
        Reply::Value(_, bytes) => format!("the value {}", shown(bytes)),
        Reply::Values(values) => format!("{} values", values.len()),
        Reply::Nothing => "nothing".to_owned(),
        Reply::Frame(frame) => brief(frame),
    }
}

fn brief(frame: &Frame) -> String {
    let mut bytes = Vec::new();
    frame.encode(purekv::resp::Protocol::Resp3, &mut bytes);
    shown(&bytes)
}
