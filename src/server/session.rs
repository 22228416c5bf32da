//! What a connection is besides its bytes, and which command answers a request.

use super::args::Args;
use super::clients::{Peer, Seat};
use super::counters::{Counters, Tally};
use super::execute::{self, Call, Done};
use super::gate::{self, Inside};
use super::settings::Server;
use super::transactions::{self, Transaction};
use super::worker::Worker;
use super::{admin, client, commands, hello, slow};
use crate::resp::Protocol;
use crate::resp::command::{Command, Flag, Refusal, Unknown};
use crate::resp::encode::Encoder;
use crate::resp::error::RequestFault;
use crate::sync::Arc;

/// A client as its commands know it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) seat: Seat,
    /// The last one that it has called.
    pub(super) last: Option<Command>,
    pub(super) protocol: Protocol,
    pub(super) is_authenticated: bool,
    /// CLIENT REPLY OFF.
    pub(super) is_mute: bool,
    /// CLIENT REPLY SKIP came before this command.
    pub(super) skips: bool,
    /// It is this command.
    pub(super) skips_next: bool,
    /// CLIENT NO-EVICT.
    pub(super) is_spared: bool,
    pub(super) transaction: Transaction,
    pub(super) has_quit: bool,
    /// It is in a DEBUG SLEEP.
    sleeps_until: Option<u64>,
}

/// A request, for the commands about the connection.
pub(super) struct Request<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) counters: &'a Counters,
    pub(super) command: Command,
    pub(super) args: Args<'a>,
}

