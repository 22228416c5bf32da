use purekv::resp::Protocol;
use purekv::resp::command::{Command, Refusal};
use purekv::resp::encode::Encoder;
use purekv::resp::request::{Decoded, RequestDecoder};

use crate::random::Random;
use crate::server::Server;

/// What Redis should reply to these bytes, as our decoder and our table have it. Of commands it knows those that the tests send.
fn expected(bytes: &[u8], must_authenticate: bool) -> Vec<u8> {
    let mut decoder = RequestDecoder::default();
    decoder.set_must_authenticate(must_authenticate);
    let mut buffer = bytes.to_vec();
    let mut replies = Vec::new();
    let mut start = 0;
    loop {
        let mut out = Encoder::new(&mut replies, Protocol::Resp2);
        match decoder.decode(&mut buffer[start..]) {
            Err(error) => {
                out.fault(error.fault);
                return replies;
            }
            Ok(Decoded::Partial { .. }) => return replies,
            Ok(Decoded::Skipped { length }) => start += length,
            Ok(Decoded::Request { length }) => {
                let args: Vec<&[u8]> =
                    decoder.arguments().iter().map(|arg| arg.after(start).of(&buffer)).collect();
                execute(&args, &mut out);
                start += length;
            }
        }
    }
}

fn execute(args: &[&[u8]], out: &mut Encoder<'_>) {
    let command = match Command::find(args[0], args.get(1).copied()) {
        Ok(command) if command.spec().takes(args.len()) => command,
        Ok(command) => {
            return out.error(&Refusal::Arity(command).text(args.iter().copied()));
        }
        Err(unknown) => {
            return out.error(&Refusal::Unknown(unknown).text(args.iter().copied()));
        }
    };
    match (command, args) {
        (Command::Ping, [_]) => out.simple(b"PONG"),
        (Command::Ping | Command::Echo, [_, message]) => out.bulk(message),
        // It says that itself, for a message may be there or not.
        (Command::Ping, _) => out.error(&Refusal::Arity(command).text(args.iter().copied())),
        _ => panic!("{}", args[0].escape_ascii()),
    }
}

fn compare(server: &Server, bytes: &[u8], must_authenticate: bool) {
    let (said, expected) = (server.replies(bytes), expected(bytes, must_authenticate));
    assert_eq!(
        said.escape_ascii().to_string(),
        expected.escape_ascii().to_string(),
        "to {}",
        bytes[..bytes.len().min(400)].escape_ascii()
    );
}

#[test]
fn by_hand() {
    let Some(server) = Server::start("by_hand") else { return };
    for bytes in [
        &b""[..],
        b"PING\r\n",
        b"ping\n",
        b"\r\n\n \r\nPING\r\n",
        b"\r\r\nPING\r\n",
        b"PING",
        b"*1\r\n$4\r\nPING\r\n",
        b"*1\r\n$4\r\nPIN",
        b"*0\r\n*-1\r\n*-5\r\n\r\nPING\r\n",
        b"*1\rX$4\rYPINGZZPING\r\n",
        b"*-9223372036854775808\r\nPING\r\n",
        b"*\r\n",
        b"*+1\r\n",
        b"*01\r\n",
        b"*-0\r\n",
        b"*a\r\n",
        b"* 1\r\n",
        b"*1 \r\n",
        b"*9223372036854775808\r\n",
        b"*2147483648\r\n",
        b"*\r",
        b"*1\r\n$\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$+4\r\n",
        b"*1\r\n$04\r\n",
        b"*1\r\n$536870913\r\n",
        b"*1\r\n$536870912\r\n",
        b"*1\r\n$4 \r\n",
        b"*1\r\n:4\r\n",
        b"*1\r\n\r\n",
        b"*1\r\n\n\r\n",
        b"*1\r\nPING\r\n",
        b"*1\r\n\xff\r\n",
        b"*1\r\n*1\r\n",
        b"*1\r\nx",
        b"*2\r\n$4\r\nECHO\r\n#3\r\nabc\r\n",
        b"PING 'a b'\r\n",
        b"PING \"\\x41\\n\\q\"\r\n",
        b"PING 'a\\'b'\r\n",
        b"PING \"\"\r\n",
        b"PING a\"b c\"\r\n",
        b"PING \x0ba\x0bb\r\n",
        b"PING\ra\r\n",
        b"PING \"a\r\n",
        b"PING 'a\r\n",
        b"PING \"a\"b\r\n",
        b"PING 'a'b\r\n",
        b"PING ''''\r\n",
        b"PING \"a\\\"\r\n",
        b"PING 'a\\'\r\n",
        b"\"\"\r\n",
        b"PING \"\\x4\"\r\n",
        b"foo\r\n",
        b"foo a b c\r\n",
        b"foo '' 'a b'\r\n",
        b"foo \"a\\r\\nb\"\r\n",
        b"\"fo\\r\\no\"\r\n",
        b"*2\r\n$3\r\nfoo\r\n$3\r\na\0b\r\n",
        b"*1\r\n$3\r\nf\0o\r\n",
        b"*1\r\n$0\r\n\r\n",
        b"get\r\n",
        b"GET a b\r\n",
        b"client\r\n",
        b"CLIENT kill\r\n",
        b"client FOO x\r\n",
        b"config foo\r\n",
        b"object\r\n",
        b"object foo\r\n",
        b"Object Encoding\r\n",
        b"mset a\r\n",
        b"ping a b\r\n",
        b"set a\r\n",
        b"command getkeys\r\n",
        b"command foo\r\n",
        b"memory doctor2\r\n",
        b"slowlog foo\r\n",
        b"latency foo\r\n",
        b"function foo\r\n",
        b"debug\r\n",
    ] {
        compare(&server, bytes, false);
    }
    let long = |byte: u8, length: usize| vec![byte; length];
    for bytes in [
        long(b'a', 70_000),
        [b"*".to_vec(), long(b'1', 70_000)].concat(),
        [b"*1\r\n$".to_vec(), long(b'1', 70_000)].concat(),
        [b"PING ".to_vec(), long(b'a', 60_000), b"\r\n".to_vec()].concat(),
        [b"foo ".to_vec(), long(b'a', 200), b" b\r\n".to_vec()].concat(),
        [b"foo ".to_vec(), long(b'a', 100), b" ".to_vec(), long(b'b', 60), b" c\r\n".to_vec()]
            .concat(),
        [long(b'f', 200), b" c\r\n".to_vec()].concat(),
        [b"config ".to_vec(), long(b'f', 200), b" c\r\n".to_vec()].concat(),
        [
            b"*2\r\n$4\r\nECHO\r\n$100000\r\n".to_vec(),
            long(b'a', 100_000),
            b"\r\nPING\r\n".to_vec(),
        ]
        .concat(),
        b"foo ".to_vec().into_iter().chain(b"a ".repeat(100)).chain(*b"\r\n").collect(),
    ] {
        compare(&server, &bytes, false);
    }
}

