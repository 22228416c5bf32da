//! The asynchronous face.

mod compute;
mod line;

use std::fmt;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use redis::Value;
use tokio::sync::{Mutex as Turnstile, Semaphore};

use self::line::Line;
use super::batch::{Replies, Request};
use super::call::{self, Batch, Call};
use super::error::Error;
use super::operations::operations;
use super::settings::{Builder, Failed, Settings, is_for_good};
use crate::kv::Ttl;
use crate::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering};

/// Connections, unless said otherwise.
const POOL_SIZE: usize = 2;

/// A client of a purekv or Redis server whose calls are futures, on tokio.
///
/// A handle: clones share the connections, and any number of tasks may use them, many at once over each connection. A call that is dropped before it has ended may be carried out, or not. See the
/// [module](super) for what holds for every call.
///
/// Connections are driven by tasks of the runtime that made them, and end with it: a client is for one runtime.
#[derive(Clone)]
pub struct AsyncClient {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    slots: Box<[Slot]>,
    /// Counts calls, which take the slots in turn.
    turn: AtomicUsize,
    /// Connections of which a `compute` has one to itself, and how many may be at it.
    spare: Mutex<Vec<Line>>,
    computing: Semaphore,
}

/// A place for a connection.
#[derive(Default)]
struct Slot {
    /// Locked for as long as it takes to look.
    line: Mutex<Option<Arc<Line>>>,
    /// Who finds none makes one, and the others wait for that.
    making: Turnstile<()>,
}

impl AsyncClient {
    /// A client with the default settings; one connection is made, so that what is wrong is known at once. See [`Builder`] for addresses.
    ///
    /// # Errors
    ///
    /// As those of [`Builder::connect_async`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with timers and sockets.
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::builder(address).connect_async().await
    }

    /// Settings for a new client, of this face or the other.
    pub fn builder(address: &str) -> Builder {
        Builder::new(address)
    }

    pub(super) fn new(settings: Settings) -> Self {
        let size = settings.pool_size.unwrap_or(POOL_SIZE);
        let slots = (0..size).map(|_| Slot::default()).collect();
        let (turn, spare) = (AtomicUsize::new(0), Mutex::default());
        let computing = Semaphore::new(size.min(Semaphore::MAX_PERMITS));
        Self { shared: Arc::new(Shared { settings, slots, turn, spare, computing }) }
    }

    /// Runs several calls in one round trip: see [`Batch`].
    ///
    /// # Errors
    ///
    /// That there is no connection, or was none any more, or no answer in time: of the whole. Of each call it is in its own result whether the server has refused it.
    pub async fn run<B: Batch>(&self, mut batch: B) -> Result<B::Output, Error> {
        let request = Request::new(&mut batch);
        let values = self.exchange(&request).await?;
        Ok(batch.decode(&mut Replies::new(values, &self.shared.settings)))
    }

    async fn one<T>(&self, call: Call<T>) -> Result<T, Error> {
        self.run(call).await?
    }

    async fn exchange(&self, request: &Request) -> Result<Vec<Value>, Error> {
        if request.len() == 0 {
            return Ok(Vec::new());
        }
        let shared = &*self.shared;
        // Relaxed: any order will do.
        let turn = shared.turn.fetch_add(1, Ordering::Relaxed);
        let slot = &shared.slots[turn % shared.slots.len()];
        let until = shared.settings.until();
        let mut used = None;
        let exchange = shared.exchange(slot, request, until, &mut used);
        match tokio::time::timeout_at(until.into(), exchange).await {
            Ok(result) => result,
            Err(_) => {
                let sent = used.is_some();
                if let Some(line) = used {
                    slot.give_up(&line);
                }
                Err(shared.settings.timed_out(request.operation, sent))
            }
        }
    }
}

impl Shared {
    /// In `used` is the line over which it was sent, if it was.
    async fn exchange(
        &self,
        slot: &Slot,
        request: &Request,
        until: Instant,
        used: &mut Option<Arc<Line>>,
    ) -> Result<Vec<Value>, Error> {
        loop {
            let (line, is_new) = slot.line(&self.settings, request.operation, until).await?;
            let line = used.insert(line);
            match line.exchange(request).await {
                Ok(values) => return Ok(values),
                Err(source) => {
                    slot.give_up(line);
                    // As for the other face; but over a connection of many, nobody knows what was sent.
                    if is_new || !request.reads {
                        return Err(self.settings.broken(request.operation, source, true));
                    }
                }
            }
            *used = None;
        }
    }
}

/// A new connection.
async fn open(settings: &Settings, operation: &'static str, until: Instant) -> Result<Line, Error> {
    let mut attempt = 1;
    loop {
        match Line::open(settings).await {
            Ok(line) => return Ok(line),
            Err(Failed::Login(text)) => return Err(settings.login(text)),
            Err(Failed::Io(error)) => {
                let left = until.saturating_duration_since(Instant::now());
                if attempt >= settings.attempts || is_for_good(&error) {
                    return Err(settings.no_connection(operation, error, left));
                }
                attempt += 1;
                tokio::time::sleep(settings.pause).await;
            }
        }
    }
}

impl Slot {
    /// Its connection, and whether that is a new one.
    async fn line(
        &self,
        settings: &Settings,
        operation: &'static str,
        until: Instant,
    ) -> Result<(Arc<Line>, bool), Error> {
        if let Some(line) = self.open_line() {
            return Ok((line, false));
        }
        let _making = self.making.lock().await;
        if let Some(line) = self.open_line() {
            return Ok((line, false));
        }
        let line = Arc::new(open(settings, operation, until).await?);
        *self.locked() = Some(line.clone());
        Ok((line, true))
    }

    fn locked(&self) -> MutexGuard<'_, Option<Arc<Line>>> {
        // Nothing in here panics half-way.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_line(&self) -> Option<Arc<Line>> {
        self.locked().take_if(|line| !line.is_open());
        self.locked().clone()
    }

    /// Nobody is to begin with this line any more; who has begun may end.
    fn give_up(&self, line: &Arc<Line>) {
        self.locked().take_if(|there| Arc::ptr_eq(there, line));
    }
}

macro_rules! method {
    ($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
        $(#[$doc])*
        pub async fn $name(&self, $($argument: $type),*) -> Result<$result, Error> {
            self.one(call::$name($($argument),*)).await
        }
    };
}

/// # Operations
///
/// Each is a call of its own; what they are called on an embedded [`Store`](crate::Store) they are called here. Their [errors](Error) are all that there are.
impl AsyncClient {
    operations!(method);
}

impl fmt::Debug for AsyncClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.shared.settings.address;
        formatter.debug_struct("AsyncClient").field("address", address).finish_non_exhaustive()
    }
}
