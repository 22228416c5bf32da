//! Commands on the store: what a request means, done by the store's own atomic operations, and the reply.
//!
//! Each function here is one command or a few that differ in a word. It reads its arguments in the order in which Redis does, since the first that is
//! wrong decides the error; it writes nothing before it is sure that it will not fail.

mod bits;
mod expiry;
mod figures;
mod keyspace;
mod lcs;
mod numbers;
mod object;
mod ranges;
mod rename;
mod set;
mod strings;

use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::args::Args;
use super::gate::Gate;
use super::watch::Watches;
use crate::cache::{Store, TooHeavy};
use crate::kv::{Computed, Expiration, Op};
use crate::resp::Protocol;
use crate::resp::command::{Command, Refusal, Unknown};
use crate::resp::encode::Encoder;
use crate::resp::number::{NOT_AN_INTEGER, integer};
use crate::snapshot::DumpError;
use crate::sync::Arc;

pub(super) use figures::Figures;

pub(super) const SYNTAX: &str = "ERR syntax error";
const OUT_OF_MEMORY: &str = "OOM command not allowed when used memory > 'maxmemory'.";
const TOO_LONG: &str = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

/// How many keys are looked up at once, and how many requests are decoded before they are carried out.
pub(super) const RUN: usize = 64;

/// The text of an error reply: its code, a space, and what there is to say.
#[derive(Clone, Debug)]
pub(super) struct Error(Cow<'static, [u8]>);

impl Error {
    pub(super) fn text(&self) -> &[u8] {
        &self.0
    }
}

impl From<&'static str> for Error {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<Vec<u8>> for Error {
    fn from(text: Vec<u8>) -> Self {
        Self(Cow::Owned(text))
    }
}

impl From<TooHeavy> for Error {
    fn from(_: TooHeavy) -> Self {
        OUT_OF_MEMORY.into()
    }
}

/// Either the reply is written, or there is an error to be replied and nothing is written.
pub(super) type Done = Result<(), Error>;

/// The keys that a server serves. Whoever has the same store may use it directly, too: see the module's documentation for what is atomic. Servers of clones
/// of one database are one as to that.
#[derive(Clone, Debug)]
pub struct Database {
    store: Store,
    gate: Arc<Gate>,
    watches: Arc<Watches>,
}

impl Database {
    /// Serves this store.
    pub fn new(store: Store) -> Self {
        Self { store, gate: Arc::default(), watches: Watches::new() }
    }

    /// For who carries out commands.
    pub(super) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    pub(super) fn watches(&self) -> &Arc<Watches> {
        &self.watches
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &[u8]) -> bool {
        self.store.contains_key(key)
    }

    /// The present, by which deadlines are meant.
    pub(super) fn time(&self) -> SystemTime {
        self.store.time()
    }

    /// The same in milliseconds since the epoch. It never goes back: the store's clock does not.
    pub(super) fn millis(&self) -> u64 {
        self.store.wall_millis()
    }

    /// Writes a dump. Blocks until it is on the disk; O(keys).
    pub(super) fn dump(&self, path: &Path) -> Result<(), DumpError> {
        self.store.dump(path).map(drop)
    }

    /// The bound, if there is one in bytes.
    pub(super) fn max_memory(&self) -> Option<u64> {
        self.store.max_memory()
    }

    /// Whether entries go when there is no room for others.
    pub(super) fn evicts(&self) -> bool {
        self.store.max_capacity().is_some()
    }

    /// Changes how many bytes keys and values may take; false: the store was made without such a bound.
    pub(super) fn set_max_memory(&self, bytes: u64) -> bool {
        self.store.max_memory().is_some() && self.store.set_max_capacity(bytes)
    }

    /// Replies to GETs of these keys, one behind the other.
    pub(super) fn get_run<'k>(
        &self,
        keys: impl Iterator<Item = &'k [u8]>,
        protocol: Protocol,
        out: &mut Vec<u8>,
    ) {
        values(&self.store, keys, &mut Encoder::new(out, protocol));
    }

    /// Asks for the memory of what these keys have, since commands on them are about to come.
    pub(super) fn prefetch<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        self.store.prefetch(keys);
    }
}

