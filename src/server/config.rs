//! CONFIG: one table of parameters, those that can be changed and those that clients look at.

use super::execute::{Done, SYNTAX};
use super::live::{Live, Number, SavePoint};
use super::session::Request;
use super::settings::Server;
use crate::resp::command::Command;
use crate::resp::encode::Encoder;
use crate::resp::glob;
use crate::resp::number::integer;

/// A parameter of CONFIG GET and SET.
struct Parameter {
    name: &'static str,
    kind: Kind,
}

/// What it is made of.
#[derive(Clone, Copy)]
enum Kind {
    /// As it is from the beginning to the end: Redis cannot change it either.
    Given(fn(&Server) -> String),
    /// What is so here; it can be set to what it is.
    So(fn(&Server) -> String),
    /// An integer in a range.
    Integer(fn(&Live) -> &Number, i64, i64),
    /// Bytes, with units, from a least number on.
    Bytes(fn(&Live) -> &Number, i64),
    MaxMemory,
    Password,
    Save,
    OutputLimit,
}

/// What is the same everywhere.
macro_rules! so {
    ($name:literal, $value:expr) => {
        Parameter { name: $name, kind: Kind::So(|_| $value.to_owned()) }
    };
}

macro_rules! given {
    ($name:literal, $value:expr) => {
        Parameter { name: $name, kind: Kind::Given($value) }
    };
}

macro_rules! parameter {
    ($name:literal, $kind:expr) => {
        Parameter { name: $name, kind: $kind }
    };
}

/// In the order of their names.
const PARAMETERS: &[Parameter] = &[
    so!("activedefrag", "no"),
    so!("activerehashing", "yes"),
    so!("appendfsync", "everysec"),
    so!("appendonly", "no"),
    so!("auto-aof-rewrite-min-size", "67108864"),
    so!("auto-aof-rewrite-percentage", "100"),
    given!("bind", |server| server.settings.listens.bind.join(" ")),
    parameter!("client-output-buffer-limit", Kind::OutputLimit),
    given!("cluster-enabled", |_| "no".into()),
    given!("daemonize", |_| "no".into()),
    given!("databases", |_| "1".into()),
    given!("dbfilename", |server| dump_path(server).1),
    given!("dir", |server| dump_path(server).0),
    given!("enable-debug-command", |server| yes_or_no(server.settings.debug)),
    so!("hz", "1"),
    given!("io-threads", |server| server.threads().to_string()),
    given!("io-threads-do-reads", |_| "yes".into()),
    parameter!("latency-monitor-threshold", Kind::Integer(|live| &live.latency_after, 0, i64::MAX)),
    so!("latency-tracking", "no"),
    so!("lazyfree-lazy-eviction", "yes"),
    so!("lazyfree-lazy-expire", "yes"),
    so!("lazyfree-lazy-server-del", "yes"),
    so!("lazyfree-lazy-user-del", "yes"),
    so!("lazyfree-lazy-user-flush", "yes"),
    so!("logfile", ""),
    so!("loglevel", "notice"),
    parameter!("maxclients", Kind::Integer(|live| &live.max_clients, 1, u32::MAX as i64)),
    parameter!("maxmemory", Kind::MaxMemory),
    so!("maxmemory-clients", "0"),
    parameter!("maxmemory-policy", Kind::So(|server| server.policy().to_owned())),
    so!("maxmemory-samples", "5"),
    so!("notify-keyspace-events", ""),
    given!("pidfile", |_| String::new()),
    given!("port", |server| server.settings.listens.port.to_string()),
    so!("protected-mode", "no"),
    parameter!("proto-max-bulk-len", Kind::Bytes(|live| &live.longest, 1 << 20)),
    so!("rdbchecksum", "yes"),
    so!("rdbcompression", "no"),
    so!("repl-backlog-size", "0"),
    so!("replica-read-only", "yes"),
    so!("replicaof", ""),
    parameter!("requirepass", Kind::Password),
    parameter!("save", Kind::Save),
    parameter!("slowlog-log-slower-than", Kind::Integer(|live| &live.slow_after, -1, i64::MAX)),
    parameter!("slowlog-max-len", Kind::Integer(|live| &live.slow_entries, 0, i64::MAX)),
    so!("stop-writes-on-bgsave-error", "no"),
    given!("supervised", |_| "no".into()),
    so!("tcp-backlog", "511"),
    parameter!("tcp-keepalive", Kind::Integer(|live| &live.keepalive, 0, i32::MAX as i64)),
    parameter!("timeout", Kind::Integer(|live| &live.timeout, 0, i32::MAX as i64)),
    so!("tls-port", "0"),
    so!("tracking-table-max-keys", "0"),
    given!("unixsocket", |server| {
        let socket = server.settings.listens.socket.as_ref();
        socket.map(|path| path.display().to_string()).unwrap_or_default()
    }),
    given!("unixsocketperm", |_| "0".into()),
];

