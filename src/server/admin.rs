//! Commands about the server as a whole: dumps, DEBUG, FUNCTION.

use super::args::Args;
use super::execute::{Done, Error, SYNTAX};
use super::session::{Request, Session};
use super::settings::Server;
use super::{config, help, info, shutdown, slow};
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::number::float;

const NO_DEBUG: &str = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";

/// Carries one out, if it is one of them.
pub(super) fn admin(
    session: &mut Session,
    request: &Request<'_>,
    reply: &mut Encoder<'_>,
) -> Option<Done> {
    let server = request.server;
    let done = match request.command {
        Command::Info => {
            info::info(request, reply);
            Ok(())
        }
        Command::ConfigGet | Command::ConfigSet | Command::ConfigResetStat => {
            config::config(request, reply)
        }
        Command::SlowLogGet | Command::SlowLogLen | Command::SlowLogReset => {
            slow::slow_log(request, reply)
        }
        Command::LatencyLatest | Command::LatencyReset => slow::latency(request, reply),
        Command::Save => said(server.save().map(|()| &b"OK"[..]), reply),
        Command::BgSave => bg_save(request, reply),
        Command::LastSave => {
            reply.integer(server.dumps.status().last.cast_signed());
            Ok(())
        }
        Command::Shutdown => shutdown::shutdown(session, request),
        Command::FunctionFlush => function_flush(request, reply),
        Command::Debug => debug(request, reply),
        _ if help::is_help(request.command) => {
            help::help(request, reply);
            Ok(())
        }
        _ => return None,
    };
    Some(done)
}

fn said(result: Result<&'static [u8], String>, reply: &mut Encoder<'_>) -> Done {
    let text = result.map_err(String::into_bytes)?;
    reply.simple(text);
    Ok(())
}

/// BGSAVE. With SCHEDULE it is the same: there is no rewriting of a log that it would have to wait for.
fn bg_save(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    if args.len() > 2 || args.len() == 2 && !args.is(1, "schedule") {
        return Err(SYNTAX.into());
    }
    let begun = request.server.save_in_background();
    said(begun.map(|()| &b"Background saving started"[..]), reply)
}

/// What Redis says of a subcommand that has arguments which it does not take.
pub(super) fn wrong_subcommand(request: &Request<'_>) -> Error {
    let container = request.args.at(0).to_ascii_uppercase();
    let start = &b"ERR unknown subcommand or wrong number of arguments for '"[..];
    [start, request.args.at(1), b"'. Try ", &container, b" HELP."].concat().into()
}

/// There are none.
fn function_flush(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    if args.len() > 3 {
        return Err(wrong_subcommand(request));
    }
    if args.len() == 3 && !args.is(2, "sync") && !args.is(2, "async") {
        return Err("ERR FUNCTION FLUSH only supports SYNC|ASYNC option".into());
    }
    reply.ok();
    Ok(())
}

/// How many milliseconds a DEBUG SLEEP is to take, if it is one.
pub(super) fn nap(server: &Server, command: Command, args: Args<'_>) -> Option<u64> {
    let is_nap = command == Command::Debug && args.len() == 3 && args.is(1, "sleep");
    // Negative or not a number: 0. As a cast does it, what is too long is very long.
    (is_nap && server.settings.debug)
        .then(|| float(args.at(2)).map_or(0, |seconds| (seconds * 1000.0) as u64))
}

/// DEBUG. Who sleeps has slept already, see [`nap`]: its connection waits, and nobody else. In a transaction nobody sleeps, since all others would wait.
fn debug(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    if !request.server.settings.debug {
        return Err(NO_DEBUG.into());
    }
    if args.len() == 2 && args.is(1, "help") {
        help::help(request, reply);
    } else if args.len() == 3 && (args.is(1, "sleep") || args.is(1, "set-active-expire")) {
        // Reads are exact, whether what is due is removed at once or later: there is nothing to turn off.
        reply.ok();
    } else {
        return Err(wrong_subcommand(request));
    }
    Ok(())
}
