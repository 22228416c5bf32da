//! Which servers are measured.

use std::fmt;
use std::str::FromStr;

use crate::cli::Place;

/// A server, and what it is called in the report. As text: HOST:PORT or unix:PATH, with NAME= before it or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// What the table calls it: if not said, what it says of itself, or where it is.
    pub(crate) name: Option<String>,
    pub(crate) place: Place,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, place) = match text.split_once('=') {
            // A path may have anything in it.
            Some((name, place)) if !name.starts_with("unix:") => (Some(name.to_owned()), place),
            _ => (None, text),
        };
        if name.as_ref().is_some_and(|name| name.is_empty() || name.contains('/')) {
            return Err(format!("{text:?}: a name has letters, and no slash"));
        }
        Ok(Self { name, place: parse_place(place)? })
    }
}

fn parse_place(text: &str) -> Result<Place, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return match path {
            "" => Err("unix: and no path".to_owned()),
            path => Ok(Place::Unix(path.into())),
        };
    }
    let told = || format!("{text:?}: expected HOST:PORT or unix:PATH");
    let (host, port) = text.rsplit_once(':').ok_or_else(told)?;
    let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(told)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    // Else nobody knows which of its colons is the port's.
    if bare.is_none() && host.contains(':') || host.is_empty() {
        return Err(told());
    }
    Ok(Place::Tcp { host: bare.unwrap_or(host).to_owned(), port })
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.place),
            None => write!(f, "{}", self.place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_from_text() {
        let tcp = |host: &str, port| Place::Tcp { host: host.to_owned(), port };
        let target = |text: &str| text.parse::<Target>();
        let named = target("redis=localhost:6379").unwrap();
        assert_eq!((named.name.as_deref(), &named.place), (Some("redis"), &tcp("localhost", 6379)));
        assert_eq!(named.to_string(), "redis (localhost:6379)");
        assert_eq!(target("[::1]:70").unwrap(), Target { name: None, place: tcp("::1", 70) });
        let path = target("a=unix:/run/x=1").unwrap();
        assert_eq!((path.name.as_deref(), path.place), (Some("a"), Place::Unix("/run/x=1".into())));
        assert_eq!(target("unix:a=b").unwrap().place, Place::Unix("a=b".into()));
        for text in [
            "",
            "host",
            ":1",
            "host:",
            "host:0",
            "host:70000",
            "::1:70",
            "=h:1",
            "unix:",
            "a/b=h:1",
        ] {
            assert!(target(text).is_err(), "{text}");
        }
    }
}
