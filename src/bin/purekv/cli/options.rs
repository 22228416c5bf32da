//! What `purekv cli` is told.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};
use purekv::resp::Protocol;

use super::failure::Failure;
use super::print::Form;
use super::session::Session;
use super::state::State;
use super::target::{PORT, Place, Target};
use super::tls::TlsOptions;

/// Talk to a server, purekv's or Redis's: at a prompt, through a pipe, or one command.
///
/// Without COMMAND, commands are read from standard input, one on each line; from a terminal with a prompt, history, completion and hints. Ends with 1 if a
/// reply was an error or did not come. A password may also be in PUREKV_PASSWORD or REDISCLI_AUTH, where other users do not see it.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Host of the server
    #[arg(short = 'h', long, default_value = "127.0.0.1")]
    host: String,
    /// Port of the server
    #[arg(short, long, default_value_t = PORT)]
    port: u16,
    /// Socket of the server, instead of host and port
    #[arg(short = 's', long, value_name = "PATH", conflicts_with = "host")]
    unix_socket: Option<PathBuf>,
    /// redis://USER:PASSWORD@HOST:PORT/DB, rediss://… with TLS, or unix:///PATH
    #[arg(short, long, conflicts_with_all = ["host", "port", "unix_socket"])]
    url: Option<String>,
    /// Password
    #[arg(short = 'a', long = "pass", value_name = "PASSWORD")]
    password: Option<String>,
    /// User, for a server that has several
    #[arg(long)]
    user: Option<String>,
    /// Do not warn of a password among the arguments
    #[arg(long)]
    no_auth_warning: bool,
    #[command(flatten)]
    tls: TlsOptions,
    /// Number of the database
    #[arg(short = 'n', long = "db", value_name = "DB")]
    database: Option<u32>,
    /// Speak RESP2, also with --json
    #[arg(short = '2', conflicts_with = "resp3")]
    resp2: bool,
    /// Speak RESP3, in which maps, sets, doubles and booleans are told apart [default: RESP2, with --json RESP3]
    #[arg(short = '3')]
    resp3: bool,
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
    /// Send standard input as it is (requests in the protocol's form), and count the replies
    #[arg(long, conflicts_with_all = ["command", "last_from_input"])]
    pub(crate) pipe: bool,
    /// With --pipe: give up when no reply has come for so long after all was sent; 0: never
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) pipe_timeout: Duration,
    /// Give up when connecting, or a reply, takes longer [default: never]
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
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

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| time.as_secs() < 1 << 32).ok_or("expected seconds, as in 0.5".to_owned())
}

impl Options {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        let has_tls =
            self.tls.tls || self.url.as_ref().is_some_and(|url| url.starts_with("rediss:"));
        match () {
            () if self.tls.is_detailed() && !has_tls => {
                Some("certificates are for --tls, or a URL with rediss://")
            }
            () if self.last_from_input && self.command.is_empty() => {
                Some("-x is for the last argument of a command, and there is none")
            }
            () if self.user.is_some() && self.secret().is_none() && self.url.is_none() => {
                Some("a user needs a password")
            }
            () if self.timeout.is_some_and(|limit| limit.is_zero()) => {
                Some("a time-out of nothing")
            }
            () => None,
        }
    }

    fn secret(&self) -> Option<String> {
        let from_environment = |name| env::var(name).ok().filter(|password| !password.is_empty());
        let given = self.password.clone();
        given
            .or_else(|| from_environment("PUREKV_PASSWORD"))
            .or_else(|| from_environment("REDISCLI_AUTH"))
    }

    /// Whether to warn of a password that others may see.
    pub(crate) fn is_careless(&self) -> bool {
        let in_url = || Target::parse(self.url.as_ref()?).ok()?.password;
        !self.no_auth_warning && (self.password.is_some() || in_url().is_some())
    }

    /// Not connected yet.
    pub(crate) fn session(&self) -> Result<Session, Failure> {
        let place = match &self.unix_socket {
            Some(path) => Place::Unix(path.clone()),
            None => Place::Tcp { host: self.host.clone(), port: self.port },
        };
        let target = match &self.url {
            Some(url) => Target::parse(url)?,
            None => Target { place, tls: false, user: None, password: None, database: 0 },
        };
        let tls = match self.tls.tls || target.tls {
            true => Some(self.tls.prepare()?),
            false => None,
        };
        let state = State {
            user: self.user.clone().or(target.user),
            // What is said here goes before what is said for all.
            password: self.password.clone().or(target.password).or_else(|| self.secret()),
            protocol: match self.resp3 || self.json && !self.resp2 {
                true => Protocol::Resp3,
                false => Protocol::Resp2,
            },
            database: self.database.unwrap_or(target.database),
            ..State::default()
        };
        Ok(Session::new(target.place, tls, self.timeout, state))
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
