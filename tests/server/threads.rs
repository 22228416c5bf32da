use std::sync::Barrier;
use std::thread;

use purekv::Store;
use purekv::server::{Database, Server, Settings};

use crate::driver::Client;

const THREADS: usize = 4;
const ROUNDS: usize = 500;

/// What each of some clients got for its lines, all of them at once on one server.
fn at_once(lines: impl Fn(usize) -> Vec<String> + Sync) -> (Client, Vec<Vec<String>>) {
    let server = Server::new(Database::new(Store::new()), Settings::default());
    let barrier = Barrier::new(THREADS);
    let replies = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (server, barrier, lines) = (&server, &barrier, &lines);
                scope.spawn(move || {
                    let mut client = Client::new(server);
                    let lines = lines(number);
                    barrier.wait();
                    lines.iter().map(|line| client.say(line)).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    (Client::new(&server), replies)
}

#[test]
fn a_command_on_one_key_is_atomic() {
    let (mut client, replies) = at_once(|_| {
        let lines = ["INCR n", "INCRBYFLOAT f 0.5", "APPEND a x", "SETRANGE r 3 x", "DECRBY d 2"];
        (0..ROUNDS).flat_map(|_| lines.map(str::to_owned)).collect()
    });
    let total = THREADS * ROUNDS;
    client.check(&[
        ("STRLEN r", ":4|"),
        ("GET n", &format!("${}|{total}|", total.to_string().len())),
        ("STRLEN a", &format!(":{total}|")),
        ("INCRBYFLOAT f 0", &format!("$4|{}|", total / 2)),
        ("DECRBY d 0", &format!(":-{}|", 2 * total)),
    ]);
    // Each sum was somebody's, once.
    let mut sums: Vec<_> = replies.iter().flat_map(|lines| lines.iter().step_by(5)).collect();
    sums.sort_unstable();
    sums.dedup();
    assert_eq!(sums.len(), total);
}

#[test]
fn one_alone_takes_what_is_free_and_one_alone_gets_what_was_there() {
    let (_, replies) = at_once(|number| {
        let of = |round| [format!("SET l{round} {number} NX"), format!("GETDEL g{round}")];
        let puts = (0..ROUNDS).filter(|round| round % THREADS == number);
        let puts = puts.map(|round| format!("SETNX g{round} v")).collect::<Vec<_>>();
        puts.into_iter().chain((0..ROUNDS).flat_map(of)).collect()
    });
    let count = |reply: &str| replies.iter().flatten().filter(|found| *found == reply).count();
    assert_eq!(count("+OK|"), ROUNDS);
    // A key that came after others had looked for it may be left.
    let taken = count("$1|v|");
    assert!(taken > 0 && taken <= ROUNDS, "{taken}");
}
