//! Addresses of servers.

use std::path::PathBuf;

use redis::{ConnectionAddr, IntoConnectionInfo};

use super::error::Error;
use super::settings::{Login, Protocol};

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tcp { host: String, port: u16, tls: bool },
    Unix(PathBuf),
}

/// What an address says: where, and who comes.
pub(super) struct Parsed {
    pub(super) place: Place,
    pub(super) login: Login,
    /// For messages: no user, no password.
    pub(super) shown: String,
}

/// What of an address may be shown.
fn without_password(address: &str) -> String {
    let behind = address.rfind('@').map_or(address, |at| &address[at + 1..]);
    // Of a socket it is a parameter.
    behind.split('?').next().unwrap_or_default().to_owned()
}

/// See [`Builder`](super::Builder) for what there is.
pub(super) fn parse(address: &str) -> Result<Parsed, Error> {
    let refused = |reason: String| Error::Address { address: without_password(address), reason };
    let url = match address.split_once(':') {
        // `unix:/path` as well as `unix:///path`.
        Some(("unix", path)) if !path.starts_with("//") => format!("unix://{path}"),
        _ if address.contains("://") => address.to_owned(),
        _ => format!("redis://{address}"),
    };
    // The TLS of the redis crate is not compiled in: it has no say in which provider is used.
    let (url, tls) = match url.split_once("://") {
        Some(("rediss" | "valkeys", rest)) => (format!("redis://{rest}"), true),
        _ => (url, false),
    };
    if tls && !cfg!(feature = "client-tls") {
        return Err(refused("it asks for TLS, which is the feature `client-tls`".to_owned()));
    }
    if url.contains('#') {
        return Err(refused("it ends in a fragment, and none has a meaning".to_owned()));
    }
    let info = url.as_str().into_connection_info().map_err(|error| refused(reason(&error)))?;
    let place = match info.addr() {
        ConnectionAddr::Tcp(host, port) => Place::Tcp { host: host.clone(), port: *port, tls },
        ConnectionAddr::Unix(path) if cfg!(unix) => Place::Unix(path.clone()),
        _ => return Err(refused("it is of a kind that is not known here".to_owned())),
    };
    let settings = info.redis_settings();
    let protocol = match settings.protocol() {
        redis::ProtocolVersion::RESP3 => Protocol::Resp3,
        _ => Protocol::Resp2,
    };
    let database = u32::try_from(settings.db())
        .map_err(|_| refused(format!("{} is no number of a database", settings.db())))?;
    let login = Login {
        user: settings.username().map(str::to_owned),
        password: settings.password().map(str::to_owned),
        database,
        protocol,
        name: None,
    };
    Ok(Parsed { place, login, shown: info.addr().to_string() })
}

/// What the redis crate finds wrong. Its details may be parts of the address.
fn reason(error: &redis::RedisError) -> String {
    let text = error.to_string();
    text.split(" - ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str) -> Place {
        parse(address).map(|parsed| parsed.place).expect("an address")
    }

    fn tcp(host: &str, port: u16) -> Place {
        Place::Tcp { host: host.to_owned(), port, tls: false }
    }

    #[test]
    fn addresses() {
        assert_eq!(place("localhost:7000"), tcp("localhost", 7000));
        assert_eq!(place("localhost"), tcp("localhost", 6379));
        assert_eq!(place("[::1]:7000"), tcp("::1", 7000));
        assert_eq!(place("redis://127.0.0.1"), tcp("127.0.0.1", 6379));
        assert_eq!(place("redis://u:p@host:1/3?protocol=resp3"), tcp("host", 1));
        if cfg!(unix) {
            for address in ["unix:/run/s.sock", "unix:///run/s.sock"] {
                assert_eq!(place(address), Place::Unix("/run/s.sock".into()));
            }
        }
        if cfg!(feature = "client-tls") {
            let tls = Place::Tcp { host: "host".to_owned(), port: 6379, tls: true };
            assert_eq!(place("rediss://host"), tls);
        }
    }

    #[test]
    fn who_comes_is_in_it() {
        let parsed =
            parse("redis://us%40er:pass%2Fword@host:1/3?protocol=resp3").expect("it is one");
        assert_eq!(parsed.login.user.as_deref(), Some("us@er"));
        assert_eq!(parsed.login.password.as_deref(), Some("pass/word"));
        assert_eq!((parsed.login.database, parsed.login.protocol), (3, Protocol::Resp3));
        assert_eq!(parsed.shown, "host:1");
    }

    #[test]
    fn what_is_none_is_refused_and_shows_no_password() {
        let bad = [
            "",
            "http://host",
            "host:port",
            "redis://user:secret@",
            "redis://:secret@host:99999",
            "redis://:secret@host/database",
            "redis://:secret@host/-1",
            "redis://:secret@host?protocol=resp9",
            "rediss://:secret@host#insecure",
            "unix:///s.sock?pass=secret&db=x",
            "unix:",
        ];
        for address in bad {
            let error = parse(address).err().unwrap_or_else(|| panic!("{address} is one"));
            assert!(matches!(error, Error::Address { .. }), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