/// The values of these keys. The thread is pinned for [`RUN`] of them at a time.
fn values<'k>(store: &Store, mut keys: impl Iterator<Item = &'k [u8]>, reply: &mut Encoder<'_>) {
    let mut run = [&[][..]; RUN];
    loop {
        let mut length = 0;
        for (place, key) in run.iter_mut().zip(&mut keys) {
            *place = key;
            length += 1;
        }
        if length == 0 {
            return;
        }
        store.pin().get_many(&run[..length], |_, value| match value {
            Some(value) => reply.bulk(value),
            None => reply.null(),
        });
    }
}

/// A command that is to be carried out. It has as many arguments as it takes.
pub(super) struct Call<'a> {
    pub(super) database: &'a Database,
    /// Bytes of the longest value.
    pub(super) longest: usize,
    pub(super) command: Command,
    pub(super) args: Args<'a>,
}

impl<'a> Call<'a> {
    fn store(&self) -> &'a Store {
        &self.database.store
    }

    /// Whether it is atomic as it is. What changes several keys is not, and has to be carried out alone; what reads several of them is not either, but sees
    /// each change of several whole or not at all, as those who make them are alone.
    pub(super) fn is_one_step(&self) -> bool {
        match self.command {
            Command::MSet | Command::MSetNx => self.args.len() <= 3,
            Command::Del | Command::Unlink => self.args.len() <= 2,
            Command::Rename | Command::RenameNx | Command::Copy => false,
            Command::FlushDb | Command::FlushAll => false,
            _ => true,
        }
    }

    /// Tells those who watch a key that it was written to.
    #[inline]
    fn touch(&self, key: &[u8]) {
        self.database.watches.touch(key);
    }

    /// The first key, of the commands whose first argument it is.
    fn key(&self) -> &'a [u8] {
        self.args.at(1)
    }

    /// An argument that has to be an integer.
    fn integer(&self, place: usize) -> Result<i64, Error> {
        Ok(integer(self.args.at(place)).ok_or(NOT_AN_INTEGER)?)
    }

    /// Milliseconds since the epoch.
    fn now(&self) -> i64 {
        millis(self.database.time())
    }

    /// "invalid expire time", with the command's name.
    fn bad_expiry(&self) -> Error {
        let name = self.command.spec().name;
        format!("ERR invalid expire time in '{name}' command").into_bytes().into()
    }

    fn wrong_arity(&self) -> Error {
        Refusal::Arity(self.command).text(self.args.from(0)).into()
    }

    /// Whether a value of so many bytes may be.
    fn check_length(&self, length: Option<usize>) -> Done {
        match length {
            Some(length) if length <= self.longest => Ok(()),
            _ => Err(TOO_LONG.into()),
        }
    }

    /// Puts a value, whatever was there. If it is too heavy, that stays.
    fn put(&self, key: &[u8], value: &[u8], expiration: Expiration) -> Done {
        match expiration {
            Expiration::Keep => {
                self.store().try_compute_entry(key, |_| Op::PutKeepTtl(value.to_vec()))?;
            }
            _ => self.store().put_if_light(key, value, expiration)?,
        }
        self.touch(key);
        Ok(())
    }

    /// Changes the value of the first key and leaves its deadline, atomically: `change` says of the value what it becomes (None: it stays), and may be called more
    /// than once. What it said at last is the answer.
    fn change<R>(
        &self,
        mut change: impl FnMut(Option<&[u8]>) -> Result<(Option<Vec<u8>>, R), Error>,
    ) -> Result<R, Error> {
        let mut said = None;
        let computed = self.store().try_compute_entry(self.key(), |entry| {
            let changed = change(entry.map(|entry| entry.value()));
            let (op, answer) = match changed {
                Ok((Some(value), answer)) => (Op::PutKeepTtl(value), Ok(answer)),
                Ok((None, answer)) => (Op::Keep, Ok(answer)),
                Err(error) => (Op::Keep, Err(error)),
            };
            said = Some(answer);
            op
        })?;
        if matches!(computed, Computed::Inserted | Computed::Replaced) {
            self.touch(self.key());
        }
        // It is always called.
        said.unwrap_or(Err(SYNTAX.into()))
    }
}