impl Session {
    pub(super) fn new(worker: &Worker, peer: Peer) -> Self {
        let server = &worker.server;
        Self {
            seat: server.clients.enter(&worker.inbox, peer, server.database.millis()),
            last: None,
            protocol: Protocol::Resp2,
            is_authenticated: !server.live.has_password(),
            is_mute: false,
            skips: false,
            skips_next: false,
            is_spared: false,
            transaction: Transaction::default(),
            has_quit: false,
            sleeps_until: None,
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.seat.card.id
    }

    /// Whether a GET needs nothing but the store.
    pub(super) fn is_plain(&self) -> bool {
        self.is_authenticated && !self.is_mute && !self.skips_next && !self.transaction.is_open()
    }

    /// Until when a request has to wait, if it is one that can be carried out.
    pub(super) fn must_wait(
        &mut self,
        server: &Arc<Server>,
        found: Result<Command, Unknown>,
        args: Args<'_>,
    ) -> Option<u64> {
        let command = found.ok()?;
        let spec = command.spec();
        if !spec.takes(args.len()) || !(self.is_authenticated || spec.is(Flag::NoAuth)) {
            return None;
        }
        let now = server.database.millis();
        let writes = spec.is(Flag::Write) || command == Command::Exec && self.transaction.writes();
        if let Some(until) = server.pause.holds(writes, now) {
            return Some(until);
        }
        if self.transaction.is_open() {
            return None;
        }
        let nap = admin::nap(server, command, args)?;
        let until = *self.sleeps_until.get_or_insert(now.saturating_add(nap));
        if now < until {
            return Some(until);
        }
        self.sleeps_until = None;
        None
    }

    /// The reply to what is no request.
    pub(super) fn fault(&self, fault: RequestFault, out: &mut Vec<u8>) {
        if !self.is_mute && !self.skips_next {
            Encoder::new(out, self.protocol).fault(fault);
        }
    }

    /// Drops what was replied since `start`, if no replies are wanted.
    pub(super) fn mute(&self, out: &mut Vec<u8>, start: usize) {
        if self.is_mute || self.skips {
            out.truncate(start);
        }
    }

    /// Answers one request, and appends the reply.
    pub(super) fn answer(
        &mut self,
        server: &Arc<Server>,
        counters: &Counters,
        (found, args): (Result<Command, Unknown>, Args<'_>),
        inside: &mut Inside<'_>,
        out: &mut Vec<u8>,
    ) {
        self.skips = std::mem::take(&mut self.skips_next);
        let start = out.len();
        let done = match self.check(found, args) {
            Ok(command) => {
                let request = Request { server, counters, command, args };
                if self.transaction.is_for_exec(command) {
                    self.transaction.push(&request, &mut Encoder::new(out, self.protocol))
                } else {
                    self.call(&request, Some(inside), out)
                }
            }
            Err(error) => {
                if let Ok(command) = found {
                    counters.command(command, Tally::Rejected, 1);
                }
                Err(self.transaction.refused(found, error))
            }
        };
        let is_exec = done.is_ok() && found == Ok(Command::Exec);
        self.fail(counters, done, out);
        // EXEC has looked after that itself.
        if !is_exec {
            self.mute(out, start);
        }
    }

    /// Replies the error, if it is one.
    pub(super) fn fail(&self, counters: &Counters, done: Done, out: &mut Vec<u8>) {
        if let Err(error) = done {
            counters.error(error.text());
            Encoder::new(out, self.protocol).error(error.text());
        }
    }

    /// Whether a request is a call of a command that this client may make.
    fn check(
        &mut self,
        found: Result<Command, Unknown>,
        args: Args<'_>,
    ) -> Result<Command, execute::Error> {
        let refuse = |refusal: Refusal| execute::Error::from(refusal.text(args.from(0)));
        let command = found.map_err(|unknown| refuse(Refusal::Unknown(unknown)))?;
        let spec = command.spec();
        if !spec.takes(args.len()) {
            return Err(refuse(Refusal::Arity(command)));
        }
        if !self.is_authenticated && !spec.is(Flag::NoAuth) {
            return Err("NOAUTH Authentication required.".into());
        }
        self.transaction.check(command)?;
        self.last = Some(command);
        Ok(command)
    }

    /// Carries out a command, which is counted; `inside` is None if the gate is closed.
    pub(super) fn call(
        &mut self,
        request: &Request<'_>,
        inside: Option<&mut Inside<'_>>,
        out: &mut Vec<u8>,
    ) -> Done {
        let &Request { server, counters, command, args } = request;
        let begin = slow::begin(command, args);
        let done = self.perform(request, inside, out);
        if let Some(begin) = begin {
            server.note_time((command, args), (&self.seat.card, counters), begin);
        }
        counters.command(command, Tally::Calls, 1);
        if done.is_err() {
            counters.command(command, Tally::Failed, 1);
        }
        done
    }

    fn perform(
        &mut self,
        request: &Request<'_>,
        inside: Option<&mut Inside<'_>>,
        out: &mut Vec<u8>,
    ) -> Done {
        let &Request { server, command, args, .. } = request;
        match command {
            Command::Hello => return hello::hello(self, request, out),
            Command::Reset => return hello::reset(self, request, out),
            Command::Exec => return transactions::exec(self, request, inside, out),
            _ => {}
        }
        let mut reply = Encoder::new(out, self.protocol);
        match command {
            Command::Ping => hello::ping(request, &mut reply),
            Command::Echo => {
                reply.bulk(args.at(1));
                Ok(())
            }
            Command::Auth => hello::auth(self, request, &mut reply),
            Command::Select => hello::select(request, &mut reply),
            Command::Quit => {
                self.has_quit = true;
                reply.ok();
                Ok(())
            }
            // Who is told that it has begun will see no more of what it holds.
            Command::ClientPause => {
                gate::alone(inside, || client::client(self, request, &mut reply))
            }
            Command::ClientGetName
            | Command::ClientId
            | Command::ClientInfo
            | Command::ClientKill
            | Command::ClientList
            | Command::ClientNoEvict
            | Command::ClientReply
            | Command::ClientSetInfo
            | Command::ClientSetName
            | Command::ClientUnpause => client::client(self, request, &mut reply),
            Command::Command
            | Command::CommandCount
            | Command::CommandDocs
            | Command::CommandGetKeys
            | Command::CommandInfo
            | Command::CommandList => commands::command(request, &mut reply),
            // They take as long as a dump does, and nobody has to wait for that.
            Command::Save | Command::Shutdown => gate::outside(inside, || {
                let done = admin::admin(self, request, &mut reply);
                done.unwrap_or(Ok(()))
            }),
            Command::Multi | Command::Discard | Command::Watch | Command::Unwatch => {
                transactions::transaction(self, request, inside, &mut reply)
            }
            _ if command.spec().keys.is_empty()
                && let Some(done) = admin::admin(self, request, &mut reply) =>
            {
                done
            }
            _ => {
                let longest = server.live.longest.size();
                let call = Call { database: &server.database, longest, command, args };
                if call.is_one_step() {
                    return execute::run(call, &mut reply);
                }
                gate::alone(inside, || execute::run(call, &mut reply))
            }
        }
    }
}
