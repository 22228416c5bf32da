//! Who a connection is and how it speaks: HELLO, AUTH, RESET, SELECT, PING.

use super::REDIS_VERSION;
use super::execute::{self, Done, SYNTAX};
use super::session::{Request, Session};
use crate::resp::Protocol;
use crate::resp::command::Refusal;
use crate::resp::encode::Encoder;
use crate::resp::number::integer;

const WRONG_PASSWORD: &str = "WRONGPASS invalid username-password pair or user is disabled.";
const NO_PASSWORD: &str = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
const HELLO_WITHOUT_AUTH: &str = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";

/// There is one user, Redis's default one.
fn authenticate(
    session: &mut Session,
    request: &Request<'_>,
    user: &[u8],
    password: &[u8],
) -> Done {
    if user != b"default" || !request.server.live.is_password(password) {
        return Err(WRONG_PASSWORD.into());
    }
    session.is_authenticated = true;
    Ok(())
}

pub(super) fn auth(session: &mut Session, request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    match args.len() {
        2 if !request.server.live.has_password() => return Err(NO_PASSWORD.into()),
        2 => authenticate(session, request, b"default", args.at(1))?,
        3 => authenticate(session, request, args.at(1), args.at(2))?,
        _ => return Err(SYNTAX.into()),
    }
    reply.ok();
    Ok(())
}

pub(super) fn hello(session: &mut Session, request: &Request<'_>, out: &mut Vec<u8>) -> Done {
    let args = request.args;
    let protocol = match args.get(1).map(integer) {
        None => session.protocol,
        Some(Some(2)) => Protocol::Resp2,
        Some(Some(3)) => Protocol::Resp3,
        Some(Some(_)) => return Err("NOPROTO unsupported protocol version".into()),
        Some(None) => {
            return Err("ERR Protocol version is not an integer or out of range".into());
        }
    };
    let (mut login, mut name) = (None, None);
    let mut place = 2;
    while let Some(option) = args.get(place) {
        if args.is(place, "auth") && args.len() > place + 2 {
            login = Some((args.at(place + 1), args.at(place + 2)));
            place += 3;
        } else if args.is(place, "setname") && args.len() > place + 1 {
            name = Some(args.at(place + 1));
            place += 2;
        } else {
            return Err([b"ERR Syntax error in HELLO option '", option, b"'"].concat().into());
        }
    }
    if let Some((user, password)) = login {
        authenticate(session, request, user, password)?;
    }
    if !session.is_authenticated {
        return Err(HELLO_WITHOUT_AUTH.into());
    }
    if let Some(name) = name {
        set_name(session, name)?;
    }
    session.protocol = protocol;
    let mut reply = Encoder::new(out, protocol);
    reply.map(7);
    reply.bulk(b"server");
    reply.bulk(b"redis");
    reply.bulk(b"version");
    reply.bulk(REDIS_VERSION.as_bytes());
    reply.bulk(b"proto");
    reply.integer(if protocol == Protocol::Resp3 { 3 } else { 2 });
    reply.bulk(b"id");
    reply.integer(session.id() as i64);
    reply.bulk(b"mode");
    reply.bulk(b"standalone");
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.array(0);
    Ok(())
}

/// The name of a connection: printable ASCII without spaces.
pub(super) fn set_name(session: &mut Session, name: &[u8]) -> Done {
    if !is_printable(name) {
        return Err(
            "ERR Client names cannot contain spaces, newlines or special characters.".into()
        );
    }
    session.seat.card.words().name = name.to_vec();
    Ok(())
}

pub(super) fn is_printable(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

pub(super) fn reset(session: &mut Session, request: &Request<'_>, out: &mut Vec<u8>) -> Done {
    session.protocol = Protocol::Resp2;
    session.is_authenticated = !request.server.live.has_password();
    session.seat.card.words().name.clear();
    session.is_mute = false;
    session.is_spared = false;
    session.transaction.discard();
    Encoder::new(out, session.protocol).simple(b"RESET");
    Ok(())
}

pub(super) fn select(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    execute::check_database(request.args.at(1))?;
    reply.ok();
    Ok(())
}

pub(super) fn ping(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    match request.args.len() {
        1 => reply.simple(b"PONG"),
        2 => reply.bulk(request.args.at(1)),
        _ => return Err(Refusal::Arity(request.command).text(request.args.from(0)).into()),
    }
    Ok(())
}
