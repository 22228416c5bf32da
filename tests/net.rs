//! The server over real sockets: bytes in, bytes out, with clients that are slow, hostile or gone.

#[path = "net/crowd.rs"]
mod crowd;
#[path = "support/folder.rs"]
#[cfg(unix)]
mod folder;
#[path = "net/host.rs"]
mod host;
#[path = "net/limits.rs"]
mod limits;
#[path = "net/others.rs"]
mod others;
#[path = "net/shutdown.rs"]
mod shutdown;
#[path = "net/streams.rs"]
mod streams;
#[cfg(feature = "server-tls")]
#[path = "net/tls.rs"]
mod tls;
#[path = "net/wire.rs"]
mod wire;
