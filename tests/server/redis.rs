//! The same commands to a real Redis and to ours, by chance: the same bytes must come back. What is known to differ (the server's
//! documentation lists it) is not asked.

use purekv::Store;
use purekv::resp::command::Command;
use purekv::resp::decode::FrameDecoder;
use purekv::resp::encode;
use purekv::server::{Database, Settings};

use crate::driver::Client;
use crate::random::Random;
use crate::server::Server;

const SEQUENCES: u64 = 60;
const LENGTH: usize = 400;

/// A server of Redis 7.0, whose words we have.
pub(crate) fn redis(name: &str, args: &[&str]) -> Option<Server> {
    let server = Server::start_with(name, &[&["--databases", "1"], args].concat())?;
    // Those that have no password say so first.
    let hello = server.replies(b"AUTH secret\r\nHELLO\r\n");
    if !hello.windows(4).any(|bytes| bytes == b"7.0.") {
        println!("skipped: the words are those of Redis 7.0, this is another");
        return None;
    }
    Some(server)
}

pub(crate) fn ours() -> Client {
    let server = purekv::server::Server::new(Database::new(Store::new()), Settings::default());
    Client::new(&server)
}

pub(crate) fn pick<'a>(random: &mut Random, from: &[&'a str]) -> &'a str {
    from[random.below(from.len() as u64) as usize]
}

fn key(random: &mut Random) -> &'static str {
    pick(random, &["a", "b", "c", "d"])
}

fn value(random: &mut Random) -> &'static str {
    pick(
        random,
        &[
            "",
            "0",
            "1",
            "-7",
            "10",
            "3.5",
            "abc",
            " 1",
            "9223372036854775807",
            "-9223372036854775808",
            "hello world",
            "\u{ff}\u{0}\u{f0}",
            "01",
            "1e2",
            "a\r\nb",
        ],
    )
}

fn number(random: &mut Random) -> String {
    match random.below(10) {
        0 => pick(random, &["x", "", "1.5", "9223372036854775807", "99999999999999999999", " 2"])
            .to_owned(),
        1..4 => (random.below(12) as i64 - 6).to_string(),
        _ => (random.below(60) as i64 - 20).to_string(),
    }
}

/// From now on: far apart from any other, since the two do not begin in the same millisecond.
fn ahead(random: &mut Random, in_millis: bool) -> String {
    match random.below(8) {
        0 => pick(random, &["0", "-1", "x", "", "9223372036854775807", "-9223372036854775808"])
            .to_owned(),
        _ => {
            let seconds = 100 + random.below(900_000);
            if in_millis { format!("{seconds}000") } else { seconds.to_string() }
        }
    }
}

/// Of the wall clock; `past` lets it be over.
fn moment(random: &mut Random, in_millis: bool, past: bool) -> String {
    match random.below(8) {
        0 => pick(random, &["x", "", "99999999999999999999", "-9223372036854775808"]).to_owned(),
        1 if past => pick(random, &["1", "1000", "0", "-5"]).to_owned(),
        _ => {
            let seconds = 4_000_000_000 + random.below(900_000);
            if in_millis {
                format!("{seconds}{:03}", random.below(1000))
            } else {
                seconds.to_string()
            }
        }
    }
}

fn expiry(random: &mut Random, past: bool) -> Vec<String> {
    let unit = pick(random, &["EX", "PX", "EXAT", "PXAT"]);
    let time = match unit {
        "EX" | "PX" => ahead(random, unit == "PX"),
        _ => moment(random, unit == "PXAT", past),
    };
    vec![unit.to_owned(), time]
}

pub(crate) fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

