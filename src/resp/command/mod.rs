//! The commands: one table, from which a server dispatches, answers `COMMAND` and refuses what is wrong, and from which a command line has its help.
//!
//! ```
//! use purekv::resp::command::Command;
//!
//! let args: [&[u8]; 4] = [b"mSet", b"a", b"1", b"b"];
//! let command = Command::find(args[0], Some(args[1])).unwrap();
//! assert_eq!(command, Command::MSet);
//! assert!(command.spec().takes(args.len()));
//! assert_eq!(command.spec().key_places(args.len()).collect::<Vec<_>>(), [1, 3]);
//! ```
//!
//! A command with subcommands (`CLIENT`) is a *container*. Its subcommands are commands of their own, with a row each.

mod lookup;
mod refusal;
mod spec;
mod table;

pub use refusal::{Refusal, missing_keys};
pub use spec::{Access, Category, Flag, Group, KeySpec, Spec};

/// A command, or a subcommand of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Command {
    /// `GET`.
    Get,
    /// `SET`.
    Set,
    /// `GETSET`.
    GetSet,
    /// `GETDEL`.
    GetDel,
    /// `GETEX`.
    GetEx,
    /// `SETNX`.
    SetNx,
    /// `SETEX`.
    SetEx,
    /// `PSETEX`.
    PSetEx,
    /// `MGET`.
    MGet,
    /// `MSET`.
    MSet,
    /// `MSETNX`.
    MSetNx,
    /// `APPEND`.
    Append,
    /// `STRLEN`.
    StrLen,
    /// `SETRANGE`.
    SetRange,
    /// `GETRANGE`.
    GetRange,
    /// `SUBSTR`.
    SubStr,
    /// `INCR`.
    Incr,
    /// `DECR`.
    Decr,
    /// `INCRBY`.
    IncrBy,
    /// `DECRBY`.
    DecrBy,
    /// `INCRBYFLOAT`.
    IncrByFloat,
    /// `LCS`.
    Lcs,
    /// `SETBIT`.
    SetBit,
    /// `GETBIT`.
    GetBit,
    /// `BITCOUNT`.
    BitCount,
    /// `BITPOS`.
    BitPos,
    /// `EXPIRE`.
    Expire,
    /// `PEXPIRE`.
    PExpire,
    /// `EXPIREAT`.
    ExpireAt,
    /// `PEXPIREAT`.
    PExpireAt,
    /// `TTL`.
    Ttl,
    /// `PTTL`.
    PTtl,
    /// `EXPIRETIME`.
    ExpireTime,
    /// `PEXPIRETIME`.
    PExpireTime,
    /// `PERSIST`.
    Persist,
    /// `DEL`.
    Del,
    /// `UNLINK`.
    Unlink,
    /// `EXISTS`.
    Exists,
    /// `TOUCH`.
    Touch,
    /// `TYPE`.
    Type,
    /// `KEYS`.
    Keys,
    /// `SCAN`.
    Scan,
    /// `RANDOMKEY`.
    RandomKey,
    /// `RENAME`.
    Rename,
    /// `RENAMENX`.
    RenameNx,
    /// `COPY`.
    Copy,
    /// `DBSIZE`.
    DbSize,
    /// `FLUSHDB`.
    FlushDb,
    /// `FLUSHALL`.
    FlushAll,
    /// `OBJECT`.
    Object,
    /// `OBJECT ENCODING`.
    ObjectEncoding,
    /// `OBJECT FREQ`.
    ObjectFreq,
    /// `OBJECT IDLETIME`.
    ObjectIdleTime,
    /// `OBJECT HELP`.
    ObjectHelp,
    /// `MEMORY`.
    Memory,
    /// `MEMORY USAGE`.
    MemoryUsage,
    /// `MEMORY HELP`.
    MemoryHelp,
    /// `MULTI`.
    Multi,
    /// `EXEC`.
    Exec,
    /// `DISCARD`.
    Discard,
    /// `WATCH`.
    Watch,
    /// `UNWATCH`.
    Unwatch,
    /// `PING`.
    Ping,
    /// `ECHO`.
    Echo,
    /// `AUTH`.
    Auth,
    /// `HELLO`.
    Hello,
    /// `RESET`.
    Reset,
    /// `QUIT`.
    Quit,
    /// `SELECT`.
    Select,
    /// `CLIENT`.
    Client,
    /// `CLIENT GETNAME`.
    ClientGetName,
    /// `CLIENT HELP`.
    ClientHelp,
    /// `CLIENT ID`.
    ClientId,
    /// `CLIENT INFO`.
    ClientInfo,
    /// `CLIENT KILL`.
    ClientKill,
    /// `CLIENT LIST`.
    ClientList,
    /// `CLIENT NO-EVICT`.
    ClientNoEvict,
    /// `CLIENT PAUSE`.
    ClientPause,
    /// `CLIENT REPLY`.
    ClientReply,
    /// `CLIENT SETINFO`.
    ClientSetInfo,
    /// `CLIENT SETNAME`.
    ClientSetName,
    /// `CLIENT UNPAUSE`.
    ClientUnpause,
    /// `INFO`.
    Info,
    /// `COMMAND`.
    Command,
    /// `COMMAND COUNT`.
    CommandCount,
    /// `COMMAND DOCS`.
    CommandDocs,
    /// `COMMAND GETKEYS`.
    CommandGetKeys,
    /// `COMMAND HELP`.
    CommandHelp,
    /// `COMMAND INFO`.
    CommandInfo,
    /// `COMMAND LIST`.
    CommandList,
    /// `CONFIG`.
    Config,
    /// `CONFIG GET`.
    ConfigGet,
    /// `CONFIG HELP`.
    ConfigHelp,
    /// `CONFIG RESETSTAT`.
    ConfigResetStat,
    /// `CONFIG SET`.
    ConfigSet,
    /// `SAVE`.
    Save,
    /// `BGSAVE`.
    BgSave,
    /// `LASTSAVE`.
    LastSave,
    /// `SHUTDOWN`.
    Shutdown,
    /// `TIME`.
    Time,
    /// `SLOWLOG`.
    SlowLog,
    /// `SLOWLOG GET`.
    SlowLogGet,
    /// `SLOWLOG HELP`.
    SlowLogHelp,
    /// `SLOWLOG LEN`.
    SlowLogLen,
    /// `SLOWLOG RESET`.
    SlowLogReset,
    /// `LATENCY`.
    Latency,
    /// `LATENCY HELP`.
    LatencyHelp,
    /// `LATENCY LATEST`.
    LatencyLatest,
    /// `LATENCY RESET`.
    LatencyReset,
    /// `FUNCTION`.
    Function,
    /// `FUNCTION FLUSH`.
    FunctionFlush,
    /// `FUNCTION HELP`.
    FunctionHelp,
    /// `DEBUG`.
    Debug,
}

