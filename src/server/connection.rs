//! One client's bytes: requests out of its input, replies into its output.
//!
//! Nothing is read or written here, so that tests need no socket, and any way to wait for sockets will do.
//!
//! All whole requests of the input are carried out in one call, in order, and their replies are in one buffer, for one write. They are decoded some
//! ahead, so that the memory of what they are about can be asked for: see [`Batch`].

use std::fmt;

use super::batch::{Batch, Stop};
use super::gate::Inside;
use super::session::Session;
use super::settings::Server;
use super::worker::Worker;
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
    /// To be closed: all is written.
    Close,
}

/// A connection as a state machine: bytes in, bytes out.
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
    is_closing: bool,
}

impl Connection {
    /// A new connection that this thread serves, of a client at the address `peer`, which is for people to read.
    pub fn new(worker: &Worker, peer: impl Into<String>) -> Self {
        let server = &worker.server;
        let session = Session::new(server, peer.into());
        let mut decoder = RequestDecoder::new(server.settings.limits);
        decoder.set_must_authenticate(!session.is_authenticated);
        Self {
            server: server.clone(),
            session,
            decoder,
            input: Vec::new(),
            room: 0,
            output: Vec::new(),
            written: 0,
            is_closing: false,
        }
    }

    /// Its number: 1, 2, … in the order in which a server's connections are made.
    pub fn id(&self) -> u64 {
        self.session.id
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
            return self.wanted();
        }
        self.advance(worker)
    }

    /// The client sends no more, or is to be sent away: what it has sent and was not carried out is forgotten, and what is to be written remains so.
    pub fn close(&mut self) -> Wanted {
        self.is_closing = true;
        self.input = Vec::new();
        self.session.transaction.discard();
        self.wanted()
    }

    /// Carries out the requests that have come whole, unless too much waits to be written. O(the bytes that are new, and the commands). It waits only for commands that
    /// are one step on several keys, of other workers, and with such a command of its own for those that others are in the middle of: see the module's
    /// documentation. What is wrong in a request is replied, and never a panic.
    pub fn advance(&mut self, worker: &mut Worker) -> Wanted {
        debug_assert!(Arc::ptr_eq(&self.server, &worker.server), "another server's worker");
        worker.lend(&mut self.input, &mut self.output);
        self.carry_out(&mut worker.batch, &mut worker.seat.enter());
        worker.take_back(&mut self.input, &mut self.output);
        self.wanted()
    }

    fn carry_out(&mut self, batch: &mut Batch, inside: &mut Inside<'_>) {
        self.room = 0;
        let mut start = 0;
        while !self.is_closing && !self.is_full() {
            let stop = batch.fill(&mut self.decoder, &mut self.input, &mut start);
            self.answer(batch, inside);
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

    /// What is wanted as things are.
    pub fn wanted(&self) -> Wanted {
        match (self.output().is_empty(), self.is_closing) {
            (true, true) => Wanted::Close,
            (true, false) => Wanted::Read,
            (false, closing) if closing || self.is_full() => Wanted::Write,
            (false, _) => Wanted::Both,
        }
    }

    fn is_full(&self) -> bool {
        self.output().len() > self.server.settings.output
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
