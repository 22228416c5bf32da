//! One client's bytes: requests out of its input, replies into its output.
//!
//! Nothing is read or written here, so that tests need no socket, and any way to wait for sockets will do.
//!
//! All whole requests of the input are carried out in one call, in order, and their replies are in one buffer, for one write. They are decoded some
//! ahead, so that the memory of what they are about can be asked for: see [`Batch`].

use std::fmt;

use super::batch::{Batch, Stop};
use super::clients::{Peer, Seen};
use super::execute::RUN;
use super::gate::Inside;
use super::session::Session;
use super::settings::Server;
use super::worker::Worker;
use crate::resp::Protocol;
use crate::resp::command::Command;
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
    /// So much of the output is written.
    written: usize,
    /// The length of a request at the start of the input that is decoded and has to wait.
    held: Option<usize>,
    /// When the batch began, or the last one: milliseconds since the epoch.
    time: u64,
    is_closing: bool,
}

impl Connection {
    /// A new connection that this thread serves, of this client: a [`Peer`], or just its address.
    pub fn new(worker: &Worker, peer: impl Into<Peer>) -> Self {
        let server = &worker.server;
        let session = Session::new(worker, peer.into());
        let mut decoder = RequestDecoder::new(server.settings.limits);
        decoder.set_must_authenticate(!session.is_authenticated);
        Self {
            server: server.clone(),
            decoder,
            input: Vec::new(),
            room: 0,
            output: Vec::new(),
            written: 0,
            held: None,
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
        if self.written == self.output.len() {
            self.written = 0;
            self.output.clear();
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
        self.held = None;
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
        if !self.session.seat.card.is_killed() {
            self.carry_out(worker);
        }
        self.end_if_it_must();
        worker.take_back(&mut self.input, &mut self.output);
        self.show();
        self.wanted()
    }

    fn carry_out(&mut self, worker: &mut Worker) {
        self.room = 0;
        let mut start = 0;
        if let Some(length) = self.held.take_if(|_| !self.is_closing) {
            // It was decoded when it came, and that cannot be done twice: what is inline is rewritten.
            worker.batch.again(&self.decoder, &self.input);
            if self.must_wait(worker) {
                self.held = Some(length);
                return;
            }
            self.answer(&worker.batch, &mut worker.gate.enter());
            start = length;
        }
        while !self.is_closing && !self.is_full() {
            let first = start;
            // One by one, since each may have to wait.
            let is_paused = self.server.pause.may_be();
            let most = if is_paused { 1 } else { RUN };
            let stop = worker.batch.fill(most, &mut self.decoder, &mut self.input, &mut start);
            if is_paused && self.must_wait(worker) {
                self.drop_input(first);
                self.held = Some(start - first);
                return;
            }
            self.answer(&worker.batch, &mut worker.gate.enter());
            match stop {
                Stop::Full => {}
                Stop::Empty { missing } => {
                    self.room = missing.min(ROOM);
                    break;
                }
                // What came before it may have been the last that was answered.
                Stop::Fault(_) if self.is_closing => {}
                Stop::Fault(fault) => {
                    self.session.fault(fault, &mut self.output);
                    self.is_closing = true;
                }
            }
        }
        self.drop_input(start);
    }

    /// Whether the one request of the batch has to wait. If so, it is looked at again when that may be over.
    fn must_wait(&self, worker: &mut Worker) -> bool {
        let Some(request) = worker.batch.get(0) else { return false };
        let count = worker.batch.args(request, &self.input).len();
        let until = self.session.must_wait(&self.server, request.found, count);
        until.inspect(|&until| worker.hold(self.id(), until)).is_some()
    }

    /// What is wanted as things are.
    pub fn wanted(&self) -> Wanted {
        match (self.output().is_empty(), self.is_closing) {
            (true, true) => Wanted::Close,
            (true, false) if self.held.is_some() => Wanted::Wait,
            (true, false) => Wanted::Read,
            (false, closing) if closing || self.is_full() || self.held.is_some() => Wanted::Write,
            (false, _) => Wanted::Both,
        }
    }

    fn is_full(&self) -> bool {
        self.output().len() > self.server.settings.output
    }

    /// Whether it has said nothing for longer than it may ([`Settings::timeout`](super::Settings::timeout)): to be closed. Whose request waits has said it.
    pub fn is_overdue(&self) -> bool {
        let Some(timeout) = self.server.settings.timeout else { return false };
        let idle = self.server.database.millis().saturating_sub(self.time);
        self.held.is_none() && u128::from(idle) > timeout.as_millis()
    }

    /// Who is killed, or does not fetch what it asks for, is closed with what is not written.
    fn end_if_it_must(&mut self) {
        let limit = self.server.settings.output_limit;
        let is_too_much = limit.is_some_and(|limit| self.output().len() > limit);
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
            is_held: self.held.is_some(),
            is_closing: self.is_closing,
            queued: session.transaction.length(),
            input: self.input.len(),
            output: self.output().len(),
            memory: self.input.capacity() + self.output.capacity() + size_of::<Self>(),
        });
    }

    /// Carries out the requests of a batch.
    fn answer(&mut self, batch: &Batch, inside: &mut Inside<'_>) {
        let database = &self.server.database;
        batch.prefetch(&self.input, database);
        let mut place = 0;
        while let Some(request) = batch.get(place) {
            let gets = if self.session.is_plain() { batch.gets(place) } else { 0 };
            if gets > 0 {
                let keys = batch.keys(place..place + gets, &self.input);
                database.get_run(keys, self.session.protocol, &mut self.output);
                place += gets;
                inside.look();
                continue;
            }
            if let Ok(command @ (Command::ClientInfo | Command::ClientList)) = request.found {
                self.session.last = Some(command);
                self.show();
            }
            let args = batch.args(request, &self.input);
            self.session.answer(&self.server, request.found, args, inside, &mut self.output);
            inside.look();
            place += 1;
        }
        self.is_closing |= self.session.has_quit();
        self.decoder.set_must_authenticate(!self.session.is_authenticated);
    }

    fn drop_input(&mut self, length: usize) {
        if self.is_closing || length == self.input.len() {
            self.input.clear();
        } else {
            self.input.drain(..length);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Connection");
        shown.field("session", &self.session).field("input", &self.input.len());
        shown.field("output", &self.output().len()).field("wanted", &self.wanted()).finish()
    }
}
