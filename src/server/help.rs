//! HELP of commands that have subcommands: what the table says of each that is there, in the shape of Redis's.

use super::session::Request;
use crate::resp::command::Command;
use crate::resp::encode::Encoder;

pub(super) fn is_help(command: Command) -> bool {
    command.container().is_some() && command.spec().name.ends_with("|help")
}

/// The lines: a subcommand with what it takes, and below it what it does.
pub(super) fn help(request: &Request<'_>, reply: &mut Encoder<'_>) {
    let container = request.command.container().unwrap_or(request.command);
    let name = container.spec().name.to_ascii_uppercase();
    let mut lines =
        vec![format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")];
    let mut add = |usage: String, summary: &str| {
        lines.push(usage.trim_end().to_owned());
        lines.push(format!("    {summary}"));
    };
    // One has no rows for them.
    if container == Command::Debug {
        add("SLEEP <seconds>".into(), "Replies after so many seconds; other connections go on.");
        add("SET-ACTIVE-EXPIRE <0|1>".into(), "Does nothing.");
    }
    if container == Command::Command {
        add("(no subcommand)".into(), container.spec().summary);
    }
    let is_shown = |command: &Command| !is_help(*command);
    for command in container.subcommands().filter(is_shown) {
        let spec = command.spec();
        let (_, own) = spec.name.split_once('|').unwrap_or_default();
        add(format!("{} {}", own.to_ascii_uppercase(), spec.syntax), spec.summary);
    }
    add("HELP".into(), "Prints this help.");
    reply.array(lines.len());
    lines.iter().for_each(|line| reply.simple(line.as_bytes()));
}
