//! Whole connections of hostile bytes, several at once, on a server without sockets: nothing panics, buffers stay bounded, what is replied decodes, and
//! a connection that means well is served as if the others were not there.

use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use purekv::resp::command::Command;
use purekv::resp::decode::FrameDecoder;
use purekv::resp::encode;
use purekv::server::{Connection, Database, Server, Settings, Wanted, Worker};
use purekv::{Clock, Expiry, Store};

/// Small, so that they are reached.
const OUTPUT: usize = 4 << 10;
const BULK: usize = 2 << 10;
/// What replies may come to beyond that: a run of GETs, or a reply that has begun, of which a few are long (COMMAND DOCS).
const BEGUN: usize = 4 << 20;
const HOSTILE: usize = 3;

#[derive(Arbitrary, Debug)]
struct Case {
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Bytes {
        by: u8,
        bytes: Vec<u8>,
    },
    /// Many of one kind, cut somewhere.
    Commands {
        by: u8,
        command: u16,
        words: Vec<Word>,
        times: u8,
        lacks: u8,
    },
    Known {
        by: u8,
        lines: Vec<u8>,
    },
    Written {
        by: u8,
        part: u8,
    },
    Clock {
        millis: u32,
    },
    Woken,
    Leaves {
        by: u8,
    },
    Good,
}

#[derive(Arbitrary, Debug)]
enum Word {
    Key(u8),
    Number(i8),
    Large(i64),
    Option(u8),
    Bytes(Vec<u8>),
}

const OPTIONS: &[&str] = &[
    "EX",
    "PX",
    "EXAT",
    "PXAT",
    "NX",
    "XX",
    "GT",
    "LT",
    "GET",
    "KEEPTTL",
    "PERSIST",
    "BIT",
    "BYTE",
    "COUNT",
    "MATCH",
    "TYPE",
    "LEN",
    "IDX",
    "MINMATCHLEN",
    "WITHMATCHLEN",
    "DB",
    "REPLACE",
    "ID",
    "ADDR",
    "SKIPME",
    "yes",
    "no",
    "normal",
    "ON",
    "OFF",
    "SKIP",
    "WRITE",
    "ALL",
    "2",
    "3",
    "AUTH",
    "default",
    "SETNAME",
    "*",
    "a*",
    "maxmemory",
    "timeout",
    "slowlog-log-slower-than",
    "everything",
    "server",
    "SYNC",
    "ASYNC",
    "lib-name",
    "string",
    "0",
    "1",
    "client-output-buffer-limit",
    "normal 100 0 0",
    "requirepass",
    "NOSAVE",
    "ABORT",
    "SLEEP",
];

/// Lines that do most by themselves.
const LINES: &[&str] = &[
    "HELLO 3",
    "HELLO 2",
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH k0 k1",
    "UNWATCH",
    "SET k0 v",
    "GET k0",
    "GET k1",
    "INCR k2",
    "APPEND k0 xyz",
    "SETRANGE k1 1500 x",
    "MGET k0 k1 k2 k1 k1",
    "CLIENT PAUSE 1000 ALL",
    "CLIENT PAUSE 50 WRITE",
    "CLIENT UNPAUSE",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "CLIENT KILL TYPE normal SKIPME no",
    "CLIENT REPLY OFF",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY ON",
    "COMMAND DOCS",
    "COMMAND",
    "INFO",
    "QUIT",
    "RESET",
    "FLUSHALL",
    "SET k0 v PX 20",
    "RENAME k0 k1",
    "COPY k1 k0 REPLACE",
    "SCAN 0 COUNT 100",
    "KEYS *",
    "DEBUG SLEEP 0.05",
    "CONFIG GET *",
    "SHUTDOWN NOSAVE",
    "SLOWLOG GET",
    "MSET k0 1 k1 2 k2 3",
    "MSETNX k3 1 k4 2",
    "CONFIG SET slowlog-log-slower-than 0",
    "GET \"unbalanced",
    "MEMORY USAGE k1",
    "DEL k0 k1 k2",
];

