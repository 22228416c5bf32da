//! What is one step for all clients, by threads: no one is ever in the middle of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use purekv::Store;
use purekv::server::{Database, Server, Settings};

use crate::driver::Client;
use crate::random::Random;

const ROUNDS: usize = 400;

fn new() -> Arc<Server> {
    Server::new(Database::new(Store::new()), Settings::default())
}

/// Each of these at once, with a client of its own; the watchers go on until all others have ended.
fn at_once(
    server: &Arc<Server>,
    workers: &[&(dyn Fn(&mut Client) + Sync)],
    watch: impl Fn(&mut Client) + Sync,
) {
    let barrier = Barrier::new(workers.len() + 2);
    let is_over = AtomicBool::new(false);
    let watcher = || {
        let mut client = Client::new(server);
        barrier.wait();
        while !is_over.load(Ordering::Relaxed) {
            watch(&mut client);
        }
    };
    thread::scope(|scope| {
        scope.spawn(watcher);
        scope.spawn(watcher);
        let workers: Vec<_> = workers
            .iter()
            .map(|work| {
                scope.spawn(|| {
                    let mut client = Client::new(server);
                    barrier.wait();
                    work(&mut client);
                })
            })
            .collect();
        let ended: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
}

/// The integers of a reply, in order.
fn numbers(reply: &str) -> Vec<i64> {
    let is_content = |part: &&str| !part.starts_with(['$', '*', '+']);
    let parts = reply.split('|').filter(is_content);
    parts.filter_map(|part| part.trim_start_matches(':').parse().ok()).collect()
}

#[test]
fn nobody_sees_the_half_of_an_mset() {
    let server = new();
    Client::new(&server).say("MSET a 0 b 0 c 0");
    let write = |client: &mut Client| {
        for round in 0..ROUNDS {
            client.say(&format!("MSET a {round} b {round} c {round}"));
        }
    };
    at_once(&server, &[&write, &write], |client| {
        let found = numbers(&client.say("MGET a b c"));
        assert!(found.len() == 3 && found[0] == found[1] && found[1] == found[2], "{found:?}");
        let found = numbers(&client.say("MGET c b a"));
        assert!(found.len() == 3 && found[0] == found[1] && found[1] == found[2], "{found:?}");
    });
}

#[test]
fn what_is_renamed_is_always_somewhere() {
    let server = new();
    Client::new(&server).say("SET x v");
    let rename = |client: &mut Client| {
        for round in 0..ROUNDS {
            let line = if round % 2 == 0 { "RENAME x y" } else { "RENAMENX y x" };
            let reply = client.say(line);
            assert!(
                ["+OK|", ":1|", ":0|", "-ERR no such key|"].contains(&reply.as_str()),
                "{reply}"
            );
        }
    };
    at_once(&server, &[&rename, &rename], |client| {
        assert_eq!(client.say("EXISTS x y"), ":1|");
        client.check(&[("MULTI", "+OK|"), ("EXISTS y", "+QUEUED|"), ("EXISTS x", "+QUEUED|")]);
        assert_eq!(numbers(&client.say("EXEC")).iter().sum::<i64>(), 1);
    });
}

/// What is known as optimistic locking: read, and write unless somebody else has.
#[test]
fn no_increment_is_lost() {
    let server = new();
    Client::new(&server).say("SET n 0");
    let increment = |client: &mut Client| {
        for _ in 0..ROUNDS {
            loop {
                client.say("WATCH n");
                let found = numbers(&client.say("GET n"))[0];
                client.say("MULTI");
                client.say(&format!("SET n {}", found + 1));
                match client.say("EXEC").as_str() {
                    "*1|+OK|" => break,
                    reply => assert_eq!(reply, "*-1|"),
                }
            }
        }
    };
    at_once(&server, &[&increment, &increment, &increment, &increment], |client| {
        assert_eq!(numbers(&client.say("GET n")).len(), 1);
        // Watches of others, of the same key and of another, that come and go.
        client.check(&[("WATCH n m", "+OK|"), ("SET m 1", "+OK|"), ("UNWATCH", "+OK|")]);
    });
    assert_eq!(numbers(&Client::new(&server).say("GET n")), [4 * ROUNDS as i64]);
}

/// Writes of one command each, which nobody waits for, beside optimistic ones.
#[test]
fn single_writes_beside_transactions_are_not_lost() {
    let server = new();
    Client::new(&server).say("SET n 0");
    let single = |client: &mut Client| {
        for _ in 0..ROUNDS {
            client.say("INCR n");
        }
    };
    let optimistic = |client: &mut Client| {
        for _ in 0..ROUNDS {
            loop {
                let replies = client.say("WATCH n\r\nGET n\r\nMULTI");
                let found = numbers(&replies)[0];
                if client.say(&format!("SET n {}\r\nEXEC", found + 1)) == "+QUEUED|*1|+OK|" {
                    break;
                }
            }
        }
    };
    at_once(&server, &[&single, &single, &optimistic], |client| {
        client.say("GET n");
    });
    assert_eq!(numbers(&Client::new(&server).say("GET n")), [3 * ROUNDS as i64]);
}

#[test]
fn transfers_keep_the_sum() {
    const ACCOUNTS: u64 = 5;
    let server = new();
    let all: String = (0..ACCOUNTS).map(|account| format!(" a{account}")).collect();
    let start: String = (0..ACCOUNTS).map(|account| format!(" a{account} 100")).collect();
    Client::new(&server).say(&format!("MSET{start}"));
    let transfer = |client: &mut Client| {
        let mut random = Random::new(client.connection.id());
        for _ in 0..ROUNDS {
            let (from, to) = (random.below(ACCOUNTS), random.below(ACCOUNTS));
            let amount = random.below(50);
            let lines =
                format!("MULTI\r\nDECRBY a{from} {amount}\r\nINCRBY a{to} {amount}\r\nEXEC");
            assert!(client.say(&lines).starts_with("+OK|+QUEUED|+QUEUED|*2|:"));
        }
    };
    at_once(&server, &[&transfer, &transfer, &transfer], |client| {
        let found = numbers(&client.say(&format!("MGET{all}")));
        assert_eq!(found.iter().sum::<i64>(), 100 * ACCOUNTS as i64, "{found:?}");
    });
}

/// MGET by itself may see the second of two writes and not the first; in a transaction it may not.
#[test]
fn a_transaction_sees_one_state() {
    let server = new();
    Client::new(&server).say("MSET a 0 b 0");
    let write = |client: &mut Client| {
        for round in 1..4 * ROUNDS {
            client.say(&format!("SET a {round}\r\nSET b {round}"));
        }
    };
    at_once(&server, &[&write], |client| {
        let found = numbers(&client.say("MULTI\r\nMGET a b\r\nEXEC"));
        assert!(found.len() == 2 && (found[1]..=found[1] + 1).contains(&found[0]), "{found:?}");
    });
}

/// Batches that last, of threads that come and go, beside transactions of two clients; all come to an end.
#[test]
fn batches_and_transactions_get_on() {
    let server = new();
    let batch = "SET k v\r\nGET k\r\nGET k\r\nINCR n\r\n".repeat(250);
    let stream = |client: &mut Client| {
        for _ in 0..ROUNDS / 10 {
            assert!(client.send(batch.as_bytes()).len() > 1000);
        }
    };
    let exec = |client: &mut Client| {
        for _ in 0..ROUNDS {
            assert!(client.say("MULTI\r\nINCR n\r\nDECR n\r\nEXEC").contains("*2|:"));
        }
    };
    at_once(&server, &[&stream, &stream, &exec, &exec], |_| {
        Client::new(&server).check(&[("PING", "+PONG|")]);
        thread::yield_now();
    });
    let total = 2 * 250 * (ROUNDS / 10) as i64;
    assert_eq!(numbers(&Client::new(&server).say("DECRBY n 0")), [total]);
}

/// A command panics, in a batch and in a transaction: others are not held up.
#[test]
fn a_panic_lets_others_in() {
    let store = Store::builder()
        .expire_after_write(|key: &[u8], _: &[u8]| {
            assert_ne!(key, b"bad");
            None
        })
        .build();
    let server = Server::new(Database::new(store), Settings::default());
    let mut other = Client::new(&server);
    for lines in ["SET bad 1", "MSET a 1 bad 1", "MULTI\r\nSET bad 1\r\nSET a 1\r\nEXEC"] {
        let mut client = Client::new(&server);
        let caught = catch_unwind(AssertUnwindSafe(|| client.say(lines)));
        assert!(caught.is_err());
        other.check(&[("MULTI", "+OK|"), ("SET k v", "+QUEUED|"), ("EXEC", "*1|+OK|")]);
        // The same thread, with another connection.
        client.connection = purekv::server::Connection::new(&client.worker, "test:2");
        client.check(&[("MSET a 1 b 2", "+OK|"), ("GET a", "$1|1|")]);
    }
}
