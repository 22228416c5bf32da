//! What a connection is besides its bytes, and which command answers a request.

use super::args::Args;
use super::clients::{Peer, Seat};
use super::execute::{self, Call, Done};
use super::gate::Inside;
use super::missing::present;
use super::settings::Server;
use super::transactions::{self, Transaction};
use super::worker::Worker;
use super::{client, commands, hello};
use crate::resp::Protocol;
use crate::resp::command::{Command, Flag, Refusal, Unknown};
use crate::resp::encode::Encoder;
use crate::resp::error::RequestFault;

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
}

/// A request, for the commands about the connection.
pub(super) struct Request<'a> {
    pub(super) server: &'a Server,
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
            is_authenticated: server.settings.password.is_none(),
            is_mute: false,
            skips: false,
            skips_next: false,
            is_spared: false,
            transaction: Transaction::default(),
            has_quit: false,
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.seat.card.id
    }

    pub(super) fn has_quit(&self) -> bool {
        self.has_quit
    }

    /// Whether a GET needs nothing but the store.
    pub(super) fn is_plain(&self) -> bool {
        self.is_authenticated && !self.is_mute && !self.skips_next && !self.transaction.is_open()
    }

    /// Until when a request has to wait, if it is one that can be carried out.
    pub(super) fn must_wait(
        &self,
        server: &Server,
        found: Result<Command, Unknown>,
        count: usize,
    ) -> Option<u64> {
        let command = found.and_then(present).ok()?;
        let spec = command.spec();
        if !spec.takes(count) || !(self.is_authenticated || spec.is(Flag::NoAuth)) {
            return None;
        }
        let writes = spec.is(Flag::Write) || command == Command::Exec && self.transaction.writes();
        server.pause.holds(writes, server.database.millis())
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
        server: &Server,
        found: Result<Command, Unknown>,
        args: Args<'_>,
        inside: &mut Inside<'_>,
        out: &mut Vec<u8>,
    ) {
        self.skips = std::mem::take(&mut self.skips_next);
        let start = out.len();
        match self.perform(server, found, args, inside, out) {
            // Which has looked after that itself.
            Ok(()) if found == Ok(Command::Exec) => return,
            Ok(()) => {}
            Err(error) => Encoder::new(out, self.protocol).error(error.text()),
        }
        self.mute(out, start);
    }

    /// Carries it out, now or with a transaction.
    fn perform(
        &mut self,
        server: &Server,
        found: Result<Command, Unknown>,
        args: Args<'_>,
        inside: &mut Inside<'_>,
        out: &mut Vec<u8>,
    ) -> Done {
        let checked = self.check(found, args);
        let (command, is_queued) = match checked {
            Ok(checked) => checked,
            Err(error) if found == Ok(Command::Exec) => {
                self.transaction.discard();
                return Err(transactions::aborted_because(&error));
            }
            Err(error) => {
                self.transaction.spoil();
                return Err(error);
            }
        };
        self.last = Some(command);
        let request = Request { server, command, args };
        if is_queued {
            return self.transaction.push(&request, &mut Encoder::new(out, self.protocol));
        }
        self.carry_out(&request, Some(inside), out)
    }

    /// Which command it is, if it may be one, and whether it is to wait for EXEC.
    fn check(
        &self,
        found: Result<Command, Unknown>,
        args: Args<'_>,
    ) -> Result<(Command, bool), execute::Error> {
        let refuse = |refusal: Refusal| execute::Error::from(refusal.text(args.from(0)));
        let command =
            found.and_then(present).map_err(|unknown| refuse(Refusal::Unknown(unknown)))?;
        let spec = command.spec();
        if !spec.takes(args.len()) {
            return Err(refuse(Refusal::Arity(command)));
        }
        if !self.is_authenticated && !spec.is(Flag::NoAuth) {
            return Err("NOAUTH Authentication required.".into());
        }
        Ok((command, self.transaction.queues(command)?))
    }

    /// Carries out a command that may be; `inside` is None if the gate is closed.
    pub(super) fn carry_out(
        &mut self,
        request: &Request<'_>,
        inside: Option<&mut Inside<'_>>,
        out: &mut Vec<u8>,
    ) -> Done {
        let &Request { server, command, args } = request;
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
            Command::ClientGetName
            | Command::ClientId
            | Command::ClientInfo
            | Command::ClientKill
            | Command::ClientList
            | Command::ClientNoEvict
            | Command::ClientPause
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
            Command::Multi | Command::Discard | Command::Watch | Command::Unwatch => {
                transactions::transaction(self, request, inside, &mut reply)
            }
            _ => {
                let (database, settings) = (&server.database, &server.settings);
                let call = Call { database, settings, command, args };
                if call.is_one_step() {
                    return execute::run(call, &mut reply);
                }
                transactions::alone(inside, || execute::run(call, &mut reply))
            }
        }
    }
}
