//! CLIENT, as far as it is about the connection itself.

use std::io::Write as _;

use super::execute::{Done, SYNTAX};
use super::hello::{is_printable, set_name};
use super::session::{Request, Session};
use crate::resp::Protocol;
use crate::resp::command::Command;
use crate::resp::encode::Encoder;

pub(super) fn client(
    session: &mut Session,
    request: &Request<'_>,
    reply: &mut Encoder<'_>,
) -> Done {
    let args = request.args;
    match request.command {
        Command::ClientId => reply.integer(session.id as i64),
        Command::ClientGetName if session.name.is_empty() => reply.null(),
        Command::ClientGetName => reply.bulk(&session.name),
        Command::ClientSetName => {
            set_name(session, args.at(2))?;
            reply.ok();
        }
        Command::ClientSetInfo => {
            set_info(session, request)?;
            reply.ok();
        }
        Command::ClientNoEvict => {
            session.is_spared = on_or_off(request)?;
            reply.ok();
        }
        Command::ClientReply if args.is(2, "skip") => session.skips_next = !session.is_mute,
        Command::ClientReply => {
            session.is_mute = !on_or_off(request)?;
            if !session.is_mute {
                session.skips = false;
                reply.ok();
            }
        }
        _ => reply.verbatim(*b"txt", &info(session, request)),
    }
    Ok(())
}

fn on_or_off(request: &Request<'_>) -> Result<bool, &'static str> {
    match (request.args.is(2, "on"), request.args.is(2, "off")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(SYNTAX),
    }
}

fn set_info(session: &mut Session, request: &Request<'_>) -> Done {
    let (args, value) = (request.args, request.args.at(3));
    let (place, what) = if args.is(2, "lib-name") {
        (&mut session.library, "lib-name")
    } else if args.is(2, "lib-ver") {
        (&mut session.library_version, "lib-ver")
    } else {
        return Err([b"ERR Unrecognized option '", args.at(2), b"'"].concat().into());
    };
    if !is_printable(value) {
        let text = format!("ERR {what} cannot contain spaces, newlines or special characters.");
        return Err(text.into_bytes().into());
    }
    *place = value.to_vec();
    Ok(())
}

fn flags(session: &Session) -> Vec<u8> {
    let flags = [
        (session.is_spared, b'e'),
        (session.transaction.is_open(), b'x'),
        (session.transaction.is_marked(), b'd'),
    ];
    let flags: Vec<u8> = flags.into_iter().filter(|(is, _)| *is).map(|(_, flag)| flag).collect();
    if flags.is_empty() { b"N".to_vec() } else { flags }
}

/// The line of CLIENT INFO: of Redis's fields those that there is something to say of.
fn info(session: &Session, request: &Request<'_>) -> Vec<u8> {
    let age = request.server.database.time().duration_since(session.since).unwrap_or_default();
    let mut line = Vec::new();
    let mut field = |name: &str, value: &[u8]| {
        // A vector takes whatever it is given.
        let _ = write!(line, "{}{name}=", if line.is_empty() { "" } else { " " });
        line.extend_from_slice(value);
    };
    field("id", session.id.to_string().as_bytes());
    field("addr", session.peer.as_bytes());
    field("name", &session.name);
    field("age", age.as_secs().to_string().as_bytes());
    // It is doing this.
    field("idle", b"0");
    field("flags", &flags(session));
    field("db", b"0");
    field("sub", b"0");
    field("psub", b"0");
    let queued = session.transaction.length().map_or(-1, |length| length as i64);
    field("multi", queued.to_string().as_bytes());
    field("cmd", request.command.spec().name.as_bytes());
    field("user", b"default");
    field("redir", b"-1");
    field("resp", if session.protocol == Protocol::Resp3 { b"3" } else { b"2" });
    field("lib-name", &session.library);
    field("lib-ver", &session.library_version);
    line.push(b'\n');
    line
}
