//! One connection that many calls use at once.
//!
//! The redis crate's multiplexer does that: it gives each its answer by their order, also when one is no longer waited for, so an answer that comes too late is dropped and never the next one's. What is
//! around it is ours: the stream, so that TLS is as for the other face, and the task, so that we know whether the connection is there yet.

use std::io::{self, ErrorKind};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::client::address::Place;
use crate::client::batch::{Replies, Request, sealed::Parts};
use crate::client::call;
use crate::client::error::Error;
use crate::client::settings::{Failed, Settings};

pub(super) struct Line {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream that is connected.
async fn stream(settings: &Settings) -> io::Result<Box<dyn Stream>> {
    let (host, port) = match &settings.place {
        #[cfg(unix)]
        Place::Unix(path) => return Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Place::Unix(_) => return Err(ErrorKind::Unsupported.into()),
        Place::Tcp { host, port, .. } => (host.as_str(), *port),
    };
    let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
    let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    for (tried, address) in addresses.iter().enumerate() {
        // One that does not answer leaves time for the others.
        let share = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let limit = settings.connect_timeout / share;
        match in_time(limit, TcpStream::connect(address)).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return secure(stream, settings).await;
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(not(feature = "client-async-tls"))]
async fn secure(stream: TcpStream, settings: &Settings) -> io::Result<Box<dyn Stream>> {
    // `client-tls` alone is of the face that blocks.
    match &settings.place {
        Place::Tcp { tls: true, .. } => {
            Err(io::Error::new(ErrorKind::Unsupported, "TLS is the feature `client-async-tls`"))
        }
        _ => Ok(Box::new(stream)),
    }
}

#[cfg(feature = "client-async-tls")]
async fn secure(stream: TcpStream, settings: &Settings) -> io::Result<Box<dyn Stream>> {
    let Some(tls) = &settings.tls else {
        return Ok(Box::new(stream));
    };
    let connector = tokio_rustls::TlsConnector::from(tls.config.clone());
    Ok(Box::new(connector.connect(tls.server.clone(), stream).await?))
}

/// As long as it may take.
async fn in_time<T>(limit: Duration, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(limit, future).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

impl Line {
    /// Connected, and logged in, within the time for it.
    pub(super) async fn open(settings: &Settings) -> Result<Self, Failed> {
        let opened =
            tokio::time::timeout(settings.connect_timeout, Self::open_at_leisure(settings));
        opened.await.unwrap_or_else(|_| Err(Failed::Io(ErrorKind::TimedOut.into())))
    }

    async fn open_at_leisure(settings: &Settings) -> Result<Self, Failed> {
        let stream = stream(settings).await?;
        // It has nothing to say by itself; the login is ours, the time is the call's.
        let nobody = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let made = MultiplexedConnection::new_with_config(&nobody, stream, config).await;
        let (connection, driver) = made.map_err(io_error)?;
        let line = Self { connection, driver: tokio::spawn(driver) };
        let mut login = call::login(&settings.login);
        let request = Request::new(&mut login);
        let values = match request.len() {
            0 => Vec::new(),
            _ => line.exchange(&request).await?,
        };
        match login.decode(&mut Replies::new(values, settings)) {
            Err(Error::Server { text, .. }) => Err(Failed::Login(text)),
            _ => Ok(line),
        }
    }

    /// Whether it was when its task was last awake.
    pub(super) fn is_open(&self) -> bool {
        !self.driver.is_finished()
    }

    pub(super) async fn exchange(&self, request: &Request) -> io::Result<Vec<Value>> {
        let mut connection = self.connection.clone();
        let sent = connection.send_packed_commands(&request.commands, 0, request.len());
        let values = sent.await.map_err(io_error)?;
        if values.len() != request.len() {
            return Err(io::Error::new(ErrorKind::InvalidData, "not a reply for each command"));
        }
        Ok(values)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // It might wait for answers for ever.
        self.driver.abort();
    }
}

fn io_error(error: RedisError) -> io::Error {
    let kind = if error.is_connection_dropped() || error.is_io_error() {
        ErrorKind::ConnectionAborted
    } else {
        ErrorKind::InvalidData
    };
    io::Error::new(kind, error)
}
