//! What the network may do to a stream of bytes, and clients to theirs.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use purekv::resp::encode;
use purekv::server::Settings;
use socket2::SockRef;

use crate::host::{Host, until};
use crate::wire::{Wire, field};

const STREAM: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv\r\n\0w\r\nGET k\r\n\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nn\r\n\
    ECHO \"a b\"\r\n*0\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nNOPE\r\n*-1\r\nSTRLEN k\r\n";
const REPLIES: &[u8] = b"+OK\r\n$5\r\nv\r\n\0w\r\n+PONG\r\n$-1\r\n$3\r\na b\r\n$5\r\nv\r\n\0w\r\n\
    -ERR unknown command 'NOPE', with args beginning with: \r\n:5\r\n";

#[test]
fn every_cut_of_a_stream_has_the_same_replies() {
    let host = Host::new();
    let replies = |pieces: &[&[u8]]| {
        let mut wire = host.connect();
        pieces.iter().for_each(|piece| wire.send(piece));
        wire.finish();
        wire.rest()
    };
    for place in 0..=STREAM.len() {
        let (one, two) = STREAM.split_at(place);
        assert_eq!(replies(&[one, two]), REPLIES, "cut at {place}");
    }
    let bytes: Vec<_> = STREAM.chunks(1).collect();
    assert_eq!(replies(&bytes), REPLIES);
}

#[test]
fn ten_thousand_requests_in_one_write_whose_replies_are_read_late() {
    let host = Host::new();
    let mut wire = host.connect();
    let mut requests = Vec::new();
    let mut replies = Vec::new();
    for number in 0..10_000 {
        let (key, value) = (format!("key:{number}"), format!("value:{number:010}"));
        encode::request(&mut requests, [&b"SET"[..], key.as_bytes(), value.as_bytes()]);
        encode::request(&mut requests, [&b"GET"[..], key.as_bytes()]);
        replies.extend(format!("+OK\r\n$16\r\n{value}\r\n").into_bytes());
    }
    let mut writer = wire.twin();
    let written = thread::spawn(move || writer.write_all(&requests).unwrap());
    // A third of a megabyte of replies may wait.
    written.join().unwrap();
    wire.finish();
    assert!(wire.rest() == replies);
}

