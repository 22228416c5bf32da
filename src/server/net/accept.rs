//! New connections, and the end of them all.

use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};

use super::NetSettings;
use super::serving::{Desk, Serving};
use super::stream::{Listener, Newcomer};
use crate::server::{Server, Worker};
use crate::sync::Arc;

/// How often the server is asked whether there is something to be done, and how long clients wait who could not be accepted.
const TICK: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(50);
const WAKE: Token = Token(usize::MAX);

const PROTECTED: &[u8] = b"-DENIED The server is in protected mode: no password is set, so only clients on this machine are served. To be reached from elsewhere, \
    set a password (--require-pass), or switch the mode off (--protected-mode no) if the network is one that you trust.\r\n";

/// Serves clients that come to these sockets until the server is told to end, by [`Server::shutdown`] or by a client; then nobody is accepted any more, what clients
/// have sent is carried out, and their replies are written. Blocks for all that time: this thread accepts, others serve, and all have ended when it returns.
///
/// # Errors
///
/// What the system says when there are no threads to be had, or no means to wait for sockets; also later, when waiting itself fails. Then the
/// server has ended, too. What happens to one client is nobody else's business, and logged.
///
/// # Panics
///
/// If a thread that serves has, which ends the server first.
pub fn run(
    server: &Arc<Server>,
    mut listeners: Vec<Listener>,
    settings: &NetSettings,
) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), WAKE)?;
    // It serves nobody, and is there to be woken.
    let mut worker = Worker::new(server, move || {
        // If it fails, the next tick will do.
        let _ = waker.wake();
    });
    for (place, listener) in listeners.iter_mut().enumerate() {
        listener.register(poll.registry(), Token(place))?;
    }
    let serving = (0..settings.threads.max(1)).map(|_| Serving::new(server));
    let serving = serving.collect::<io::Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let ends = EndsAll(server);
        let mut desks = Vec::new();
        let mut threads = Vec::new();
        for (number, (serving, desk)) in serving.into_iter().enumerate() {
            let thread = thread::Builder::new().name(format!("purekv-{number}"));
            let drain = settings.drain;
            threads.push(thread.spawn_scoped(scope, move || {
                // However it ends: the others must not go on as if it were there.
                let _ends = EndsAll(server);
                serving.run(drain)
            })?);
            desks.push(desk);
        }
        let accepted = accept(&mut poll, &mut worker, &listeners, &desks, settings);
        drop(ends);
        drop(listeners);
        let mut result = accepted;
        for thread in threads {
            match thread.join() {
                Ok(served) => result = result.and(served),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        result
    })
}

/// Ends the server when it is dropped.
struct EndsAll<'a>(&'a Arc<Server>);

impl Drop for EndsAll<'_> {
    fn drop(&mut self) {
        self.0.shutdown();
    }
}

fn accept(
    poll: &mut Poll,
    worker: &mut Worker,
    listeners: &[Listener],
    desks: &[Arc<Desk>],
    settings: &NetSettings,
) -> io::Result<()> {
    let server = worker.server().clone();
    let mut events = Events::with_capacity(64);
    let mut waits = false;
    while !server.is_shutting_down() {
        match poll.poll(&mut events, Some(if waits { RETRY } else { TICK })) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        // They are told once, so after a failure all are asked.
        let is_asked = |place| waits || events.iter().any(|event| event.token() == Token(place));
        let asked: Vec<_> = (0..listeners.len()).filter(|&place| is_asked(place)).collect();
        waits = false;
        for place in asked {
            waits |= !accept_all(&server, &listeners[place], desks, settings);
        }
        worker.woken();
        server.tick();
    }
    Ok(())
}

/// Accepts all who wait. False: some may wait still, and the system has nothing left for them.
fn accept_all(
    server: &Arc<Server>,
    listener: &Listener,
    desks: &[Arc<Desk>],
    settings: &NetSettings,
) -> bool {
    loop {
        match listener.accept(server.keepalive()) {
            Ok(newcomer) => welcome(server, newcomer, desks, settings),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return true,
                ErrorKind::Interrupted => {}
                ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                    tracing::debug!(%error, "a client went before it was served");
                }
                // Out of descriptors, or of memory.
                _ => {
                    tracing::warn!(%error, listener = listener.local, "cannot accept clients");
                    return false;
                }
            },
        }
    }
}

fn welcome(
    server: &Arc<Server>,
    mut newcomer: Newcomer,
    desks: &[Arc<Desk>],
    settings: &NetSettings,
) {
    let refusal = if settings.protected && !newcomer.is_local && !server.live.has_password() {
        Err(PROTECTED)
    } else {
        // Of many who come at once, some are not known to the server yet.
        server.admit_to(desks.iter().map(|desk| desk.load()).sum())
    };
    if let Err(text) = refusal {
        // A new socket has room for it; if not, it is closed all the same.
        let _ = newcomer.stream.write(text);
        return;
    }
    if let Some(desk) = desks.iter().min_by_key(|desk| desk.load()) {
        desk.bring(newcomer);
    }
}
