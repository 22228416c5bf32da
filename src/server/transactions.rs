//! MULTI, EXEC, DISCARD, WATCH, UNWATCH.
//!
//! What comes behind MULTI is copied, and carried out by EXEC with the gate closed: so it is seen whole or not at all, by everybody who uses the server.

use super::args::Args;
use super::execute::{Done, Error};
use super::gate::{Inside, alone};
use super::session::{Request, Session};
use super::watch::Watching;
use crate::resp::command::{Command, Flag, Unknown};
use crate::resp::encode::Encoder;
use crate::resp::request::Span;

const NESTED: &str = "ERR MULTI calls can not be nested";
const WATCH_INSIDE: &str = "ERR WATCH inside MULTI is not allowed";
const EXEC_WITHOUT: &str = "ERR EXEC without MULTI";
const DISCARD_WITHOUT: &str = "ERR DISCARD without MULTI";
const NOT_INSIDE: &str = "ERR Command not allowed inside a transaction";
const ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";
/// What stands before the reason, where EXEC itself cannot be carried out.
const ABORTED_BECAUSE: &[u8] = b"EXECABORT Transaction discarded because of: ";

/// What a connection has of transactions: nothing, as a rule.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// Since MULTI.
    queue: Option<Box<Queue>>,
    /// Since WATCH.
    watching: Option<Box<Watching>>,
}

/// The commands since MULTI. Their arguments are in one buffer, one behind the other.
#[derive(Debug, Default)]
struct Queue {
    commands: Vec<Queued>,
    buffer: Vec<u8>,
    spans: Vec<Span>,
    /// One of them was refused.
    is_spoilt: bool,
}

/// A command, and how many arguments it has.
#[derive(Clone, Copy, Debug)]
struct Queued {
    command: Command,
    args: usize,
}

impl Transaction {
    /// Whether MULTI has come.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.queue.is_some()
    }

    /// How many commands wait for EXEC, since MULTI.
    pub(super) fn length(&self) -> Option<usize> {
        Some(self.queue.as_ref()?.commands.len())
    }

    /// Whether EXEC would write.
    pub(super) fn writes(&self) -> bool {
        let writes = |queued: &Queued| queued.command.spec().is(Flag::Write);
        self.queue.as_ref().is_some_and(|queue| queue.commands.iter().any(writes))
    }

    /// A write was told of what is watched; as far as that is known without the gate.
    pub(super) fn is_marked(&self) -> bool {
        self.watching.as_ref().is_some_and(|watching| watching.is_marked())
    }

    /// A command was refused: EXEC will do nothing, so what has come so far is not needed.
    pub(super) fn spoil(&mut self) {
        if let Some(queue) = &mut self.queue {
            **queue = Queue { is_spoilt: true, ..Queue::default() };
        }
    }

    /// Forgets all.
    pub(super) fn discard(&mut self) {
        *self = Self::default();
    }

    /// Whether a command may be, since MULTI.
    pub(super) fn check(&self, command: Command) -> Done {
        let is_refused = self.is_open() && command.spec().is(Flag::NoMulti);
        if is_refused { Err(NOT_INSIDE.into()) } else { Ok(()) }
    }

    /// What is replied to a request that was refused.
    pub(super) fn refused(&mut self, found: Result<Command, Unknown>, error: Error) -> Error {
        if found != Ok(Command::Exec) {
            self.spoil();
            return error;
        }
        self.discard();
        let reason = error.text();
        [ABORTED_BECAUSE, reason.strip_prefix(b"ERR ").unwrap_or(reason)].concat().into()
    }

    /// Whether a command is to wait for EXEC and not to be carried out.
    pub(super) fn is_for_exec(&self, command: Command) -> bool {
        let is_now = matches!(
            command,
            Command::Exec
                | Command::Discard
                | Command::Multi
                | Command::Watch
                | Command::Quit
                | Command::Reset
        );
        self.is_open() && !is_now
    }

    /// Keeps a command for EXEC.
    pub(super) fn push(&mut self, request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
        let Some(queue) = self.queue.as_mut().filter(|queue| !queue.is_spoilt) else {
            reply.simple(b"QUEUED");
            return Ok(());
        };
        queue.push(request.command, request.args);
        let limit = request.server.settings.transaction;
        if queue.bytes() > limit {
            self.spoil();
            return Err(too_long("transaction", limit));
        }
        reply.simple(b"QUEUED");
        Ok(())
    }
}

