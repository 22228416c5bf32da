//! CLIENT: this connection and the others.

use super::clients::{Card, Filter};
use super::execute::{Done, Error, SYNTAX};
use super::hello::{is_printable, set_name};
use super::session::{Request, Session};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::number::integer;

const NO_SUCH_CLIENT: &str = "ERR No such client";

pub(super) fn client(
    session: &mut Session,
    request: &Request<'_>,
    reply: &mut Encoder<'_>,
) -> Done {
    let args = request.args;
    match request.command {
        Command::ClientId => reply.integer(session.id() as i64),
        Command::ClientGetName => match session.seat.card.words().name.as_slice() {
            [] => reply.null(),
            name => reply.bulk(name),
        },
        Command::ClientSetName => {
            set_name(session, args.at(2))?;
            reply.ok();
        }
        Command::ClientSetInfo => {
            set_info(&session.seat.card, request)?;
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
        Command::ClientKill => kill(session, request, reply)?,
        Command::ClientList => list(request, reply)?,
        Command::ClientPause => {
            pause(request)?;
            reply.ok();
        }
        Command::ClientUnpause => {
            request.server.end_pause();
            reply.ok();
        }
        _ => {
            let line = session.seat.card.line(request.server.database.millis());
            reply.verbatim(*b"txt", &line);
        }
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

fn set_info(card: &Card, request: &Request<'_>) -> Done {
    let (args, value) = (request.args, request.args.at(3));
    let mut words = card.words();
    let (place, what) = if args.is(2, "lib-name") {
        (&mut words.library, "lib-name")
    } else if args.is(2, "lib-ver") {
        (&mut words.library_version, "lib-ver")
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

/// Whether clients of a kind are meant that there are none of here.
fn is_of_no_kind(kind: &[u8]) -> Result<bool, Error> {
    let is = |word: &str| kind.eq_ignore_ascii_case(word.as_bytes());
    match () {
        () if is("normal") => Ok(false),
        () if ["master", "replica", "slave", "pubsub"].into_iter().any(is) => Ok(true),
        () => Err([b"ERR Unknown client type '", kind, b"'"].concat().into()),
    }
}

fn list(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    let mut filter = Filter::default();
    match args.len() {
        2 => {}
        4 if args.is(2, "type") => filter.is_of_no_kind = is_of_no_kind(args.at(3))?,
        4.. if args.is(2, "id") => {
            let ids = args.from(3).map(|id| integer(id).ok_or("ERR Invalid client ID"));
            let ids = ids.collect::<Result<Vec<_>, _>>()?;
            filter.ids = Some(ids.into_iter().map(i64::cast_unsigned).collect());
        }
        _ => return Err(SYNTAX.into()),
    }
    let now = request.server.database.millis();
    let cards = request.server.clients.all();
    let lines = cards.iter().filter(|card| filter.takes(card)).map(|card| card.line(now));
    reply.verbatim(*b"txt", &lines.collect::<Vec<_>>().concat());
    Ok(())
}

fn kill(session: &mut Session, request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    let mut filter = Filter::default();
    // The old form: an address, and its own may be meant.
    let is_old = args.len() == 3;
    if is_old {
        filter.address = Some(args.at(2));
    } else {
        filter.except = Some(session.id());
    }
    let mut place = 3;
    while !is_old && place <= args.len() {
        let Some(value) = args.get(place) else { return Err(SYNTAX.into()) };
        let is = |word| args.is(place - 1, word);
        if is("id") {
            let id = integer(value).filter(|id| *id > 0);
            let id = id.ok_or("ERR client-id should be greater than 0")?;
            filter.ids = Some(vec![id.cast_unsigned()]);
        } else if is("type") {
            filter.is_of_no_kind = is_of_no_kind(value)?;
        } else if is("addr") {
            filter.address = Some(value);
        } else if is("laddr") {
            filter.local = Some(value);
        } else if is("user") {
            // There is one, whose connections all are.
            if value != b"default" {
                return Err([b"ERR No such user '", value, b"'"].concat().into());
            }
        } else if is("skipme") {
            filter.except = match (args.is(place, "yes"), args.is(place, "no")) {
                (true, _) => Some(session.id()),
                (_, true) => None,
                _ => return Err(SYNTAX.into()),
            };
        } else {
            return Err(SYNTAX.into());
        }
        place += 2;
    }
    let clients = &request.server.clients;
    let (count, is_own) = clients.kill_all(session.id(), |card| filter.takes(card));
    // It is told first.
    session.has_quit |= is_own;
    match (is_old, count) {
        (true, 0) => return Err(NO_SUCH_CLIENT.into()),
        (true, _) => reply.ok(),
        (false, count) => reply.integer(count as i64),
    }
    Ok(())
}

fn pause(request: &Request<'_>) -> Done {
    let args = request.args;
    let all = match args.len() {
        3 => true,
        4 if args.is(3, "write") => false,
        4 if args.is(3, "all") => true,
        4 => return Err("ERR CLIENT PAUSE mode must be WRITE or ALL".into()),
        _ => return Err(SYNTAX.into()),
    };
    let time = integer(args.at(2)).ok_or("ERR timeout is not an integer or out of range")?;
    let time = u64::try_from(time).map_err(|_| "ERR timeout is negative")?;
    let now = request.server.database.millis();
    request.server.pause.begin(now.saturating_add(time), all, now);
    Ok(())
}
