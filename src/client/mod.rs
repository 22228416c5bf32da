//! A client of a purekv or Redis server.
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
