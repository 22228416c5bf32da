//! The server itself.

use crate::resp::command::Command;
use crate::resp::command::spec::*;

pub(super) const ROWS: &[Spec] = &[
    row(Command::Info, "info", -1, Group::Server, "1.0.0")
        .flags(LOADING | STALE)
        .acl(DANGEROUS)
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
        .help("[section [section ...]]", "O(1)", "Figures of the server, by sections."),
    row(Command::Command, "command", -1, Group::Server, "2.8.13")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .help("", "O(N), N the number of commands", "All commands: names, arity, flags, keys."),
    row(Command::CommandCount, "command|count", 2, Group::Server, "2.8.13")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .help("", "O(1)", "How many commands there are."),
    row(Command::CommandDocs, "command|docs", -2, Group::Server, "7.0.0")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .help(
            "[command-name [command-name ...]]",
            "O(N), N the number of commands asked for",
            "What commands are for.",
        ),
    row(Command::CommandGetKeys, "command|getkeys", -4, Group::Server, "2.8.13")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .help(
            "command [arg ...]",
            "O(N), N the number of arguments",
            "Which arguments of a command are keys.",
        ),
    row(Command::CommandHelp, "command|help", 2, Group::Server, "5.0.0")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .help("", "O(1)", "What subcommands there are."),
    row(Command::CommandInfo, "command|info", -2, Group::Server, "2.8.13")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .help(
            "[command-name [command-name ...]]",
            "O(N), N the number of commands asked for",
            "Some commands: names, arity, flags, keys.",
        ),
    row(Command::CommandList, "command|list", -2, Group::Server, "7.0.0")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .tips(&["nondeterministic_output_order"])
        .help(
            "[FILTERBY MODULE module-name | ACLCAT category | PATTERN pattern]",
            "O(N), N the number of commands",
            "The names of all commands, or of some.",
        ),
    row(Command::Config, "config", -2, Group::Server, "2.0.0").help(
        "subcommand",
        "Depends on the subcommand",
        "Settings of the running server.",
    ),
    row(Command::ConfigGet, "config|get", -3, Group::Server, "2.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .help(
            "parameter [parameter ...]",
            "O(N), N the number of parameters",
            "Settings whose names match a pattern.",
        ),
    row(Command::ConfigHelp, "config|help", 2, Group::Server, "5.0.0").flags(LOADING | STALE).help(
        "",
        "O(1)",
        "What subcommands there are.",
    ),
    row(Command::ConfigResetStat, "config|resetstat", 2, Group::Server, "2.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .help("", "O(1)", "Sets the figures of INFO that count up to 0."),
    row(Command::ConfigSet, "config|set", -4, Group::Server, "2.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .help(
            "parameter value [parameter value ...]",
            "O(N), N the number of parameters",
            "Changes settings, all of them or none.",
        ),
    row(Command::Save, "save", 1, Group::Server, "1.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI)
        .help(
            "",
            "O(N), N the number of all keys",
            "Writes a dump and replies when it is on disk.",
        ),
    row(Command::BgSave, "bgsave", -1, Group::Server, "1.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | NO_ASYNC_LOADING)
        .help("[SCHEDULE]", "O(1)", "Begins to write a dump and replies at once."),
    row(Command::LastSave, "lastsave", 1, Group::Server, "1.0.0")
        .flags(LOADING | STALE | FAST)
        .acl(ADMIN | DANGEROUS)
        .tips(&["nondeterministic_output"])
        .help("", "O(1)", "When the last dump was written, in seconds since 1970."),
    row(Command::Shutdown, "shutdown", -1, Group::Server, "1.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY)
        .help(
            "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
            "O(N), N the number of all keys, with a dump; else O(1)",
            "Writes a dump if one is wanted, and ends the server.",
        ),
    row(Command::Time, "time", 1, Group::Server, "2.6.0")
        .flags(LOADING | STALE | FAST)
        .tips(&["nondeterministic_output"])
        .help("", "O(1)", "The server's time: seconds since 1970, and microseconds."),
    row(Command::SlowLog, "slowlog", -2, Group::Server, "2.2.12").help(
        "subcommand",
        "Depends on the subcommand",
        "Commands that took long.",
    ),
    row(Command::SlowLogGet, "slowlog|get", -2, Group::Server, "2.2.12")
        .flags(ADMIN_ONLY | LOADING | STALE)
        .tips(&["request_policy:all_nodes", "nondeterministic_output"])
        .help("[count]", "O(N), N the number of entries", "The last commands that took long."),
    row(Command::SlowLogHelp, "slowlog|help", 2, Group::Server, "6.2.0")
        .flags(LOADING | STALE)
        .help("", "O(1)", "What subcommands there are."),
    row(Command::SlowLogLen, "slowlog|len", 2, Group::Server, "2.2.12")
        .flags(ADMIN_ONLY | LOADING | STALE)
        .tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"])
        .help("", "O(1)", "How many entries there are."),
    row(Command::SlowLogReset, "slowlog|reset", 2, Group::Server, "2.2.12")
        .flags(ADMIN_ONLY | LOADING | STALE)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .help("", "O(N), N the number of entries", "Forgets all entries."),
    row(Command::Latency, "latency", -2, Group::Server, "2.8.13").help(
        "subcommand",
        "Depends on the subcommand",
        "Moments at which the server was slow.",
    ),
    row(Command::LatencyHelp, "latency|help", 2, Group::Server, "2.8.13")
        .flags(LOADING | STALE)
        .help("", "O(1)", "What subcommands there are."),
    row(Command::LatencyLatest, "latency|latest", 2, Group::Server, "2.8.13")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .tips(&["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"])
        .help("", "O(1)", "The last such moment of each kind."),
    row(Command::LatencyReset, "latency|reset", -2, Group::Server, "2.8.13")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .help("[event [event ...]]", "O(1)", "Forgets such moments, of all kinds or of some."),
    row(Command::Function, "function", -2, Group::Scripting, "7.0.0").help(
        "subcommand",
        "Depends on the subcommand",
        "Functions in the server, of which there are none.",
    ),
    row(Command::FunctionFlush, "function|flush", -2, Group::Scripting, "7.0.0")
        .flags(WRITE | NOSCRIPT)
        .acl(SCRIPTING)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .help("[ASYNC | SYNC]", "O(1)", "Deletes all functions: there are none."),
    row(Command::FunctionHelp, "function|help", 2, Group::Scripting, "7.0.0")
        .flags(LOADING | STALE)
        .acl(SCRIPTING)
        .help("", "O(1)", "What subcommands there are."),
    row(Command::Debug, "debug", -2, Group::Server, "1.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .help(
            "SLEEP seconds | SET-ACTIVE-EXPIRE 0 | 1",
            "Depends on the subcommand",
            "What tests need. Refused unless the server allows it.",
        ),
];
