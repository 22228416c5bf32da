//! `purekv serve` and ten thousand clients.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::served::{Served, info};

const MANY: usize = 10_000;
/// Of memory that an idle connection may take: KiB.
const EACH: usize = 10;

#[test]
fn ten_thousand_are_served_and_cost_little() {
    let wanted = MANY as u64 + 500;
    let most = rlimit::increase_nofile_limit(wanted).unwrap_or(0);
    if most < wanted {
        println!("skipped: no more than {most} descriptors are to be had");
        return;
    }
    // It sees to its own descriptors.
    let server =
        Served::start(&["--max-clients", "10010", "--threads", "2", "--log-level", "warn"]);
    let mut other = server.connect();
    assert_eq!(other.say("PING"), "+PONG|");
    let before = server.memory("VmRSS:");
    let mut streams: Vec<_> =
        (0..MANY).map(|_| TcpStream::connect(server.address).expect("there is room")).collect();
    for _ in 0..2 {
        // All have asked before anybody looks, and each gets its own.
        for (number, stream) in streams.iter_mut().enumerate() {
            stream.write_all(format!("ECHO {number:08}\r\n").as_bytes()).expect("it is served");
        }
        for (number, stream) in streams.iter_mut().enumerate() {
            let mut reply = [0; 14];
            stream.read_exact(&mut reply).expect("it is served");
            assert_eq!(reply, *format!("$8\r\n{number:08}\r\n").as_bytes());
        }
    }
    assert_eq!(info(&mut other, "connected_clients"), (MANY + 1).to_string());
    let grown = server.memory("VmRSS:").saturating_sub(before);
    println!("{} bytes a connection", (grown << 10) / MANY);
    assert!(grown < EACH * MANY, "{grown} KiB");
    drop(streams);
    assert_eq!(other.say("PING"), "+PONG|");
}
