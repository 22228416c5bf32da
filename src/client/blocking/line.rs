//! One connection: what is sent over it and comes back has a time to end at.
//!
//! The protocol is the redis crate's, its packer and its parser. Its connection is not used, for three things it has no door to: a time-out
//! of a whole call (its own is for each read, so an answer that drips in never ends); a look whether the server has closed the connection, before something is sent over it;
//! and whether anything was sent.

use std::io::{self, ErrorKind, Read, Write};
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use redis::{Cmd, Parser, Value};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::client::address::Place;
use crate::client::batch::{Replies, Request, sealed::Parts};
use crate::client::call;
use crate::client::error::Error;
use crate::client::settings::{Failed, Settings};

/// Bytes of requests that are sent before their replies are read: what fits into the buffers of two sockets, so that a server that waits for us to read
/// does not leave us waiting for it to read.
const PORTION: usize = 64 << 10;

pub(in crate::client) struct Line {
    stream: Stream,
    parser: Parser,
}

/// The line is of no use any more.
pub(in crate::client) struct Broken {
    pub(in crate::client) source: io::Error,
    pub(in crate::client) sent: bool,
}

enum Stream {
    Plain(Timed),
    #[cfg(feature = "client-tls")]
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, Timed>>),
}

/// A socket on which everything ends in time.
struct Timed {
    socket: Socket,
    /// `None`: now, whatever is there.
    until: Option<Instant>,
    /// How long the system waits, for each [`Way`]; zero: for ever.
    armed: [Duration; 2],
    sent: bool,
    /// What it has said last: the parser and TLS hand on less.
    failure: Option<io::Error>,
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

fn left(until: Instant) -> io::Result<Duration> {
    match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

impl Timed {
    fn new(socket: Socket, until: Instant) -> Self {
        Self { socket, until: Some(until), armed: [Duration::ZERO; 2], sent: false, failure: None }
    }

    /// Runs one system call again until it is not interrupted.
    fn run(
        &mut self,
        way: Way,
        mut call: impl FnMut(&mut Socket) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            if let Some(until) = self.until {
                self.arm(way, left(until)?)?;
            }
            let result = call(&mut self.socket);
            match result.as_ref().map_err(io::Error::kind) {
                Err(ErrorKind::Interrupted) => {}
                // As a socket says that its time is over.
                Err(ErrorKind::WouldBlock | ErrorKind::TimedOut) if self.is_over() => {
                    return Err(ErrorKind::TimedOut.into());
                }
                Err(ErrorKind::WouldBlock) if self.until.is_some() => {}
                _ => return result,
            }
        }
    }

    /// Has the socket wait no longer than what is left. A system call is spared when it does already, and not much shorter: it is set to
    /// wake early, to be set again for the rest, so that what is set for one call does for the next.
    fn arm(&mut self, way: Way, left: Duration) -> io::Result<()> {
        const EXACT: Duration = Duration::from_millis(10);
        let armed = &mut self.armed[way as usize];
        if *armed <= left && *armed >= left / 2 {
            return Ok(());
        }
        let limit = if left > EXACT { left - left / 8 } else { left };
        match way {
            Way::In => self.socket.set_read_timeout(Some(limit))?,
            Way::Out => self.socket.set_write_timeout(Some(limit))?,
        }
        *armed = limit;
        Ok(())
    }

    /// Whether the server has said nothing, and not closed it.
    #[cfg(unix)]
    fn has_nothing(&self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        let look = self.socket.recv_with_flags(&mut byte, libc::MSG_PEEK | libc::MSG_DONTWAIT);
        look.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| left(until).is_err())
    }

    fn note(&mut self, result: io::Result<usize>) -> io::Result<usize> {
        result.inspect_err(|error| self.failure = Some(again(error)))
    }
}

