//! What the table says of a command, and the words to say it in.
//!
//! Flags, categories and key specifications are Redis's, named and ordered as `COMMAND INFO` has them.

use super::Command;

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Which one it is.
    pub command: Command,
    /// Its name in lower case; for a subcommand the container's, a bar, and its own: "client|id".
    pub name: &'static str,
    /// How many arguments it takes, its name (and its container's) among them; negative if these are the least.
    pub arity: i8,
    /// What it is about.
    pub group: Group,
    /// The version of Redis that had it first.
    pub since: &'static str,
    /// The version of Redis that advised against it first, and what to use instead.
    pub deprecated: Option<(&'static str, &'static str)>,
    /// Which arguments are keys.
    pub keys: &'static [KeySpec],
    /// Hints for clients that talk to many servers, as Redis words them.
    pub tips: &'static [&'static str],
    /// What may come behind its name: words in capitals as they are, others stand for values.
    pub syntax: &'static str,
    /// What it costs here.
    pub complexity: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    flags: u16,
    categories: u16,
}

/// Which arguments are keys, and what becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// The first one. The command's name is 0.
    pub first: u8,
    /// The last one: how many behind the first, or, if negative, counted from the end of the arguments (the last is -1).
    pub last: i8,
    /// From one to the next.
    pub step: u8,
    access: u16,
}

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words say it")]
pub enum Group {
    Bitmap,
    Connection,
    Generic,
    Scripting,
    Server,
    String,
    Transactions,
}

impl Group {
    /// The name, as `COMMAND DOCS` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bitmap => "bitmap",
            Self::Connection => "connection",
            Self::Generic => "generic",
            Self::Scripting => "scripting",
            Self::Server => "server",
            Self::String => "string",
            Self::Transactions => "transactions",
        }
    }
}

/// A set of bits, each with Redis's word for it, in Redis's order.
macro_rules! bits {
    ($(#[$doc:meta])* $kind:ident { $($(#[$about:meta])* $variant:ident, $constant:ident, $name:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind { $($(#[$about])* $variant,)* }

        impl $kind {
            /// All of them, in Redis's order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Redis's word.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn is_in(self, set: u16) -> bool {
                set & 1 << self as u16 != 0
            }
        }

        $(pub(super) const $constant: u16 = 1 << $kind::$variant as u16;)*
    };
}

bits! {
    /// How a command behaves.
    Flag {
        /// May change what is stored.
        Write, WRITE, "write";
        /// Reads what is stored, and no more.
        ReadOnly, READONLY, "readonly";
        /// Refused when memory is short.
        DenyOom, DENYOOM, "denyoom";
        /// For who runs the server.
        Admin, ADMIN_ONLY, "admin";
        /// Not for scripts.
        NoScript, NOSCRIPT, "noscript";
        /// Allowed while a dump is being loaded.
        Loading, LOADING, "loading";
        /// Allowed on a replica that has lost its master.
        Stale, STALE, "stale";
        /// Never in the slow log.
        SkipSlowLog, SKIP_SLOWLOG, "skip_slowlog";
        /// Takes constant or logarithmic time.
        Fast, FAST, "fast";
        /// Allowed before the client has authenticated.
        NoAuth, NO_AUTH, "no_auth";
        /// Refused while a replica loads a dump beside its old data.
        NoAsyncLoading, NO_ASYNC_LOADING, "no_async_loading";
        /// Not in a transaction.
        NoMulti, NO_MULTI, "no_multi";
        /// Allowed while a script takes long.
        AllowBusy, ALLOW_BUSY, "allow_busy";
    }
}

bits! {
    /// What a command belongs to, for whoever grants rights by kinds of commands.
    Category {
        /// Keys, whatever their values.
        Keyspace, KEYSPACE, "keyspace";
        /// Reading.
        Read, READ_CATEGORY, "read";
        /// Writing.
        Write, WRITE_CATEGORY, "write";
        /// Strings.
        String, STRING, "string";
        /// Bits of strings.
        Bitmap, BITMAP, "bitmap";
        /// Who runs the server.
        Admin, ADMIN, "admin";
        /// Constant or logarithmic time.
        Fast, FAST_CATEGORY, "fast";
        /// All others.
        Slow, SLOW, "slow";
        /// What may do harm.
        Dangerous, DANGEROUS, "dangerous";
        /// Connections.
        Connection, CONNECTION, "connection";
        /// Transactions.
        Transaction, TRANSACTION, "transaction";
        /// Scripts.
        Scripting, SCRIPTING, "scripting";
    }
}

