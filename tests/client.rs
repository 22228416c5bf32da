//! The client against servers that it has not been made with in mind, our own, and some that misbehave.
//!
//! What is served says `client/served.rs`: a test that begins with `served::each` runs against each of them. Where there is no `redis-server` on the `PATH`, that one is left out with a message.
#![cfg(unix)]

#[cfg(feature = "client-async")]
#[path = "client/asynchronous.rs"]
mod asynchronous;
#[path = "client/basics.rs"]
mod basics;
#[path = "client/batches.rs"]
mod batches;
#[path = "client/compute.rs"]
mod compute;
#[path = "client/faults.rs"]
mod faults;
#[path = "support/folder.rs"]
#[allow(dead_code, reason = "not all of it is needed")]
mod folder;
#[path = "client/logins.rs"]
mod logins;
#[path = "client/portable.rs"]
mod portable;
#[path = "client/scripted.rs"]
mod scripted;
#[path = "client/served.rs"]
mod served;
#[path = "client/threads.rs"]
mod threads;
#[cfg(all(feature = "client-tls", feature = "server-tls"))]
#[path = "client/tls.rs"]
mod tls;
