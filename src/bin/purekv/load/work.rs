//! What a run consists of: operations, keys, values, and how requests are written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purekv::resp::{Protocol as Version, encode::Encoder};
use rand::{Rng, RngExt};

use super::keys::{Keys, Popularity};
use super::operation::{Operation, Part, Template};
use super::sizes::Sizes;
use super::value;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Resp2,
    Resp3,
    /// Its text protocol.
    Memcached,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Resp2 => "RESP2",
            Self::Resp3 => "RESP3",
            Self::Memcached => "memcached",
        }
    }
}

/// The same for all targets of a run.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) keys: Keys,
    pub(crate) popularity: Popularity,
    pub(crate) sizes: Sizes,
    /// From and to.
    pub(crate) ttl: Option<(Duration, Duration)>,
    /// Keys of a request that has several.
    pub(crate) several: u64,
    /// Whether nothing but what this run has written is stored: then values have its sizes.
    pub(crate) is_own: bool,
}

/// From here memcached takes a time-to-live for a date.
const MONTH: u64 = 30 * 24 * 3600;

impl Work {
    /// The numbers of the keys of a request.
    pub(crate) fn keys_of(&self, operation: &Operation, first: u64) -> impl Iterator<Item = u64> {
        let count = match operation {
            Operation::Mget | Operation::Mset => self.several,
            _ => 1,
        };
        (0..count).map(move |place| self.keys.after(first, place))
    }

    /// Appends a request.
    pub(crate) fn write(
        &self,
        protocol: Protocol,
        operation: &Operation,
        key: u64,
        random: &mut impl Rng,
        out: &mut Vec<u8>,
    ) {
        match protocol {
            Protocol::Memcached => self.write_text(operation, key, random, out),
            Protocol::Resp2 | Protocol::Resp3 => self.write_resp(operation, key, random, out),
        }
    }

    fn write_resp(
        &self,
        operation: &Operation,
        key: u64,
        random: &mut impl Rng,
        out: &mut Vec<u8>,
    ) {
        let bulk = |out: &mut Vec<u8>, bytes: &[u8]| Encoder::new(out, Version::Resp2).bulk(bytes);
        let count = |out: &mut Vec<u8>, count| Encoder::new(out, Version::Resp2).array(count);
        match operation {
            Operation::Get | Operation::Total => {
                out.extend_from_slice(b"*2\r\n$3\r\nGET\r\n");
                self.key(key, out);
            }
            Operation::Incr => {
                out.extend_from_slice(b"*2\r\n$4\r\nINCR\r\n");
                self.key(key, out);
            }
            Operation::Set | Operation::Zero => {
                let ttl = self.pick_ttl(random);
                count(out, if ttl.is_some() { 5 } else { 3 });
                out.extend_from_slice(b"$3\r\nSET\r\n");
                self.key(key, out);
                match operation {
                    Operation::Zero => bulk(out, b"0"),
                    _ => self.data(key, random, out),
                }
                if let Some(ttl) = ttl {
                    out.extend_from_slice(b"$2\r\nPX\r\n");
                    // Zero would be refused.
                    bulk(out, ttl.as_millis().max(1).to_string().as_bytes());
                }
            }
            Operation::Mget => {
                count(out, self.several as usize + 1);
                out.extend_from_slice(b"$4\r\nMGET\r\n");
                self.keys_of(operation, key).for_each(|key| self.key(key, out));
            }
            Operation::Mset => {
                count(out, self.several as usize * 2 + 1);
                out.extend_from_slice(b"$4\r\nMSET\r\n");
                self.keys_of(operation, key).for_each(|key| {
                    self.key(key, out);
                    self.data(key, random, out);
                });
            }
            Operation::Ping => out.extend_from_slice(b"*1\r\n$4\r\nPING\r\n"),
            Operation::Custom(template) => self.custom(template, key, random, out),
        }
    }

    fn custom(&self, template: &Template, key: u64, random: &mut impl Rng, out: &mut Vec<u8>) {
        Encoder::new(out, Version::Resp2).array(template.words.len());
        let mut whole = Vec::new();
        for word in &template.words {
            whole.clear();
            for part in word {
                match part {
                    Part::Text(text) => whole.extend_from_slice(text),
                    Part::Key => self.keys.write(key, &mut whole),
                    Part::Data => value::write(key, self.sizes.pick(random), &mut whole),
                }
            }
            Encoder::new(out, Version::Resp2).bulk(&whole);
        }
    }

