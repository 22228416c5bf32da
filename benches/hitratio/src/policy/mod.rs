//! The policies as models: one thread, entries of unit weight, keys that are small numbers.
//!
//! They are written to be read: no policy here knows of another, and each keeps what it knows about a key in an
//! array under the key's number.

mod adaptive;
pub(crate) mod belady;
mod fifo;
mod ghost;
mod lru;
mod main_queue;
mod s3fifo;

use adaptive::{Adaptive, Config};

use crate::subjects::Subject;

/// A cache of keys alone.
pub(crate) trait Policy {
    /// Asks for `id`; inserts it if it was not there. Whether it was.
    fn request(&mut self, id: u32) -> bool;
}

/// All policies, in the order of their columns.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = vec![
        Subject::policy("lru", "evicts what was not asked for longest", lru::Lru::new),
        Subject::policy("fifo", "evicts what was inserted first", fifo::Fifo::new),
        Subject::policy("s3-fifo", "small 10 %, ghost 90 %, two hits promote", s3fifo::S3Fifo::new),
    ];
    subjects.extend(variants().into_iter().map(|(name, about, config)| {
        Subject::policy(name, about, move |keys, capacity| {
            Adaptive::new(keys, capacity, config.clone())
        })
    }));
    subjects
}

/// purekv's policy, and the same with one thing left out or done otherwise.
fn variants() -> Vec<(&'static str, &'static str, Config)> {
    let config = Config::default;
    vec![
        ("purekv", "the policy of the engine, as a model", config()),
        ("purekv:exact", "ghosts without loss", Config { exact: true, ..config() }),
        ("purekv:fixed", "small keeps its share", Config { adapts: false, ..config() }),
        (
            "purekv:any",
            "any ghost of small goes to main",
            Config { sooner_than_main: false, ..config() },
        ),
        ("purekv:once", "one turn in small", Config { second_turn: false, ..config() }),
        ("purekv:even", "ghosts of main count once", Config { main_counts: 1.0, ..config() }),
        ("purekv:triple", "ghosts of main count thrice", Config { main_counts: 3.0, ..config() }),
        ("purekv:near-2", "near is 2.5 %", Config { near: 0.025, ..config() }),
        ("purekv:near-10", "near is 10 %", Config { near: 0.1, ..config() }),
        ("purekv:first-2", "small begins at 2.5 %", Config { first_share: 0.025, ..config() }),
        ("purekv:first-10", "small begins at 10 %", Config { first_share: 0.1, ..config() }),
        ("purekv:ghosts-1", "one ghost an entry", Config { ghosts: 1.0, ..config() }),
        ("purekv:ghosts-1.5", "1.5 ghosts an entry", Config { ghosts: 1.5, ..config() }),
        ("purekv:ghosts-3", "three ghosts an entry", Config { ghosts: 3.0, ..config() }),
        ("purekv:looks-16", "an eviction looks at 16", Config { patience: 16, ..config() }),
        (
            "purekv:looks-all",
            "an eviction looks at all",
            Config { patience: usize::MAX, ..config() },
        ),
    ]
}