/// Milliseconds since the epoch, rounded down.
fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The instant of so many milliseconds since the epoch; before it, the epoch.
fn instant(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Whether a database may be selected: there is one.
pub(super) fn check_database(text: &[u8]) -> Done {
    let index = integer(text).ok_or(NOT_AN_INTEGER)?;
    if i32::try_from(index).is_err() {
        let (least, most) = (i32::MIN, i32::MAX);
        let text = format!("ERR value is out of range, value must between {least} and {most}");
        return Err(Error::from(text.into_bytes()));
    }
    if index != 0 {
        return Err("ERR DB index is out of range".into());
    }
    Ok(())
}

/// Carries out a command on the store.
pub(super) fn run(call: Call<'_>, reply: &mut Encoder<'_>) -> Done {
    match call.command {
        Command::Get | Command::MGet => strings::get(&call, reply),
        Command::GetDel => strings::get_del(&call, reply),
        Command::MSet => strings::mset(&call, reply),
        Command::MSetNx => strings::mset_nx(&call, reply),
        Command::Set => set::set(&call, reply),
        Command::GetSet => set::get_set(&call, reply),
        Command::SetNx => set::set_nx(&call, reply),
        Command::SetEx | Command::PSetEx => set::set_ex(&call, reply),
        Command::GetEx => set::get_ex(&call, reply),
        Command::StrLen => ranges::length(&call, reply),
        Command::Append => ranges::append(&call, reply),
        Command::SetRange => ranges::set_range(&call, reply),
        Command::GetRange | Command::SubStr => ranges::get_range(&call, reply),
        Command::Incr | Command::Decr | Command::IncrBy | Command::DecrBy => {
            numbers::add(&call, reply)
        }
        Command::IncrByFloat => numbers::add_float(&call, reply),
        Command::SetBit => bits::set(&call, reply),
        Command::GetBit => bits::get(&call, reply),
        Command::BitCount => bits::count(&call, reply),
        Command::BitPos => bits::position(&call, reply),
        Command::Lcs => lcs::lcs(&call, reply),
        Command::Expire | Command::PExpire | Command::ExpireAt | Command::PExpireAt => {
            expiry::expire(&call, reply)
        }
        Command::Ttl | Command::PTtl | Command::ExpireTime | Command::PExpireTime => {
            expiry::ttl(&call, reply)
        }
        Command::Persist => expiry::persist(&call, reply),
        Command::Del | Command::Unlink | Command::Exists | Command::Touch => {
            keyspace::count_keys(&call, reply)
        }
        Command::MemoryUsage => object::memory_usage(&call, reply),
        Command::ObjectEncoding | Command::ObjectFreq | Command::ObjectIdleTime => {
            object::object(&call, reply)
        }
        Command::Rename | Command::RenameNx => rename::rename(&call, reply),
        Command::Copy => rename::copy(&call, reply),
        Command::Type => keyspace::kind(&call, reply),
        Command::Keys => keyspace::keys(&call, reply),
        Command::Scan => keyspace::scan(&call, reply),
        Command::RandomKey => keyspace::random_key(&call, reply),
        Command::DbSize => keyspace::size(&call, reply),
        Command::FlushDb | Command::FlushAll => keyspace::flush(&call, reply),
        Command::Time => keyspace::time(&call, reply),
        // Those about the connection are answered before; others are in `missing`, which a test holds to this.
        _ => Err(Refusal::Unknown(Unknown::Command).text(call.args.from(0)).into()),
    }
}