#[test]
fn before_authentication() {
    let Some(server) = Server::start("before_authentication") else { return };
    server.client().call(&[b"CONFIG", b"SET", b"requirepass", b"secret"]);
    for bytes in [
        &b"*11\r\n"[..],
        b"*10\r\n",
        b"*1\r\n$16385\r\n",
        b"*1\r\n$16384\r\n",
        b"*1\r\n$x\r\n",
        b"*x\r\n",
        b"*2147483648\r\n",
    ] {
        compare(&server, bytes, true);
    }
}

/// Parts of requests, most of them good. No NUL byte, by which Redis is misled in a line (`src/resp/mod.rs`).
fn stream(random: &mut Random) -> Vec<u8> {
    let word = |random: &mut Random| -> &[u8] {
        let words: [&[u8]; 10] =
            [b"PING", b"echo", b"foo", b"client", b"a", b"", b"x y", b"\r\n", b"'", b"\xff\\"];
        words[random.below(10) as usize]
    };
    let mut bytes = Vec::new();
    for _ in 0..=random.below(5) {
        match random.below(8) {
            0..4 => {
                let count = 1 + random.below(4);
                bytes.extend_from_slice(format!("*{count}\r\n").as_bytes());
                for _ in 0..count {
                    let word = word(random);
                    let mut length = word.len() as u64;
                    if random.once_in(40) {
                        length = random.below(8);
                    }
                    bytes.extend_from_slice(format!("${length}\r\n").as_bytes());
                    bytes.extend_from_slice(word);
                    bytes.extend_from_slice(b"\r\n");
                }
            }
            4..7 => {
                for _ in 0..random.below(4) {
                    let quote: &[u8] = [&b""[..], b"\"", b"'"][random.below(3) as usize];
                    bytes.extend_from_slice(quote);
                    bytes.extend_from_slice(word(random));
                    bytes.extend_from_slice(quote);
                    bytes.push(b' ');
                }
                bytes.extend_from_slice(b"\r\n");
            }
            _ => {
                for _ in 0..random.below(6) {
                    bytes.push(b"*$-01239\r\n\t +x"[random.below(14) as usize]);
                }
            }
        }
    }
    if !bytes.is_empty() && random.once_in(3) {
        let place = random.below(bytes.len() as u64) as usize;
        bytes[place] = 1 + random.below(255) as u8;
    }
    bytes
}

#[test]
fn at_random() {
    let Some(server) = Server::start("at_random") else { return };
    let mut random = Random::new(7);
    let mut refused = 0;
    for _ in 0..1500 {
        let bytes = stream(&mut random);
        let expected = expected(&bytes, false);
        refused += u32::from(expected.windows(15).any(|part| part == b"Protocol error:"));
        compare(&server, &bytes, false);
    }
    assert!((200..1300).contains(&refused), "{refused}");
}
