//! What is counted, by name.

use purekv::Store;

use crate::embedded::{self, TTL};
use crate::faces::BoxedCache;
use crate::served;

/// All of them, in the order of the table. Each makes [`ROUNDS`](embedded::ROUNDS) operations, and checks what they did.
pub(crate) const ALL: &[(&str, fn())] = &[
    ("loop", embedded::loop_alone),
    ("store/get-hit", || embedded::get_hit::<Store>(TTL)),
    ("store/get-hit/no-ttl", || embedded::get_hit::<Store>(None)),
    ("store/get-hit/session", || embedded::get_hit_in_session::<Store>(TTL)),
    ("store/get-hit/session/no-ttl", || embedded::get_hit_in_session::<Store>(None)),
    ("store/get-many-32", || embedded::get_many::<Store>(TTL)),
    ("store/get-miss", || embedded::get_miss::<Store>(TTL)),
    ("store/insert", || embedded::insert::<Store>(TTL)),
    ("store/insert/no-ttl", || embedded::insert::<Store>(None)),
    ("store/insert/evicts", || embedded::insert_that_evicts::<Store>(TTL)),
    ("store/overwrite", || embedded::overwrite::<Store>(TTL)),
    ("store/overwrite/no-ttl", || embedded::overwrite::<Store>(None)),
    ("store/remove", || embedded::remove::<Store>(TTL)),
    ("store/remove/no-ttl", || embedded::remove::<Store>(None)),
    ("cache/get-hit", || embedded::get_hit::<BoxedCache>(TTL)),
    ("cache/get-hit/session", || embedded::get_hit_in_session::<BoxedCache>(TTL)),
    ("cache/get-many-32", || embedded::get_many::<BoxedCache>(TTL)),
    ("cache/get-miss", || embedded::get_miss::<BoxedCache>(TTL)),
    ("cache/insert", || embedded::insert::<BoxedCache>(TTL)),
    ("cache/insert/evicts", || embedded::insert_that_evicts::<BoxedCache>(TTL)),
    ("cache/overwrite", || embedded::overwrite::<BoxedCache>(TTL)),
    ("cache/remove", || embedded::remove::<BoxedCache>(TTL)),
    ("server/GET", || served::get(1)),
    ("server/GET/64-at-once", || served::get(64)),
    ("server/SET", || served::overwrite(1, &[])),
    ("server/SET/EX", || served::overwrite(1, &[b"EX", b"3600"])),
    ("server/SET/64-at-once", || served::overwrite(64, &[])),
];