bits! {
    /// What becomes of a key.
    Access {
        /// The key is read.
        Read, READ, "RO";
        /// The key is read and written.
        ReadWrite, READ_WRITE, "RW";
        /// The key is written, whatever was there.
        Overwrite, OVERWRITE, "OW";
        /// The key is deleted.
        Remove, REMOVE, "RM";
        /// The caller learns something of the value.
        Access, ACCESS, "access";
        /// The value is changed.
        Update, UPDATE, "update";
        /// A value is added.
        Insert, INSERT, "insert";
        /// The value is deleted.
        Delete, DELETE, "delete";
        /// Less of this may be so, with some options.
        Variable, VARIABLE, "variable_flags";
    }
}

pub(super) const fn row(
    command: Command,
    name: &'static str,
    arity: i8,
    group: Group,
    since: &'static str,
) -> Spec {
    Spec {
        command,
        name,
        arity,
        group,
        since,
        deprecated: None,
        keys: &[],
        tips: &[],
        syntax: "",
        complexity: "",
        summary: "",
        flags: 0,
        categories: SLOW,
    }
}

pub(super) const fn key(first: u8, access: u16) -> KeySpec {
    KeySpec { first, last: 0, step: 1, access }
}

impl KeySpec {
    pub(super) const fn range(mut self, last: i8, step: u8) -> Self {
        (self.last, self.step) = (last, step);
        self
    }

    /// What becomes of the keys.
    pub fn access(&self) -> impl Iterator<Item = Access> {
        let set = self.access;
        Access::ALL.iter().copied().filter(move |access| access.is_in(set))
    }

    /// The places of the keys among `count` arguments.
    fn places(self, count: usize) -> impl Iterator<Item = usize> {
        let first = usize::from(self.first);
        let end = match usize::try_from(self.last) {
            Ok(behind) => first + behind + 1,
            Err(_) => (count + 1).saturating_sub(self.last.unsigned_abs().into()),
        };
        (first..end.min(count)).step_by(self.step.into())
    }
}

impl Spec {
    pub(super) const fn flags(mut self, flags: u16) -> Self {
        self.flags = flags;
        // What Redis concludes from flags.
        let mut categories = 0;
        if flags & WRITE != 0 {
            categories |= WRITE_CATEGORY;
        }
        if flags & READONLY != 0 {
            categories |= READ_CATEGORY;
        }
        if flags & ADMIN_ONLY != 0 {
            categories |= ADMIN | DANGEROUS;
        }
        categories |= if flags & FAST != 0 { FAST_CATEGORY } else { SLOW };
        self.categories = categories;
        self
    }

    pub(super) const fn acl(mut self, categories: u16) -> Self {
        self.categories |= categories;
        self
    }

    pub(super) const fn keys(mut self, keys: &'static [KeySpec]) -> Self {
        self.keys = keys;
        self
    }

    pub(super) const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    pub(super) const fn deprecated(mut self, since: &'static str, instead: &'static str) -> Self {
        self.deprecated = Some((since, instead));
        self
    }

    pub(super) const fn help(
        mut self,
        syntax: &'static str,
        complexity: &'static str,
        summary: &'static str,
    ) -> Self {
        (self.syntax, self.complexity, self.summary) = (syntax, complexity, summary);
        self
    }

    /// Whether it behaves like this.
    #[inline]
    pub const fn is(&self, flag: Flag) -> bool {
        flag.is_in(self.flags)
    }

    /// How it behaves.
    pub fn each_flag(&self) -> impl Iterator<Item = Flag> {
        Flag::ALL.iter().copied().filter(|flag| self.is(*flag))
    }

    /// What it belongs to.
    pub fn categories(&self) -> impl Iterator<Item = Category> {
        Category::ALL.iter().copied().filter(|category| category.is_in(self.categories))
    }

    /// Whether so many arguments are right, the command's name among them.
    #[inline]
    pub const fn takes(&self, count: usize) -> bool {
        let arity = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { count >= arity } else { count == arity }
    }

    /// The places of the keys among `count` arguments, which are a number that [it takes](Self::takes).
    pub fn key_places(&self, count: usize) -> impl Iterator<Item = usize> {
        self.keys.iter().flat_map(move |keys| keys.places(count))
    }

    /// First key, last key (negative: from the end) and step, as `COMMAND INFO` had them before there were key specifications; zeros if there are no keys.
    pub fn key_range(&self) -> (i64, i64, i64) {
        let (Some(first), Some(last)) = (self.keys.first(), self.keys.last()) else {
            return (0, 0, 0);
        };
        let end = if last.last < 0 { 0 } else { i64::from(last.first) };
        (first.first.into(), end + i64::from(last.last), first.step.into())
    }
}