/// A connection, and what it was sent.
struct Client {
    connection: Connection,
    decoder: FrameDecoder,
    come: Vec<u8>,
    replies: usize,
}

impl Client {
    fn new(worker: &Worker, name: &str) -> Self {
        let connection = Connection::new(worker, name);
        Self { connection, decoder: FrameDecoder::default(), come: Vec::new(), replies: 0 }
    }

    /// As the loop of a thread does it: bytes are read only when that is wanted.
    fn read(&mut self, worker: &mut Worker, bytes: &[u8]) {
        for piece in bytes.chunks(1 << 10) {
            if !matches!(self.connection.wanted(), Wanted::Read | Wanted::Both) {
                return;
            }
            self.connection.input(worker).extend_from_slice(piece);
            let wanted = self.connection.advance(worker);
            self.check(wanted);
        }
    }

    fn check(&self, wanted: Wanted) {
        assert_eq!(wanted, self.connection.wanted());
        let waiting = self.connection.output().len();
        assert!(waiting <= OUTPUT + BEGUN, "{waiting} bytes wait");
        if waiting > OUTPUT {
            assert_eq!(wanted, Wanted::Write);
        }
        assert_eq!(waiting == 0, matches!(wanted, Wanted::Read | Wanted::Wait | Wanted::Close));
    }

    /// The client fetches so much: what comes are replies.
    fn fetch(&mut self, worker: &mut Worker, most: usize) {
        let output = self.connection.output();
        let length = output.len().min(most);
        self.come.extend_from_slice(&output[..length]);
        if length > 0 {
            let wanted = self.connection.written(length, worker);
            self.check(wanted);
        }
        let mut at = 0;
        loop {
            let step = self.decoder.decode(&self.come[at..]).expect("replies are frames");
            at += step.length;
            if step.frame.is_none() {
                break;
            }
            self.replies += 1;
        }
        self.come.drain(..at);
    }

    fn fetch_all(&mut self, worker: &mut Worker) {
        while !self.connection.output().is_empty() {
            self.fetch(worker, usize::MAX);
        }
    }
}

fn word(word: &Word) -> Vec<u8> {
    match word {
        Word::Key(number) => format!("k{}", number % 5).into_bytes(),
        Word::Number(number) => number.to_string().into_bytes(),
        Word::Large(number) => number.to_string().into_bytes(),
        Word::Option(place) => OPTIONS[usize::from(*place) % OPTIONS.len()].into(),
        Word::Bytes(bytes) => bytes.clone(),
    }
}

fn request(command: u16, words: &[Word]) -> Vec<u8> {
    let all: Vec<_> = Command::all().collect();
    let name = all[usize::from(command) % all.len()].spec().name;
    let mut args: Vec<Vec<u8>> = name.split('|').map(|part| part.as_bytes().to_vec()).collect();
    args.extend(words.iter().map(word));
    let mut bytes = Vec::new();
    encode::request(&mut bytes, args.iter().map(Vec::as_slice).collect::<Vec<_>>());
    bytes
}

fn server(clock: Clock) -> Arc<Server> {
    let store = Store::builder().clock(clock).expiry(Expiry::Manual).max_memory(1 << 20).build();
    let mut settings = Settings::default();
    settings.output = OUTPUT;
    settings.limits.bulk = BULK;
    settings.limits.arguments = 1 << 10;
    settings.debug = true;
    Server::new(Database::new(store), settings)
}

