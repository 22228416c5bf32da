//! A client of a purekv or Redis server (Redis 7.0 or newer; most of it from 6.2 on), typed, with a time-out on every call: [`Client`] blocks, and needs no runtime; `AsyncClient`
//! (feature `client-async`) is the same on tokio.
//!
//! ```no_run
//! use std::time::Duration;
//! use purekv::client::{Client, Error, call};
//!
//! let client = Client::builder("redis://cache.example.org:6379")
//!     .password("open sesame")
//!     .call_timeout(Duration::from_millis(500))
//!     .pool_size(8)
//!     .connect()?;
//!
//! // What an embedded `Store` calls it, with a `Result`.
//! client.insert_with_ttl(b"session:7", b"alice", Duration::from_secs(1800))?;
//! assert_eq!(client.get(b"session:7")?.as_deref(), Some(&b"alice"[..]));
//! assert!(client.invalidate(b"session:7")?);
//!
//! // Several calls there and back at once, each with its own result.
//! let (visits, name) = client.run((call::add(b"visits", 1), call::get(b"name")))?;
//! println!("{} {:?}", visits?, name?);
//!
//! // What has failed, and whether it may have been done all the same.
//! if let Err(error) = client.add(b"visits", 1) {
//!     println!("{error}; {}", if error.may_have_happened() { "or has it?" } else { "not counted" });
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! Code that is to run on an embedded store as well is written for [`TryKv`](crate::TryKv), which [`Client`], [`Store`](crate::Store) and
//! [`Cache<Vec<u8>, Vec<u8>>`](crate::Cache) are: what changes then is a constructor.
//!
//! # What holds for every call
//!
//! - **It ends in time**: [`Builder::call_timeout`] is of all there is to it, waiting for a connection of the pool, connecting, the login, and the last byte of the answer.
//!   (But for the system's look-up of a host name, where the face that blocks connects.)
//! - **An answer is of the call that gets it.** A connection on which a call has not been answered in time is given up, and the next call has another. Where a connection is lent to one call at a time, so is one
//!   over which came what nobody had asked for. Where it has many, answers are counted, so a call that was dropped is no trouble to the others.
//! - **Nothing that may have been done is done again.** A call is repeated, over a new connection and within its time, if a connection that has stood idle turns out to be lost
//!   and nothing was sent, or it changes nothing. All else is the caller's to decide: [`Error::may_have_happened`] says what is to be thought of.
//! - **Who has not been connected is connected when it is needed.** A server may come back at any time. [`Builder::connect_attempts`] has a call wait for one.
//! - **A refusal costs nothing**: [`Error::Server`] leaves the connection as it is.
//!
//! What the operations mean is what they mean on a [`Store`](crate::Store), with this between: deadlines are whole milliseconds, by the server's clock.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `client` | [`Client`] |
//! | `client-async` | and `AsyncClient` |
//! | `client-tls` | `rediss://` for [`Client`] |
//! | `client-async-tls` | all of it |
//!
//! TLS is rustls with ring as its provider, whatever other providers the program has. It trusts what the system trusts, or what `Builder::tls_roots` gives it.
//!
//! # How it is made
//!
//! | module | what it does |
//! |---|---|
//! | `call`, `operations` | each operation as commands to send and a function that makes a result of the replies; the list from which both faces have their methods |
//! | `batch` | calls that go together |
//! | `reply` | replies as results, and what is none |
//! | `blocking` | a pool of connections, each lent to one call at a time |
//! | `asynchronous` | connections over which many calls go at once |
//! | `compute` | a read-modify-write by WATCH, for both |
//! | `address`, `settings`, `tls`, `error` | what they say |
//!
//! Packing, parsing and multiplexing are the [redis](https://docs.rs/redis) crate's; none of its types is in this interface.

mod address;
#[cfg(feature = "client-async")]
mod asynchronous;
mod batch;
mod blocking;
pub mod call;
mod compute;
mod error;
mod operations;
mod reply;
mod settings;
#[cfg(feature = "client-tls")]
mod tls;

#[cfg(feature = "client-async")]
pub use asynchronous::AsyncClient;
pub use blocking::{Client, Entries, Keys};
pub use call::{Batch, Call};
pub use error::Error;
pub use settings::{Builder, Protocol};
