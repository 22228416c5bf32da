//! The protocol as a real `redis-server` speaks it: raw bytes are sent to one, and what it replies must be what the decoder and the table of commands say.
//!
//! Each test starts a server of its own on a socket in a temporary folder. Where there is none on the `PATH`, tests are skipped with a message.
#![cfg(unix)]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "not all of it is needed")]
mod random;
#[path = "resp_redis/requests.rs"]
mod requests;
#[path = "resp_redis/server.rs"]
mod server;
#[path = "resp_redis/table.rs"]
mod table;
#[path = "resp_redis/values.rs"]
mod values;
