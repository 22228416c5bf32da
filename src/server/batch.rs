//! Requests that are decoded and carried out together.
//!
//! A request is worth little more than the two or three waits for memory that it takes, for the bucket and the entry of its key. So requests are
//! decoded before the first of them is carried out, up to [`RUN`](super::execute::RUN) of them, and all that memory is asked for at once. Then they are carried out one
//! by one, in order, but for runs of GETs, each of which is one look-up of many. (`redis-benchmark -t set -d 64 -r 1000000 -P 64`, before
//! and after: 0.9 µs of the server's processor time a SET, and 0.44.)
//!
//! A batch ends with the first request whose first argument is no key: it may change how what follows is to be understood, as AUTH does, or whether
//! it is to be carried out at all, as QUIT. What follows is decoded after it.

use std::ops::Range;

use super::args::Args;
use super::execute::{Database, RUN};
use crate::resp::command::{Command, Unknown};
use crate::resp::error::RequestFault;
use crate::resp::request::{Decoded, RequestDecoder, Span};

/// The vector of arguments is not kept when it has grown beyond this.
const KEPT: usize = 16 << 10;

/// Why no more requests were decoded.
pub(super) enum Stop {
    /// They are as many as can be carried out together.
    Full,
    /// The input has no whole request more: so many bytes are missing, at least.
    Empty { missing: usize },
    /// What follows is no request.
    Fault(RequestFault),
}

/// A request that was decoded.
pub(super) struct Pending {
    pub(super) found: Result<Command, Unknown>,
    /// Its arguments, among the batch's spans.
    arguments: Range<usize>,
}

impl Pending {
    /// A GET that needs nothing but the store.
    fn is_get(&self) -> bool {
        self.found == Ok(Command::Get) && self.arguments.len() == 2
    }

    /// Whether its first argument is a key.
    fn has_key(&self) -> bool {
        let is_first =
            |command: Command| command.spec().keys.first().is_some_and(|keys| keys.first == 1);
        self.arguments.len() > 1 && self.found.is_ok_and(is_first)
    }
}

/// The requests that come next, as places in a connection's input. It belongs to the thread, and is used by one connection after the other.
#[derive(Default)]
pub(super) struct Batch {
    requests: Vec<Pending>,
    spans: Vec<Span>,
}

impl Batch {
    /// Decodes the requests of `input` from `start` on, and moves that behind them. Nothing may be added to or taken from the input until they
    /// are carried out.
    pub(super) fn fill(
        &mut self,
        decoder: &mut RequestDecoder,
        input: &mut [u8],
        start: &mut usize,
    ) -> Stop {
        self.requests.clear();
        self.spans.clear();
        self.spans.shrink_to(KEPT);
        while self.requests.len() < RUN {
            match decoder.decode(&mut input[*start..]) {
                Ok(Decoded::Request { length }) => {
                    self.push(decoder.arguments(), *start, input);
                    *start += length;
                    if !self.requests.last().is_some_and(Pending::has_key) {
                        break;
                    }
                }
                Ok(Decoded::Skipped { length }) => *start += length,
                Ok(Decoded::Partial { missing }) => return Stop::Empty { missing },
                Err(error) => return Stop::Fault(error.fault),
            }
        }
        Stop::Full
    }

    #[inline]
    fn push(&mut self, arguments: &[Span], start: usize, input: &[u8]) {
        let first = self.spans.len();
        self.spans.extend(arguments.iter().map(|span| span.after(start)));
        let args = Args::new(input, &self.spans[first..]);
        let found = Command::find(args.at(0), args.get(1));
        self.requests.push(Pending { found, arguments: first..self.spans.len() });
    }

    pub(super) fn get(&self, place: usize) -> Option<&Pending> {
        self.requests.get(place)
    }

    pub(super) fn args<'a>(&'a self, request: &Pending, input: &'a [u8]) -> Args<'a> {
        Args::new(input, &self.spans[request.arguments.clone()])
    }

    /// How many requests from this place on are GETs.
    pub(super) fn gets(&self, place: usize) -> usize {
        self.requests[place..].iter().take_while(|request| request.is_get()).count()
    }

    /// The first keys of some of the requests.
    pub(super) fn keys<'a>(
        &'a self,
        places: Range<usize>,
        input: &'a [u8],
    ) -> impl Iterator<Item = &'a [u8]> {
        self.requests[places].iter().map(|request| self.args(request, input).at(1))
    }

    /// Asks for the memory of what the requests are about. GETs do it themselves; for one alone there is nothing to be done meanwhile.
    pub(super) fn prefetch(&self, input: &[u8], database: &Database) {
        let is_asked = |request: &&Pending| request.has_key() && !request.is_get();
        if self.requests.len() > 1 {
            let asked = self.requests.iter().filter(is_asked);
            database.prefetch(asked.map(|request| self.args(request, input).at(1)));
        }
    }
}
