//! Commands that took long: SLOWLOG, and LATENCY as far as that is about commands.
//!
//! A clock is read twice around a command that is timed, which would be a tenth of a GET or SET. So what takes constant time by the table is not timed, nor is a SET or
//! DEL of one key, unless the request is long; how long those take is no secret, but it is not in the log. What is read is the system's clock, whatever the store's is.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::admin::wrong_subcommand;
use super::args::Args;
use super::clients::Card;
use super::counters::{Counters, Tally};
use super::execute::Done;
use super::session::Request;
use super::settings::Server;
use crate::resp::command::{Command, Flag, Refusal};
use crate::resp::encode::Encoder;
use crate::resp::number::integer;
use crate::sync::{Mutex, MutexGuard};

/// A request of more arguments, or with more bytes in the last of them, is timed whatever it is.
const LONG: (usize, usize) = (16, 16 << 10);
/// An entry has so many arguments at most, and so many bytes of each.
const SHOWN: (usize, usize) = (32, 128);
/// SLOWLOG GET shows so many unless it is told.
const COUNT: usize = 10;

/// An entry of the slow log.
#[derive(Debug)]
struct Entry {
    number: u64,
    /// Seconds since the epoch.
    time: u64,
    micros: u64,
    args: Vec<Vec<u8>>,
    address: String,
    name: Vec<u8>,
}

/// An event's last and its worst.
#[derive(Debug)]
struct Event {
    /// Seconds since the epoch.
    time: u64,
    millis: u64,
    worst: u64,
}

#[derive(Debug, Default)]
struct State {
    /// The newest first.
    entries: VecDeque<Entry>,
    next: u64,
    events: BTreeMap<&'static str, Event>,
}

/// What took long.
#[derive(Debug, Default)]
pub(super) struct SlowLog(Mutex<State>);

impl SlowLog {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

/// Whether the clock is read for this one.
#[inline]
fn is_timed(command: Command, args: Args<'_>) -> bool {
    let is_short = match command {
        Command::Set | Command::SetEx | Command::PSetEx | Command::Del => true,
        Command::GetRange | Command::SubStr => true,
        _ => command.spec().is(Flag::Fast),
    };
    let last = args.at(args.len() - 1).len();
    !is_short || args.len() > LONG.0 || last > LONG.1
}

/// When a command has begun, if it is one that is timed.
#[inline]
pub(super) fn begin(command: Command, args: Args<'_>) -> Option<Instant> {
    is_timed(command, args).then(Instant::now)
}

/// An argument as far as it is shown.
fn shown(arg: &[u8]) -> Vec<u8> {
    match arg.len().checked_sub(SHOWN.1) {
        None | Some(0) => arg.to_vec(),
        Some(more) => [&arg[..SHOWN.1], format!("... ({more} more bytes)").as_bytes()].concat(),
    }
}

fn shown_args(command: Command, args: Args<'_>) -> Vec<Vec<u8>> {
    let is_secret = |place: usize| match command {
        Command::Auth => place > 0,
        Command::Hello => place > 2,
        Command::ConfigSet => place > 0 && args.is(place - 1, "requirepass"),
        _ => false,
    };
    let one = |(place, arg)| if is_secret(place) { b"(redacted)".to_vec() } else { shown(arg) };
    let whole = args.from(0).enumerate();
    match args.len().checked_sub(SHOWN.0) {
        None | Some(0) => whole.map(one).collect(),
        Some(more) => {
            let rest = format!("... ({} more arguments)", more + 1).into_bytes();
            whole.take(SHOWN.0 - 1).map(one).chain([rest]).collect()
        }
    }
}

impl Server {
    /// A command of this client that was timed is done: it is taken note of if it took long.
    pub(super) fn note_time(
        &self,
        (command, args): (Command, Args<'_>),
        (card, counters): (&Card, &Counters),
        begin: Instant,
    ) {
        let micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        counters.command(command, Tally::Micros, micros);
        counters.command(command, Tally::Timed, 1);
        if !command.spec().is(Flag::SkipSlowLog) {
            self.note_slow(command, args, card, micros);
        }
    }

    fn note_slow(&self, command: Command, args: Args<'_>, card: &Card, micros: u64) {
        let is_slow = u64::try_from(self.live.slow_after.get()).is_ok_and(|after| micros >= after);
        let latency_after = self.live.latency_after.get().cast_unsigned();
        let is_event = latency_after > 0 && micros / 1000 >= latency_after;
        if !is_slow && !is_event {
            return;
        }
        let time = self.seconds();
        let mut state = self.slow_log.state();
        if is_event {
            let is_fast = command.spec().is(Flag::Fast);
            let kind = if is_fast { "fast-command" } else { "command" };
            let millis = micros / 1000;
            let event = state.events.entry(kind).or_insert(Event { time, millis, worst: 0 });
            *event = Event { time, millis, worst: event.worst.max(millis) };
        }
        let most = self.live.slow_entries.size();
        if is_slow && most > 0 {
            let number = state.next;
            state.next += 1;
            state.entries.truncate(most - 1);
            state.entries.push_front(Entry {
                number,
                time,
                micros,
                args: shown_args(command, args),
                address: card.peer.address().to_owned(),
                name: card.words().name.clone(),
            });
        }
    }
}

/// SLOWLOG GET, LEN, RESET.
pub(super) fn slow_log(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let log = &request.server.slow_log;
    match request.command {
        Command::SlowLogLen => reply.integer(log.state().entries.len() as i64),
        Command::SlowLogReset => {
            log.state().entries.clear();
            reply.ok();
        }
        _ => get(log, request, reply)?,
    }
    Ok(())
}

fn get(log: &SlowLog, request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let args = request.args;
    let count = match args.get(2).map(integer) {
        _ if args.len() > 3 => return Err(wrong_subcommand(request)),
        None => COUNT,
        Some(Some(-1)) => usize::MAX,
        Some(count) => usize::try_from(count.unwrap_or(-2))
            .map_err(|_| "ERR count should be greater than or equal to -1")?,
    };
    let state = log.state();
    reply.array(state.entries.len().min(count));
    for entry in state.entries.iter().take(count) {
        reply.array(6);
        reply.integer(entry.number.cast_signed());
        reply.integer(entry.time.cast_signed());
        reply.integer(entry.micros.cast_signed());
        reply.array(entry.args.len());
        entry.args.iter().for_each(|arg| reply.bulk(arg));
        reply.bulk(entry.address.as_bytes());
        reply.bulk(&entry.name);
    }
    Ok(())
}

/// LATENCY LATEST, RESET.
pub(super) fn latency(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let mut state = request.server.slow_log.state();
    match request.command {
        Command::LatencyReset => {
            let before = state.events.len();
            let args = request.args;
            let is_meant = |kind: &str| {
                args.len() == 2 || args.from(2).any(|arg| arg.eq_ignore_ascii_case(kind.as_bytes()))
            };
            state.events.retain(|kind, _| !is_meant(kind));
            reply.integer((before - state.events.len()) as i64);
        }
        Command::LatencyLatest => {
            reply.array(state.events.len());
            for (kind, event) in &state.events {
                reply.array(4);
                reply.bulk(kind.as_bytes());
                reply.integer(event.time.cast_signed());
                reply.integer(event.millis.cast_signed());
                reply.integer(event.worst.cast_signed());
            }
        }
        _ => return Err(Refusal::Arity(request.command).text(request.args.from(0)).into()),
    }
    Ok(())
}