/// Says its piece, and gets its replies, unless the others may have seen to it that it does not: there are commands for that.
fn mean_well(good: &mut Client, worker: &mut Worker, number: usize) {
    if good.connection.advance(worker) == Wanted::Close {
        *good = Client::new(worker, "good");
    }
    good.fetch_all(worker);
    // Which ends a pause of writes; one of all commands holds it, too.
    let replies = good.replies;
    let value = format!("value-{number}");
    let stream = format!("CLIENT UNPAUSE\r\nPING\r\nSET good {value}\r\nGET good\r\nGET good\r\n");
    good.read(worker, stream.as_bytes());
    let said = String::from_utf8_lossy(good.connection.output()).into_owned();
    good.fetch_all(worker);
    let is_kept_out = matches!(good.connection.wanted(), Wanted::Close | Wanted::Wait);
    if said.contains("-NOAUTH") || is_kept_out {
        *good = Client::new(worker, "good");
        return;
    }
    assert_eq!(good.replies, replies + 5, "{said:?}");
    let got = format!("${}\r\n{value}\r\n", value.len());
    // At the bound of its memory the store may refuse a value, and may lose one.
    let whole = format!("+OK\r\n+PONG\r\n+OK\r\n{got}{got}");
    assert!(said == whole || said.contains("$-1\r\n") || said.contains("-OOM"), "{said:?}");
}

fn run(case: &Case) {
    let (clock, hand) = Clock::manual();
    let server = server(clock);
    let mut workers = [Worker::new(&server, || ()), Worker::new(&server, || ())];
    let mut good = Client::new(&workers[0], "good");
    let mut clients: Vec<_> =
        (0..HOSTILE).map(|place| Client::new(&workers[place % 2], "hostile")).collect();
    for (number, step) in case.steps.iter().enumerate() {
        let place = |by: &u8| usize::from(*by) % HOSTILE;
        let mut feed = |by: &u8, bytes: &[u8]| {
            let place = place(by);
            clients[place].read(&mut workers[place % 2], bytes);
        };
        match step {
            Step::Bytes { by, bytes } => feed(by, bytes),
            Step::Commands { by, command, words, times, lacks } => {
                let mut bytes = request(*command, words).repeat(usize::from(*times));
                bytes.truncate(bytes.len().saturating_sub(usize::from(*lacks)));
                feed(by, &bytes);
            }
            Step::Known { by, lines } => {
                let line = |place: &u8| [LINES[usize::from(*place) % LINES.len()], "\r\n"].concat();
                feed(by, lines.iter().map(line).collect::<String>().as_bytes());
            }
            Step::Written { by, part } => {
                let place = place(by);
                let client = &mut clients[place];
                let most = match part {
                    255 => usize::MAX,
                    part => client.connection.output().len() * usize::from(*part) / 254,
                };
                client.fetch(&mut workers[place % 2], most);
            }
            Step::Clock { millis } => hand.advance(Duration::from_millis(u64::from(*millis))),
            Step::Woken => {
                for (which, worker) in workers.iter_mut().enumerate() {
                    for id in worker.woken() {
                        let mine = |place: usize| place % 2 == which;
                        let mut all = clients.iter_mut().enumerate();
                        let found = all
                            .find(|(place, client)| mine(*place) && client.connection.id() == id);
                        if let Some((_, client)) = found {
                            let wanted = client.connection.advance(worker);
                            client.check(wanted);
                        }
                    }
                }
                server.tick();
            }
            Step::Leaves { by } => {
                let place = place(by);
                clients[place].connection.close();
                clients[place].fetch_all(&mut workers[place % 2]);
                assert_eq!(clients[place].connection.wanted(), Wanted::Close);
                clients[place] = Client::new(&workers[place % 2], "hostile");
            }
            Step::Good => mean_well(&mut good, &mut workers[0], number),
        }
    }
    mean_well(&mut good, &mut workers[0], case.steps.len());
    // What is left to be fetched decodes, too; and then nobody is in the middle of a reply.
    for (place, client) in clients.iter_mut().enumerate() {
        client.fetch_all(&mut workers[place % 2]);
        assert!(client.come.is_empty() || client.connection.wanted() == Wanted::Close);
    }
}

/// For any bytes.
pub(crate) fn check(input: &[u8]) {
    // A limit that is raised is none for the memory of this process.
    if input.to_ascii_lowercase().windows(4).any(|bytes| bytes == b"bulk") {
        return;
    }
    if let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) {
        run(&case);
    }
}
