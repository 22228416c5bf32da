//! What a client is told of a request that cannot be done, in Redis's words: clients match on them.
//!
//! The texts have what a client sent in them, up to 128 bytes of it, and up to its first NUL byte, as C prints it. An encoder takes line ends out.

use super::{Command, Unknown};

/// How many bytes of a request are shown.
const SHOWN: usize = 128;

/// Why a request is not a call of any command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such command or subcommand.
    Unknown(Unknown),
    /// The command takes more arguments, or fewer.
    Arity(Command),
}

impl Refusal {
    /// The error line for a request with these arguments, its name first.
    ///
    /// ```
    /// use purekv::resp::command::{Command, Refusal, Unknown};
    ///
    /// let args: [&[u8]; 3] = [b"frob", b"a", b"b"];
    /// let text = Refusal::Unknown(Unknown::Command).text(args.into_iter());
    /// assert_eq!(text, b"ERR unknown command 'frob', with args beginning with: 'a' 'b' ");
    /// let text = Refusal::Arity(Command::ClientKill).text(args.into_iter());
    /// assert_eq!(text, b"ERR wrong number of arguments for 'client|kill' command");
    /// ```
    pub fn text<'a>(self, mut args: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        let name = args.next().unwrap_or_default();
        match self {
            Self::Unknown(Unknown::Command) => unknown_command(name, args),
            Self::Unknown(Unknown::Subcommand(container)) => {
                unknown_subcommand(container, args.next().unwrap_or_default())
            }
            Self::Arity(command) => {
                let name = command.spec().name;
                format!("ERR wrong number of arguments for '{name}' command").into_bytes()
            }
        }
    }
}

fn unknown_command<'a>(name: &[u8], args: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut shown = Vec::new();
    for arg in args {
        if shown.len() >= SHOWN {
            break;
        }
        let length = SHOWN - shown.len();
        shown.push(b'\'');
        shown.extend_from_slice(printed(arg, length));
        shown.extend_from_slice(b"' ");
    }
    [b"ERR unknown command '", printed(name, SHOWN), b"', with args beginning with: ", &shown]
        .concat()
}

fn unknown_subcommand(container: Command, name: &[u8]) -> Vec<u8> {
    let container = container.spec().name.to_ascii_uppercase();
    let try_help = format!("'. Try {container} HELP.");
    [b"ERR unknown subcommand '", printed(name, SHOWN), try_help.as_bytes()].concat()
}

/// What C's `%.*s` prints.
fn printed(text: &[u8], length: usize) -> &[u8] {
    let text = &text[..text.len().min(length)];
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// What `COMMAND GETKEYS` replies where there are no keys to reply with: `command` is what it was asked about with `count` arguments, if that is a command at all. `None` if it has keys.
pub fn missing_keys(command: Option<Command>, count: usize) -> Option<&'static str> {
    match command {
        None => Some("ERR Invalid command specified"),
        Some(command) if command.spec().keys.is_empty() => {
            Some("ERR The command has no key arguments")
        }
        Some(command) if !command.spec().takes(count) => {
            Some("ERR Invalid number of arguments specified for command")
        }
        Some(_) => None,
    }
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    fn unknown(args: &[&[u8]]) -> String {
        let refusal = Refusal::Unknown(Command::find(args[0], args.get(1).copied()).unwrap_err());
        String::from_utf8(refusal.text(args.iter().copied())).unwrap()
    }

    // What a Redis 7.0.15 says.
    #[test]
    fn what_is_unknown_is_shown() {
        assert_eq!(unknown(&[b"foo"]), "ERR unknown command 'foo', with args beginning with: ");
        assert_eq!(
            unknown(&[b"fo\0o", b"a\0b", b""]),
            "ERR unknown command 'fo', with args beginning with: 'a' '' "
        );
        assert_eq!(
            unknown(&[b"cLient", b"fOo", b"x"]),
            "ERR unknown subcommand 'fOo'. Try CLIENT HELP."
        );
        assert_eq!(unknown(&[b"config", b""]), "ERR unknown subcommand ''. Try CONFIG HELP.");
    }

    #[test]
    fn no_more_is_shown_than_fits() {
        let (f, a, b) = ("f".repeat(300), "a".repeat(100), "b".repeat(60));
        let said = unknown(&[f.as_bytes()]);
        assert_eq!(
            said,
            format!("ERR unknown command '{}', with args beginning with: ", &f[..128])
        );
        let said = unknown(&[b"foo", a.as_bytes(), b.as_bytes(), b"c"]);
        assert_eq!(
            said,
            format!("ERR unknown command 'foo', with args beginning with: '{a}' '{}' ", &b[..25])
        );
        let said = unknown(&[b"foo", f.as_bytes(), b"c"]);
        assert_eq!(
            said,
            format!("ERR unknown command 'foo', with args beginning with: '{}' ", &f[..128])
        );
        let said = unknown(&[b"config", f.as_bytes()]);
        assert_eq!(said, format!("ERR unknown subcommand '{}'. Try CONFIG HELP.", &f[..128]));
    }

    #[test]
    fn keys_may_be_missing() {
        assert_eq!(missing_keys(None, 2), Some("ERR Invalid command specified"));
        assert_eq!(
            missing_keys(Some(Command::Ping), 1),
            Some("ERR The command has no key arguments")
        );
        assert_eq!(
            missing_keys(Some(Command::Get), 3),
            Some("ERR Invalid number of arguments specified for command")
        );
        assert_eq!(missing_keys(Some(Command::ObjectFreq), 3), None);
    }
}
