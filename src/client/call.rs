//! Operations as values: each is a [`Call`], and what is made of its replies.
//!
//! A client's methods make a call and [run](super::Client::run) it. Several calls go together, as tuples and lists, to the server and back at once:
//! see [`Batch`]. What a function here does, the client's method of the same name says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::{Cmd, Value, cmd};

use super::reply::{self, Decoded, Fault};
use crate::kv::Ttl;

pub use super::batch::Batch;

/// An operation that is yet to be run, and gives a `T`.
#[must_use = "a call does nothing unless it is run"]
pub struct Call<T> {
    pub(super) operation: &'static str,
    /// Mostly one; none for what needs no server.
    pub(super) commands: Vec<Cmd>,
    /// How many of these were handed over to be sent.
    pub(super) replies: usize,
    /// Whether it changes nothing, so that it may be sent twice.
    pub(super) reads: bool,
    decode: Decode<T>,
}

/// What makes the result of the replies.
enum Decode<T> {
    Plain(fn(Vec<Value>) -> Decoded<T>),
    /// It knows of how many keys.
    OfKeys(usize, fn(Vec<Value>, usize) -> Decoded<T>),
}

impl<T> Call<T> {
    /// Changes things, by these commands.
    pub(super) fn of(
        operation: &'static str,
        commands: Vec<Cmd>,
        decode: fn(Vec<Value>) -> Decoded<T>,
    ) -> Self {
        let decode = Decode::Plain(decode);
        Self { operation, commands, replies: 0, reads: false, decode }
    }

    fn writing(
        operation: &'static str,
        command: Cmd,
        decode: fn(Vec<Value>) -> Decoded<T>,
    ) -> Self {
        Self::of(operation, vec![command], decode)
    }

    fn reading(
        operation: &'static str,
        command: Cmd,
        decode: fn(Vec<Value>) -> Decoded<T>,
    ) -> Self {
        Self { reads: true, ..Self::of(operation, vec![command], decode) }
    }

    /// Of so many keys. None: nothing is sent, and there are no replies.
    fn of_keys(
        operation: &'static str,
        command: Cmd,
        keys: usize,
        decode: fn(Vec<Value>, usize) -> Decoded<T>,
    ) -> Self {
        let commands = if keys == 0 { Vec::new() } else { vec![command] };
        let decode = Decode::OfKeys(keys, decode);
        Self { operation, commands, replies: 0, reads: false, decode }
    }

    pub(super) fn decode(&self, values: Vec<Value>) -> Result<T, Fault> {
        match self.decode {
            Decode::Plain(decode) => decode(values),
            Decode::OfKeys(keys, decode) => decode(values, keys),
        }
    }
}

impl<T> std::fmt::Debug for Call<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without its arguments: they may be secret, or long.
        formatter.debug_struct("Call").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// A command with its arguments.
pub(super) fn command(name: &str, arguments: &[&[u8]]) -> Cmd {
    let size = name.len() + arguments.iter().map(|argument| argument.len()).sum::<usize>();
    let mut command = Cmd::with_capacity(arguments.len() + 1, size);
    command.arg(name);
    for argument in arguments {
        command.arg(*argument);
    }
    command
}

/// When an entry is to go, as a server has it.
pub(super) enum Due {
    /// By now.
    Now,
    /// After so many milliseconds, or from so many after 1970 on; at least 1.
    At(u64),
    Never,
}

/// Beyond a hundred years an entry never expires, here as in a store of this process.
const FOREVER: Duration = Duration::from_secs(100 * 366 * 86_400);

/// Milliseconds, rounded up.
fn milliseconds(duration: Duration) -> u64 {
    let whole = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    whole.saturating_add(u64::from(!duration.subsec_nanos().is_multiple_of(1_000_000)))
}

pub(super) fn after(ttl: Duration) -> Due {
    match ttl {
        Duration::ZERO => Due::Now,
        ttl if ttl > FOREVER => Due::Never,
        ttl => Due::At(milliseconds(ttl)),
    }
}

/// By the server's clock: there is no now here, what has passed is for the server to see.
pub(super) fn at(time: SystemTime) -> Due {
    const YEAR_10_000: u64 = 253_402_300_800_000;
    match time.duration_since(UNIX_EPOCH).map(milliseconds) {
        Err(_) | Ok(0) => Due::At(1),
        Ok(time) if time >= YEAR_10_000 => Due::Never,
        Ok(time) => Due::At(time),
    }
}