impl Command {
    /// How many there are, subcommands among them.
    pub const COUNT: usize = Self::Debug as usize + 1;

    /// What the table says of it.
    #[inline]
    pub fn spec(self) -> &'static Spec {
        &table::TABLE[self as usize]
    }

    /// All commands, each container before its subcommands.
    pub fn all() -> impl Iterator<Item = Self> {
        table::TABLE.iter().map(|spec| spec.command)
    }

    /// The subcommands of a container; none of any other command.
    pub fn subcommands(self) -> impl Iterator<Item = Self> {
        lookup::subcommands(self).iter().map(|spec| spec.command)
    }

    /// Whether it has subcommands.
    #[inline]
    pub fn is_container(self) -> bool {
        !lookup::subcommands(self).is_empty()
    }

    /// The container of a subcommand.
    pub fn container(self) -> Option<Self> {
        let (name, _) = self.spec().name.split_once('|')?;
        lookup::by_name(name.as_bytes())
    }

    /// The command that a request means, by its first two arguments, in either case. A container alone is a command too, though most want more arguments. Allocates nothing.
    ///
    /// # Errors
    ///
    /// If there is none of that name, or the container has no such subcommand.
    #[inline]
    pub fn find(name: &[u8], second: Option<&[u8]>) -> Result<Self, Unknown> {
        let command = lookup::by_name(name).ok_or(Unknown::Command)?;
        match second {
            Some(second) if command.is_container() => {
                lookup::subcommand(command, second).ok_or(Unknown::Subcommand(command))
            }
            _ => Ok(command),
        }
    }

    /// The command of a name as the table has it, "client|id" for a subcommand, in either case: what `COMMAND INFO` and `COMMAND DOCS` are asked for.
    pub fn find_full_name(name: &[u8]) -> Option<Self> {
        match name.iter().position(|byte| *byte == b'|') {
            Some(bar) => {
                let container = lookup::by_name(&name[..bar])?;
                lookup::subcommand(container, &name[bar + 1..])
            }
            None => lookup::by_name(name),
        }
    }
}

