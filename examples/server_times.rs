//! What a server takes: to start on a dump, for each entry, when a million keys are due at once, and for connections that say nothing.
//!
//! `cargo run --release --features cli --bin purekv -- --version` builds the server; then
//! `cargo run --release --features cli --example server_times [ENTRIES] [CONNECTIONS]`: 2,000,000 and 10,000 unless said otherwise.
//!
//! The server is a process of its own. Keys have 16 bytes, values 64, all with a time-to-live. Memory is what the system says that the process has (RSS).

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

type Outcome<T> = Result<T, Box<dyn Error>>;

const VALUE: [u8; 64] = [b'v'; 64];
/// Requests that are sent before their replies are read.
const PIPELINE: u64 = 512;
const FILLERS: u64 = 4;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let entries = arguments.next().map_or(Ok(2_000_000), |text| text.parse())?;
    let connections = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let dump = folder.path().join("server.dump");
    let (beyond, save) = fill_and_save(entries, &dump)?;
    println!(
        "{entries} entries with a time-to-live: {beyond:.1} bytes each beyond key and value; SAVE took {save:.2?}"
    );
    for how in ["warm", "load"] {
        let mut starts: Vec<_> = (0..5).map(|_| start(&dump, how)).collect::<Outcome<_>>()?;
        starts.sort_unstable();
        println!(
            "start to first reply on that dump, {how}: {:.1?} ({:.1?} to {:.1?})",
            starts[2], starts[0], starts[4]
        );
    }
    due_at_once(1_000_000)?;
    let each = idle(connections)?;
    println!(
        "{connections} idle connections: {:.1} MB, {each:.0} bytes each",
        each * connections as f64 / 1e6
    );
    Ok(())
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Outcome<Self> {
        // Beside this example's folder.
        let program = std::env::current_exe()?.with_file_name("../purekv");
        let mut command = Command::new(program);
        command.args(["serve", "--port", "0", "--max-clients", "100000", "--log-level", "warn"]);
        let mut process = command.args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.split([' ', ',', ';']).find(|word| word.starts_with("127.0.0.1:"));
        Ok(Self { address: address.ok_or("no address")?.to_owned(), process })
    }

    fn connect(&self) -> Outcome<Client> {
        let socket = TcpStream::connect(&self.address)?;
        socket.set_nodelay(true)?;
        Ok(Client { replies: BufReader::new(socket.try_clone()?), socket })
    }

    /// SETs of so many keys, by several clients, so that all of the server's threads have some.
    fn fill(&self, entries: u64, expiry: [&[u8]; 2]) -> Outcome<()> {
        let clients = (0..FILLERS).map(|_| self.connect()).collect::<Outcome<Vec<_>>>()?;
        thread::scope(|scope| {
            let fill = |(number, mut client): (u64, Client)| {
                let keys = entries * number / FILLERS..entries * (number + 1) / FILLERS;
                scope.spawn(move || client.fill(keys, expiry).map_err(|error| error.to_string()))
            };
            let threads: Vec<_> = (0..).zip(clients).map(fill).collect();
            threads
                .into_iter()
                .try_for_each(|thread| Ok(thread.join().map_err(|_| "a panic")??))
        })
    }

    /// Bytes of memory.
    fn rss(&self) -> Outcome<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse::<f64>()? * 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Client {
    socket: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Client {
    fn send(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("*{}\r\n", parts.len()).as_bytes());
        for part in parts {
            out.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
            out.extend_from_slice(part);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// One reply: of a string its bytes, otherwise the line.
    fn reply(&mut self) -> Outcome<Vec<u8>> {
        let mut line = Vec::new();
        self.replies.read_until(b'\n', &mut line)?;
        if line.starts_with(b"-") || line.is_empty() {
            return Err(String::from_utf8_lossy(&line).into_owned().into());
        }
        if line[0] != b'$' || line.starts_with(b"$-1") {
            return Ok(line);
        }
        let length: usize = std::str::from_utf8(&line[1..])?.trim().parse()?;
        let mut value = vec![0; length + 2];
        self.replies.read_exact(&mut value)?;
        value.truncate(length);
        Ok(value)
    }

    fn call(&mut self, parts: &[&[u8]]) -> Outcome<Vec<u8>> {
        let mut out = Vec::new();
        self.send(parts, &mut out);
        self.socket.write_all(&out)?;
        self.reply()
    }

    /// SETs of these keys, with these words at their end.
    fn fill(&mut self, all: Range<u64>, expiry: [&[u8]; 2]) -> Outcome<()> {
        let mut out = Vec::new();
        for first in all.clone().step_by(PIPELINE as usize) {
            let keys = first..all.end.min(first + PIPELINE);
            out.clear();
            for number in keys.clone() {
                let key = key(number);
                self.send(&[b"SET", key.as_bytes(), &VALUE, expiry[0], expiry[1]], &mut out);
            }
            self.socket.write_all(&out)?;
            for _ in keys {
                self.reply()?;
            }
        }
        Ok(())
    }
}

fn key(number: u64) -> String {
    format!("key:{number:012}")
}

/// Bytes for each entry beyond key and value, and what SAVE takes.
fn fill_and_save(entries: u64, dump: &Path) -> Outcome<(f64, Duration)> {
    let server = Server::start(&["--dump", &dump.to_string_lossy()])?;
    let mut client = server.connect()?;
    client.call(&[b"PING"])?;
    let before = server.rss()?;
    server.fill(entries, [b"EX", b"86400"])?;
    let beyond = (server.rss()? - before) / entries as f64 - 80.0;
    let began = Instant::now();
    client.call(&[b"SAVE"])?;
    Ok((beyond, began.elapsed()))
}

/// From the start of the process to the first value.
fn start(dump: &Path, how: &str) -> Outcome<Duration> {
    let began = Instant::now();
    let server = Server::start(&["--dump", &dump.to_string_lossy(), "--dump-start", how])?;
    let value = server.connect()?.call(&[b"GET", key(7).as_bytes()])?;
    let took = began.elapsed();
    if value == VALUE { Ok(took) } else { Err("another value".into()) }
}

/// Keys that are due at the same instant, and what somebody else's GETs take meanwhile.
fn due_at_once(entries: u64) -> Outcome<()> {
    let server = Server::start(&[])?;
    let mut client = server.connect()?;
    client.call(&[b"SET", b"other", b"value"])?;
    let used = |client: &mut Client| -> Outcome<f64> {
        let text = String::from_utf8(client.call(&[b"INFO", b"memory"])?)?;
        let line = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(line.ok_or("no used_memory")?.parse()?)
    };
    let empty = used(&mut client)?;
    let due = SystemTime::now() + Duration::from_secs(8);
    let millis = due.duration_since(UNIX_EPOCH)?.as_millis().to_string();
    server.fill(entries, [b"PXAT", millis.as_bytes()])?;
    let full = (used(&mut client)?, server.rss()?);
    let mut reader = server.connect()?;
    // Half a second before the instant to two seconds after it; what counts is the second after it.
    let begin = due - Duration::from_millis(500);
    while let Ok(left) = begin.duration_since(SystemTime::now()) {
        thread::park_timeout(left);
    }
    let (mut waits, mut back) = (Vec::new(), None);
    let end = due + Duration::from_secs(2);
    let mut asked = Instant::now();
    while SystemTime::now() < end {
        let began = Instant::now();
        reader.call(&[b"GET", b"other"])?;
        if let Ok(since) = SystemTime::now().duration_since(due) {
            if since < Duration::from_secs(1) {
                waits.push(began.elapsed());
            }
            if back.is_none() && asked.elapsed() > Duration::from_millis(10) {
                asked = Instant::now();
                let count = client.call(&[b"DBSIZE"])?;
                back = (count == b":1\r\n").then_some(since);
            }
        }
    }
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    let after = (used(&mut client)?, server.rss()?);
    println!(
        "{entries} keys due at once: gone after {:.0?}; used memory {:.1} MB before, {:.1} with them, {:.1} afterwards (RSS {:.1}, {:.1})",
        back.ok_or("they are still there")?,
        empty / 1e6,
        full.0 / 1e6,
        after.0 / 1e6,
        full.1 / 1e6,
        after.1 / 1e6,
    );
    println!(
        "  GETs in the second after: {} of them, p50 {:.0?}, p99 {:.0?}, p99.9 {:.0?}, longest {:.1?}",
        waits.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
    );
    Ok(())
}

/// Bytes of memory of each.
fn idle(connections: usize) -> Outcome<f64> {
    let server = Server::start(&[])?;
    let mut first = server.connect()?;
    first.call(&[b"PING"])?;
    let before = server.rss()?;
    let mut clients = Vec::new();
    for _ in 0..connections {
        let mut socket = TcpStream::connect(&server.address)?;
        socket.write_all(b"PING\r\n")?;
        let mut pong = [0; 7];
        socket.read_exact(&mut pong)?;
        clients.push(socket);
    }
    let each = (server.rss()? - before) / connections as f64;
    first.call(&[b"PING"])?;
    Ok(each)
}