pub(super) fn set(key: &[u8], value: &[u8], due: &Due, relative: &str) -> Cmd {
    match due {
        Due::Now => command("DEL", &[key]),
        Due::Never => command("SET", &[key, value]),
        Due::At(time) => {
            let time = time.to_string();
            command("SET", &[key, value, relative.as_bytes(), time.as_bytes()])
        }
    }
}

/// See [`Client::insert`](super::Client::insert).
pub fn insert(key: &[u8], value: &[u8]) -> Call<()> {
    Call::writing("insert", set(key, value, &Due::Never, ""), reply::done)
}

/// See [`Client::insert_with_ttl`](super::Client::insert_with_ttl).
pub fn insert_with_ttl(key: &[u8], value: &[u8], ttl: Duration) -> Call<()> {
    let due = after(ttl);
    let command = set(key, value, &due, "PX");
    match due {
        Due::Now => Call::writing("insert_with_ttl", command, reply::any),
        _ => Call::writing("insert_with_ttl", command, reply::done),
    }
}

/// See [`Client::insert_until`](super::Client::insert_until).
pub fn insert_until(key: &[u8], value: &[u8], time: SystemTime) -> Call<()> {
    Call::writing("insert_until", set(key, value, &at(time), "PXAT"), reply::done)
}

/// See [`Client::insert_if_absent`](super::Client::insert_if_absent).
pub fn insert_if_absent(key: &[u8], value: &[u8]) -> Call<bool> {
    Call::writing("insert_if_absent", command("SET", &[key, value, b"NX"]), reply::done_or_not)
}

/// See [`Client::insert_if_absent_with_ttl`](super::Client::insert_if_absent_with_ttl).
pub fn insert_if_absent_with_ttl(key: &[u8], value: &[u8], ttl: Duration) -> Call<bool> {
    let due = after(ttl);
    if let Due::Now = due {
        let command = command("EXISTS", &[key]);
        return Call::reading("insert_if_absent_with_ttl", command, reply::no_flag);
    }
    let mut command = set(key, value, &due, "PX");
    command.arg("NX");
    Call::writing("insert_if_absent_with_ttl", command, reply::done_or_not)
}

/// See [`Client::insert_many`](super::Client::insert_many).
pub fn insert_many(entries: &[(&[u8], &[u8])]) -> Call<()> {
    let parts: Vec<&[u8]> = entries.iter().flat_map(|(key, value)| [*key, *value]).collect();
    let done: fn(_, _) -> _ = |values, _| reply::done(values);
    Call::of_keys("insert_many", command("MSET", &parts), entries.len(), done)
}

/// See [`Client::insert_many_with_ttl`](super::Client::insert_many_with_ttl).
pub fn insert_many_with_ttl(entries: &[(&[u8], &[u8])], ttl: Duration) -> Call<()> {
    let due = after(ttl);
    let commands = entries.iter().map(|(key, value)| set(key, value, &due, "PX")).collect();
    let decode = if let Due::Now = due { reply::any } else { reply::done };
    Call::of("insert_many_with_ttl", commands, decode)
}

/// See [`Client::get`](super::Client::get).
pub fn get(key: &[u8]) -> Call<Option<Vec<u8>>> {
    Call::reading("get", command("GET", &[key]), reply::bytes)
}

/// See [`Client::get_many`](super::Client::get_many).
pub fn get_many(keys: &[&[u8]]) -> Call<Vec<Option<Vec<u8>>>> {
    let call = Call::of_keys("get_many", command("MGET", keys), keys.len(), reply::many);
    Call { reads: true, ..call }
}

/// See [`Client::contains_key`](super::Client::contains_key).
pub fn contains_key(key: &[u8]) -> Call<bool> {
    Call::reading("contains_key", command("EXISTS", &[key]), reply::flag)
}

/// See [`Client::remove`](super::Client::remove).
pub fn remove(key: &[u8]) -> Call<Option<Vec<u8>>> {
    Call::writing("remove", command("GETDEL", &[key]), reply::bytes)
}

/// See [`Client::invalidate`](super::Client::invalidate).
pub fn invalidate(key: &[u8]) -> Call<bool> {
    Call::writing("invalidate", command("DEL", &[key]), reply::flag)
}

/// See [`Client::invalidate_many`](super::Client::invalidate_many).
pub fn invalidate_many(keys: &[&[u8]]) -> Call<usize> {
    Call::of_keys("invalidate_many", command("DEL", keys), keys.len(), reply::count_of)
}

/// See [`Client::ttl`](super::Client::ttl).
pub fn ttl(key: &[u8]) -> Call<Option<Ttl>> {
    Call::reading("ttl", command("PTTL", &[key]), reply::ttl)
}

