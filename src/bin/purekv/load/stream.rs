//! A connection's socket: by TCP or in the file system.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use mio::event::Source;
use mio::{Interest, Registry, Token};

use crate::cli::Place;

/// Where a target is, once its name has been looked up.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    #[cfg_attr(not(unix), allow(dead_code, reason = "there are none"))]
    Unix(PathBuf),
}

/// A socket that blocks, for what goes before the load.
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// A socket that does not block.
pub(crate) enum Stream {
    Tcp(mio::net::TcpStream),
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
}

/// Calls a method that both kinds have.
macro_rules! either {
    ($kind:ident, $socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            $kind::Tcp($stream) => $call,
            #[cfg(unix)]
            $kind::Unix($stream) => $call,
        }
    };
}

impl Address {
    /// The first of a name's addresses that takes a connection, and the connection.
    pub(crate) fn find(place: &Place, limit: Duration) -> io::Result<(Self, Socket)> {
        let (host, port) = match place {
            Place::Tcp { host, port } => (host, port),
            Place::Unix(path) => {
                let address = Self::Unix(path.clone());
                let socket = address.connect(limit)?;
                return Ok((address, socket));
            }
        };
        let mut failure = io::Error::other("the name has no address");
        for address in (host.as_str(), *port).to_socket_addrs()? {
            let address = Self::Tcp(address);
            match address.connect(limit) {
                Ok(socket) => return Ok((address, socket)),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Each read and write on it takes no longer than `limit` either.
    pub(crate) fn connect(&self, limit: Duration) -> io::Result<Socket> {
        let limit = limit.max(Duration::from_millis(1));
        let socket = match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, limit)?;
                stream.set_nodelay(true)?;
                Socket::Tcp(stream)
            }
            #[cfg(unix)]
            Self::Unix(path) => Socket::Unix(UnixStream::connect(path)?),
            #[cfg(not(unix))]
            Self::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        either!(Socket, &socket, stream => stream.set_read_timeout(Some(limit)))?;
        either!(Socket, &socket, stream => stream.set_write_timeout(Some(limit)))?;
        Ok(socket)
    }
}

impl Socket {
    /// Whether who listens is on this machine, as far as addresses tell.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(stream) => match (stream.peer_addr(), stream.local_addr()) {
                (Ok(peer), Ok(own)) => peer.ip().is_loopback() || peer.ip() == own.ip(),
                _ => false,
            },
            #[cfg(unix)]
            Self::Unix(_) => true,
        }
    }

    /// From now on it does not block.
    pub(crate) fn into_stream(self) -> io::Result<Stream> {
        either!(Socket, &self, stream => stream.set_nonblocking(true))?;
        Ok(match self {
            Self::Tcp(stream) => Stream::Tcp(mio::net::TcpStream::from_std(stream)),
            #[cfg(unix)]
            Self::Unix(stream) => Stream::Unix(mio::net::UnixStream::from_std(stream)),
        })
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(Socket, self, stream => stream.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        either!(Socket, self, stream => stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        either!(Socket, self, stream => stream.flush())
    }
}

impl Stream {
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        either!(Stream, self, stream => stream.register(registry, token, Interest::READABLE))
    }

    /// Whether a poll is to wake when more can be written. A socket of the file system would wake it for each request that the server reads, so
    /// nobody asks for that without need.
    pub(crate) fn await_room(
        &mut self,
        registry: &Registry,
        token: Token,
        wanted: bool,
    ) -> io::Result<()> {
        let interest =
            if wanted { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        either!(Stream, self, stream => stream.reregister(registry, token, interest))
    }
}

impl Read for Stream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(Stream, self, stream => stream.read(buffer))
    }
}

impl Write for Stream {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        either!(Stream, self, stream => stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