    fn write_text(
        &self,
        operation: &Operation,
        key: u64,
        random: &mut impl Rng,
        out: &mut Vec<u8>,
    ) {
        match operation {
            Operation::Get | Operation::Mget | Operation::Total => {
                out.extend_from_slice(b"get");
                self.keys_of(operation, key).for_each(|key| {
                    out.push(b' ');
                    self.keys.write(key, out);
                });
            }
            Operation::Incr => {
                out.extend_from_slice(b"incr ");
                self.keys.write(key, out);
                out.extend_from_slice(b" 1");
            }
            Operation::Set | Operation::Zero => {
                out.extend_from_slice(b"set ");
                self.keys.write(key, out);
                out.extend_from_slice(b" 0 ");
                number(self.pick_ttl(random).map_or(0, text_ttl), out);
                out.push(b' ');
                if *operation == Operation::Zero {
                    out.extend_from_slice(b"1\r\n0");
                } else {
                    let size = self.sizes.pick(random);
                    number(size as u64, out);
                    out.extend_from_slice(b"\r\n");
                    value::write(key, size, out);
                }
            }
            // The other two are refused before a run begins; if not, the server refuses them.
            Operation::Ping | Operation::Mset | Operation::Custom(_) => {
                out.extend_from_slice(b"version");
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    fn key(&self, key: u64, out: &mut Vec<u8>) {
        head(self.keys.length(), out);
        self.keys.write(key, out);
        out.extend_from_slice(b"\r\n");
    }

    fn data(&self, key: u64, random: &mut impl Rng, out: &mut Vec<u8>) {
        let size = self.sizes.pick(random);
        head(size, out);
        value::write(key, size, out);
        out.extend_from_slice(b"\r\n");
    }

    fn pick_ttl(&self, random: &mut impl Rng) -> Option<Duration> {
        let (min, max) = self.ttl?;
        Some(if min == max { min } else { random.random_range(min..=max) })
    }

    /// A request as an error shows it.
    pub(crate) fn describe(&self, operation: &Operation, key: u64) -> String {
        let name = operation.name().to_ascii_uppercase();
        let key = String::from_utf8_lossy(&self.keys.text(key)).into_owned();
        match operation {
            Operation::Ping => name,
            Operation::Custom(template) => template.text().replace("__key__", &key),
            Operation::Mget | Operation::Mset => format!("{name} {key} and the next"),
            _ => format!("{name} {key}"),
        }
    }
}

/// Whole seconds, no fewer than it is.
fn text_ttl(ttl: Duration) -> u64 {
    let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
    if seconds <= MONTH {
        return seconds.max(1);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().saturating_add(seconds)
}

/// `$16\r\n`.
fn head(length: usize, out: &mut Vec<u8>) {
    out.push(b'$');
    number(length as u64, out);
    out.extend_from_slice(b"\r\n");
}

#[inline]
fn number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    pub(crate) fn work() -> Work {
        Work {
            keys: Keys::new("k", 4, 100).unwrap(),
            popularity: Popularity::Uniform,
            sizes: Sizes::Fixed(3),
            ttl: None,
            several: 2,
            is_own: true,
        }
    }

    fn written(work: &Work, protocol: Protocol, operation: &Operation) -> String {
        let mut out = Vec::new();
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        work.write(protocol, operation, 99, &mut random, &mut out);
        let value = |key| {
            let mut bytes = Vec::new();
            value::write(key, 3, &mut bytes);
            bytes
        };
        let replace = |text: Vec<u8>, from: &[u8], to: &[u8]| -> Vec<u8> {
            match text.windows(from.len()).position(|window| window == from) {
                Some(at) => [&text[..at], to, &text[at + from.len()..]].concat(),
                None => text,
            }
        };
        let out = replace(out, &value(99), b"V99");
        String::from_utf8(replace(out, &value(0), b"V00")).unwrap().replace("\r\n", "|")
    }

    #[test]
    fn requests_are_what_the_protocols_want() {
        let mut work = work();
        let resp = |work: &Work, operation| written(work, Protocol::Resp2, operation);
        let text = |work: &Work, operation| written(work, Protocol::Memcached, operation);
        assert_eq!(resp(&work, &Operation::Get), "*2|$3|GET|$4|k099|");
        assert_eq!(text(&work, &Operation::Get), "get k099|");
        assert_eq!(resp(&work, &Operation::Set), "*3|$3|SET|$4|k099|$3|V99|");
        assert_eq!(text(&work, &Operation::Set), "set k099 0 0 3|V99|");
        assert_eq!(resp(&work, &Operation::Zero), "*3|$3|SET|$4|k099|$1|0|");
        assert_eq!(text(&work, &Operation::Zero), "set k099 0 0 1|0|");
        assert_eq!(resp(&work, &Operation::Incr), "*2|$4|INCR|$4|k099|");
        assert_eq!(text(&work, &Operation::Incr), "incr k099 1|");
        assert_eq!(resp(&work, &Operation::Mget), "*3|$4|MGET|$4|k099|$4|k000|");
        assert_eq!(text(&work, &Operation::Mget), "get k099 k000|");
        let set = "*5|$4|MSET|$4|k099|$3|V99|$4|k000|$3|V00|";
        assert_eq!(resp(&work, &Operation::Mset), set);
        assert_eq!(resp(&work, &Operation::Ping), "*1|$4|PING|");
        assert_eq!(text(&work, &Operation::Ping), "version|");
        work.ttl = Some((Duration::from_millis(1500), Duration::from_millis(1500)));
        let set = "*5|$3|SET|$4|k099|$3|V99|$2|PX|$4|1500|";
        assert_eq!(resp(&work, &Operation::Set), set);
        assert_eq!(text(&work, &Operation::Set), "set k099 0 2 3|V99|");
        let template = "XADD s:__key__ * f __data__".parse();
        let Ok(super::super::operation::Command::One(custom)) = template else {
            panic!("it is a command");
        };
        let add = "*5|$4|XADD|$6|s:k099|$1|*|$1|f|$3|V99|";
        assert_eq!(resp(&work, &custom), add);
        assert_eq!(work.describe(&custom, 7), "XADD s:k007 * f __data__");
        assert_eq!(work.describe(&Operation::Get, 7), "GET k007");
    }

    #[test]
    fn numbers_and_dates() {
        for value in [0, 7, 10, 12345, u64::MAX] {
            let mut out = Vec::new();
            number(value, &mut out);
            assert_eq!(out, value.to_string().as_bytes());
        }
        assert_eq!(text_ttl(Duration::from_secs(MONTH)), MONTH);
        assert!(text_ttl(Duration::from_secs(MONTH + 1)) > 1_700_000_000);
        assert_eq!(text_ttl(Duration::ZERO), 1);
    }
}