/// See [`Client::set_ttl`](super::Client::set_ttl).
pub fn set_ttl(key: &[u8], ttl: Duration) -> Call<bool> {
    let time = match after(ttl) {
        Due::Never => return Call { operation: "set_ttl", ..persist(key) },
        Due::Now => 0,
        Due::At(time) => time,
    };
    let time = time.to_string();
    Call::writing("set_ttl", command("PEXPIRE", &[key, time.as_bytes()]), reply::flag)
}

/// See [`Client::persist`](super::Client::persist).
pub fn persist(key: &[u8]) -> Call<bool> {
    // Not by PERSIST, which does not tell an entry that never expires from none. The value comes along.
    Call::writing("persist", command("GETEX", &[key, b"PERSIST"]), reply::is_there)
}

/// See [`Client::expires_at`](super::Client::expires_at).
pub fn expires_at(key: &[u8]) -> Call<Option<Option<SystemTime>>> {
    Call::reading("expires_at", command("PEXPIRETIME", &[key]), reply::time)
}

/// See [`Client::expire_at`](super::Client::expire_at).
pub fn expire_at(key: &[u8], time: SystemTime) -> Call<bool> {
    let Due::At(time) = at(time) else {
        return Call { operation: "expire_at", ..persist(key) };
    };
    let time = time.to_string();
    Call::writing("expire_at", command("PEXPIREAT", &[key, time.as_bytes()]), reply::flag)
}

/// See [`Client::add`](super::Client::add).
pub fn add(key: &[u8], amount: i64) -> Call<i64> {
    let amount = amount.to_string();
    Call::writing("add", command("INCRBY", &[key, amount.as_bytes()]), reply::number)
}

/// See [`Client::len`](super::Client::len).
pub fn len() -> Call<usize> {
    Call::reading("len", cmd("DBSIZE"), reply::count)
}

/// See [`Client::is_empty`](super::Client::is_empty).
pub fn is_empty() -> Call<bool> {
    Call::reading("is_empty", cmd("DBSIZE"), reply::is_empty)
}

/// See [`Client::clear`](super::Client::clear).
pub fn clear() -> Call<()> {
    Call::writing("clear", cmd("FLUSHDB"), reply::done)
}

/// See [`Client::scan`](super::Client::scan).
pub fn scan(cursor: u64, pattern: &[u8], count: usize) -> Call<(u64, Vec<Vec<u8>>)> {
    let (cursor, count) = (cursor.to_string(), count.max(1).to_string());
    let count: [&[u8]; 2] = [b"COUNT", count.as_bytes()];
    let command = match pattern {
        b"*" => command("SCAN", &[cursor.as_bytes(), count[0], count[1]]),
        pattern => command("SCAN", &[cursor.as_bytes(), b"MATCH", pattern, count[0], count[1]]),
    };
    Call::reading("scan", command, reply::page)
}

/// See [`Client::ping`](super::Client::ping).
pub fn ping() -> Call<()> {
    Call::reading("ping", cmd("PING"), reply::pong)
}

/// The value, and from now on changes of the key are noticed by the connection's next transaction.
pub(super) fn watch(key: &[u8]) -> (Call<()>, Call<Option<Vec<u8>>>) {
    let watch = Call::reading("compute", command("WATCH", &[key]), reply::done);
    (watch, Call { operation: "compute", ..get(key) })
}

/// They are noticed no longer.
pub(super) fn unwatch() -> Call<()> {
    Call::reading("compute", cmd("UNWATCH"), reply::done)
}

/// Makes the connection the user's, with what it is to be: none of it is sent where it is not asked for.
pub(super) fn login(login: &super::settings::Login) -> Call<()> {
    let mut commands = Vec::new();
    let (user, password) = (login.user.as_deref(), login.password.as_deref());
    if login.protocol == super::Protocol::Resp3 {
        let mut hello = cmd("HELLO");
        hello.arg(3);
        if let Some(password) = password {
            hello.arg("AUTH").arg(user.unwrap_or("default")).arg(password);
        }
        commands.push(hello);
    } else if let Some(password) = password {
        let mut auth = cmd("AUTH");
        auth.arg(user).arg(password);
        commands.push(auth);
    }
    if let Some(name) = &login.name {
        let mut set_name = cmd("CLIENT");
        set_name.arg("SETNAME").arg(name);
        commands.push(set_name);
    }
    if login.database != 0 {
        let mut select = cmd("SELECT");
        select.arg(login.database);
        commands.push(select);
    }
    Call { reads: true, ..Call::of("login", commands, reply::any) }
}
