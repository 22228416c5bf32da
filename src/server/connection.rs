//! One client's bytes: requests out of its input, replies into its output.
//!
//! Nothing is read or written here, so that tests need no socket, and any way to wait for sockets will do.
//!
//! All whole requests of the input are carried out in one call, in order, and their replies are in one buffer, for one write. They are decoded some
//! ahead, so that the memory of what they are about can be asked for: see [`Batch`].

use std::fmt;

use super::batch::{Batch, Stop};
use super::clients::{Peer, Seen};
use super::counters::{Tally, Traffic};
use super::session::Session;
use super::settings::Server;
use super::worker::Worker;
use crate::resp::Protocol;
use crate::resp::command::Command;
use crate::resp::encode;
use crate::resp::request::RequestDecoder;
use crate::sync::Arc;

/// An argument may announce more than ever comes: room for it is made by no more than this at once.
const ROOM: usize = 1 << 20;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Bytes of the client: there is nothing to write.
    Read,
    /// That [`Connection::output`] is written. Nothing should be read: there is enough to write already, or it is to be closed afterwards.
    Write,
    /// Either.
    Both,
    /// Nothing yet: its next request has to wait, and [`Worker::woken`] will tell.
    Wait,
    /// To be closed: all is written.
    Close,
}

/// A connection as a state machine: bytes in, bytes out.
///
/// Dropped, it is no longer among those of its server.
pub struct Connection {
    server: Arc<Server>,
    session: Session,
    decoder: RequestDecoder,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Bytes that the request of which a part has come lacks, as far as that is known.
    room: usize,
    /// So much of the input is counted already.
    left: usize,
    /// So much of the output is written.
    written: usize,
    /// The request that the input begins with has to wait.
    is_held: bool,
    /// When the batch began, or the last one: milliseconds since the epoch.
    time: u64,
    is_closing: bool,
}

impl Connection {
    /// A new connection that this thread serves, of this client: a [`Peer`], or just its address.
    pub fn new(worker: &Worker, peer: impl Into<Peer>) -> Self {
        let server = &worker.server;
        let session = Session::new(worker, peer.into());
        Self {
            server: server.clone(),
            decoder: decoder(server, &session),
            input: Vec::new(),
            room: 0,
            left: 0,
            output: Vec::new(),
            written: 0,
            is_held: false,
            time: session.seat.card.since,
            is_closing: false,
            session,
        }
    }

    /// Its number: 1, 2, … in the order in which a server's connections are made.
    pub fn id(&self) -> u64 {
        self.session.id()
    }

    /// What the client has sent and is not used up: add to its end what comes, and call [`advance`](Self::advance). Nothing else may be done to it.
    pub fn input(&mut self, worker: &mut Worker) -> &mut Vec<u8> {
        worker.lend(&mut self.input, &mut self.output);
        self.input.reserve(self.room);
        &mut self.input
    }

    /// Replies that are to be written.
    pub fn output(&self) -> &[u8] {
        &self.output[self.written..]
    }

    /// So many bytes of [`output`](Self::output) are written. If requests had to wait for that, they are carried out now.
    ///
    /// # Panics
    ///
    /// If that is more than there were.
    pub fn written(&mut self, length: usize, worker: &mut Worker) -> Wanted {
        assert!(length <= self.output().len(), "more is written than there was");
        self.written += length;
        let counters = &worker.inbox.counters;
        counters.traffic(Traffic::Output, length);
        counters.traffic(Traffic::Writes, 1);
        if self.written == self.output.len() {
            self.written = 0;
            self.output.clear();
        } else {
            // A long reply is on its way: that is not silence.
            self.time = self.server.database.millis();
        }
        if self.input.is_empty() {
            worker.take_back(&mut self.input, &mut self.output);
            self.show();
            return self.wanted();
        }
        self.advance(worker)
    }

    /// The client sends no more, or is to be sent away: what it has sent and was not carried out is forgotten, and what is to be written remains so.
    pub fn close(&mut self) -> Wanted {
        self.is_closing = true;
        self.input = Vec::new();
        self.is_held = false;
        self.session.transaction.discard();
        self.wanted()
    }

    /// Carries out the requests that have come whole, unless too much waits to be written. O(the bytes that are new, and the commands). What is wrong in a
    /// request is replied, and never a panic.
    ///
    /// It waits only for commands of other workers that are one step on several keys, and with such a command of its own for those that others are in the
    /// middle of: see the module's documentation.
    pub fn advance(&mut self, worker: &mut Worker) -> Wanted {
        debug_assert!(Arc::ptr_eq(&self.server, &worker.server), "another server's worker");
        worker.lend(&mut self.input, &mut self.output);
        self.time = self.server.database.millis();
        if self.input.len() > self.left {
            let counters = &worker.inbox.counters;
            counters.traffic(Traffic::Input, self.input.len() - self.left);
            counters.traffic(Traffic::Reads, 1);
        }
        if !self.session.seat.card.is_killed() {
            self.carry_out(worker);
        }
        self.end_if_it_must();
        self.left = self.input.len();
        worker.take_back(&mut self.input, &mut self.output);
        self.show();
        self.wanted()
    }

