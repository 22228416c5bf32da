//! A connection that comes back: it logs in, and what was chosen on it is chosen again.
//!
//! A command is sent once. Before, the session looks whether the server has closed the connection meanwhile, and opens another; if it is lost afterwards, only a command
//! that reads is sent again, since any other may have been carried out.

use std::time::Duration;

use purekv::resp::command::{Command, Flag};
use purekv::resp::encode;
use purekv::resp::frame::Frame;

use super::connection::{Broken, Connection};
use super::failure::Failure;
use super::state::State;
use super::stream::{Stream, is_late};
use super::target::Place;
use super::tls::Tls;

pub(crate) struct Session {
    pub(crate) place: Place,
    tls: Option<Tls>,
    limit: Option<Duration>,
    pub(crate) state: State,
    connection: Option<Connection>,
}

/// Takes what the server says without having been asked.
pub(crate) type Pushes<'a> = &'a mut dyn FnMut(Vec<Frame>) -> Result<(), Failure>;

impl Session {
    /// Not connected yet. `limit`: on connecting, and on each reply.
    pub(crate) fn new(
        place: Place,
        tls: Option<Tls>,
        limit: Option<Duration>,
        state: State,
    ) -> Self {
        Self { place, tls, limit, state, connection: None }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// To another server, by the same ways.
    pub(crate) fn go_to(&mut self, place: Place) -> Result<(), Failure> {
        self.drop_connection();
        self.place = place;
        self.connect()
    }

    /// The connection itself, for who does not send command by command.
    pub(crate) fn into_connection(mut self) -> Result<Connection, Failure> {
        self.connect()?;
        let source = std::io::ErrorKind::NotConnected.into();
        self.connection.take().ok_or(Failure::Connect { place: self.place, source })
    }

    pub(crate) fn connect(&mut self) -> Result<(), Failure> {
        if self.connection.is_some() {
            return Ok(());
        }
        let stream = Stream::open(&self.place, self.tls.as_ref(), self.limit)
            .map_err(|source| Failure::Connect { place: self.place.clone(), source })?;
        self.connection = Some(Connection::new(stream));
        let mut refused = None;
        for (command, args) in self.state.greeting() {
            let reply = self.exchange(&args, &mut |_| Ok(()))?;
            if let Frame::Error(text) | Frame::BulkError(text) = reply {
                let text = String::from_utf8_lossy(&text).into_owned();
                // The first one is the cause.
                refused.get_or_insert(Failure::Login { place: self.place.clone(), command, text });
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// The reply to a command; `None` if the server has ended, as it was told.
    pub(crate) fn call(
        &mut self,
        args: &[Vec<u8>],
        pushes: Pushes<'_>,
    ) -> Result<Option<Frame>, Failure> {
        self.prepare(args, pushes)?;
        let reply = match self.exchange(args, pushes) {
            Err(Failure::Lost { .. }) if is(args, "shutdown") => return Ok(None),
            Err(Failure::Lost { .. }) if only_reads(args) => {
                self.connect()?;
                self.exchange(args, pushes)?
            }
            reply => reply?,
        };
        self.state.learn(args, &reply);
        Ok(Some(reply))
    }

    /// Sends a command to which there are replies for ever, and gives each to `reply`, until that fails or the connection is lost.
    pub(crate) fn follow(
        &mut self,
        args: &[Vec<u8>],
        reply: &mut dyn FnMut(Frame) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.prepare(args, &mut |items| reply(Frame::Push(items)))?;
        self.send(args)?;
        if let Some(connection) = &self.connection {
            // They may be far between.
            let unlimited = connection.stream.set_limit(None);
            unlimited.map_err(|error| self.broken(args, error.into()))?;
        }
        loop {
            reply(self.receive(args)?)?;
        }
    }

    /// There is a connection now, or an error, and nothing on it that came before.
    fn prepare(&mut self, args: &[Vec<u8>], pushes: Pushes<'_>) -> Result<(), Failure> {
        if let Some(mode) = silenced(args) {
            return Err(Failure::Silenced(mode));
        }
        while let Some(connection) = &mut self.connection {
            match connection.frame_at_once() {
                Ok(Some(Frame::Push(items))) => pushes(items)?,
                Ok(None) => return Ok(()),
                // What it is that nobody has asked for, nobody knows.
                Ok(Some(_)) | Err(_) => {
                    let lost = self.state.begun();
                    self.drop_connection();
                    if let Some(lost) = lost {
                        let (place, command) = (self.place.clone(), name(args));
                        return Err(Failure::Undone { place, lost, command });
                    }
                }
            }
        }
        self.connect()
    }

    fn exchange(&mut self, args: &[Vec<u8>], pushes: Pushes<'_>) -> Result<Frame, Failure> {
        self.send(args)?;
        loop {
            match self.receive(args)? {
                Frame::Push(items) => pushes(items)?,
                reply => return Ok(reply),
            }
        }
    }

    fn send(&mut self, args: &[Vec<u8>]) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        encode::request(&mut bytes, args.iter().map(Vec::as_slice));
        let sent = match &mut self.connection {
            Some(connection) => connection.send(&bytes),
            None => Err(std::io::ErrorKind::NotConnected.into()),
        };
        sent.map_err(|error| self.broken(args, error.into()))
    }

    fn receive(&mut self, args: &[Vec<u8>]) -> Result<Frame, Failure> {
        let frame = match &mut self.connection {
            Some(connection) => connection.frame(),
            None => Err(Broken::Io(std::io::ErrorKind::NotConnected.into())),
        };
        frame.map_err(|broken| self.broken(args, broken))
    }

    /// Whatever happened, a reply that comes later must not be taken for that to another command.
    fn broken(&mut self, args: &[Vec<u8>], broken: Broken) -> Failure {
        self.drop_connection();
        let (place, command) = (self.place.clone(), name(args));
        match (broken, self.limit) {
            (Broken::Io(error), Some(limit)) if is_late(&error) => {
                Failure::Late { place, command, limit }
            }
            (Broken::Io(source), _) => Failure::Lost { place, command, source },
            (Broken::Syntax(source), _) => Failure::NoReply { place, command, source },
        }
    }

    fn drop_connection(&mut self) {
        self.connection = None;
        self.state.forget();
    }
}

/// Whether an argument list is a call of this command.
pub(crate) fn is(args: &[Vec<u8>], name: &str) -> bool {
    args.first().is_some_and(|arg| arg.eq_ignore_ascii_case(name.as_bytes()))
}

/// The command's name. The arguments may be secret.
fn name(args: &[Vec<u8>]) -> String {
    let name = args.first().map(Vec::as_slice).unwrap_or_default();
    name.escape_ascii().to_string().to_ascii_uppercase()
}

fn only_reads(args: &[Vec<u8>]) -> bool {
    let second = args.get(1).map(Vec::as_slice);
    let command = args.first().and_then(|name| Command::find(name, second).ok());
    command.is_some_and(|command| command.spec().is(Flag::ReadOnly))
}

/// Commands after which there are no replies.
fn silenced(args: &[Vec<u8>]) -> Option<String> {
    let [_, reply, mode] = args else {
        return None;
    };
    let is_silent = mode.eq_ignore_ascii_case(b"off") || mode.eq_ignore_ascii_case(b"skip");
    let is_reply = is(args, "client") && reply.eq_ignore_ascii_case(b"reply");
    (is_reply && is_silent).then(|| String::from_utf8_lossy(mode).to_ascii_uppercase())
}