const NORMAL_ONLY: &str = "only the hard limit of class normal can be set";

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// The folder and the name of the dump file; of the working folder, if there is none.
fn dump_path(server: &Server) -> (String, String) {
    let here = || std::env::current_dir().unwrap_or_default();
    let Some(path) = &server.settings.dump else {
        return (here().display().to_string(), String::new());
    };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let folder = path.parent().map_or_else(here, std::path::Path::to_path_buf);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (folder.display().to_string(), name)
}

fn value(kind: Kind, server: &Server) -> Vec<u8> {
    let text = match kind {
        Kind::Given(get) | Kind::So(get) => get(server),
        Kind::Integer(of, ..) | Kind::Bytes(of, _) => of(&server.live).get().to_string(),
        Kind::MaxMemory => {
            let most = server.database.max_memory();
            // Beyond what Redis can say: no bound.
            most.filter(|most| i64::try_from(*most).is_ok()).unwrap_or(0).to_string()
        }
        Kind::Password => return server.live.password(),
        Kind::Save => {
            let point = |point: SavePoint| format!("{} {}", point.seconds, point.changes);
            server.live.saves().into_iter().map(point).collect::<Vec<_>>().join(" ")
        }
        Kind::OutputLimit => {
            format!("normal {} 0 0 slave 0 0 0 pubsub 0 0 0", server.live.output_limit.get())
        }
    };
    text.into_bytes()
}

/// A value that was understood, to be set when all are.
enum Change {
    Nothing,
    Number(fn(&Live) -> &Number, i64),
    MaxMemory(u64),
    Password(Vec<u8>),
    Saves(Vec<SavePoint>),
}

/// A number of bytes as Redis's settings have them: `1048576`, `1mb`, in either case; `k` is 1000 and `kb` 1024, and so on. None: it is no such thing, or more than 64 bits.
pub fn bytes(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    std::str::from_utf8(number).ok()?.parse::<u64>().ok()?.checked_mul(factor)
}

fn in_range(number: i64, least: i64, most: i64) -> Result<i64, String> {
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(format!("argument must be between {least} and {most} inclusive"))
    }
}

fn saves(text: &[u8]) -> Option<Vec<SavePoint>> {
    let words = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let numbers = words.map(integer).collect::<Option<Vec<_>>>()?;
    let point = |pair: &[i64]| match *pair {
        [seconds, changes] if seconds > 0 && changes >= 0 => {
            Some(SavePoint { seconds: seconds.cast_unsigned(), changes: changes.cast_unsigned() })
        }
        _ => None,
    };
    numbers.chunks(2).map(point).collect()
}

/// The hard limit of class normal, if it is said.
fn output_limit(text: &[u8]) -> Result<Option<i64>, &'static str> {
    let words: Vec<_> = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
    let mut limit = None;
    if words.len() % 4 != 0 {
        return Err("Wrong number of arguments in buffer limit configuration.");
    }
    for group in words.chunks(4) {
        let is = |name: &str| group[0].eq_ignore_ascii_case(name.as_bytes());
        if !["normal", "slave", "replica", "pubsub"].into_iter().any(is) {
            return Err("Invalid client class specified in buffer limit configuration.");
        }
        let numbers = group[1..].iter().map(|word| bytes(word)).collect::<Option<Vec<_>>>();
        let numbers = numbers
            .ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
        match (is("normal"), numbers.as_slice()) {
            (true, &[hard, 0, 0]) => limit = Some(i64::try_from(hard).unwrap_or(i64::MAX)),
            (false, [0, 0, 0]) => {}
            _ => return Err(NORMAL_ONLY),
        }
    }
    Ok(limit)
}

