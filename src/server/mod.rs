//! A Redis server without its socket: connections as state machines, and their commands carried out on a [`Store`](crate::Store).
//!
//! ```
//! use purekv::Store;
//! use purekv::server::{Connection, Database, Server, Settings, Wanted, Worker};
//!
//! let server = Server::new(Database::new(Store::new()), Settings::default());
//! let mut worker = Worker::new(&server, || ());
//! let mut connection = Connection::new(&worker, "127.0.0.1:50000");
//! connection.input(&mut worker).extend_from_slice(b"SET k v\r\nGET k\r\n");
//! assert_eq!(connection.advance(&mut worker), Wanted::Both);
//! assert_eq!(connection.output(), b"+OK\r\n$1\r\nv\r\n");
//! let length = connection.output().len();
//! assert_eq!(connection.written(length, &mut worker), Wanted::Read);
//! ```
//!
//! Who owns the socket reads into [`Connection::input`], calls [`Connection::advance`], writes [`Connection::output`], and does what is
//! [`Wanted`]; between two waits for sockets it advances those that [`Worker::woken`] names, and waits no longer than [`Worker::wake_in`]. Commands run on the thread that calls, any number of threads at once; each has a [`Worker`], and connections of its own.
//!
//! | module | what it does |
//! |---|---|
//! | `connection` | bytes: requests out of the input, replies into the output |
//! | `batch` | the requests that are carried out together: runs of GETs as one look-up of many, the memory of the others asked for in time |
//! | `worker` | a thread that serves connections, as they see it |
//! | `session` | what a connection is besides: who it is, its version of the protocol; which command runs |
//! | `hello`, `client` | the commands that are about connections |
//! | `clients`, `pause` | all connections: what each lets others know, what others may do to it |
//! | `commands` | what the table of commands says of itself |
//! | `transactions` | MULTI, EXEC and their like: commands that are carried out as one |
//! | `gate` | who is in the middle of a command, and who runs alone |
//! | `watch` | which keys are watched, and who is told of writes |
//! | `execute` | commands on the store: the only place that knows both protocol and store |
//! | `admin`, `help` | commands about the server as a whole, and what each command with subcommands says of itself |
//! | `settings`, `live`, `config` | what is chosen when a server is made, what of it can be changed, and CONFIG |
//! | `counters`, `info`, `prometheus` | what is counted, by each thread for itself, and who is told |
//! | `slow` | SLOWLOG and LATENCY: which commands are timed |
//! | `dumps`, `shutdown` | dumps, by request, by themselves and at the end |
//! | [`net`] | sockets and threads |
//!
//! # What is atomic
//!
//! A command on one key is, against everybody, threads that use the store directly among them. It waits for nobody but for those that follow.
//!
//! What changes several keys (MSET, MSETNX, RENAME, RENAMENX, COPY, DEL and UNLINK of several, FLUSHALL, FLUSHDB), and all that a transaction does,
//! is one step for all who use the server: nobody sees the middle of it, and nobody does anything in between. It waits for the commands that others
//! are in the middle of, and meanwhile nobody begins another, so a few long ones (KEYS, FLUSHALL) are felt by all, as in Redis; they are not cut into
//! pieces. Servers of clones of one [`Database`] are one in this.
//!
//! What reads several keys (MGET, EXISTS, TOUCH, LCS, KEYS, SCAN, DBSIZE) sees each such step whole or not at all, but does not keep others from
//! their commands on single keys: MGET may see the second of two SETs and not the first. In a transaction it sees one state of all keys.
//!
//! A dump that is made while clients write is not of one instant, and may have the half of a step. That of SHUTDOWN is: all that writes waits.
//!
//! *Threads that use the same store directly pass all this by.* They see the middle of a step, and what they write may come in between. WATCH learns
//! of it only if the key was there and is not, or the other way round.
//!
//! # Where Redis 7.0 is not followed
//!
//! - An entry that is due is absent from its very millisecond on; Redis has it until that one is over. DBSIZE counts what is due and not removed yet,
//!   as there, though not the very same of it.
//! - A time that is further ahead than a deadline's nanoseconds get (146 years) is never: TTL replies -1.
//! - SET without an expiry has the store's default time-to-live, if it was made with one. Redis has no such thing.
//! - Sums of INCRBYFLOAT are `f64`, see [`resp::number`](crate::resp::number).
//! - Words are compared whole: Redis's end at a NUL byte, so it takes `EX\0...` for EX.
//! - SCAN's cursors are the store's own, and KEYS, SCAN and RANDOMKEY have their keys in another order.
//! - HELLO says "redis" and the version whose words are followed, since clients look at it.
//! - CLIENT LIST shows a connection as it was after its last batch, with those of its fields as 0 that nothing here stands for. A connection that is
//!   killed is gone for others at once, and closed when its thread comes to it: at the latest after the batch that it is in.
//! - In a transaction, too, time goes on: an entry may be due between two of its commands. Redis stops the clock. DEBUG SLEEP in it does not sleep.
//! - A transaction takes no more memory than [`Settings::transaction`]. A command beyond that is refused ("ERR transaction takes more than ...
//!   bytes"), and so is EXEC then; a WATCH beyond it is refused and watches nothing. In Redis that closes the connection.
//! - MSET and MSETNX of something that is too heavy for the whole store do nothing; Redis has no such bound on one value.
//! - CLIENT PAUSE does not keep entries from expiring. DEBUG SLEEP holds up its own connection, and nobody else.
//! - CONFIG knows the parameters that mean something here, and some that clients look at; what has one value here can be set to that alone. There is
//!   no CONFIG REWRITE.
//! - SAVE, BGSAVE and SHUTDOWN write the store's own dump files, if there is a place for them; without one they are refused. Redis always has a
//!   place. SAVE blocks the connections of its own thread. `stop-writes-on-bgsave-error` is no: a dump that fails is seen in INFO and in the log, and
//!   clients go on. That a deadline has changed, and nothing else, does not make a dump due.
//! - The slow log, LATENCY and the times in INFO's `commandstats` are of commands that may take long, and of requests of more than 16 arguments or
//!   whose last one is longer than 16 KiB. GET, SET and what else takes constant time by the table are not timed: reading a clock would be a tenth of
//!   them.
//! - INFO has Redis's fields but for those about how Redis is made (its allocator, its compiler). `used_memory` is what the store counts, if it was
//!   made with a bound in bytes, and otherwise what the process has. What it has per second is since it was looked at last, at least one second ago.
//!   `latencystats` is empty.
//! - HELP is made of the table of commands: Redis's shape, in words of our own.
//! - A connection whose replies are not fetched is not served once they exceed [`Settings::output`]; Redis lets them grow.

mod admin;
mod args;
mod batch;
mod client;
mod clients;
mod commands;
mod config;
mod connection;
mod counters;
mod dumps;
mod execute;
mod gate;
mod hello;
mod help;
mod info;
mod live;
pub mod net;
mod pause;
mod prometheus;
mod session;
mod settings;
mod shutdown;
mod slow;
mod transactions;
mod watch;
mod worker;

pub use clients::Peer;
pub use config::bytes;
pub use connection::{Connection, Wanted};
pub use execute::Database;
pub use settings::{Listens, Server, Settings};
pub use worker::Worker;

/// The version of Redis whose commands and words are followed.
const REDIS_VERSION: &str = "7.0.15";
