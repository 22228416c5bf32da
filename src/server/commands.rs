//! COMMAND: what the table says of the commands.
//!
//! DOCS leaves out how arguments are built, which Redis gives as a tree: clients that show it have the summary without.

use super::execute::{Done, Error, SYNTAX};
use super::session::Request;
use crate::resp::command::{Category, Command, KeySpec, Spec, missing_keys};
use crate::resp::encode::Encoder;
use crate::resp::glob;

fn tops() -> impl Iterator<Item = Command> {
    Command::all().filter(|command| command.container().is_none())
}

pub(super) fn command(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let asked = request.args.from(2).map(Command::find_full_name);
    match request.command {
        Command::CommandCount => reply.integer(tops().count() as i64),
        Command::CommandList => list(request, reply)?,
        Command::CommandGetKeys => keys(request, reply)?,
        Command::CommandDocs if request.args.len() > 2 => docs(asked.flatten().collect(), reply),
        Command::CommandDocs => docs(tops().collect(), reply),
        Command::CommandInfo if request.args.len() > 2 => {
            reply.array(request.args.len() - 2);
            for command in asked {
                match command {
                    Some(command) => info(command.spec(), reply),
                    None => reply.null(),
                }
            }
        }
        _ => {
            reply.array(tops().count());
            tops().for_each(|command| info(command.spec(), reply));
        }
    }
    Ok(())
}

/// A set of Redis's words.
fn words<T>(
    words: impl Iterator<Item = T>,
    prefix: &str,
    name: fn(T) -> &'static str,
    reply: &mut Encoder<'_>,
) {
    let words: Vec<_> = words.map(name).collect();
    reply.set(words.len());
    words.iter().for_each(|word| reply.simple([prefix, word].concat().as_bytes()));
}

/// A row, as COMMAND INFO has it.
fn info(spec: &Spec, reply: &mut Encoder<'_>) {
    reply.array(10);
    reply.bulk(spec.name.as_bytes());
    reply.integer(spec.arity.into());
    words(spec.each_flag(), "", |flag| flag.name(), reply);
    let (first, last, step) = spec.key_range();
    [first, last, step].into_iter().for_each(|number| reply.integer(number));
    words(spec.categories(), "@", Category::name, reply);
    reply.set(spec.tips.len());
    spec.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(spec.keys.len());
    spec.keys.iter().for_each(|keys| key_spec(keys, reply));
    match spec.command.subcommands().count() {
        // As Redis has it: nothing is a set here, and something is not.
        0 => reply.set(0),
        count => reply.array(count),
    }
    spec.command.subcommands().for_each(|command| info(command.spec(), reply));
}

fn key_spec(keys: &KeySpec, reply: &mut Encoder<'_>) {
    reply.map(3);
    reply.bulk(b"flags");
    words(keys.access(), "", |access| access.name(), reply);
    for (name, kind, fields) in [
        ("begin_search", "index", &[("index", i64::from(keys.first))][..]),
        (
            "find_keys",
            "range",
            &[("lastkey", keys.last.into()), ("keystep", keys.step.into()), ("limit", 0)],
        ),
    ] {
        reply.bulk(name.as_bytes());
        reply.map(2);
        reply.bulk(b"type");
        reply.bulk(kind.as_bytes());
        reply.bulk(b"spec");
        reply.map(fields.len());
        for (field, number) in fields {
            reply.bulk(field.as_bytes());
            reply.integer(*number);
        }
    }
}

fn docs(commands: Vec<Command>, reply: &mut Encoder<'_>) {
    reply.map(commands.len());
    for command in commands {
        let spec = command.spec();
        let below: Vec<_> = command.subcommands().collect();
        let length = 4 + 3 * usize::from(spec.deprecated.is_some());
        reply.bulk(spec.name.as_bytes());
        reply.map(length + usize::from(!below.is_empty()));
        for (field, text) in [
            ("summary", spec.summary),
            ("since", spec.since),
            ("group", spec.group.name()),
            ("complexity", spec.complexity),
        ] {
            reply.bulk(field.as_bytes());
            reply.bulk(text.as_bytes());
        }
        if let Some((since, instead)) = spec.deprecated {
            reply.bulk(b"doc_flags");
            reply.set(1);
            reply.simple(b"deprecated");
            reply.bulk(b"deprecated_since");
            reply.bulk(since.as_bytes());
            reply.bulk(b"replaced_by");
            reply.bulk(instead.as_bytes());
        }
        if !below.is_empty() {
            reply.bulk(b"subcommands");
            docs(below, reply);
        }
    }
}

fn list(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    let pattern = args.at(4);
    let is_in = |command: &Command| match args.len() {
        2 => true,
        _ if args.is(3, "pattern") => {
            glob::matches_ignoring_case(pattern, command.spec().name.as_bytes())
        }
        _ if args.is(3, "aclcat") => command
            .spec()
            .categories()
            .any(|category| category.name().as_bytes().eq_ignore_ascii_case(pattern)),
        // There are no modules.
        _ => false,
    };
    let is_known = ["pattern", "aclcat", "module"].iter().any(|filter| args.is(3, filter));
    if args.len() != 2 && !(args.len() == 5 && args.is(2, "filterby") && is_known) {
        return Err(SYNTAX.into());
    }
    let found: Vec<_> = Command::all().filter(is_in).collect();
    reply.array(found.len());
    found.iter().for_each(|command| reply.bulk(command.spec().name.as_bytes()));
    Ok(())
}

/// COMMAND GETKEYS: the keys among the arguments of a call.
fn keys(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    let count = args.len() - 2;
    let command = Command::find(args.at(2), args.get(3)).ok();
    if let Some(error) = missing_keys(command, count) {
        return Err(error.into());
    }
    let command = command.ok_or_else(|| Error::from(SYNTAX))?;
    let places: Vec<_> = command.spec().key_places(count).collect();
    reply.array(places.len());
    places.iter().for_each(|place| reply.bulk(args.at(place + 2)));
    Ok(())
}
