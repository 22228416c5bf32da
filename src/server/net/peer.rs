//! One connection with its socket.

use std::io::{self, ErrorKind, Read, Write};

use super::stream::Stream;
use crate::server::{Connection, Wanted, Worker};

/// So often a connection is read from before it is another's turn.
const READS: usize = 2;

/// What is to be done about a connection after all that goes without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing until its socket, or somebody else, has something to say.
    Waits,
    /// It could go on, but the others come first.
    More,
    /// It is over.
    Over,
}

/// A client: its connection, and its socket as far as we know it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) stream: Stream,
    pub(super) connection: Connection,
    /// There may be something to be read: the system tells once, and this is kept until it said that there is nothing.
    pub(super) is_readable: bool,
    pub(super) is_writable: bool,
    /// The other side sends no more, or there is an error: what is to be read ends with that, and the system does not tell twice.
    pub(super) has_end: bool,
    /// The server ends: what has come is carried out, and then it is over.
    is_last: bool,
    /// It is among those that can go on: once, so that it has one turn in each round.
    pub(super) is_ready: bool,
    /// The system was asked to tell when there is room to write.
    pub(super) awaits_room: bool,
}

impl Client {
    pub(super) fn new(stream: Stream, connection: Connection) -> Self {
        Self {
            stream,
            connection,
            is_readable: true,
            is_writable: true,
            has_end: false,
            is_last: false,
            is_ready: false,
            awaits_room: false,
        }
    }

    /// Writes, reads and carries out what it can. An error of the socket is the end of the client, and nobody else's business.
    pub(super) fn go_on(&mut self, worker: &mut Worker, buffer: &mut [u8]) -> Turn {
        self.turn(worker, buffer).unwrap_or(Turn::Over)
    }

    /// Carries out what it had to wait for.
    pub(super) fn resume(&mut self, worker: &mut Worker, buffer: &mut [u8]) -> Turn {
        self.connection.advance(worker);
        self.go_on(worker, buffer)
    }

    /// The server ends: carries out what has come, as its replies are fetched, and closes it when there is nothing more to be read.
    pub(super) fn finish(&mut self, worker: &mut Worker, buffer: &mut [u8]) -> Turn {
        self.is_last = true;
        // The system has not been asked since it said that there is nothing.
        self.is_readable = true;
        self.go_on(worker, buffer)
    }

    /// Whether something waits for room to be written.
    pub(super) fn lacks_room(&self) -> bool {
        !self.connection.output().is_empty() || self.stream.is_pending()
    }

    fn turn(&mut self, worker: &mut Worker, buffer: &mut [u8]) -> io::Result<Turn> {
        for _ in 0..READS {
            let mut wanted = self.write(worker)?;
            if self.is_last && self.is_through(wanted) {
                wanted = self.connection.close();
            }
            match wanted {
                Wanted::Close => {
                    self.stream.say_farewell();
                    return Ok(if self.stream.is_pending() { Turn::Waits } else { Turn::Over });
                }
                Wanted::Write | Wanted::Wait => return Ok(Turn::Waits),
                Wanted::Read | Wanted::Both => {}
            }
            if !self.is_readable || !self.read(worker, buffer)? {
                return Ok(Turn::Waits);
            }
        }
        Ok(Turn::More)
    }

    /// Whether nothing more can be carried out when the server ends: all is read, or nobody will tell what waits to go on.
    fn is_through(&self, wanted: Wanted) -> bool {
        match wanted {
            Wanted::Read | Wanted::Both => !self.is_readable,
            Wanted::Wait => true,
            Wanted::Write | Wanted::Close => false,
        }
    }

    /// Writes what there is, as far as there is room. What the connection wants then.
    fn write(&mut self, worker: &mut Worker) -> io::Result<Wanted> {
        let mut wanted = self.connection.wanted();
        while self.is_writable && self.lacks_room() {
            let done = match self.connection.output() {
                [] => self.stream.flush().map(|()| 0),
                output => match self.stream.write(output) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    done => done,
                },
            };
            match done {
                Ok(length) => wanted = self.connection.written(length, worker),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(wanted)
    }

    /// Reads once, and has the connection carry out what came. Whether to go on.
    fn read(&mut self, worker: &mut Worker, buffer: &mut [u8]) -> io::Result<bool> {
        match self.stream.read(buffer) {
            Ok(0) => {
                self.is_readable = false;
                self.connection.close();
            }
            Ok(length) => {
                let is_drained = length < buffer.len() && self.stream.is_drained_by_less();
                self.is_readable = self.has_end || self.is_last || !is_drained;
                self.connection.input(worker).extend_from_slice(&buffer[..length]);
                self.connection.advance(worker);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.is_readable = false;
                // A handshake answers without anything to be read.
                return Ok(self.is_last || self.stream.is_pending() && self.is_writable);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}
