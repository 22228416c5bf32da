//! The end of a server: SHUTDOWN, and who runs it.

use super::execute::{Done, SYNTAX};
use super::session::{Request, Session};
use super::settings::Server;
use crate::sync::{Arc, AtomicU8, Ordering};

const NO_SHUTDOWN: &str = "ERR No shutdown in progress.";
const FAILED: &str = "ERR Errors trying to SHUTDOWN. Check logs.";

/// It has begun.
const BEGUN: u8 = 1;
/// Somebody has said whether there is to be a dump.
const SAID: u8 = 2;
const SAVE: u8 = 4;
/// It is written already.
const SAVED: u8 = 8;

/// What was said about the end.
#[derive(Debug, Default)]
pub(super) struct Shutdown(AtomicU8);

impl Shutdown {
    fn get(&self) -> u8 {
        // Relaxed: threads look at it when they are woken, through a lock; who asks what was said has joined them.
        self.0.load(Ordering::Relaxed)
    }

    /// Whether there is to be a dump; None: nobody has said.
    pub(super) fn wish(&self) -> Option<bool> {
        let word = self.get();
        (word & SAID != 0).then_some(word & SAVE != 0)
    }

    pub(super) fn is_saved(&self) -> bool {
        self.get() & SAVED != 0
    }

    fn begin(&self, flags: u8) {
        self.0.fetch_or(BEGUN | flags, Ordering::Relaxed);
    }
}

impl Server {
    /// Tells all threads that serve this to end: [`is_shutting_down`](Self::is_shutting_down) is so, and they are woken. Returns at once.
    pub fn shutdown(&self) {
        self.end_with(0);
    }

    /// Whether the server is to end: by [`shutdown`](Self::shutdown) or a client's SHUTDOWN. Who runs it looks when woken, closes what it has, and calls
    /// [`save_at_exit`](Self::save_at_exit) when all have ended.
    pub fn is_shutting_down(&self) -> bool {
        self.shutdown.get() & BEGUN != 0
    }

    fn end_with(&self, flags: u8) {
        self.shutdown.begin(flags);
        self.wake_held();
    }
}

/// What SHUTDOWN was told.
#[derive(Default)]
struct Told {
    saves: Option<bool>,
    force: bool,
    now: bool,
    abort: bool,
}

fn told(request: &Request<'_>) -> Result<Told, &'static str> {
    let (args, mut told) = (request.args, Told::default());
    for place in 1..args.len() {
        match () {
            () if args.is(place, "nosave") && told.saves.is_none_or(|saves| !saves) => {
                told.saves = Some(false);
            }
            () if args.is(place, "save") && told.saves.is_none_or(|saves| saves) => {
                told.saves = Some(true);
            }
            () if args.is(place, "force") => told.force = true,
            () if args.is(place, "now") => told.now = true,
            () if args.is(place, "abort") => told.abort = true,
            () => return Err(SYNTAX),
        }
    }
    let has_more = told.saves.is_some() || told.force || told.now;
    if told.abort && has_more { Err(SYNTAX) } else { Ok(told) }
}

/// SHUTDOWN. If a dump is wanted, it is written before anything ends, with all that writes waiting; if that fails, the server goes on, as Redis does.
///
/// There is no reply but of a failure: the connection is closed.
pub(super) fn shutdown(session: &mut Session, request: &Request<'_>) -> Done {
    let told = told(request)?;
    if told.abort {
        // It never takes time: what could be called off is over, or is a failure.
        return Err(NO_SHUTDOWN.into());
    }
    let server: &Arc<Server> = request.server;
    let by_itself = || server.settings.dump.is_some() && server.live.dumps_at_end();
    let saves = told.saves.unwrap_or_else(by_itself);
    let mut flags = SAID;
    if saves {
        server.pause.set_saving(true);
        // Who has not seen that will have ended its command.
        server.database.gate().pass();
        server.dumps.wait();
        match server.save() {
            // Those that write wait until the end.
            Ok(()) => flags |= SAVE | SAVED,
            Err(_) if told.force => server.pause.set_saving(false),
            Err(_) => {
                server.pause.set_saving(false);
                server.wake_held();
                return Err(FAILED.into());
            }
        }
    }
    session.has_quit = true;
    server.end_with(flags);
    Ok(())
}
