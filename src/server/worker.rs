//! A thread that serves connections, as they see it: how it is woken, and the buffers that they share.

use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::time::Duration;

use super::batch::Batch;
use super::counters::Counters;
use super::gate::Seat;
use super::settings::Server;
use crate::sync::{Arc, Mutex, MutexGuard};

/// A buffer of a worker that has become larger than this is not kept.
const KEPT: usize = 256 << 10;
/// What is left of a batch is moved to a buffer of its own if it is no longer than this.
const LEFT: usize = 4 << 10;

/// One thread's part of a [`Server`]: it has connections, which are its own for as long as they live, and only it may use them.
///
/// What other threads have to say to its connections is kept here, and the thread is woken.
pub struct Worker {
    pub(super) server: Arc<Server>,
    pub(super) inbox: Arc<Inbox>,
    /// Where it is said that commands are under way.
    pub(super) gate: Seat,
    /// Lent to the connection whose turn it is, so that those that have nothing to say have no buffers.
    input: Vec<u8>,
    output: Vec<u8>,
    pub(super) batch: Batch,
    /// Until when requests wait, in milliseconds since the epoch, and whose they are. Who is looked at meanwhile may be there twice.
    held: BTreeSet<(u64, u64)>,
}

/// Where other threads put the numbers of connections that are to be looked at.
pub(super) struct Inbox {
    /// What this thread has done; it alone writes there.
    pub(super) counters: Counters,
    woken: Mutex<Woken>,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Woken {
    connections: Vec<u64>,
    /// All that wait are to be looked at: a pause is over.
    all_held: bool,
}

impl Worker {
    /// A thread of this server. `wake` is called by any thread when [`woken`](Self::woken) has something to tell; it should return at once.
    pub fn new(server: &Arc<Server>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let inbox =
            Inbox { counters: Counters::default(), woken: Mutex::default(), wake: Box::new(wake) };
        let inbox = Arc::new(inbox);
        server.workers().join(&inbox);
        Self {
            server: server.clone(),
            inbox,
            gate: Seat::new(server.database.gate()),
            input: Vec::new(),
            output: Vec::new(),
            batch: Batch::default(),
            held: BTreeSet::new(),
        }
    }

    /// The numbers of its connections that something has happened to since it was asked last: [`Connection::advance`](super::Connection::advance) each
    /// of them. A number may be of a connection that is gone, or come twice.
    pub fn woken(&mut self) -> Vec<u64> {
        let Woken { mut connections, all_held } = self.inbox.take();
        if !self.held.is_empty() {
            let later = match all_held {
                true => BTreeSet::new(),
                false => self.held.split_off(&(self.server.database.millis() + 1, 0)),
            };
            let over = mem::replace(&mut self.held, later);
            connections.extend(over.into_iter().map(|(_, connection)| connection));
        }
        connections
    }

    /// How long at most to wait for sockets before [`woken`](Self::woken) is asked again: until a request that has to wait may go on (`CLIENT PAUSE`,
    /// `DEBUG SLEEP`). None: for as long as one likes.
    pub fn wake_in(&self) -> Option<Duration> {
        let (until, _) = self.held.first()?;
        let left = Duration::from_millis(until.saturating_sub(self.server.database.millis()));
        // No system waits for ages; whoever is told an hour asks again.
        Some(left.min(Duration::from_secs(3600)))
    }

    /// A request of this connection has to wait until then: milliseconds since the epoch.
    pub(super) fn hold(&mut self, connection: u64, until: u64) {
        self.held.insert((until, connection));
    }

    /// What it serves for.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Gives its buffers to a connection that has smaller ones.
    pub(super) fn lend(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) {
        lend(&mut self.input, input);
        lend(&mut self.output, output);
    }

    /// Takes buffers back. What is left in them, a part of a request or replies that could not be written, is left to the connection, in a buffer that
    /// fits it: a client that says half a request and then nothing must not keep the memory of a whole batch.
    pub(super) fn take_back(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) {
        take_back(&mut self.input, input);
        take_back(&mut self.output, output);
    }
}

impl Inbox {
    /// Has a connection of this worker looked at.
    pub(super) fn wake(&self, connection: u64) {
        self.lock().connections.push(connection);
        (self.wake)();
    }

    /// Has all that wait looked at.
    pub(super) fn wake_held(&self) {
        self.lock().all_held = true;
        (self.wake)();
    }

    fn take(&self) -> Woken {
        mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Woken> {
        self.woken.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

fn lend(own: &mut Vec<u8>, other: &mut Vec<u8>) {
    if own.capacity() > other.capacity() {
        own.extend_from_slice(other);
        mem::swap(own, other);
        *own = Vec::new();
    }
}

fn take_back(own: &mut Vec<u8>, other: &mut Vec<u8>) {
    // The buffer of a long request or reply stays where it is until that is through.
    if other.len() > LEFT || other.capacity() <= own.capacity() {
        return;
    }
    let left = other.as_slice().to_vec();
    let buffer = mem::replace(other, left);
    if buffer.capacity() <= KEPT {
        *own = buffer;
        own.clear();
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.server.workers().leave(&self.inbox);
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("server", &self.server).finish_non_exhaustive()
    }
}
