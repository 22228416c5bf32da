//! The server's sockets and threads.
//!
//! ```no_run
//! use std::net::TcpListener;
//! use purekv::Store;
//! use purekv::server::net::{self, Listener, NetSettings};
//! use purekv::server::{Database, Server, Settings};
//!
//! let server = Server::new(Database::new(Store::new()), Settings::default());
//! let listener = Listener::tcp(TcpListener::bind("127.0.0.1:6666")?)?;
//! // Until `server.shutdown()`, or a client's SHUTDOWN.
//! net::run(&server, vec![listener], &NetSettings::default())?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! One thread accepts (that which calls [`run`]), and as many as are wanted serve. Each of these waits for all of its connections at once, with the system's
//! own means for that, edge-triggered (epoll, kqueue, by the crate `mio`), and carries commands out itself: nothing is handed from one thread to another but a new connection,
//! which goes to the thread that has the fewest, and stays there. A thread that has nothing to do sleeps. A batch of requests takes one system call to read it and one
//! to write its replies; a third, the wait, is shared by all connections that are ready.
//!
//! | module | what it does |
//! |---|---|
//! | `accept` | new connections, and the end of them all |
//! | `serving` | the loop of one thread |
//! | `peer` | one connection with its socket: reads, has it advance, writes, as far as that goes without waiting |
//! | `stream` | sockets of all kinds as one |
//! | `tls` | that of a client who speaks TLS |
//!
//! # Why not an asynchronous runtime
//!
//! It was tried first, and took 1.1 to 1.2 × the processor time for the same connections (`docs/design.md`, "The server"). The state machine of a connection has no use for
//! tasks: it is one.

mod accept;
mod peer;
mod serving;
mod stream;
#[cfg(feature = "server-tls")]
mod tls;

use std::time::Duration;

pub use accept::run;
pub use stream::Listener;

/// How sockets are served.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NetSettings {
    /// Threads that serve; as many as there are processors unless said otherwise, one at least.
    pub threads: usize,
    /// Whether clients that come from elsewhere are refused while there is no password, as by Redis's `protected-mode`. Yes unless said otherwise.
    pub protected: bool,
    /// How long clients may take to fetch their last replies when the server ends: 5 s unless said otherwise.
    pub drain: Duration,
}

impl Default for NetSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, protected: true, drain: Duration::from_secs(5) }
    }
}