    fn carry_out(&mut self, worker: &mut Worker) {
        self.room = 0;
        self.is_held = false;
        let mut start = 0;
        while !self.is_closing && !self.is_full() {
            let stop = worker.batch.fill(&mut self.decoder, &mut self.input, &mut start);
            if let Some((place, until)) = self.answer(worker) {
                worker.hold(self.id(), until);
                self.put_back(&worker.batch, place, start);
                return;
            }
            match stop {
                Stop::Full => {}
                Stop::Empty { missing } => {
                    self.room = missing.min(ROOM);
                    break;
                }
                // What came before it may have been the last that was answered.
                Stop::Fault(_) if self.is_closing => {}
                Stop::Fault(fault) => {
                    worker.inbox.counters.error(b"ERR");
                    self.session.fault(fault, &mut self.output);
                    self.is_closing = true;
                }
            }
        }
        self.drop_input(start);
    }

    /// Makes the requests of a batch, from this place on, what the input begins with, in place of all that is decoded. They are written anew: what was inline cannot be
    /// decoded twice.
    fn put_back(&mut self, batch: &Batch, place: usize, start: usize) {
        let mut bytes = Vec::new();
        for request in (place..).map_while(|place| batch.get(place)) {
            let args = batch.args(request, &self.input);
            encode::request(&mut bytes, args.from(0).collect::<Vec<_>>());
        }
        self.input.splice(..start, bytes);
        self.decoder = decoder(&self.server, &self.session);
        self.is_held = true;
    }

    /// What is wanted as things are.
    pub fn wanted(&self) -> Wanted {
        match (self.output().is_empty(), self.is_closing) {
            (true, true) => Wanted::Close,
            (true, false) if self.is_held => Wanted::Wait,
            (true, false) => Wanted::Read,
            (false, closing) if closing || self.is_full() || self.is_held => Wanted::Write,
            (false, _) => Wanted::Both,
        }
    }

    fn is_full(&self) -> bool {
        self.output().len() > self.server.settings.output
    }

    /// Whether it has said nothing for longer than it may ([`Settings::timeout`](super::Settings::timeout)): to be closed. Whose request waits has said it.
    pub fn is_overdue(&self) -> bool {
        let timeout = self.server.live.timeout.get().cast_unsigned();
        let idle = || self.server.database.millis().saturating_sub(self.time);
        timeout > 0 && !self.is_held && idle() > timeout.saturating_mul(1000)
    }

    /// Who is killed, or does not fetch what it asks for, is closed with what is not written.
    fn end_if_it_must(&mut self) {
        let limit = self.server.live.output_limit.size();
        let is_too_much = limit > 0 && self.output().len() > limit;
        if is_too_much || self.session.seat.card.is_killed() {
            self.written = 0;
            self.output = Vec::new();
            self.close();
        }
    }

    /// Lets others see what has become of it.
    fn show(&self) {
        let session = &self.session;
        session.seat.card.show(&Seen {
            time: self.time,
            command: session.last,
            is_resp3: session.protocol == Protocol::Resp3,
            is_spared: session.is_spared,
            is_held: self.is_held,
            is_closing: self.is_closing,
            queued: session.transaction.length(),
            input: self.input.len(),
            output: self.output().len(),
            memory: self.input.capacity() + self.output.capacity() + size_of::<Self>(),
        });
    }

    /// Carries out the requests of the batch, up to the first that has to wait: its place, and until when.
    fn answer(&mut self, worker: &mut Worker) -> Option<(usize, u64)> {
        let (batch, counters) = (&worker.batch, &worker.inbox.counters);
        let server = &self.server;
        batch.prefetch(&self.input, &server.database);
        let mut inside = worker.gate.enter();
        let mut place = 0;
        while let Some(request) = batch.get(place) {
            let args = batch.args(request, &self.input);
            if (server.pause.may_be() || request.found == Ok(Command::Debug))
                && let Some(until) = self.session.must_wait(server, request.found, args)
            {
                return Some((place, until));
            }
            let gets = if self.session.is_plain() { batch.gets(place) } else { 0 };
            if gets > 0 {
                let keys = batch.keys(place..place + gets, &self.input);
                server.database.get_run(keys, self.session.protocol, &mut self.output);
                counters.command(Command::Get, Tally::Calls, gets as u64);
                self.session.last = Some(Command::Get);
                place += gets;
                inside.look();
                continue;
            }
            if let Ok(command @ (Command::ClientInfo | Command::ClientList)) = request.found {
                self.session.last = Some(command);
                self.show();
            }
            let call = (request.found, args);
            self.session.answer(server, counters, call, &mut inside, &mut self.output);
            inside.look();
            place += 1;
        }
        self.is_closing |= self.session.has_quit;
        self.decoder.set_must_authenticate(!self.session.is_authenticated);
        None
    }

    fn drop_input(&mut self, length: usize) {
        if self.is_closing || length == self.input.len() {
            self.input.clear();
        } else {
            self.input.drain(..length);
        }
    }
}

/// A decoder at the beginning of a request.
fn decoder(server: &Server, session: &Session) -> RequestDecoder {
    let mut limits = server.settings.limits;
    limits.bulk = server.live.longest.size();
    let mut decoder = RequestDecoder::new(limits);
    decoder.set_must_authenticate(!session.is_authenticated);
    decoder
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Connection");
        shown.field("session", &self.session).field("input", &self.input.len());
        shown.field("output", &self.output().len()).field("wanted", &self.wanted()).finish()
    }
}
