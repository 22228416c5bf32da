//! Caches on top of a snapshot: as if the dump had been loaded, from the first instant.

#[path = "warm/basics.rs"]
mod basics;
#[path = "warm/damage.rs"]
mod damage;
#[path = "support/folder.rs"]
mod folder;
#[path = "warm/model.rs"]
mod model;
#[path = "support/random.rs"]
#[allow(dead_code, reason = "not all of it is needed")]
mod random;
#[path = "warm/threads.rs"]
mod threads;
