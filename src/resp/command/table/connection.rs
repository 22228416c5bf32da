//! Connections and transactions.

use crate::resp::command::Command;
use crate::resp::command::spec::*;

pub(super) const ROWS: &[Spec] = &[
    row(Command::Multi, "multi", 1, Group::Transactions, "1.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .acl(TRANSACTION)
        .help("", "O(1)", "Begins a transaction: commands are kept until EXEC."),
    row(Command::Exec, "exec", 1, Group::Transactions, "1.2.0")
        .flags(NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG)
        .acl(TRANSACTION)
        .help("", "Depends on the commands", "Runs the commands of the transaction."),
    row(Command::Discard, "discard", 1, Group::Transactions, "2.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .acl(TRANSACTION)
        .help("", "O(N), N the number of commands kept", "Forgets the transaction."),
    row(Command::Watch, "watch", -2, Group::Transactions, "2.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .acl(TRANSACTION)
        .keys(&[key(1, READ).range(-1, 1)])
        .help(
            "key [key ...]",
            "O(N), N the number of keys",
            "Lets the next EXEC do nothing if one of the keys changes before.",
        ),
    row(Command::Unwatch, "unwatch", 1, Group::Transactions, "2.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .acl(TRANSACTION)
        .help("", "O(1)", "Forgets all that is watched."),
    row(Command::Ping, "ping", -1, Group::Connection, "1.0.0")
        .flags(FAST)
        .acl(CONNECTION)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .help("[message]", "O(1)", "Replies with PONG, or with the message."),
    row(Command::Echo, "echo", 2, Group::Connection, "1.0.0")
        .flags(LOADING | STALE | FAST)
        .acl(CONNECTION)
        .help("message", "O(1)", "Replies with the message."),
    row(Command::Auth, "auth", -2, Group::Connection, "1.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
        .acl(CONNECTION)
        .help("[username] password", "O(1)", "Authenticates the connection."),
    row(Command::Hello, "hello", -1, Group::Connection, "6.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
        .acl(CONNECTION)
        .help(
            "[protover [AUTH username password] [SETNAME clientname]]",
            "O(1)",
            "Chooses the version of the protocol and replies with what the server is.",
        ),
    row(Command::Reset, "reset", 1, Group::Connection, "6.2.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
        .acl(CONNECTION)
        .help("", "O(1)", "Makes the connection as it was when it was new."),
    row(Command::Quit, "quit", -1, Group::Connection, "1.0.0")
        .flags(NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY)
        .acl(CONNECTION)
        .help("", "O(1)", "Closes the connection once all replies are written."),
    row(Command::Select, "select", 2, Group::Connection, "1.0.0")
        .flags(LOADING | STALE | FAST)
        .acl(CONNECTION)
        .help("index", "O(1)", "Chooses the database. There is one, 0."),
    row(Command::Client, "client", -2, Group::Connection, "2.4.0").help(
        "subcommand",
        "Depends on the subcommand",
        "Connections: this one and the others.",
    ),
    row(Command::ClientGetName, "client|getname", 2, Group::Connection, "2.6.9")
        .flags(NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help("", "O(1)", "The name of this connection."),
    row(Command::ClientHelp, "client|help", 2, Group::Connection, "5.0.0")
        .flags(LOADING | STALE)
        .acl(CONNECTION)
        .help("", "O(1)", "What subcommands there are."),
    row(Command::ClientId, "client|id", 2, Group::Connection, "5.0.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help("", "O(1)", "The number of this connection."),
    row(Command::ClientInfo, "client|info", 2, Group::Connection, "6.2.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .tips(&["nondeterministic_output"])
        .help("", "O(1)", "What is known about this connection."),
    row(Command::ClientKill, "client|kill", -3, Group::Connection, "2.4.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help(
            "ip:port | [ID client-id] [TYPE type] [USER username] [ADDR ip:port] [LADDR ip:port] \
                [SKIPME yes | no]",
            "O(N), N the number of connections",
            "Closes connections.",
        ),
    row(Command::ClientList, "client|list", -2, Group::Connection, "2.4.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .tips(&["nondeterministic_output"])
        .help(
            "[TYPE type] [ID client-id [client-id ...]]",
            "O(N), N the number of connections",
            "What is known about all connections.",
        ),
    row(Command::ClientNoEvict, "client|no-evict", 3, Group::Connection, "7.0.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help("ON | OFF", "O(1)", "Spares this connection when memory for connections runs out."),
    row(Command::ClientPause, "client|pause", -3, Group::Connection, "2.9.50")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help(
            "timeout [WRITE | ALL]",
            "O(1)",
            "Lets commands wait, or only those that write, for so many milliseconds.",
        ),
    row(Command::ClientReply, "client|reply", 3, Group::Connection, "3.2.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help("ON | OFF | SKIP", "O(1)", "Whether commands of this connection are replied to."),
    row(Command::ClientSetInfo, "client|setinfo", 4, Group::Connection, "7.2.0")
        .flags(NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help(
            "LIB-NAME libname | LIB-VER libver",
            "O(1)",
            "Says which client library this connection is made by.",
        ),
    row(Command::ClientSetName, "client|setname", 3, Group::Connection, "2.6.9")
        .flags(NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help("connection-name", "O(1)", "Gives this connection a name."),
    row(Command::ClientUnpause, "client|unpause", 2, Group::Connection, "6.2.0")
        .flags(ADMIN_ONLY | NOSCRIPT | LOADING | STALE)
        .acl(CONNECTION)
        .help("", "O(N), N the number of connections that wait", "Ends a pause."),
];
