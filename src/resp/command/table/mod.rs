//! The table: a row for each command, in the files of this folder.
//!
//! Names, arity, flags, categories, keys, tips and versions are as Redis 7.0 reports them (`CLIENT SETINFO` as 7.2 does); `tests/resp_redis.rs` compares. What a
//! command costs and what it does is said of this store.

mod connection;
mod keyspace;
mod server;
mod strings;

use super::Command;
use super::spec::{Group, Spec, row};

/// The rows by their commands' numbers.
pub(super) static TABLE: [Spec; Command::COUNT] = by_number();

const fn by_number() -> [Spec; Command::COUNT] {
    let parts = [strings::ROWS, keyspace::ROWS, connection::ROWS, server::ROWS];
    let mut table = [row(Command::Get, "", 0, Group::Generic, ""); Command::COUNT];
    let mut rows = 0;
    let mut part = 0;
    while part < parts.len() {
        let mut place = 0;
        while place < parts[part].len() {
            let spec = parts[part][place];
            assert!(table[spec.command as usize].arity == 0, "two rows for one command");
            table[spec.command as usize] = spec;
            (place, rows) = (place + 1, rows + 1);
        }
        part += 1;
    }
    assert!(rows == Command::COUNT, "a command without a row");
    table
}
