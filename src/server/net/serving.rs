//! The loop of one thread that serves.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::mem;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll, Token, Waker};
use slab::Slab;

use super::peer::{Client, Turn};
use super::stream::Newcomer;
use crate::server::{Connection, Server, Worker};
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering};

/// Read at once. It is the thread's, not a connection's.
const BUFFER: usize = 64 << 10;
const EVENTS: usize = 512;
/// How often connections are looked at that have said nothing for long.
const TICK: Duration = Duration::from_secs(1);
const WAKE: Token = Token(usize::MAX);

/// A thread that serves, for the one that accepts.
pub(super) struct Desk {
    arrived: Mutex<Vec<Newcomer>>,
    waker: Waker,
    /// Clients that were brought to it and are not gone.
    load: AtomicUsize,
}

impl Desk {
    /// Brings it a client.
    pub(super) fn bring(&self, newcomer: Newcomer) {
        // Relaxed: to find the thread that has the fewest, about.
        self.load.fetch_add(1, Ordering::Relaxed);
        self.arrived.lock().unwrap_or_else(|broken| broken.into_inner()).push(newcomer);
        self.wake();
    }

    pub(super) fn load(&self) -> usize {
        // Relaxed: as above.
        self.load.load(Ordering::Relaxed)
    }

    fn wake(&self) {
        // It fails when the system has no memory for it; then the thread sees at its next tick what there is.
        let _ = self.waker.wake();
    }

    fn take(&self) -> Vec<Newcomer> {
        mem::take(&mut *self.arrived.lock().unwrap_or_else(|broken| broken.into_inner()))
    }
}

/// What one thread serves.
pub(super) struct Serving {
    poll: Poll,
    worker: Worker,
    desk: Arc<Desk>,
    clients: Slab<Client>,
    /// By the numbers that connections have.
    places: HashMap<u64, usize>,
    /// Those that can go on without being told to by the system.
    ready: Vec<usize>,
    buffer: Box<[u8]>,
    ticked: Instant,
}

impl Serving {
    pub(super) fn new(server: &Arc<Server>) -> io::Result<(Self, Arc<Desk>)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let desk = Desk { arrived: Mutex::default(), waker, load: AtomicUsize::new(0) };
        let desk = Arc::new(desk);
        let woken = desk.clone();
        let serving = Self {
            poll,
            worker: Worker::new(server, move || woken.wake()),
            desk: desk.clone(),
            clients: Slab::new(),
            places: HashMap::new(),
            ready: Vec::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            ticked: Instant::now(),
        };
        Ok((serving, desk))
    }

    /// Serves until the server ends, and then until its clients have their last replies, or `drain` has passed.
    pub(super) fn run(mut self, drain: Duration) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        while !self.worker.server().is_shutting_down() {
            self.wait(&mut events, self.patience())?;
            self.receive();
            self.resume();
            self.go_on();
            self.tick();
        }
        self.finish();
        let end = Instant::now() + drain;
        while !self.clients.is_empty() && Instant::now() < end {
            let left = end.saturating_duration_since(Instant::now());
            let patience = if self.ready.is_empty() { left } else { Duration::ZERO };
            self.wait(&mut events, Some(patience))?;
            self.go_on();
        }
        if !self.clients.is_empty() {
            tracing::warn!(
                clients = self.clients.len(),
                "did not fetch their last replies in time"
            );
        }
        Ok(())
    }

    /// How long to wait for sockets.
    fn patience(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let tick = (!self.clients.is_empty()).then_some(TICK);
        match (self.worker.wake_in(), tick) {
            (Some(wake), Some(tick)) => Some(wake.min(tick)),
            (wake, tick) => wake.or(tick),
        }
    }

    /// Waits for sockets, and for whoever wakes this thread, and serves those that are ready.
    fn wait(&mut self, events: &mut Events, patience: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(events, patience) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            // Then there are none.
            _ => {}
        }
        for event in events.iter().filter(|event| event.token() != WAKE) {
            let place = event.token().0;
            // One that has ended earlier in this round may have an event still.
            let Some(client) = self.clients.get_mut(place) else { continue };
            note(client, event);
            if client.is_ready {
                // Its turn comes.
                continue;
            }
            let turn = client.go_on(&mut self.worker, &mut self.buffer);
            self.settle(place, turn);
        }
        Ok(())
    }

    /// New clients.
    fn receive(&mut self) {
        for Newcomer { stream, peer, .. } in self.desk.take() {
            let connection = Connection::new(&self.worker, peer);
            let id = connection.id();
            let entry = self.clients.vacant_entry();
            let place = entry.key();
            let client = entry.insert(Client::new(stream, connection));
            self.places.insert(id, place);
            let turn = match client.stream.register(self.poll.registry(), Token(place)) {
                Ok(()) => client.go_on(&mut self.worker, &mut self.buffer),
                Err(error) => {
                    tracing::warn!(%error, "a connection that cannot be waited for is closed");
                    Turn::Over
                }
            };
            self.settle(place, turn);
        }
    }

    /// Those that others have something to say to, and those that have waited long enough.
    fn resume(&mut self) {
        for id in self.worker.woken() {
            let Some(&place) = self.places.get(&id) else { continue };
            let Some(client) = self.clients.get_mut(place) else { continue };
            let turn = client.resume(&mut self.worker, &mut self.buffer);
            self.settle(place, turn);
        }
    }

    /// Those whose turn was over before they were through.
    fn go_on(&mut self) {
        for place in mem::take(&mut self.ready) {
            let Some(client) = self.clients.get_mut(place) else { continue };
            client.is_ready = false;
            let turn = client.go_on(&mut self.worker, &mut self.buffer);
            self.settle(place, turn);
        }
    }

    /// The end of the server, for its clients: what has come is carried out, and then they have their replies to fetch.
    fn finish(&mut self) {
        self.receive();
        let places: Vec<_> = self.clients.iter().map(|(place, _)| place).collect();
        for place in places {
            let turn = self.clients[place].finish(&mut self.worker, &mut self.buffer);
            self.settle(place, turn);
        }
    }

    fn tick(&mut self) {
        if self.ticked.elapsed() < TICK {
            return;
        }
        self.ticked = Instant::now();
        let overdue = self.clients.iter().filter(|(_, client)| client.connection.is_overdue());
        let overdue: Vec<_> = overdue.map(|(place, _)| place).collect();
        for place in overdue {
            self.settle(place, Turn::Over);
        }
    }

    /// What becomes of a client after its turn.
    fn settle(&mut self, place: usize, turn: Turn) {
        let Some(client) = self.clients.get_mut(place) else { return };
        let awaits = client.lacks_room();
        let is_over = turn == Turn::Over || {
            let registry = self.poll.registry();
            let is_changed = awaits != client.awaits_room;
            client.awaits_room = awaits;
            is_changed && client.stream.set_awaits_room(registry, Token(place), awaits).is_err()
        };
        if is_over {
            // Its socket is closed with it, and so forgotten by the system.
            let client = self.clients.remove(place);
            self.places.remove(&client.connection.id());
            // Relaxed: see `Desk::bring`.
            self.desk.load.fetch_sub(1, Ordering::Relaxed);
        } else if turn == Turn::More && !mem::replace(&mut client.is_ready, true) {
            self.ready.push(place);
        }
    }
}

/// What the system says of a client's socket. An error is there to be read.
fn note(client: &mut Client, event: &Event) {
    client.has_end |= event.is_read_closed() || event.is_error();
    client.is_readable |= event.is_readable() || client.has_end;
    client.is_writable |= event.is_writable() || event.is_write_closed() || event.is_error();
}
