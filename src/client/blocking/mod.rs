//! The face that blocks.

mod compute;
mod line;
mod pool;
mod portable;
mod scan;

use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use redis::Value;

use self::line::{Broken, Line};
use self::pool::{Lease, Pool};
pub use self::scan::{Entries, Keys};
use super::batch::{Replies, Request};
use super::call::{self, Batch, Call};
use super::error::Error;
use super::operations::operations;
use super::settings::{Builder, Failed, Settings, after, is_for_good};
use crate::kv::Ttl;

/// Connections, unless said otherwise.
const POOL_SIZE: usize = 16;

/// A client of a purekv or Redis server whose calls block.
///
/// A handle: clones share one pool of connections, and any number of threads may use them. Dropping the last one closes the connections. See the [module](super) for what holds for every call.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    pool: Pool,
}

impl Client {
    /// A client with the default settings; one connection is made, so that what is wrong is known at once. See [`Builder`] for addresses.
    ///
    /// # Errors
    ///
    /// As those of [`Builder::connect`].
    pub fn connect(address: &str) -> Result<Self, Error> {
        Self::builder(address).connect()
    }

    /// Settings for a new client, of this face or the other.
    pub fn builder(address: &str) -> Builder {
        Builder::new(address)
    }

    pub(super) fn new(settings: Settings) -> Self {
        let pool = Pool::new(settings.pool_size.unwrap_or(POOL_SIZE));
        Self { shared: Arc::new(Shared { settings, pool }) }
    }

    /// Runs several calls in one round trip: see [`Batch`]. (One for each 64 KiB of them, so that neither side waits for the other to read.)
    ///
    /// # Errors
    ///
    /// That there is no connection, or was none any more, or no answer in time: of the whole. Of each call it is in its own result whether the server has refused it.
    pub fn run<B: Batch>(&self, mut batch: B) -> Result<B::Output, Error> {
        let request = Request::new(&mut batch);
        let values = self.exchange(&request)?;
        Ok(batch.decode(&mut Replies::new(values, &self.shared.settings)))
    }

    fn one<T>(&self, call: Call<T>) -> Result<T, Error> {
        self.run(call)?
    }

    fn exchange(&self, request: &Request) -> Result<Vec<Value>, Error> {
        if request.len() == 0 {
            return Ok(Vec::new());
        }
        let until = self.shared.settings.until();
        let (lease, line, values) = self.first(request, until)?;
        lease.end(line);
        Ok(values)
    }

    /// Exchanges what comes first over a connection that is ours until it is given back.
    fn first(
        &self,
        request: &Request,
        until: Instant,
    ) -> Result<(Lease<'_>, Line, Vec<Value>), Error> {
        let (settings, pool) = (&self.shared.settings, &self.shared.pool);
        let operation = request.operation;
        loop {
            let Some(mut lease) = pool.take(until) else {
                return Err(settings.exhausted(operation, pool.size()));
            };
            let idle = lease.line.take().and_then(Line::if_quiet);
            let was_idle = idle.is_some();
            let mut line = match idle {
                Some(line) => line,
                None => self.open(operation, until)?,
            };
            match line.exchange(request, until) {
                Ok(values) => return Ok((lease, line, values)),
                // The server has closed it between our look and our sending.
                Err(broken) if was_idle && broken.may_be_repeated(request) => {}
                Err(Broken { source, sent }) => {
                    return Err(settings.broken(operation, source, sent));
                }
            }
        }
    }

    /// A new connection.
    fn open(&self, operation: &'static str, until: Instant) -> Result<Line, Error> {
        let settings = &self.shared.settings;
        let mut attempt = 1;
        loop {
            match Line::open(settings, until.min(after(settings.connect_timeout))) {
                Ok(line) => return Ok(line),
                Err(Failed::Login(text)) => return Err(settings.login(text)),
                Err(Failed::Io(error)) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if attempt >= settings.attempts || left.is_zero() || is_for_good(&error) {
                        return Err(settings.no_connection(operation, error, left));
                    }
                    attempt += 1;
                    #[expect(clippy::disallowed_methods, reason = "a pause was asked for")]
                    std::thread::sleep(settings.pause.min(left));
                }
            }
        }
    }
}

impl Broken {
    /// Never what may have been carried out, unless it changes nothing; and not when there is no time left.
    fn may_be_repeated(&self, request: &Request) -> bool {
        self.source.kind() != ErrorKind::TimedOut && (!self.sent || request.reads)
    }
}

macro_rules! method {
    ($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
        $(#[$doc])*
        pub fn $name(&self, $($argument: $type),*) -> Result<$result, Error> {
            self.one(call::$name($($argument),*))
        }
    };
}

/// # Operations
///
/// Each is a call of its own; what they are called on an embedded [`Store`](crate::Store) they are called here. Their [errors](Error) are all that there are.
impl Client {
    operations!(method);
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.shared.settings;
        formatter.debug_struct("Client").field("address", &settings.address).finish_non_exhaustive()
    }
}
