//! How a client is to be.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::{self, Place};
use super::blocking::Client;
use super::error::Error;

/// A version of the Redis protocol. The operations are the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// Every server speaks it.
    #[default]
    Resp2,
    /// Since Redis 6.
    Resp3,
}

/// Who comes, and how.
#[derive(Clone, Default)]
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: u32,
    pub(super) protocol: Protocol,
    pub(super) name: Option<String>,
}

/// What both faces know.
pub(super) struct Settings {
    /// For messages.
    pub(super) address: Arc<str>,
    pub(super) place: Place,
    pub(super) login: Login,
    pub(super) connect_timeout: Duration,
    pub(super) call_timeout: Duration,
    pub(super) pool_size: Option<usize>,
    pub(super) attempts: u32,
    pub(super) pause: Duration,
    #[cfg(feature = "client-tls")]
    pub(super) tls: Option<super::tls::Tls>,
}

impl Settings {
    /// When a call that begins now is to have ended.
    pub(super) fn until(&self) -> Instant {
        after(self.call_timeout)
    }
}

/// What becomes of a call, as its user is told.
impl Settings {
    pub(super) fn login(&self, text: String) -> Error {
        Error::Login { address: self.address.clone(), text }
    }

    pub(super) fn exhausted(&self, operation: &'static str, size: usize) -> Error {
        let (address, limit) = (self.address.clone(), self.call_timeout);
        Error::Exhausted { address, operation, size, limit }
    }

    pub(super) fn timed_out(&self, operation: &'static str, sent: bool) -> Error {
        Error::TimedOut { address: self.address.clone(), operation, limit: self.call_timeout, sent }
    }

    /// No connection; of the call's time there is so much left.
    pub(super) fn no_connection(
        &self,
        operation: &'static str,
        source: io::Error,
        left: Duration,
    ) -> Error {
        if left.is_zero() {
            return self.timed_out(operation, false);
        }
        let source = match source.kind() {
            io::ErrorKind::TimedOut => {
                let text = format!("not within {:?}", self.connect_timeout);
                io::Error::new(source.kind(), text)
            }
            _ => source,
        };
        Error::Connect { address: self.address.clone(), source }
    }

    /// The connection is of no use any more.
    pub(super) fn broken(&self, operation: &'static str, source: io::Error, sent: bool) -> Error {
        match source.kind() {
            // The call's own time; a network may have others.
            io::ErrorKind::TimedOut if source.raw_os_error().is_none() => {
                self.timed_out(operation, sent)
            }
            _ => Error::Lost { address: self.address.clone(), operation, sent, source },
        }
    }
}

/// Why there is no connection.
pub(super) enum Failed {
    Io(io::Error),
    Login(String),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Whether to try again would end as this: there is a server, and TLS does not like it, or it is no server of ours.
pub(super) fn is_for_good(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::Unsupported)
}

/// This long from now, or as long as there is a time to be named.
pub(super) fn after(duration: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    let now = Instant::now();
    now.checked_add(duration).unwrap_or_else(|| now + YEAR)
}

/// Settings for a new client.
///
/// An address is
///
/// | | |
/// |---|---|
/// | `host:port`, `host` | TCP; the port is 6379 unless given |
/// | `redis://user:password@host:port/database` | the same as a URL, with what is needed of it; `?protocol=resp3` |
/// | `rediss://…` | TLS (feature `client-tls`; `client-async-tls` for both faces) |
/// | `unix:/path`, `unix:///path?user=…&pass=…&db=…` | a Unix socket |
///
/// In user and password of a URL, what is no letter or digit is written as `%` and two hexadecimal digits.
#[must_use]
#[derive(Clone)]
pub struct Builder {
    address: String,
    user: Option<String>,
    password: Option<String>,
    database: Option<u32>,
    protocol: Option<Protocol>,
    name: Option<String>,
    connect_timeout: Duration,
    call_timeout: Duration,
    pool_size: Option<usize>,
    attempts: u32,
    pause: Duration,
    #[cfg(feature = "client-tls")]
    certificates: super::tls::Certificates,
}

