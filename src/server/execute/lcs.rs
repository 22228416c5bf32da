//! LCS: the longest common subsequence of two values.
//!
//! By the table of all prefixes, as Redis does it and in its steps: where there are several subsequences of the same length, it has to be the same one.

use super::{Call, Done, Error, SYNTAX};
use crate::resp::encode::Encoder;

/// What is to be replied.
#[derive(Default)]
struct Options {
    length: bool,
    matches: bool,
    match_lengths: bool,
    least: usize,
}

impl Options {
    fn read(call: &Call<'_>) -> Result<Self, Error> {
        let (args, mut options) = (call.args, Self::default());
        let mut place = 3;
        while place < args.len() {
            if args.is(place, "idx") {
                options.matches = true;
            } else if args.is(place, "len") {
                options.length = true;
            } else if args.is(place, "withmatchlen") {
                options.match_lengths = true;
            } else if args.is(place, "minmatchlen") && args.len() > place + 1 {
                place += 1;
                // Below 0 it is 0.
                options.least = usize::try_from(call.integer(place)?).unwrap_or(0);
            } else {
                return Err(SYNTAX.into());
            }
            place += 1;
        }
        if options.length && options.matches {
            return Err("ERR If you want both the length and indexes, please just use IDX.".into());
        }
        Ok(options)
    }
}

/// Lengths for all pairs of prefixes, row by row.
struct Prefixes {
    lengths: Vec<u32>,
    width: usize,
}

impl Prefixes {
    fn new(a: &[u8], b: &[u8]) -> Self {
        let width = b.len() + 1;
        let mut lengths = vec![0; (a.len() + 1) * width];
        for (row, left) in (1..).zip(a) {
            for (column, right) in (1..).zip(b) {
                let at = row * width + column;
                lengths[at] = if left == right {
                    lengths[at - width - 1] + 1
                } else {
                    lengths[at - width].max(lengths[at - 1])
                };
            }
        }
        Self { lengths, width }
    }

    fn length(&self, a: usize, b: usize) -> usize {
        self.lengths[a * self.width + b] as usize
    }
}

/// A run of bytes that is in both: where it begins in each, and how long it is.
#[derive(Clone, Copy)]
struct Match {
    a: usize,
    b: usize,
    length: usize,
}

/// The runs of the subsequence, from the last to the first.
fn matches(a: &[u8], b: &[u8], prefixes: &Prefixes) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    let (mut i, mut j) = (a.len(), b.len());
    while i > 0 && j > 0 {
        if a[i - 1] == b[j - 1] {
            match found.last_mut() {
                Some(run) if run.a == i && run.b == j => {
                    (run.a, run.b, run.length) = (i - 1, j - 1, run.length + 1);
                }
                _ => found.push(Match { a: i - 1, b: j - 1, length: 1 }),
            }
            (i, j) = (i - 1, j - 1);
        } else if prefixes.length(i - 1, j) > prefixes.length(i, j - 1) {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    found
}

pub(super) fn lcs(call: &Call<'_>, reply: &mut Encoder<'_>) -> Done {
    let options = Options::read(call)?;
    // Copies: it may take long, and no thread should be pinned meanwhile.
    let mut values = call.store().get_many(&[call.args.at(1), call.args.at(2)]).into_iter();
    let mut value = || values.next().flatten().unwrap_or_default();
    let (a, b) = (value(), value());
    let size = (a.len() + 1).checked_mul(b.len() + 1).and_then(|cells| cells.checked_mul(4));
    if size.is_none_or(|size| size > call.longest) {
        return Err(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len".into()
        );
    }
    let prefixes = Prefixes::new(&a, &b);
    let length = prefixes.length(a.len(), b.len());
    if options.length {
        reply.integer(length as i64);
        return Ok(());
    }
    let mut found = matches(&a, &b, &prefixes);
    if !options.matches {
        let parts: Vec<_> = found.iter().rev().map(|run| &a[run.a..run.a + run.length]).collect();
        reply.bulk(&parts.concat());
        return Ok(());
    }
    found.retain(|run| run.length >= options.least);
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(found.len());
    for run in found {
        reply.array(2 + usize::from(options.match_lengths));
        for start in [run.a, run.b] {
            reply.array(2);
            reply.integer(start as i64);
            reply.integer((start + run.length - 1) as i64);
        }
        if options.match_lengths {
            reply.integer(run.length as i64);
        }
    }
    reply.bulk(b"len");
    reply.integer(length as i64);
    Ok(())
}