fn change(parameter: &Parameter, server: &Server, text: &[u8]) -> Result<Change, String> {
    match parameter.kind {
        Kind::Given(_) => Err("can't set immutable config".into()),
        kind @ Kind::So(_) => {
            if value(kind, server).eq_ignore_ascii_case(text) {
                Ok(Change::Nothing)
            } else {
                Err("this server has no other value for it".into())
            }
        }
        Kind::Integer(of, least, most) => {
            let number = integer(text).ok_or("argument couldn't be parsed into an integer")?;
            Ok(Change::Number(of, in_range(number, least, most)?))
        }
        Kind::Bytes(of, least) => {
            let number = bytes(text).ok_or("argument must be a memory value")?;
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            Ok(Change::Number(of, in_range(number, least, i64::MAX)?))
        }
        Kind::MaxMemory => {
            let most = bytes(text).ok_or("argument must be a memory value")?;
            if server.database.max_memory().is_some() {
                Ok(Change::MaxMemory(if most == 0 { u64::MAX } else { most }))
            } else if most == 0 {
                Ok(Change::Nothing)
            } else {
                Err("this server was started without a bound on memory".into())
            }
        }
        Kind::Password => Ok(Change::Password(text.to_vec())),
        Kind::Save => Ok(Change::Saves(saves(text).ok_or("Invalid save parameters")?)),
        Kind::OutputLimit => Ok(match output_limit(text)? {
            Some(bytes) => Change::Number(|live| &live.output_limit, bytes),
            None => Change::Nothing,
        }),
    }
}

fn carry_out(change: Change, server: &Server) {
    match change {
        Change::Nothing => {}
        Change::Number(of, number) => of(&server.live).set(number),
        Change::MaxMemory(bytes) => {
            server.database.set_max_memory(bytes);
        }
        Change::Password(password) => server.live.set_password(&password),
        Change::Saves(points) => server.live.set_saves(points),
    }
}

fn find(name: &[u8]) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name.as_bytes().eq_ignore_ascii_case(name))
}

/// CONFIG GET, SET, RESETSTAT.
pub(super) fn config(request: &Request<'_>, reply: &mut Encoder<'_>) -> Done {
    let (args, server) = (request.args, request.server);
    match request.command {
        Command::ConfigGet => {
            let is_asked = |parameter: &&Parameter| {
                let name = parameter.name.as_bytes();
                args.from(2).any(|pattern| glob::matches_ignoring_case(pattern, name))
            };
            let found: Vec<_> = PARAMETERS.iter().filter(is_asked).collect();
            reply.map(found.len());
            for parameter in found {
                let name = parameter.name.as_bytes();
                // As Redis has it: in the letters in which it was asked for.
                let asked = args.from(2).find(|asked| asked.eq_ignore_ascii_case(name));
                reply.bulk(asked.unwrap_or(name));
                reply.bulk(&value(parameter.kind, server));
            }
        }
        Command::ConfigResetStat => {
            server.reset_totals();
            reply.ok();
        }
        _ => {
            set(request)?;
            reply.ok();
        }
    }
    Ok(())
}

/// All of them or none.
fn set(request: &Request<'_>) -> Done {
    let (args, server) = (request.args, request.server);
    if args.len() % 2 != 0 {
        return Err(SYNTAX.into());
    }
    let failed = |name: &[u8], why: &str| {
        let start = &b"ERR CONFIG SET failed (possibly related to argument '"[..];
        [start, name, b"') - ", why.as_bytes()].concat()
    };
    let mut parameters: Vec<&Parameter> = Vec::new();
    for name in args.from(2).step_by(2) {
        let Some(parameter) = find(name) else {
            let start = &b"ERR Unknown option or number of arguments for CONFIG SET - '"[..];
            return Err([start, name, b"'"].concat().into());
        };
        if matches!(parameter.kind, Kind::Given(_)) {
            return Err(failed(name, "can't set immutable config").into());
        }
        if parameters.iter().any(|other| other.name == parameter.name) {
            return Err(failed(name, "duplicate parameter").into());
        }
        parameters.push(parameter);
    }
    let values = args.from(3).step_by(2);
    let one = |(parameter, text): (&&Parameter, &[u8])| {
        let failed = |why: String| failed(parameter.name.as_bytes(), &why);
        change(parameter, server, text).map_err(failed)
    };
    let changes = parameters.iter().zip(values).map(one).collect::<Result<Vec<_>, _>>()?;
    changes.into_iter().for_each(|change| carry_out(change, server));
    Ok(())
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes(b"12"), Some(12));
        assert_eq!(bytes(b"1k"), Some(1000));
        assert_eq!(bytes(b"1KB"), Some(1024));
        assert_eq!(bytes(b"2Gb"), Some(2 << 30));
        for wrong in [&b""[..], b"kb", b"-1", b"1x", b"1 kb", b"99999999999999999999", b"1.5mb"] {
            assert_eq!(bytes(wrong), None);
        }
        assert_eq!(bytes(b"18446744073709551615gb"), None);
    }

    #[test]
    fn names_are_in_order() {
        assert!(PARAMETERS.is_sorted_by(|a, b| a.name < b.name));
    }
}