/// The same error once more.
fn again(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.run(Way::In, |socket| socket.read(buffer));
        if let Ok(0) = result {
            self.failure = Some(io::Error::new(ErrorKind::UnexpectedEof, "closed by the server"));
        }
        self.note(result)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.run(Way::Out, |socket| socket.write(bytes));
        self.sent |= result.as_ref().is_ok_and(|written| *written > 0);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    fn timed(&mut self) -> &mut Timed {
        match self {
            Self::Plain(timed) => timed,
            #[cfg(feature = "client-tls")]
            Self::Tls(stream) => &mut stream.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(buffer),
            #[cfg(feature = "client-tls")]
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(bytes),
            #[cfg(feature = "client-tls")]
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            #[cfg(feature = "client-tls")]
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A socket that is connected.
fn socket(place: &Place, until: Instant) -> io::Result<Socket> {
    let connect = |domain, address: &SockAddr, limit| {
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.connect_timeout(address, limit)?;
        io::Result::Ok(socket)
    };
    match place {
        Place::Tcp { host, port, .. } => {
            let addresses: Vec<_> = (host.as_str(), *port).to_socket_addrs()?.collect();
            let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
            for (tried, address) in addresses.iter().enumerate() {
                // One that does not answer leaves time for the others.
                let share = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
                let limit = left(until)? / share;
                match connect(Domain::for_address(*address), &(*address).into(), limit) {
                    Ok(socket) => {
                        socket.set_tcp_nodelay(true)?;
                        return Ok(socket);
                    }
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
        Place::Unix(path) => connect(Domain::UNIX, &SockAddr::unix(path)?, left(until)?),
    }
}

impl Line {
    /// Connected, and logged in.
    pub(in crate::client) fn open(settings: &Settings, until: Instant) -> Result<Self, Failed> {
        let timed = Timed::new(socket(&settings.place, until)?, until);
        let mut line = Self { stream: Self::secure(timed, settings)?, parser: Parser::new() };
        let mut login = call::login(&settings.login);
        let request = Request::new(&mut login);
        let values = line.exchange(&request, until).map_err(|broken| broken.source)?;
        match login.decode(&mut Replies::new(values, settings)) {
            Err(Error::Server { text, .. }) => Err(Failed::Login(text)),
            _ => Ok(line),
        }
    }

    #[cfg(not(feature = "client-tls"))]
    fn secure(timed: Timed, _: &Settings) -> io::Result<Stream> {
        Ok(Stream::Plain(timed))
    }

    #[cfg(feature = "client-tls")]
    fn secure(mut timed: Timed, settings: &Settings) -> io::Result<Stream> {
        let Some(tls) = &settings.tls else {
            return Ok(Stream::Plain(timed));
        };
        let mut session = rustls::ClientConnection::new(tls.config.clone(), tls.server.clone())
            .map_err(crate::client::tls::error)?;
        while session.is_handshaking() {
            session.complete_io(&mut timed)?;
        }
        Ok(Stream::Tls(Box::new(rustls::StreamOwned::new(session, timed))))
    }

    /// The line, if the server has neither closed it nor said anything that was not asked for.
    pub(in crate::client) fn if_quiet(mut self) -> Option<Self> {
        #[cfg(unix)]
        if self.stream.timed().has_nothing() {
            return Some(self);
        }
        // With TLS there may be something that is none of our business.
        self.stream.timed().until = None;
        self.stream.timed().socket.set_nonblocking(true).ok()?;
        let said = self.stream.read(&mut [0]);
        self.stream.timed().socket.set_nonblocking(false).ok()?;
        said.is_err_and(|error| error.kind() == ErrorKind::WouldBlock).then_some(self)
    }

    /// Sends, and receives a value for each command.
    pub(in crate::client) fn exchange(
        &mut self,
        request: &Request,
        until: Instant,
    ) -> Result<Vec<Value>, Broken> {
        let timed = self.stream.timed();
        (timed.until, timed.sent, timed.failure) = (Some(until), false, None);
        let mut values = Vec::with_capacity(request.len());
        match self.exchange_all(request.commands.cmd_iter(), &mut values) {
            Ok(()) => Ok(values),
            Err(error) => {
                let timed = self.stream.timed();
                // What the socket has said is nearer to the cause.
                Err(Broken { source: timed.failure.take().unwrap_or(error), sent: timed.sent })
            }
        }
    }

    fn exchange_all<'a>(
        &mut self,
        commands: impl Iterator<Item = &'a Cmd>,
        values: &mut Vec<Value>,
    ) -> io::Result<()> {
        let (mut portion, mut count) = (Vec::new(), 0);
        for command in commands {
            let before = portion.len();
            command.write_packed_command(&mut portion);
            if before > 0 && portion.len() > PORTION {
                self.exchange_portion(&portion[..before], count, values)?;
                portion.drain(..before);
                count = 0;
            }
            count += 1;
        }
        self.exchange_portion(&portion, count, values)?;
        // What came behind the last answer would be taken for the next one.
        let parser = std::mem::take(&mut self.parser);
        if { parser }.parse_value(io::empty()).is_ok() {
            return Err(io::Error::new(ErrorKind::InvalidData, "more replies than commands"));
        }
        Ok(())
    }

    fn exchange_portion(
        &mut self,
        bytes: &[u8],
        count: usize,
        values: &mut Vec<Value>,
    ) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()?;
        for _ in 0..count {
            values.push(self.reply()?);
        }
        Ok(())
    }

    fn reply(&mut self) -> io::Result<Value> {
        loop {
            match self.parser.parse_value(&mut self.stream) {
                // Said to everybody, and to nobody's question.
                Ok(Value::Push { .. }) => {}
                Ok(value) => return Ok(value),
                Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
            }
        }
    }
}
