//! What `purekv cli` is told.

use std::ffi::OsString;
use std::time::Duration;

use clap::{ArgAction, Args};
use purekv::resp::Protocol;

use super::failure::Failure;
use super::print::Form;
use super::server_options::{ServerOptions, seconds};
use super::session::Session;

/// Talk to a server, purekv's or Redis's: at a prompt, through a pipe, or one command.
///
/// Without COMMAND, commands are read from standard input, one on each line; from a terminal with a prompt, history, completion and hints. Ends with 1 if a
/// reply was an error or did not come. A password may also be in PUREKV_PASSWORD or REDISCLI_AUTH, where other users do not see it.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,
    /// Print the bytes of replies [default where standard output is no terminal]
    #[arg(long, conflicts_with_all = ["no_raw", "json"])]
    raw: bool,
    /// Print replies with their types, in quotes [default where standard output is a terminal]
    #[arg(long, conflicts_with = "json")]
    no_raw: bool,
    /// Print each reply as a line of JSON
    #[arg(long)]
    json: bool,
    /// Send COMMAND so many times; -1: for ever
    #[arg(short, long, value_name = "N", default_value = "1", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..=i64::from(u32::MAX)))]
    repeat: i64,
    /// Wait so many seconds between two times
    #[arg(short, long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub(crate) interval: Duration,
    /// Take the last argument of COMMAND from standard input, all of it
    #[arg(short = 'x')]
    pub(crate) last_from_input: bool,
    /// Print all keys, by SCAN
    #[arg(long, conflicts_with_all = ["command", "pipe", "last_from_input"])]
    pub(crate) scan: bool,
    /// With --scan: only keys that match
    #[arg(long, value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,
    /// With --scan: how many keys to look at in one step
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: u32,
    /// Send standard input as it is (requests in the protocol's form), and count the replies
    #[arg(long, conflicts_with_all = ["command", "last_from_input"])]
    pub(crate) pipe: bool,
    /// With --pipe: give up when no reply has come for so long after all was sent; 0: never
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) pipe_timeout: Duration,
    /// An error reply always ends with 1
    #[arg(short, hide = true)]
    error_code: bool,
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
    /// A command and its arguments
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Options {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        if self.last_from_input && self.command.is_empty() {
            return Some("-x is for the last argument of a command, and there is none");
        }
        let is_lost = self.pattern.is_some() && !self.scan;
        self.server.misuse().or(is_lost.then_some("a pattern is for --scan"))
    }

    pub(crate) fn is_careless(&self) -> bool {
        self.server.is_careless()
    }

    /// Not connected yet.
    pub(crate) fn session(&self) -> Result<Session, Failure> {
        self.server.session(if self.json { Protocol::Resp3 } else { Protocol::Resp2 })
    }

    pub(crate) fn form(&self, is_terminal: bool) -> Form {
        match (self.json, self.raw, self.no_raw || is_terminal) {
            (true, ..) => Form::Json,
            (_, false, true) => Form::Pretty,
            _ => Form::Raw,
        }
    }

    /// None: for ever.
    pub(crate) fn times(&self) -> Option<u32> {
        u32::try_from(self.repeat).ok()
    }

    pub(crate) fn command(&self) -> Vec<Vec<u8>> {
        self.command.iter().map(|arg| arg.as_encoded_bytes().to_vec()).collect()
    }
}
