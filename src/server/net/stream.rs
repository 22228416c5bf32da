//! Sockets of all kinds as one: where clients come from, and what they come with.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
#[cfg(unix)]
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::net as unix;
use std::time::Duration;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockRef, TcpKeepalive, Type};

#[cfg(feature = "server-tls")]
use super::tls::{Acceptor, Tls};
use crate::server::clients::Peer;

const BACKLOG: i32 = 1024;

/// Where clients come from: a socket that listens.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// As Redis names it.
    pub(super) local: String,
    #[cfg(feature = "server-tls")]
    acceptor: Option<Acceptor>,
}

#[derive(Debug)]
enum Socket {
    Tcp(mio::net::TcpListener),
    #[cfg(unix)]
    Unix(mio::net::UnixListener),
}

/// A client's socket.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(mio::net::TcpStream),
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
    #[cfg(feature = "server-tls")]
    Tls(Box<Tls>),
}

/// Who has just come.
pub(super) struct Newcomer {
    pub(super) stream: Stream,
    pub(super) peer: Peer,
    /// Whether the client is on this machine.
    pub(super) is_local: bool,
}

impl Listener {
    /// Clients that come by TCP, to this address. Many of them may come at once (a backlog of 1024).
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // Where this means that an address can be had whose last connections are not quite over.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Self::tcp(socket.into())
    }

    /// Where it listens, if that is by TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Socket::Unix(_) => None,
        }
    }

    /// Clients that come by TCP.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn tcp(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let local = listener.local_addr()?.to_string();
        Ok(Self::of(Socket::Tcp(mio::net::TcpListener::from_std(listener)), local))
    }

    /// Clients of this machine that come by a socket in its file system.
    ///
    /// # Errors
    ///
    /// Those of the system.
    #[cfg(unix)]
    pub fn unix(listener: unix::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let path = address.as_pathname().map(|path| path.display().to_string());
        let local = format!("{}:0", path.unwrap_or_default());
        Ok(Self::of(Socket::Unix(mio::net::UnixListener::from_std(listener)), local))
    }

    /// The same clients, who now must speak TLS.
    #[cfg(feature = "server-tls")]
    #[must_use]
    pub fn tls(mut self, config: std::sync::Arc<rustls::ServerConfig>) -> Self {
        self.acceptor = Some(Acceptor::new(config));
        self
    }

    fn of(socket: Socket, local: String) -> Self {
        Self {
            socket,
            local,
            #[cfg(feature = "server-tls")]
            acceptor: None,
        }
    }

    /// The next client who waits.
    pub(super) fn accept(&self, keepalive: Option<Duration>) -> io::Result<Newcomer> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (socket, address) = listener.accept()?;
                let newcomer = self.tcp_client(socket, address, keepalive);
                // Only this client is lost: it is gone already.
                newcomer.map_err(|error| io::Error::new(io::ErrorKind::ConnectionAborted, error))
            }
            #[cfg(unix)]
            Socket::Unix(listener) => {
                let (socket, _) = listener.accept()?;
                let peer = Peer::new(self.local.clone()).local(self.local.clone());
                let peer = peer.descriptor(socket.as_raw_fd());
                Ok(Newcomer { stream: Stream::Unix(socket), peer, is_local: true })
            }
        }
    }

    fn tcp_client(
        &self,
        socket: mio::net::TcpStream,
        address: SocketAddr,
        keepalive: Option<Duration>,
    ) -> io::Result<Newcomer> {
        socket.set_nodelay(true)?;
        if let Some(time) = keepalive {
            let keepalive = TcpKeepalive::new().with_time(time);
            SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
        }
        let peer = Peer::new(address.to_string()).local(socket.local_addr()?.to_string());
        #[cfg(unix)]
        let peer = peer.descriptor(socket.as_raw_fd());
        let is_local = address.ip().to_canonical().is_loopback();
        #[cfg(feature = "server-tls")]
        if let Some(acceptor) = &self.acceptor {
            let stream = Stream::Tls(Box::new(acceptor.accept(socket)?));
            return Ok(Newcomer { stream, peer, is_local });
        }
        Ok(Newcomer { stream: Stream::Tcp(socket), peer, is_local })
    }

    fn source(&mut self) -> &mut dyn Source {
        match &mut self.socket {
            Socket::Tcp(listener) => listener,
            #[cfg(unix)]
            Socket::Unix(listener) => listener,
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.source().register(registry, token, Interest::READABLE)
    }
}

/// As people are told where it listens: "127.0.0.1:6666", "127.0.0.1:6667 (TLS)", a path.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.socket {
            Socket::Tcp(_) => &self.local,
            #[cfg(unix)]
            Socket::Unix(_) => self.local.trim_end_matches(":0"),
        })?;
        #[cfg(feature = "server-tls")]
        if self.acceptor.is_some() {
            f.write_str(" (TLS)")?;
        }
        Ok(())
    }
}

impl Stream {
    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(socket) => socket,
            #[cfg(unix)]
            Self::Unix(socket) => socket,
            #[cfg(feature = "server-tls")]
            Self::Tls(tls) => tls.socket(),
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.source().register(registry, token, Interest::READABLE)
    }

    /// Whether to be told when it can be written to again.
    pub(super) fn set_awaits_room(
        &mut self,
        registry: &Registry,
        token: Token,
        awaits: bool,
    ) -> io::Result<()> {
        let interest =
            if awaits { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        self.source().reregister(registry, token, interest)
    }

    /// Whether nothing is left to be read when so many bytes have come where more would have had room.
    pub(super) fn is_drained_by_less(&self) -> bool {
        match self {
            #[cfg(feature = "server-tls")]
            Self::Tls(_) => false,
            _ => true,
        }
    }

    /// Tells the other side that nothing follows, where there is a way to do so besides closing.
    pub(super) fn say_farewell(&mut self) {
        #[cfg(feature = "server-tls")]
        if let Self::Tls(tls) = self {
            tls.say_farewell();
        }
    }

    /// Whether something that [`write`](Write::write) took is not with the system yet: [`flush`](Write::flush) it.
    pub(super) fn is_pending(&self) -> bool {
        match self {
            #[cfg(feature = "server-tls")]
            Self::Tls(tls) => tls.is_pending(),
            _ => false,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(buffer),
            #[cfg(unix)]
            Self::Unix(socket) => socket.read(buffer),
            #[cfg(feature = "server-tls")]
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            #[cfg(unix)]
            Self::Unix(socket) => socket.write(bytes),
            #[cfg(feature = "server-tls")]
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            #[cfg(feature = "server-tls")]
            Self::Tls(tls) => tls.flush(),
            _ => Ok(()),
        }
    }
}
