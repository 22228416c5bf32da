//! What a connection is besides its bytes, and which command answers a request.

use super::args::Args;
use super::clients::{Peer, Seat};
use super::execute::{self, Call, Done};
use super::missing::present;
use super::settings::Server;
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
        self.is_authenticated && !self.is_mute && !self.skips_next
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
        server.pause.holds(spec.is(Flag::Write), server.database.millis())
    }

    /// The reply to what is no request.
    pub(super) fn fault(&self, fault: RequestFault, out: &mut Vec<u8>) {
        if !self.is_mute && !self.skips_next {
            Encoder::new(out, self.protocol).fault(fault);
        }
    }

    /// Carries out one request, and appends the reply.
    pub(super) fn answer(
        &mut self,
        server: &Server,
        found: Result<Command, Unknown>,
        args: Args<'_>,
        out: &mut Vec<u8>,
    ) {
        self.skips = std::mem::take(&mut self.skips_next);
        let start = out.len();
        if let Err(error) = self.perform(server, found, args, out) {
            Encoder::new(out, self.protocol).error(error.text());
        }
        if self.is_mute || self.skips {
            out.truncate(start);
        }
    }

    fn perform(
        &mut self,
        server: &Server,
        found: Result<Command, Unknown>,
        args: Args<'_>,
        out: &mut Vec<u8>,
    ) -> Done {
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
        self.last = Some(command);
        let request = Request { server, command, args };
        match command {
            Command::Hello => return hello::hello(self, &request, out),
            Command::Reset => return hello::reset(self, &request, out),
            _ => {}
        }
        let mut reply = Encoder::new(out, self.protocol);
        match command {
            Command::Ping => hello::ping(&request, &mut reply),
            Command::Echo => {
                reply.bulk(args.at(1));
                Ok(())
            }
            Command::Auth => hello::auth(self, &request, &mut reply),
            Command::Select => hello::select(&request, &mut reply),
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
            | Command::ClientUnpause => client::client(self, &request, &mut reply),
            Command::Command
            | Command::CommandCount
            | Command::CommandDocs
            | Command::CommandGetKeys
            | Command::CommandInfo
            | Command::CommandList => commands::command(&request, &mut reply),
            _ => execute::run(
                Call { database: &server.database, settings: &server.settings, command, args },
                &mut reply,
            ),
        }
    }
}
