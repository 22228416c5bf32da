//! The bytes of a connection: TCP or a socket of the file system, with TLS or without.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use super::target::Place;
use super::tls::Tls;

pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Calls a method that both kinds of socket have.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Tcp($stream) => $call,
            #[cfg(unix)]
            Socket::Unix($stream) => $call,
        }
    };
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(self, stream => stream.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        either!(self, stream => stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        either!(self, stream => stream.flush())
    }
}

pub(crate) enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Stream {
    /// `limit`: on connecting, and on each read and write.
    pub(crate) fn open(
        place: &Place,
        tls: Option<&Tls>,
        limit: Option<Duration>,
    ) -> io::Result<Self> {
        let socket = match place {
            Place::Tcp { host, port } => Socket::Tcp(connect(host, *port, limit)?),
            Place::Unix(path) => unix(path)?,
        };
        let mut stream = match tls {
            None => Self::Plain(socket),
            Some(tls) => {
                let host = match place {
                    Place::Tcp { host, .. } => host.as_str(),
                    Place::Unix(_) => "localhost",
                };
                Self::Tls(Box::new(StreamOwned::new(tls.connection(host)?, socket)))
            }
        };
        stream.set_limit(limit)?;
        if let Self::Tls(tls) = &mut stream {
            // Now, so that a certificate is refused where a connection is expected to be.
            tls.conn.complete_io(&mut tls.sock)?;
        }
        Ok(stream)
    }

    fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    pub(crate) fn set_limit(&self, limit: Option<Duration>) -> io::Result<()> {
        either!(self.socket(), stream => {
            stream.set_read_timeout(limit)?;
            stream.set_write_timeout(limit)
        })
    }

    /// What `work` does at once; `None` if it would have to wait.
    pub(crate) fn at_once<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        either!(self.socket(), stream => stream.set_nonblocking(true))?;
        let done = work(self);
        either!(self.socket(), stream => stream.set_nonblocking(false))?;
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error) if is_late(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether an error says that there was nothing in time.
pub(crate) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// To the first address of the host that answers.
fn connect(host: &str, port: u16, limit: Option<Duration>) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        let stream = match limit {
            Some(limit) => TcpStream::connect_timeout(&address, limit),
            None => TcpStream::connect(address),
        };
        match stream {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(unix)]
fn unix(path: &Path) -> io::Result<Socket> {
    UnixStream::connect(path).map(Socket::Unix)
}

#[cfg(not(unix))]
fn unix(_: &Path) -> io::Result<Socket> {
    Err(io::Error::new(ErrorKind::Unsupported, "there are no such sockets here"))
}
