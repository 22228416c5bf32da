//! What goes before the load at a connection: which protocol the server speaks, who it is, and who we are.

use std::io::{Read, Write};

use purekv::resp::encode;
use purekv::resp::frame::Frame;

use super::reply::{Reader, Reply, shown};
use super::stream::Socket;
use super::work::Protocol;

/// What a server says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) protocol: Protocol,
    /// What it is: redis.
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its process, on its machine.
    pub(crate) pid: Option<u32>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

/// Longer than any server says of itself.
const LONGEST: usize = 1 << 20;

/// Asks the server who it is. `wanted`: if not said, the server is asked that, too.
pub(crate) fn greet(
    socket: &mut Socket,
    wanted: Option<Protocol>,
    login: &Login,
) -> Result<Greeting, String> {
    let protocol = match wanted {
        Some(protocol) => protocol,
        None => protocol_of(socket)?,
    };
    log_in(socket, protocol, login)?;
    if protocol == Protocol::Memcached {
        let stats = text_until(socket, b"stats\r\n", b"END\r\n")?;
        let stat = |name: &str| {
            let lines = stats.lines().filter_map(|line| line.strip_prefix("STAT "));
            lines.filter_map(|line| line.split_once(' ')).find(|(key, _)| *key == name)
        };
        return Ok(Greeting {
            protocol,
            name: "memcached".to_owned(),
            version: stat("version").map_or_else(String::new, |(_, text)| text.to_owned()),
            pid: stat("pid").and_then(|(_, text)| text.parse().ok()),
        });
    }
    // A server that does not know INFO may be measured all the same.
    let info = match call(socket, protocol, &[b"INFO", b"server"]) {
        Ok(Said::Text(text)) => text,
        _ => String::new(),
    };
    let field = |name: &str| {
        let fields = info.lines().filter_map(|line| line.split_once(':'));
        let found = fields.into_iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.trim().to_owned())
    };
    // Those that stand in for Redis name its version, too; each names its own first.
    let known = ["purekv", "valkey", "keydb", "dragonfly", "redis"];
    let found = known.iter().find_map(|name| Some((*name, field(&format!("{name}_version"))?)));
    let (name, version) = found.unwrap_or(("server", String::new()));
    let pid = field("process_id").and_then(|text| text.parse().ok());
    Ok(Greeting { protocol, name: name.to_owned(), version, pid })
}

/// One line that both understand in their own way: memcached says its version, and RESP has an error for it.
fn protocol_of(socket: &mut Socket) -> Result<Protocol, String> {
    let line = text_until(socket, b"version\r\n", b"\r\n")?;
    match line.as_bytes() {
        [b'-' | b'+' | b'$', ..] => Ok(Protocol::Resp2),
        text if text.starts_with(b"VERSION ") => Ok(Protocol::Memcached),
        other => Err(format!(
            "neither RESP nor memcached: it answers {}; --protocol says which",
            shown(other)
        )),
    }
}

/// What each connection says first.
pub(crate) fn log_in(socket: &mut Socket, protocol: Protocol, login: &Login) -> Result<(), String> {
    if protocol == Protocol::Memcached {
        return match login.password {
            Some(_) => Err("memcached's text protocol has no password".to_owned()),
            None => Ok(()),
        };
    }
    if let Some(password) = &login.password {
        let mut words = vec![b"AUTH".as_slice()];
        words.extend(login.user.as_ref().map(|user| user.as_bytes()));
        words.push(password.as_bytes());
        accepted(call(socket, protocol, &words)?).map_err(|told| format!("AUTH: {told}"))?;
    }
    if protocol == Protocol::Resp3 {
        accepted(call(socket, protocol, &[b"HELLO", b"3"])?)
            .map_err(|told| format!("HELLO 3: {told}"))?;
    }
    Ok(())
}

enum Said {
    Text(String),
    Error(String),
    Other,
}

fn accepted(said: Said) -> Result<(), String> {
    match said {
        Said::Error(text) => Err(text),
        Said::Text(_) | Said::Other => Ok(()),
    }
}

fn call(socket: &mut Socket, protocol: Protocol, words: &[&[u8]]) -> Result<Said, String> {
    let mut out = Vec::new();
    encode::request(&mut out, words.iter().copied());
    send(socket, &out)?;
    let (mut reader, mut come) = (Reader::new(protocol), Vec::new());
    loop {
        let step = reader.next(&come)?;
        if let Some(reply) = step.reply {
            return Ok(said(&reply));
        }
        let used = step.used;
        come.drain(..used);
        if used == 0 {
            read_more(socket, &mut come)?;
        }
    }
}

fn said(reply: &Reply<'_>) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match reply {
        Reply::Value(_, bytes) => Said::Text(text(bytes)),
        Reply::Frame(Frame::Verbatim { text: bytes, .. }) => Said::Text(text(bytes)),
        Reply::Error(bytes) => Said::Error(shown(bytes)),
        Reply::Frame(Frame::Error(bytes) | Frame::BulkError(bytes)) => Said::Error(shown(bytes)),
        _ => Said::Other,
    }
}

fn send(socket: &mut Socket, bytes: &[u8]) -> Result<(), String> {
    let sent = socket.write_all(bytes).and_then(|()| socket.flush());
    sent.map_err(|error| format!("cannot ask it who it is: {error}"))
}

fn read_more(socket: &mut Socket, come: &mut Vec<u8>) -> Result<(), String> {
    let mut piece = [0; 4096];
    match socket.read(&mut piece) {
        Ok(0) => Err(format!("closed before it said who it is; it said {}", shown(come))),
        Ok(_) if come.len() > LONGEST => Err(format!("it says too much: {}", shown(come))),
        Ok(count) => {
            come.extend_from_slice(&piece[..count]);
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(()),
        Err(error) => Err(format!("it does not say who it is, but {}: {error}", shown(come))),
    }
}

fn text_until(socket: &mut Socket, request: &[u8], end: &[u8]) -> Result<String, String> {
    send(socket, request)?;
    let mut come = Vec::new();
    while !come.ends_with(end) {
        read_more(socket, &mut come)?;
    }
    Ok(String::from_utf8_lossy(&come).into_owned())
}
