//! Commands of the Redis protocol, through a connection that has no socket.

use std::sync::Arc;

use purekv::Store;
use purekv::server::{Connection, Database, Server, Settings, Wanted, Worker};

use crate::callgrind::counted;
use crate::embedded::ROUNDS;
use crate::faces::{Face, Size};
use crate::keys::{Key, keys, value};

const ENTRIES: u64 = 1920;

struct Client {
    connection: Connection,
    worker: Worker,
}

impl Client {
    fn new() -> Self {
        let server: Arc<Server> =
            Server::new(Database::new(Store::of(Size::For(ENTRIES))), Settings::default());
        let worker = Worker::new(&server, || ());
        Self { connection: Connection::new(&worker, "bench:1"), worker }
    }

    /// Sends requests, whose replies are all due at once; hands them to `take`.
    #[inline(always)]
    fn send(&mut self, requests: &[u8], take: impl FnOnce(&[u8])) {
        self.connection.input(&mut self.worker).extend_from_slice(requests);
        let wanted = self.connection.advance(&mut self.worker);
        let output = self.connection.output();
        assert!(wanted != Wanted::Close && !output.is_empty(), "no reply");
        take(output);
        let length = output.len();
        self.connection.written(length, &mut self.worker);
    }
}

/// As clients send it.
fn request(parts: &[&[u8]]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", parts.len()).into_bytes();
    for part in parts {
        bulk(&mut request, part);
    }
    request
}

fn bulk(to: &mut Vec<u8>, part: &[u8]) {
    to.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
    to.extend_from_slice(part);
    to.extend_from_slice(b"\r\n");
}

/// Requests about each key, `depth` at a time, and the replies to them.
fn script(
    depth: usize,
    keys: &[Key],
    request: impl Fn(&Key) -> Vec<u8>,
    reply: impl Fn(&Key) -> Vec<u8>,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pipeline = |keys: &[Key]| {
        (keys.iter().flat_map(&request).collect(), keys.iter().flat_map(&reply).collect())
    };
    keys.chunks_exact(depth).map(pipeline).collect()
}

/// Counts the requests of `script` over and over; every reply is compared.
fn play(client: &mut Client, script: &[(Vec<u8>, Vec<u8>)], depth: usize) {
    let mut right = 0;
    let mut round = |times: usize| {
        for (requests, replies) in script.iter().cycle().take(times) {
            client.send(requests, |output| right += usize::from(output == replies));
        }
    };
    let times = ROUNDS as usize / depth;
    round(script.len());
    counted(|| round(times));
    assert_eq!(right, script.len() + times, "some replies were not the right ones");
}

fn set(key: &Key, options: &[&[u8]]) -> Vec<u8> {
    let value = value(key.id);
    request(&[&[b"SET", key.bytes(), &value[..]], options].concat())
}

fn value_of(key: &Key) -> Vec<u8> {
    let mut reply = Vec::new();
    bulk(&mut reply, &value(key.id));
    reply
}

/// A value that is there, asked for by `depth` requests at a time.
pub(crate) fn get(depth: usize) {
    let (mut client, present) = (Client::new(), keys(0..ENTRIES));
    for key in &present {
        client.send(&set(key, &[]), |reply| assert_eq!(reply, b"+OK\r\n"));
    }
    let get = |key: &Key| request(&[b"GET", key.bytes()]);
    play(&mut client, &script(depth, &present, get, value_of), depth);
}

/// A value that takes another's place, `depth` requests at a time.
pub(crate) fn overwrite(depth: usize, options: &[&[u8]]) {
    let (mut client, present) = (Client::new(), keys(0..ENTRIES));
    let ok = |_: &Key| b"+OK\r\n".to_vec();
    play(&mut client, &script(depth, &present, |key| set(key, options), ok), depth);
    for key in &present {
        let get = request(&[b"GET", key.bytes()]);
        client.send(&get, |reply| assert_eq!(reply, value_of(key)));
    }
}
