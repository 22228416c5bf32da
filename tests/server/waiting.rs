//! Clients on many threads that have to wait: who is told that they do, can rely on it.

use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Duration;

use purekv::Store;
use purekv::server::{Connection, Database, Server, Settings, Wanted, Worker};

use crate::driver::Client;
use crate::folder::Folder;

const THREADS: u64 = 3;

/// Counts up without end, in pipelines of many lengths, until it has to wait at the end of the server; how many of them were acknowledged. While it waits, it sleeps.
fn count_up(server: &Arc<Server>, ready: &Thread) -> u64 {
    let own = thread::current();
    let mut worker = Worker::new(server, move || own.unpark());
    let mut connection = Connection::new(&worker, "counter:1");
    let (mut acknowledged, mut length) = (0, 0);
    loop {
        length = length % 90 + 1;
        let requests = [&b"GET n\r\n"[..], &b"INCR n\r\n".repeat(length)].concat();
        connection.input(&mut worker).extend_from_slice(&requests);
        let mut wanted = connection.advance(&mut worker);
        loop {
            let output = connection.output();
            acknowledged += output.iter().filter(|byte| **byte == b':').count() as u64;
            let written = output.len();
            if written > 0 {
                wanted = connection.written(written, &mut worker);
            }
            match wanted {
                Wanted::Read => break,
                Wanted::Wait if server.is_shutting_down() => return acknowledged,
                Wanted::Wait => {
                    thread::park_timeout(worker.wake_in().unwrap());
                    if worker.woken().contains(&connection.id()) {
                        wanted = connection.advance(&mut worker);
                    }
                }
                Wanted::Write | Wanted::Both => {}
                Wanted::Close => panic!("nobody has closed it"),
            }
        }
        ready.unpark();
    }
}

/// What `client` gets for GET n, as a number.
fn counted(client: &mut Client) -> u64 {
    let reply = client.say("GET n");
    match reply.as_str() {
        "$-1|" => 0,
        _ => reply.split('|').nth(1).unwrap().parse().unwrap(),
    }
}

/// Waits until more is counted.
fn wait_for_more(client: &mut Client) {
    let before = counted(client);
    while counted(client) <= before {
        thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn nothing_is_written_in_a_pause_and_nothing_unsaid_at_the_end() {
    let folder = Folder::new("server-waiting");
    let path = folder.file("dump");
    let mut settings = Settings::default();
    settings.dump = Some(path.clone());
    let server = Server::new(Database::new(Store::new()), settings);
    let acknowledged = thread::scope(|scope| {
        let ready = thread::current();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (server, ready) = (&server, ready.clone());
                scope.spawn(move || count_up(server, &ready))
            })
            .collect();
        let mut client = Client::new(&server);
        for round in 0..20 {
            wait_for_more(&mut client);
            assert_eq!(client.say("CLIENT PAUSE 100000 WRITE"), "+OK|");
            let before = counted(&mut client);
            if round == 0 {
                thread::park_timeout(Duration::from_millis(50));
            }
            thread::yield_now();
            assert_eq!(counted(&mut client), before);
            assert_eq!(client.say("CLIENT UNPAUSE"), "+OK|");
        }
        wait_for_more(&mut client);
        assert_eq!(client.say("SHUTDOWN SAVE"), "");
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
    });
    let store = Store::new();
    store.load(&path).unwrap();
    assert_eq!(store.get(b"n").unwrap(), acknowledged.to_string().into_bytes());
}
