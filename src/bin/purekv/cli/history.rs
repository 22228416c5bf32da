//! What was typed before, and what of that is never written down.

use std::env;
use std::path::PathBuf;

use purekv::resp::inline;

/// Lines that are kept.
pub(crate) const LINES: usize = 1000;

/// Where it is kept: what `PUREKV_HISTORY` says (nowhere, if that is empty), else the folder for what programs remember.
pub(crate) fn file() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if env::var_os("PUREKV_HISTORY").is_some() {
        return set("PUREKV_HISTORY");
    }
    let state = set("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("purekv").join("history"))
}

/// Whether a line has a password in it, or might have.
pub(crate) fn is_secret(line: &str) -> bool {
    let words = inline::words(line.as_bytes()).unwrap_or_else(|_| {
        // It will be refused, and perhaps typed again.
        let bare = |word: &str| word.replace(['"', '\''], "").into_bytes();
        line.split_whitespace().map(bare).collect()
    });
    let words: Vec<_> =
        words.iter().map(|word| String::from_utf8_lossy(word).to_ascii_lowercase()).collect();
    let mut words = words.iter().map(String::as_str).peekable();
    words.next_if(|word| word.parse::<i64>().is_ok());
    let first = words.next().unwrap_or_default();
    let mut has = |secrets: &[&str]| words.any(|word| secrets.contains(&word));
    match first {
        "auth" => true,
        "hello" => has(&["auth"]),
        "config" => has(&[
            "requirepass",
            "masterauth",
            "masteruser",
            "tls-key-file-pass",
            "tls-client-key-file-pass",
        ]),
        "acl" => has(&["setuser", "deluser"]),
        "migrate" => has(&["auth", "auth2"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn passwords_are_secret() {
        for line in [
            "auth secret",
            "AUTH alice secret",
            "2 auth secret",
            "\"auth\" secret",
            "auth \"secret",
            "hello 3 auth alice secret",
            "HELLO 3 SETNAME me AUTH alice secret",
            "config set requirepass secret",
            "CONFIG SET maxmemory 1 RequirePass secret",
            "config set \"requirepass\" \"secret",
            "acl setuser alice >secret",
            "migrate h 1 k 0 1 AUTH secret",
        ] {
            assert!(is_secret(line), "{line}");
        }
        for line in ["", "get auth", "hello 3", "config set maxmemory 1", "set requirepass x"] {
            assert!(!is_secret(line), "{line}");
        }
    }
}
