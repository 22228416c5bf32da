//! Keys, whatever is stored under them.

use crate::resp::command::Command;
use crate::resp::command::spec::*;

pub(super) const ROWS: &[Spec] = &[
    row(Command::Expire, "expire", -3, Group::Generic, "1.0.0")
        .flags(WRITE | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ_WRITE | UPDATE)])
        .help(
            "key seconds [NX | XX | GT | LT]",
            "O(1)",
            "Lets a key expire after so many seconds.",
        ),
    row(Command::PExpire, "pexpire", -3, Group::Generic, "2.6.0")
        .flags(WRITE | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ_WRITE | UPDATE)])
        .help(
            "key milliseconds [NX | XX | GT | LT]",
            "O(1)",
            "Lets a key expire after so many milliseconds.",
        ),
    row(Command::ExpireAt, "expireat", -3, Group::Generic, "1.2.0")
        .flags(WRITE | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ_WRITE | UPDATE)])
        .help(
            "key unix-time-seconds [NX | XX | GT | LT]",
            "O(1)",
            "Lets a key expire at a time, in seconds since 1970.",
        ),
    row(Command::PExpireAt, "pexpireat", -3, Group::Generic, "2.6.0")
        .flags(WRITE | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ_WRITE | UPDATE)])
        .help(
            "key unix-time-milliseconds [NX | XX | GT | LT]",
            "O(1)",
            "Lets a key expire at a time, in milliseconds since 1970.",
        ),
    row(Command::Ttl, "ttl", 2, Group::Generic, "1.0.0")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ | ACCESS)])
        .tips(&["nondeterministic_output"])
        .help(
            "key",
            "O(1)",
            "How many seconds a key has left: -1 if it does not expire, -2 if it is absent.",
        ),
    row(Command::PTtl, "pttl", 2, Group::Generic, "2.6.0")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ | ACCESS)])
        .tips(&["nondeterministic_output"])
        .help(
            "key",
            "O(1)",
            "How many milliseconds a key has left: -1 if it does not expire, -2 if it is absent.",
        ),
    row(Command::ExpireTime, "expiretime", 2, Group::Generic, "7.0.0")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ | ACCESS)])
        .help(
            "key",
            "O(1)",
            "When a key expires, in seconds since 1970: -1 if it does not, -2 if it is absent.",
        ),
    row(Command::PExpireTime, "pexpiretime", 2, Group::Generic, "7.0.0")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ | ACCESS)])
        .help(
            "key",
            "O(1)",
            "When a key expires, in milliseconds since 1970: -1 if it does not, -2 if it is \
                absent.",
        ),
    row(Command::Persist, "persist", 2, Group::Generic, "2.2.0")
        .flags(WRITE | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ_WRITE | UPDATE)])
        .help("key", "O(1)", "Takes away the time-to-live of a key."),
    row(Command::Del, "del", -2, Group::Generic, "1.0.0")
        .flags(WRITE)
        .acl(KEYSPACE)
        .keys(&[key(1, REMOVE | DELETE).range(-1, 1)])
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .help("key [key ...]", "O(N), N the number of keys", "Deletes keys."),
    row(Command::Unlink, "unlink", -2, Group::Generic, "4.0.0")
        .flags(WRITE | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, REMOVE | DELETE).range(-1, 1)])
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .help(
            "key [key ...]",
            "O(N), N the number of keys",
            "Deletes keys. Here the same as DEL: memory is always given back later.",
        ),
    row(Command::Exists, "exists", -2, Group::Generic, "1.0.0")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ).range(-1, 1)])
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .help("key [key ...]", "O(N), N the number of keys", "How many of the keys are there."),
    row(Command::Touch, "touch", -2, Group::Generic, "3.2.1")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ).range(-1, 1)])
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .help(
            "key [key ...]",
            "O(N), N the number of keys",
            "Marks keys as used and replies with how many of them are there.",
        ),
    row(Command::Type, "type", 2, Group::Generic, "1.0.0")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ)])
        .help("key", "O(1)", "What kind of value a key has: string, or none if it is absent."),
    row(Command::Keys, "keys", 2, Group::Generic, "1.0.0")
        .flags(READONLY)
        .acl(KEYSPACE | DANGEROUS)
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
        .help("pattern", "O(N), N the number of all keys", "All keys that match a pattern."),
    row(Command::Scan, "scan", -2, Group::Generic, "2.8.0")
        .flags(READONLY)
        .acl(KEYSPACE)
        .tips(&["nondeterministic_output", "request_policy:special"])
        .help(
            "cursor [MATCH pattern] [COUNT count] [TYPE type]",
            "O(1) a call, O(N) for all keys",
            "Some keys, and the cursor to go on from. A key that is there throughout comes up.",
        ),
    row(Command::RandomKey, "randomkey", 1, Group::Generic, "1.0.0")
        .flags(READONLY)
        .acl(KEYSPACE)
        .tips(&["request_policy:all_shards", "nondeterministic_output"])
        .help("", "O(1)", "Any key."),
    row(Command::Rename, "rename", 3, Group::Generic, "1.0.0")
        .flags(WRITE)
        .acl(KEYSPACE)
        .keys(&[key(1, READ_WRITE | ACCESS | DELETE), key(2, OVERWRITE | UPDATE)])
        .help("key newkey", "O(1)", "Moves a value to another key."),
    row(Command::RenameNx, "renamenx", 3, Group::Generic, "1.0.0")
        .flags(WRITE | FAST)
        .acl(KEYSPACE)
        .keys(&[key(1, READ_WRITE | ACCESS | DELETE), key(2, OVERWRITE | INSERT)])
        .help("key newkey", "O(1)", "Moves a value to another key if that is absent."),
    row(Command::Copy, "copy", -3, Group::Generic, "6.2.0")
        .flags(WRITE | DENYOOM)
        .acl(KEYSPACE)
        .keys(&[key(1, READ | ACCESS), key(2, OVERWRITE | UPDATE)])
        .help(
            "source destination [DB destination-db] [REPLACE]",
            "O(1)",
            "Copies a value to another key.",
        ),
    row(Command::DbSize, "dbsize", 1, Group::Server, "1.0.0")
        .flags(READONLY | FAST)
        .acl(KEYSPACE)
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
        .help("", "O(1)", "How many keys there are."),
    row(Command::FlushDb, "flushdb", -1, Group::Server, "1.0.0")
        .flags(WRITE)
        .acl(KEYSPACE | DANGEROUS)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .help("[ASYNC | SYNC]", "O(N), N the number of all keys", "Deletes all keys."),
    row(Command::FlushAll, "flushall", -1, Group::Server, "1.0.0")
        .flags(WRITE)
        .acl(KEYSPACE | DANGEROUS)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .help("[ASYNC | SYNC]", "O(N), N the number of all keys", "Deletes all keys."),
    row(Command::Object, "object", -2, Group::Generic, "2.2.3").help(
        "subcommand",
        "Depends on the subcommand",
        "What is known about a value besides its bytes.",
    ),
    row(Command::ObjectEncoding, "object|encoding", 3, Group::Generic, "2.2.3")
        .flags(READONLY)
        .acl(KEYSPACE)
        .keys(&[key(2, READ)])
        .tips(&["nondeterministic_output"])
        .help("key", "O(1)", "How Redis would keep the value: int, embstr or raw."),
    row(Command::ObjectFreq, "object|freq", 3, Group::Generic, "4.0.0")
        .flags(READONLY)
        .acl(KEYSPACE)
        .keys(&[key(2, READ)])
        .tips(&["nondeterministic_output"])
        .help("key", "O(1)", "How often a key is used, on a scale of its own."),
    row(Command::ObjectIdleTime, "object|idletime", 3, Group::Generic, "2.2.3")
        .flags(READONLY)
        .acl(KEYSPACE)
        .keys(&[key(2, READ)])
        .tips(&["nondeterministic_output"])
        .help("key", "O(1)", "How many seconds ago a key was used."),
    row(Command::ObjectHelp, "object|help", 2, Group::Generic, "6.2.0")
        .flags(LOADING | STALE)
        .acl(KEYSPACE)
        .help("", "O(1)", "What subcommands there are."),
    row(Command::Memory, "memory", -2, Group::Server, "4.0.0").help(
        "subcommand",
        "Depends on the subcommand",
        "What takes memory.",
    ),
    row(Command::MemoryUsage, "memory|usage", -3, Group::Server, "4.0.0")
        .flags(READONLY)
        .keys(&[key(2, READ)])
        .help("key [SAMPLES count]", "O(1)", "How many bytes a key and its value take."),
    row(Command::MemoryHelp, "memory|help", 2, Group::Server, "4.0.0").flags(LOADING | STALE).help(
        "",
        "O(1)",
        "What subcommands there are.",
    ),
];