impl Queue {
    fn push(&mut self, command: Command, args: Args<'_>) {
        self.commands.push(Queued { command, args: args.len() });
        for arg in args.from(0) {
            let start = self.buffer.len();
            self.buffer.extend_from_slice(arg);
            self.spans.push(Span { start, end: self.buffer.len() });
        }
    }

    /// What it takes of memory, about.
    fn bytes(&self) -> usize {
        self.buffer.len() + size_of_val(&*self.spans) + size_of_val(&*self.commands)
    }

    /// Whether it is atomic without a closed gate: nothing, or one command on one key.
    fn is_one_step(&self) -> bool {
        let keys = |queued: &Queued| queued.command.spec().key_places(queued.args).count();
        match &*self.commands {
            [] => true,
            [one] => keys(one) == 1,
            _ => false,
        }
    }

    fn calls(&self) -> impl Iterator<Item = (Command, Args<'_>)> {
        let mut spans = &self.spans[..];
        self.commands.iter().map(move |queued| {
            let (args, rest) = spans.split_at(queued.args);
            spans = rest;
            (queued.command, Args::new(&self.buffer, args))
        })
    }
}

fn too_long(what: &str, limit: usize) -> Error {
    format!("ERR {what} takes more than {limit} bytes").into_bytes().into()
}

/// MULTI, DISCARD, WATCH, UNWATCH.
pub(super) fn transaction(
    session: &mut Session,
    request: &Request<'_>,
    inside: Option<&mut Inside<'_>>,
    reply: &mut Encoder<'_>,
) -> Done {
    let transaction = &mut session.transaction;
    match request.command {
        Command::Multi if transaction.is_open() => return Err(NESTED.into()),
        Command::Multi => transaction.queue = Some(Box::default()),
        Command::Discard if !transaction.is_open() => return Err(DISCARD_WITHOUT.into()),
        Command::Discard => transaction.discard(),
        Command::Watch if transaction.is_open() => return Err(WATCH_INSIDE.into()),
        Command::Watch => watch(transaction, request, inside)?,
        _ => transaction.watching = None,
    }
    reply.ok();
    Ok(())
}

fn watch(
    transaction: &mut Transaction,
    request: &Request<'_>,
    inside: Option<&mut Inside<'_>>,
) -> Done {
    // EXEC will do nothing in any case.
    if transaction.is_marked() {
        return Ok(());
    }
    let database = &request.server.database;
    let new = || Box::new(Watching::new(database.watches()));
    let watching = transaction.watching.get_or_insert_with(new);
    let limit = request.server.settings.transaction;
    if watching.bytes_with(request.args.from(1)) > limit {
        return Err(too_long("what is watched", limit));
    }
    alone(inside, || {
        request.args.from(1).for_each(|key| watching.add(key, database.has(key)));
    });
    Ok(())
}

/// EXEC. What is carried out may turn replies off, or on, in the middle; so each part of the reply, the head of the array among them, is dropped by itself if
/// it is not wanted.
pub(super) fn exec(
    session: &mut Session,
    request: &Request<'_>,
    inside: Option<&mut Inside<'_>>,
    out: &mut Vec<u8>,
) -> Done {
    // What is watched remains so.
    let queue = session.transaction.queue.take().ok_or(EXEC_WITHOUT)?;
    let watching = session.transaction.watching.take();
    if queue.is_spoilt {
        return Err(ABORTED.into());
    }
    let database = &request.server.database;
    let mut carry_out = |inside: &mut Option<&mut Inside<'_>>| {
        let is_touched = |watching: &Watching| watching.is_touched(|key| database.has(key));
        let start = out.len();
        if watching.as_deref().is_some_and(is_touched) {
            Encoder::new(out, session.protocol).null_array();
            session.mute(out, start);
            return;
        }
        Encoder::new(out, session.protocol).array(queue.commands.len());
        session.mute(out, start);
        for (command, args) in queue.calls() {
            let start = out.len();
            let request = Request { command, args, ..*request };
            let done = session.call(&request, inside.as_deref_mut(), out);
            session.fail(request.counters, done, out);
            session.mute(out, start);
        }
    };
    if watching.is_none() && queue.is_one_step() {
        carry_out(&mut { inside });
    } else {
        alone(inside, || carry_out(&mut None));
    }
    Ok(())
}
