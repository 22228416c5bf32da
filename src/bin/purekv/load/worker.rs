//! A thread's connections and the poll that it waits with.

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use mio::{Events, Poll, Token};

use super::connection::Connection;
use super::error::Fault;
use super::phase::Phase;
use super::run::Run;
use super::stream::Socket;
use super::tally::Tally;
use super::timer::Timer;
use super::work::Protocol;

/// Bytes that are read at once.
const AT_ONCE: usize = 64 << 10;
const EVENTS: usize = 1024;
/// How often a thread looks whether it is to stop, or has waited too long.
const LOOK: u64 = 100_000_000;
const TIMER: Token = Token(usize::MAX);

pub(crate) struct Worker {
    number: usize,
    poll: Poll,
    events: Events,
    timer: Timer,
    connections: Vec<Connection>,
    /// What has been read, for as long as it takes to look at it.
    buffer: Vec<u8>,
    /// What is to be sent.
    out: Vec<u8>,
}

impl Worker {
    /// With these sockets and their numbers.
    pub(crate) fn new(
        number: usize,
        protocol: Protocol,
        sockets: Vec<(usize, Socket)>,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::new(poll.registry(), TIMER)?;
        let mut connections = Vec::with_capacity(sockets.len());
        for (place, (number, socket)) in sockets.into_iter().enumerate() {
            let stream = socket.into_stream()?;
            let mut connection = Connection::new(number, Token(place), stream, protocol);
            connection.register(poll.registry())?;
            connections.push(connection);
        }
        let (buffer, events) = (vec![0; AT_ONCE], Events::with_capacity(EVENTS));
        Ok(Self { number, poll, events, timer, connections, buffer, out: Vec::new() })
    }

    /// Until the phase is over for all of its connections, or the other end of `stop` is gone.
    pub(crate) fn run(&mut self, phase: &Phase<'_>, stop: &Receiver<()>) -> Result<Tally, Fault> {
        let mut run = Run::new(phase, self.number, self.connections.len());
        let Self { poll, events, timer, connections, buffer, out, .. } = self;
        for connection in connections.iter_mut() {
            connection.begin(&mut run);
        }
        for connection in connections.iter_mut() {
            connection.pump(&mut run, out, poll.registry())?;
        }
        let mut looked = run.now;
        let mut set_for = None;
        while run.active > 0 {
            let wait = wait(&run, timer, &mut set_for)?;
            match poll.poll(events, Some(wait)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(|source| Fault::System { what: "poll", source })?,
            }
            run.tick();
            for event in events.iter() {
                let Some(connection) = connections.get_mut(event.token().0) else {
                    continue;
                };
                if event.is_writable() {
                    connection.flush(poll.registry())?;
                }
                connection.receive(&mut run, buffer, event.is_read_closed())?;
                connection.pump(&mut run, out, poll.registry())?;
            }
            while let Some(place) = run.woken() {
                connections[place].disarm();
                connections[place].pump(&mut run, out, poll.registry())?;
            }
            if run.now - looked >= LOOK {
                looked = run.now;
                run.show();
                if stop.try_recv() == Err(TryRecvError::Disconnected) {
                    return Err(Fault::Stopped);
                }
                let mut all = connections.iter();
                all.try_for_each(|connection| connection.check(run.now, phase.patience))?;
            }
        }
        connections.iter().try_for_each(Connection::finish)?;
        Ok(run.finish())
    }
}

/// How long a poll may wait; the timer wakes it sooner if need be.
fn wait(run: &Run<'_>, timer: &Timer, set_for: &mut Option<u64>) -> Result<Duration, Fault> {
    let longest = Duration::from_nanos(LOOK);
    let Some(due) = run.next_wake() else {
        return Ok(longest);
    };
    let left = Duration::from_nanos(due.saturating_sub(run.now));
    if left.is_zero() || left >= longest {
        return Ok(left.min(longest));
    }
    if *set_for == Some(due) {
        return Ok(longest);
    }
    let wait = timer.set(left).map_err(|source| Fault::System { what: "timer", source })?;
    // Where the poll itself is the timer, it must be told each time.
    *set_for = wait.is_none().then_some(due);
    Ok(wait.unwrap_or(longest))
}
