//! Strings and their bits.

use crate::resp::command::Command;
use crate::resp::command::spec::*;

pub(super) const ROWS: &[Spec] = &[
    row(Command::Get, "get", 2, Group::String, "1.0.0")
        .flags(READONLY | FAST)
        .acl(STRING)
        .keys(&[key(1, READ | ACCESS)])
        .help("key", "O(1)", "The value of a key."),
    row(Command::Set, "set", -3, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE | VARIABLE)])
        .help(
            "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
                PXAT unix-time-milliseconds | KEEPTTL]",
            "O(1)",
            "Stores a value, whatever there was before, and takes away its time-to-live unless \
                told otherwise.",
        ),
    row(Command::GetSet, "getset", 3, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .deprecated("6.2.0", "`SET` with the `GET` option")
        .help("key value", "O(1)", "Stores a value and replies with the one before it."),
    row(Command::GetDel, "getdel", 2, Group::String, "6.2.0")
        .flags(WRITE | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | DELETE)])
        .help("key", "O(1)", "Replies with the value of a key and deletes it."),
    row(Command::GetEx, "getex", -2, Group::String, "6.2.0")
        .flags(WRITE | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .help(
            "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
                unix-time-milliseconds | PERSIST]",
            "O(1)",
            "Replies with the value of a key and changes its time-to-live.",
        ),
    row(Command::SetNx, "setnx", 3, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, OVERWRITE | INSERT)])
        .help("key value", "O(1)", "Stores a value if the key is absent."),
    row(Command::SetEx, "setex", 4, Group::String, "2.0.0")
        .flags(WRITE | DENYOOM)
        .acl(STRING)
        .keys(&[key(1, OVERWRITE | UPDATE)])
        .help("key seconds value", "O(1)", "Stores a value with a time-to-live in seconds."),
    row(Command::PSetEx, "psetex", 4, Group::String, "2.6.0")
        .flags(WRITE | DENYOOM)
        .acl(STRING)
        .keys(&[key(1, OVERWRITE | UPDATE)])
        .help(
            "key milliseconds value",
            "O(1)",
            "Stores a value with a time-to-live in milliseconds.",
        ),
    row(Command::MGet, "mget", -2, Group::String, "1.0.0")
        .flags(READONLY | FAST)
        .acl(STRING)
        .keys(&[key(1, READ | ACCESS).range(-1, 1)])
        .tips(&["request_policy:multi_shard"])
        .help("key [key ...]", "O(N), N the number of keys", "The values of several keys."),
    row(Command::MSet, "mset", -3, Group::String, "1.0.1")
        .flags(WRITE | DENYOOM)
        .acl(STRING)
        .keys(&[key(1, OVERWRITE | UPDATE).range(-1, 2)])
        .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
        .help("key value [key value ...]", "O(N), N the number of keys", "Stores several values."),
    row(Command::MSetNx, "msetnx", -3, Group::String, "1.0.1")
        .flags(WRITE | DENYOOM)
        .acl(STRING)
        .keys(&[key(1, OVERWRITE | INSERT).range(-1, 2)])
        .tips(&["request_policy:multi_shard", "response_policy:agg_min"])
        .help(
            "key value [key value ...]",
            "O(N), N the number of keys",
            "Stores several values, or none if one of the keys is there.",
        ),
    row(Command::Append, "append", 3, Group::String, "2.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | INSERT)])
        .help(
            "key value",
            "O(N), N the length of the new value",
            "Puts bytes at the end of a value, which is made if absent.",
        ),
    row(Command::StrLen, "strlen", 2, Group::String, "2.2.0")
        .flags(READONLY | FAST)
        .acl(STRING)
        .keys(&[key(1, READ)])
        .help("key", "O(1)", "How many bytes a value has."),
    row(Command::SetRange, "setrange", 4, Group::String, "2.2.0")
        .flags(WRITE | DENYOOM)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | UPDATE)])
        .help(
            "key offset value",
            "O(N), N the length of the new value",
            "Overwrites a part of a value, which grows as needed.",
        ),
    row(Command::GetRange, "getrange", 4, Group::String, "2.4.0")
        .flags(READONLY)
        .acl(STRING)
        .keys(&[key(1, READ | ACCESS)])
        .help(
            "key start end",
            "O(N), N the length of the reply",
            "A part of a value. Offsets below 0 count from its end.",
        ),
    row(Command::SubStr, "substr", 4, Group::String, "1.0.0")
        .flags(READONLY)
        .acl(STRING)
        .keys(&[key(1, READ | ACCESS)])
        .deprecated("2.0.0", "`GETRANGE`")
        .help(
            "key start end",
            "O(N), N the length of the reply",
            "A part of a value, by the name that GETRANGE once had.",
        ),
    row(Command::Incr, "incr", 2, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .help("key", "O(1)", "Adds one to an integer."),
    row(Command::Decr, "decr", 2, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .help("key", "O(1)", "Takes one from an integer."),
    row(Command::IncrBy, "incrby", 3, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .help("key increment", "O(1)", "Adds to an integer."),
    row(Command::DecrBy, "decrby", 3, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .help("key decrement", "O(1)", "Takes from an integer."),
    row(Command::IncrByFloat, "incrbyfloat", 3, Group::String, "2.6.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(STRING)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .help("key increment", "O(1)", "Adds to a number with a fraction."),
    row(Command::Lcs, "lcs", -3, Group::String, "7.0.0")
        .flags(READONLY)
        .acl(STRING)
        .keys(&[key(1, READ | ACCESS).range(1, 1)])
        .help(
            "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
            "O(N*M), N and M the lengths of the values",
            "The longest common subsequence of two values.",
        ),
    row(Command::SetBit, "setbit", 4, Group::Bitmap, "2.2.0")
        .flags(WRITE | DENYOOM)
        .acl(BITMAP)
        .keys(&[key(1, READ_WRITE | ACCESS | UPDATE)])
        .help(
            "key offset value",
            "O(N), N the length of the value",
            "Sets one bit of a value and replies with what it was.",
        ),
    row(Command::GetBit, "getbit", 3, Group::Bitmap, "2.2.0")
        .flags(READONLY | FAST)
        .acl(BITMAP)
        .keys(&[key(1, READ | ACCESS)])
        .help("key offset", "O(1)", "One bit of a value."),
    row(Command::BitCount, "bitcount", -2, Group::Bitmap, "2.6.0")
        .flags(READONLY)
        .acl(BITMAP)
        .keys(&[key(1, READ | ACCESS)])
        .help(
            "key [start end [BYTE | BIT]]",
            "O(N), N the length of what is counted",
            "How many bits of a value are set.",
        ),
    row(Command::BitPos, "bitpos", -3, Group::Bitmap, "2.8.7")
        .flags(READONLY)
        .acl(BITMAP)
        .keys(&[key(1, READ | ACCESS)])
        .help(
            "key bit [start [end [BYTE | BIT]]]",
            "O(N), N the length of what is looked through",
            "Where the first bit is that is set, or the first that is not.",
        ),
];