#[test]
fn who_does_not_read_is_not_read_from() {
    let mut settings = Settings::default();
    settings.output = 64 << 10;
    let host = Host::with(settings, 1);
    let mut other = host.connect();
    let value = "v".repeat(1000);
    assert_eq!(other.say(&format!("SET k {value}")), "+OK|");
    let mut wire = host.connect();
    SockRef::from(&wire.stream).set_recv_buffer_size(16 << 10).unwrap();
    SockRef::from(&wire.stream).set_send_buffer_size(16 << 10).unwrap();
    wire.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let requests = b"GET k\r\n".repeat(1000);
    let mut sent = 0;
    while let Ok(length) = wire.stream.write(&requests[sent % 7..]) {
        sent += length;
        assert!(sent < 16 << 20, "it is read from for ever");
    }
    let list = other.text("CLIENT LIST");
    let line = list.lines().find(|line| field(line, "cmd") == "get").unwrap();
    let number = |name| field(line, name).parse::<usize>().unwrap();
    let run = 64 * 1100;
    assert!((64 << 10..(64 << 10) + 2 * run).contains(&number("obl")), "{line}");
    assert!(number("qbuf") < 256 << 10, "{line}");
    // Others are served meanwhile, and all replies are there in the end.
    assert_eq!(other.say("PING"), "+PONG|");
    wire.stream.set_write_timeout(None).unwrap();
    let mut writer = wire.twin();
    let count = sent / 7 + 1;
    let last = requests[sent % 7..7].to_vec();
    let writing = thread::spawn(move || {
        writer.write_all(&last).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let replies = wire.rest();
    writing.join().unwrap();
    let reply = format!("$1000\r\n{value}\r\n").into_bytes();
    assert_eq!(replies.len(), count * reply.len());
    assert!(replies.chunks(reply.len()).all(|found| found == reply));
}

#[test]
fn a_client_that_sends_no_more_gets_its_replies() {
    let host = Host::new();
    let mut wire = host.connect();
    wire.send(b"PING\r\nECHO a\r\nGET");
    wire.finish();
    assert_eq!(wire.rest(), b"+PONG\r\n$1\r\na\r\n");
    // One that is known already, and whose last bytes and end may come together.
    for _ in 0..100 {
        let mut wire = host.connect();
        assert_eq!(wire.say("PING"), "+PONG|");
        wire.send(b"ECHO last\r\n");
        wire.finish();
        assert_eq!(wire.rest(), b"$4\r\nlast\r\n");
    }
    let mut wire = host.connect();
    wire.finish();
    assert_eq!(wire.rest(), b"");
}

#[test]
fn who_vanishes_is_forgotten_and_harms_nobody() {
    let host = Host::new();
    let mut other = host.connect();
    assert_eq!(other.say(&format!("SET k {}", "v".repeat(10_000))), "+OK|");
    for round in 0..20 {
        // In the middle of a command; with replies under way; with replies that nobody has asked the system for yet; at once.
        let mut wire = host.connect();
        match round % 4 {
            0 => wire.send(b"*3\r\n$3\r\nSET\r\n$7\r\nvanishe"),
            1 => wire.send(&b"GET k\r\n".repeat(2000)),
            2 => {
                wire.send(&b"GET k\r\n".repeat(2000));
                wire.reply();
            }
            _ => {}
        }
        wire.vanish();
    }
    // Half a request is nothing.
    let mut wire = host.connect();
    wire.send(b"*3\r\n$3\r\nSET\r\n$7\r\nvanishe");
    drop(wire);
    until(|| other.text("CLIENT LIST").lines().count() == 1);
    assert_eq!(other.say("EXISTS vanishe"), ":0|");
    assert_eq!(other.say("STRLEN k"), ":10000|");
}

#[test]
fn a_long_value_goes_both_ways() {
    let host = Host::new();
    let mut wire = host.connect();
    let value: Vec<u8> = (0..64 << 20).map(|place: u32| (place % 251) as u8).collect();
    let mut request = Vec::new();
    encode::request(&mut request, [&b"SET"[..], b"k", &value]);
    wire.send(&request);
    assert_eq!(wire.reply(), b"+OK\r\n");
    wire.send(b"GET k\r\nPING\r\n");
    wire.finish();
    let mut replies = Vec::new();
    wire.stream.read_to_end(&mut replies).unwrap();
    let head = format!("${}\r\n", value.len()).into_bytes();
    let (found, rest) = replies.split_at(head.len());
    assert_eq!(found, head);
    assert!(rest[..value.len()] == value);
    assert_eq!(&rest[value.len()..], b"\r\n+PONG\r\n");
}

#[test]
fn what_is_no_request_is_told_so_and_closed() {
    let host = Host::new();
    for (bytes, reply) in [
        (&b"*1\r\n:1\r\n"[..], &b"-ERR Protocol error: expected '$', got ':'\r\n"[..]),
        (
            b"PING\r\n*99999999999\r\n",
            b"+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n",
        ),
        (b"GET \"x\r\n", b"-ERR Protocol error: unbalanced quotes in request\r\n"),
    ] {
        let mut wire = host.connect();
        wire.send(bytes);
        assert_eq!(wire.rest(), reply);
    }
    let mut wire = host.connect();
    wire.send(b"PING\r\nQUIT\r\nPING\r\n");
    assert_eq!(wire.rest(), b"+PONG\r\n+OK\r\n");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_served() {
    use std::os::unix::net::{UnixListener, UnixStream};

    use purekv::Store;
    use purekv::server::net::Listener;

    let folder = crate::folder::Folder::new("net-unix");
    let path = folder.file("socket");
    let listener = Listener::unix(UnixListener::bind(&path).unwrap()).unwrap();
    let host = Host::serving(Store::new(), Settings::default(), listener, crate::host::net(2));
    let mut wires: Vec<_> =
        (0..10).map(|_| Wire::over(UnixStream::connect(&path).unwrap())).collect();
    for wire in &mut wires {
        assert_eq!(wire.say("INCR n").len(), if wire.say("GET n") == "$2|10|" { 4 } else { 3 });
    }
    let line = wires[0].text("CLIENT INFO");
    let address = format!("{}:0", path.display());
    assert_eq!((field(&line, "addr"), field(&line, "laddr")), (&*address, &*address));
    let large = "v".repeat(1 << 20);
    wires[1].send(format!("SET k {}\r\n", &large[..60_000]).as_bytes());
    assert_eq!(wires[1].reply(), b"+OK\r\n");
    let mut requests = Vec::new();
    encode::request(&mut requests, [&b"SET"[..], b"k", large.as_bytes()]);
    wires[2].send(&requests);
    assert_eq!(wires[2].reply(), b"+OK\r\n");
    wires[2].send(&b"GET k\r\n".repeat(10));
    for _ in 0..10 {
        assert_eq!(wires[2].reply().len(), large.len() + 12);
    }
    drop(host);
    assert_eq!(wires[3].rest(), b"");
}