/// A command by chance.
pub(crate) fn command(random: &mut Random) -> Vec<String> {
    let (k, l, v) = (key(random), key(random), value(random));
    let mut line = match random.below(34) {
        0 | 1 => words(&["GET", k]),
        2..5 => {
            let mut line = words(&["SET", k, v]);
            for _ in 0..random.below(3) {
                line.extend(match random.below(3) {
                    0 => expiry(random, false),
                    _ => words(&[pick(random, &["NX", "XX", "GET", "KEEPTTL", "PERSIST", "FOO"])]),
                });
            }
            line
        }
        5 => words(&["GETSET", k, v]),
        6 => words(&[
            pick(
                random,
                &["GETDEL", "STRLEN", "TYPE", "TTL", "PEXPIRETIME", "PERSIST", "INCR", "DECR"],
            ),
            k,
        ]),
        7 => {
            let mut line = words(&["GETEX", k]);
            for _ in 0..random.below(3) {
                line.extend(match random.below(3) {
                    0 => words(&[pick(random, &["PERSIST", "NX", "KEEPTTL"])]),
                    _ => expiry(random, true),
                });
            }
            line
        }
        8 => words(&["SETNX", k, v]),
        9 => words(&["SETEX", k, &ahead(random, false), v]),
        10 => words(&["PSETEX", k, &ahead(random, true), v]),
        11 => words(&["MGET", k, l, "nope"]),
        12 => words(&["MSET", k, v, l, value(random)]),
        13 => words(&["APPEND", k, v]),
        14 => words(&["SETRANGE", k, &number(random), v]),
        15 => words(&[pick(random, &["GETRANGE", "SUBSTR"]), k, &number(random), &number(random)]),
        16 => words(&[pick(random, &["INCRBY", "DECRBY"]), k, &number(random)]),
        // Of numbers that a float holds exactly.
        17 if random.once_in(3) => {
            words(&["SET", "f", pick(random, &["1", "-7.25", "1e3", "abc", " 1", "", "0.5"])])
        }
        17 => words(&[
            "INCRBYFLOAT",
            "f",
            pick(random, &["0.5", "-3", "1e3", "x", "", "inf", "2.25"]),
        ]),
        18 => words(&[pick(random, &["DEL", "UNLINK", "EXISTS", "TOUCH"]), k, l, k]),
        19 => words(&["KEYS", pick(random, &["a", "?*z", "[b]", "nope"])]),
        20 => words(&["DBSIZE"]),
        21 => {
            let name = pick(random, &["EXPIRE", "PEXPIRE"]);
            words(&[name, k, &ahead(random, name == "PEXPIRE")])
        }
        22 => {
            let name = pick(random, &["EXPIREAT", "PEXPIREAT"]);
            words(&[name, k, &moment(random, name == "PEXPIREAT", true)])
        }
        23 => words(&["SETBIT", k, &number(random), pick(random, &["0", "1", "2", "x"])]),
        24 => words(&["GETBIT", k, &number(random)]),
        25 | 26 => {
            let mut line = words(&["BITCOUNT", k]);
            line.extend((0..random.below(3)).map(|_| number(random)));
            if random.once_in(2) {
                line.push(pick(random, &["BIT", "BYTE", "FOO"]).to_owned());
            }
            line
        }
        27 | 28 => {
            let mut line = words(&["BITPOS", k, pick(random, &["0", "1", "1", "2", "x"])]);
            line.extend((0..random.below(3)).map(|_| number(random)));
            if random.once_in(2) {
                line.push(pick(random, &["BIT", "BYTE", "FOO"]).to_owned());
            }
            line
        }
        29 => {
            let mut line = words(&["LCS", k, l]);
            for _ in 0..random.below(3) {
                line.extend(match random.below(4) {
                    0 => words(&["MINMATCHLEN", pick(random, &["0", "2", "-1", "x"])]),
                    _ => words(&[pick(random, &["IDX", "LEN", "IDX", "WITHMATCHLEN", "FOO"])]),
                });
            }
            line
        }
        30 => words(&[pick(random, &["RENAME", "RENAMENX"]), k, l]),
        31 => words(&["MSETNX", k, v, l, value(random)]),
        32 => {
            let mut line = words(&["COPY", k, l]);
            for _ in 0..random.below(3) {
                line.extend(match random.below(3) {
                    0 => words(&["DB", pick(random, &["0", "0", "1", "x"])]),
                    _ => words(&[pick(random, &["REPLACE", "REPLACE", "FOO", "DB"])]),
                });
            }
            line
        }
        _ => words(&[pick(random, &["TTL", "EXPIRETIME", "PEXPIRETIME"]), k]),
    };
    if line[0].contains("EXPIRE") && line.len() == 3 {
        for _ in 0..random.below(3) {
            line.push(pick(random, &["NX", "XX", "GT", "LT", "LT", "FOO"]).to_owned());
        }
    }
    if random.once_in(40) {
        match random.below(3) {
            0 if line.len() > 1 => drop(line.pop()),
            1 => line.push("extra".to_owned()),
            _ => line = words(&[pick(random, &["PING", "ECHO", "SELECT", "FOO", "CLIENT"]), v]),
        }
    }
    if random.once_in(4) {
        line[0] = line[0].to_lowercase();
    }
    line
}

pub(crate) fn bytes(line: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode::request(&mut bytes, line.iter().map(String::as_bytes).collect::<Vec<_>>());
    bytes
}