/// What a request asks for is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// There is no command of that name.
    Command,
    /// The container has no subcommand of that name.
    Subcommand(Command),
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    fn keys(command: Command, count: usize) -> Vec<usize> {
        command.spec().key_places(count).collect()
    }

    #[test]
    fn keys_are_found() {
        assert_eq!(keys(Command::Get, 2), [1]);
        assert_eq!(keys(Command::Set, 5), [1]);
        assert_eq!(keys(Command::Del, 4), [1, 2, 3]);
        assert_eq!(keys(Command::MSet, 7), [1, 3, 5]);
        assert_eq!(keys(Command::MSet, 4), [1, 3]);
        assert_eq!(keys(Command::Rename, 3), [1, 2]);
        assert_eq!(keys(Command::Copy, 6), [1, 2]);
        assert_eq!(keys(Command::Lcs, 5), [1, 2]);
        assert_eq!(keys(Command::ObjectEncoding, 3), [2]);
        assert!(keys(Command::Ping, 2).is_empty());
        assert_eq!(Command::MSet.spec().key_range(), (1, -1, 2));
        assert_eq!(Command::Rename.spec().key_range(), (1, 2, 1));
        assert_eq!(Command::MemoryUsage.spec().key_range(), (2, 2, 1));
        assert_eq!(Command::Info.spec().key_range(), (0, 0, 0));
        // Fewer arguments than the command takes: nothing is out of bounds.
        for command in Command::all() {
            for count in 0..8 {
                assert!(keys(command, count).iter().all(|place| *place < count));
            }
        }
    }

    #[test]
    fn numbers_of_arguments_are_checked() {
        assert!(Command::Get.spec().takes(2));
        assert!(!Command::Get.spec().takes(1) && !Command::Get.spec().takes(3));
        assert!(Command::Set.spec().takes(3) && Command::Set.spec().takes(9));
        assert!(!Command::Set.spec().takes(2));
        assert!(Command::ClientId.spec().takes(2));
    }

    #[test]
    fn containers_have_subcommands() {
        let names: Vec<_> =
            Command::Memory.subcommands().map(|command| command.spec().name).collect();
        assert_eq!(names, ["memory|usage", "memory|help"]);
        assert_eq!(Command::ClientId.container(), Some(Command::Client));
        assert_eq!(Command::Get.container(), None);
        assert!(Command::Config.is_container() && !Command::Get.is_container());
        // Its subcommands are the server's to read, as in Redis.
        assert!(!Command::Debug.is_container());
        assert_eq!(Command::find(b"COMMAND", None), Ok(Command::Command));
        assert_eq!(Command::find(b"command", Some(b"Docs")), Ok(Command::CommandDocs));
        assert_eq!(Command::find(b"get", Some(b"docs")), Ok(Command::Get));
        assert_eq!(Command::find(b"hset", None), Err(Unknown::Command));
    }

    /// How many words must stand behind the name: those outside brackets, of the first of several alternatives.
    fn least(syntax: &str) -> usize {
        let mut depth = 0;
        let required: String = syntax
            .chars()
            .filter(|letter| {
                depth += i32::from(*letter == '[');
                let is_outside = depth == 0;
                depth -= i32::from(*letter == ']');
                is_outside
            })
            .collect();
        required.split(" | ").next().unwrap_or_default().split_whitespace().count()
    }

    #[test]
    fn help_and_arity_agree() {
        for command in Command::all() {
            let spec = command.spec();
            assert!(spec.summary.ends_with('.') && !spec.complexity.is_empty(), "{}", spec.name);
            // One that Redis wants an argument more for than it has a use for, one that takes whatever comes, and one that is two.
            if matches!(command, Command::CommandGetKeys | Command::Quit | Command::Debug) {
                continue;
            }
            let words = spec.name.split('|').count() + least(spec.syntax);
            assert_eq!(words, usize::from(spec.arity.unsigned_abs()), "{}", spec.name);
            let is_open = spec.syntax.contains('[') || command.is_container();
            assert_eq!(spec.arity < 0, is_open, "{}", spec.name);
        }
    }
}
