//! Which server, who asks, and how.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use purekv::resp::Protocol;

use super::failure::Failure;
use super::session::Session;
use super::state::State;
use super::target::{PORT, Place, Target};
use super::tls::TlsOptions;

#[derive(Args)]
pub(crate) struct ServerOptions {
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
    /// Give up when connecting takes longer, or nothing of a reply comes for so long [default: never]
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| time.as_secs() < 1 << 32).ok_or("expected seconds, as in 0.5".to_owned())
}

impl ServerOptions {
    /// What is wrong with the arguments as a whole.
    pub(crate) fn misuse(&self) -> Option<&'static str> {
        let by_url = self.url.as_ref().is_some_and(|url| url.starts_with("rediss:"));
        if self.tls.is_detailed() && !self.tls.tls && !by_url {
            return Some("certificates are for --tls, or a URL with rediss://");
        }
        if self.user.is_some() && self.secret().is_none() && self.url.is_none() {
            return Some("a user needs a password");
        }
        let is_over = self.timeout.is_some_and(|limit| limit.is_zero());
        is_over.then_some("a time-out of nothing")
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

    /// Not connected yet. `usual`: the protocol if nothing is said of it.
    pub(crate) fn session(&self, usual: Protocol) -> Result<Session, Failure> {
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
            protocol: match (self.resp2, self.resp3) {
                (true, _) => Protocol::Resp2,
                (_, true) => Protocol::Resp3,
                _ => usual,
            },
            database: self.database.unwrap_or(target.database),
            ..State::default()
        };
        Ok(Session::new(target.place, tls, self.timeout, state))
    }
}