fn integer(reply: &[u8]) -> Option<i64> {
    std::str::from_utf8(reply.strip_prefix(b":")?).ok()?.trim_end().parse().ok()
}

/// Whether these are times that differ no more than by when the two were asked.
pub(crate) fn is_near(line: &[String], ours: &[u8], theirs: &[u8]) -> bool {
    let most = match line[0].to_uppercase().as_str() {
        "TTL" | "EXPIRETIME" => 20,
        "PEXPIRETIME" => 20_000,
        _ => return false,
    };
    match (integer(ours), integer(theirs)) {
        (Some(ours), Some(theirs)) => ours > 0 && theirs > 0 && (ours - theirs).abs() <= most,
        _ => false,
    }
}

/// Replies to be shown, without the numbers of connections, as HELLO has them.
pub(crate) fn without_numbers(replies: &[u8]) -> String {
    let text: String = replies.iter().map(|byte| char::from(*byte)).collect();
    let mut parts = text.split("$2\r\nid\r\n:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "id" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

/// Panics at the first difference, if there is one.
fn compare(server: &Server, client: &mut Client, version: &str, lines: &[Vec<String>]) {
    let hello = format!("HELLO {version}\r\n");
    client.send(hello.as_bytes());
    let mut stream = [b"FLUSHALL\r\n", hello.as_bytes()].concat();
    lines.iter().for_each(|line| stream.extend(bytes(line)));
    let theirs = server.replies(&stream);
    // What it says to FLUSHALL and HELLO is behind it.
    let mut decoder = FrameDecoder::default();
    let mut at = 0;
    for _ in 0..2 {
        at += decoder.decode(&theirs[at..]).unwrap().length;
    }
    for (place, line) in lines.iter().enumerate() {
        let ours = client.send(&bytes(line));
        let rest = &theirs[at..];
        let said = &rest[..decoder.decode(rest).unwrap().length];
        let before = &lines[place.saturating_sub(12)..place];
        if !is_near(line, &ours, said) {
            assert_eq!(
                ours.escape_ascii().to_string(),
                said.escape_ascii().to_string(),
                "{line:?} in RESP{version} after {before:#?}"
            );
        }
        at += said.len();
    }
    assert_eq!(at, theirs.len());
}

#[test]
fn the_same_commands_have_the_same_replies() {
    let Some(server) = redis("differential", &[]) else { return };
    for seed in 0..SEQUENCES {
        let mut random = Random::new(seed);
        let lines: Vec<_> = (0..LENGTH).map(|_| command(&mut random)).collect();
        compare(&server, &mut ours(), if seed % 2 == 0 { "2" } else { "3" }, &lines);
    }
}

#[test]
fn every_number_of_arguments_has_the_same_reply() {
    let Some(server) = redis("arity", &[]) else { return };
    let mut lines = Vec::new();
    for command in Command::all() {
        let name = command.spec().name;
        let is_ours = [Command::Get, Command::Set].contains(&command)
            || matches!(name, "quit" | "time" | "randomkey" | "hello" | "reset" | "scan" | "auth")
            || matches!(name, "info" | "save" | "bgsave" | "lastsave" | "shutdown");
        // What differs each time, ends the connection, or is not there yet; Redis 7.0 has no CLIENT SETINFO.
        if is_ours || name.contains('|') || command.is_container() || is_missing(name) {
            continue;
        }
        for count in 0..7 {
            let mut line = words(&[name]);
            line.extend((0..count).map(|_| "x".to_owned()));
            lines.push(line);
        }
    }
    assert!(lines.len() > 200, "{}", lines.len());
    compare(&server, &mut ours(), "2", &lines);
}

fn is_missing(name: &str) -> bool {
    let reply = ours().say(&format!("COMMAND INFO {name}"));
    reply == "*1|$-1|"
}

#[test]
fn the_table_is_told_as_redis_tells_it() {
    let Some(server) = redis("told", &[]) else { return };
    let is_whole = |command: &Command| {
        let name = command.spec().name;
        // Of containers some subcommands are missing, or in another order; Redis has notes on some keys, and no CLIENT SETINFO.
        let differs = [Command::Set, Command::GetEx, Command::ClientSetInfo].contains(command);
        !command.is_container() && !differs && !is_missing(name)
    };
    let lines: Vec<_> = Command::all()
        .filter(is_whole)
        .map(|command| words(&["COMMAND", "INFO", command.spec().name, "nope"]))
        .collect();
    for version in ["2", "3"] {
        compare(&server, &mut ours(), version, &lines);
    }
}
