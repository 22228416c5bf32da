//! Some connections in turns, by chance, to a real Redis and to ours: WATCH, MULTI, writes of others, EXEC. The same bytes must come back.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use purekv::Store;
use purekv::resp::decode::FrameDecoder;
use purekv::server::{Database, Server, Settings};

use crate::driver::Client;
use crate::random::Random;
use crate::redis::{bytes, command, is_near, pick, redis, without_numbers, words};

const SEQUENCES: u64 = 40;
const LENGTH: usize = 500;
const CONNECTIONS: usize = 3;

/// One reply, as it comes.
fn ask(stream: &mut UnixStream, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).unwrap();
    let mut reply = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "the server has gone");
        reply.extend_from_slice(&piece[..length]);
        if FrameDecoder::default().decode(&reply).unwrap().frame.is_some() {
            return reply;
        }
    }
}

/// What a client says next; more of what is about transactions than of all else.
fn line(random: &mut Random) -> Vec<String> {
    let key = |random: &mut Random| pick(random, &["a", "b", "c", "d"]);
    match random.below(20) {
        0..2 => words(&["MULTI"]),
        2..5 => words(&["EXEC"]),
        5 => words(&[pick(random, &["DISCARD", "UNWATCH", "UNWATCH", "RESET"])]),
        6 | 7 => words(&["WATCH", key(random)]),
        8 => words(&["WATCH", key(random), key(random), "nope"]),
        9 => words(&["EXPIRE", key(random), pick(random, &["100", "-1"])]),
        10 if random.once_in(4) => words(&[pick(random, &["FLUSHALL", "FLUSHDB"])]),
        11 if random.once_in(4) => words(&["HELLO", pick(random, &["2", "3", "3 x"])]),
        12 if random.once_in(6) => {
            words(&[pick(random, &["EXEC", "WATCH", "MULTI", "DISCARD", "SAVE"]), "x"])
        }
        _ => command(random),
    }
}

/// What differs from one server to the other: times, the order of keys, the numbers of connections.
fn is_comparable(line: &[String]) -> bool {
    let name = line[0].to_uppercase();
    !(name.contains("TTL") || name.contains("EXPIRETIME") || name == "KEYS" || name == "HELLO")
}

#[test]
fn connections_in_turns_have_the_same_replies() {
    let Some(theirs) = redis("interleaved", &[]) else { return };
    let mut done = 0;
    for seed in 0..SEQUENCES {
        let mut random = Random::new(1000 + seed);
        let database = Database::new(Store::new());
        let server: Arc<Server> = Server::new(database, Settings::default());
        let mut ours: Vec<_> = (0..CONNECTIONS).map(|_| Client::new(&server)).collect();
        let mut streams: Vec<_> = (0..CONNECTIONS).map(|_| theirs.connect()).collect();
        ask(&mut streams[0], b"FLUSHALL\r\n");
        let mut said: Vec<String> = Vec::new();
        for _ in 0..LENGTH {
            let who = random.below(CONNECTIONS as u64) as usize;
            let line = line(&mut random);
            if !is_comparable(&line) && line[0] != "HELLO" {
                continue;
            }
            let request = bytes(&line);
            let (our, their) = (ours[who].send(&request), ask(&mut streams[who], &request));
            let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
            said.push(format!("{who}: {} -> {}", line.join(" ").escape_debug(), show(&their)));
            let is_same = our == their || is_near(&line, &our, &their) || is_hello(&our, &their);
            let last = &said[said.len().saturating_sub(60)..];
            assert!(is_same, "seed {seed}: ours is {}\n{}", show(&our), last.join("\n"));
            done += usize::from(line[0] == "EXEC" && their.len() > 5 && their[0] == b'*');
        }
    }
    assert!(done > 100, "transactions of some length: {done}");
}

/// Whether the two differ by the numbers of connections only, which HELLO tells.
fn is_hello(ours: &[u8], theirs: &[u8]) -> bool {
    without_numbers(ours) == without_numbers(theirs)
}