impl Builder {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            user: None,
            password: None,
            database: None,
            protocol: None,
            name: None,
            connect_timeout: Duration::from_secs(2),
            call_timeout: Duration::from_secs(2),
            pool_size: None,
            attempts: 1,
            pause: Duration::from_millis(100),
            #[cfg(feature = "client-tls")]
            certificates: super::tls::Certificates::default(),
        }
    }

    /// The user, for servers with several; goes with [`password`](Self::password). What is set goes before what the address says, here as below.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The database, by its number; 0 by default. A purekv server has one.
    pub fn database(mut self, database: u32) -> Self {
        self.database = Some(database);
        self
    }

    /// The version of the protocol; RESP2 by default.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// What the server is to call our connections, in its lists.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long a new connection may take, with TLS and login, within the time of the call that needs it; 2 s by default.
    ///
    /// What is beyond our hands is the face that blocks asking the system for the addresses of a host name: that takes what it takes.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a call may take, whatever happens in it: waiting for a connection of the pool, connecting, sending, and all of the answer, however it drips in;
    /// 2 s by default.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// How many connections there may be, at least 1; by default 16, and 2 for the asynchronous face. They are made as they are needed.
    ///
    /// A call of the face that blocks has one to itself, and waits for one when all are in use. The asynchronous face sends many calls over each at once, so it needs more than one
    /// only that a long answer does not hold up all others.
    pub fn pool_size(mut self, size: usize) -> Self {
        self.pool_size = Some(size.max(1));
        self
    }

    /// How often a connection is tried for before the call that needs it fails, with a pause in between, as long as the call has time: for servers that are just being started again. Once by default.
    /// A server that is there and does not let us in is not asked twice.
    pub fn connect_attempts(mut self, attempts: u32, pause: Duration) -> Self {
        (self.attempts, self.pause) = (attempts.max(1), pause);
        self
    }

    /// The certificates to trust, in PEM: only these, and not the system's.
    #[cfg(feature = "client-tls")]
    pub fn tls_roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.roots = Some(pem.into());
        self
    }

    /// Our own certificate, with those it rests on, and its key, in PEM: for servers that ask for one.
    #[cfg(feature = "client-tls")]
    pub fn tls_identity(
        mut self,
        certificates: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.certificates.identity = Some((certificates.into(), key.into()));
        self
    }

    /// Makes a client, and no connection as yet: there need be no server.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] and [`Error::Tls`].
    pub fn build(self) -> Result<Client, Error> {
        Ok(Client::new(self.settings()?))
    }

    /// Makes a client, and one connection, so that what is wrong is known at once.
    ///
    /// # Errors
    ///
    /// Besides those of [`build`](Self::build): those of [`Client::ping`].
    pub fn connect(self) -> Result<Client, Error> {
        let client = self.build()?;
        client.ping()?;
        Ok(client)
    }

    pub(super) fn settings(self) -> Result<Settings, Error> {
        let address::Parsed { place, mut login, shown } = address::parse(&self.address)?;
        login.user = self.user.or(login.user);
        login.password = self.password.or(login.password);
        login.database = self.database.unwrap_or(login.database);
        login.protocol = self.protocol.unwrap_or(login.protocol);
        login.name = self.name;
        let address: Arc<str> = shown.into();
        if login.user.is_some() && login.password.is_none() {
            let reason = "there is a user without a password".to_owned();
            return Err(Error::Address { address: address.to_string(), reason });
        }
        Ok(Settings {
            #[cfg(feature = "client-tls")]
            tls: super::tls::Tls::new(&place, &self.certificates, &address)?,
            address,
            place,
            login,
            connect_timeout: self.connect_timeout,
            call_timeout: self.call_timeout,
            pool_size: self.pool_size,
            attempts: self.attempts,
            pause: self.pause,
        })
    }
}

#[cfg(feature = "client-async")]
impl Builder {
    /// As [`build`](Self::build), for the asynchronous face.
    ///
    /// # Errors
    ///
    /// As those of [`build`](Self::build).
    pub fn build_async(self) -> Result<super::AsyncClient, Error> {
        Ok(super::AsyncClient::new(self.settings()?))
    }

    /// As [`connect`](Self::connect), for the asynchronous face.
    ///
    /// # Errors
    ///
    /// As those of [`connect`](Self::connect).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, as every call does that needs a new connection.
    pub async fn connect_async(self) -> Result<super::AsyncClient, Error> {
        let client = self.build_async()?;
        client.ping().await?;
        Ok(client)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address: there may be a password in it.
        formatter
            .debug_struct("Builder")
            .field("connect_timeout", &self.connect_timeout)
            .field("call_timeout", &self.call_timeout)
            .field("pool_size", &self.pool_size)
            .finish_non_exhaustive()
    }
}
