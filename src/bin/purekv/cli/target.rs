//! Where the server is, and who asks.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Url;

use super::failure::Failure;

/// Ours, and not Redis's 6379: both may run on one machine.
pub(crate) const PORT: u16 = 6666;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// What a URL says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: u32,
}

impl Target {
    /// # Errors
    ///
    /// If it is no URL of a server. The text never has the password in it.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let url = Url::parse(text).map_err(|error| Failure::Url(error.to_string()))?;
        let wrong = |what: &str| Failure::Url(what.to_owned());
        let decoded = |part: &str| {
            let text = percent_decode_str(part).decode_utf8();
            text.map(|text| text.into_owned()).map_err(|_| wrong("bytes that are no UTF-8"))
        };
        let tls = match url.scheme() {
            "redis" | "unix" => false,
            "rediss" => true,
            other => return Err(wrong(&format!("a URL of \"{other}\""))),
        };
        let mut database = 0;
        let place = if url.scheme() == "unix" {
            if url.host_str().is_some_and(|host| !host.is_empty()) || url.path().len() < 2 {
                return Err(wrong("a socket without a path"));
            }
            Place::Unix(decoded(url.path())?.into())
        } else {
            let number = url.path().trim_matches('/');
            if !number.is_empty() {
                database = number.parse().map_err(|_| wrong("a database that is no number"))?;
            }
            let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("127.0.0.1");
            let host = decoded(host.trim_matches(['[', ']']))?;
            Place::Tcp { host, port: url.port().unwrap_or(PORT) }
        };
        let user = Some(decoded(url.username())?).filter(|user| !user.is_empty());
        let password = url.password().map(decoded).transpose()?;
        Ok(Self { place, tls, user, password, database })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Place {
        Place::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn urls_say_where_and_who() {
        let target = Target::parse("rediss://alice:p%40ss%3A@example.org:7000/3").unwrap();
        assert_eq!(
            target,
            Target {
                place: tcp("example.org", 7000),
                tls: true,
                user: Some("alice".into()),
                password: Some("p@ss:".into()),
                database: 3
            }
        );
        let target = Target::parse("redis://:secret@[::1]").unwrap();
        assert_eq!((target.place, target.user), (tcp("::1", PORT), None));
        assert_eq!(target.password.as_deref(), Some("secret"));
        assert_eq!(Target::parse("redis://h/").unwrap().place, tcp("h", PORT));
        let target = Target::parse("unix:///run/a%20b.sock").unwrap();
        assert_eq!(target.place, Place::Unix("/run/a b.sock".into()));
    }

    #[test]
    fn other_urls_are_refused_without_their_password() {
        for url in [
            "",
            "localhost",
            "http://:secret@h",
            "redis://:secret@h:port",
            "redis://:secret@h:70000",
            "redis://:secret@h/x",
            "redis://:secret@h/1/2",
            "redis://:%ff@secret",
            "unix://",
            "unix://host/path",
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains("expected redis://") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn places_are_shown_as_they_are_given() {
        assert_eq!(tcp("localhost", 1).to_string(), "localhost:1");
        assert_eq!(tcp("::1", 1).to_string(), "[::1]:1");
        assert_eq!(Place::Unix("/run/s".into()).to_string(), "/run/s");
    }
}
