use purekv::Store;
use purekv::server::{Database, Server, Settings, Wanted};

use crate::driver::{Client, both, server};
use crate::random::Random;

const HELLO_2: &str = "*14|$6|server|$5|redis|$7|version|$6|7.0.15|$5|proto|:2|$2|id|:1|$4|mode|$10|standalone|$4|role|$6|master|$7|modules|*0|";
const WRONG_PASSWORD: &str = "-WRONGPASS invalid username-password pair or user is disabled.|";
const NO_AUTH: &str = "-NOAUTH Authentication required.|";

fn with_password() -> Client {
    let mut settings = Settings::default();
    settings.password = Some(b"secret".to_vec());
    Client::new(&Server::new(Database::new(Store::new()), settings))
}

#[test]
fn small_talk() {
    both(&[
        ("PING", "+PONG|"),
        ("PING hello", "$5|hello|"),
        ("PING a b", "-ERR wrong number of arguments for 'ping' command|"),
        ("ECHO hello", "$5|hello|"),
        ("SELECT 0", "+OK|"),
        ("SELECT 1", "-ERR DB index is out of range|"),
        ("SELECT x", "-ERR value is not an integer or out of range|"),
        (
            "SELECT 99999999999",
            "-ERR value is out of range, value must between -2147483648 and 2147483647|",
        ),
        ("CLIENT ID", ":1|"),
        ("CLIENT GETNAME", "_|"),
        ("CLIENT SETNAME me", "+OK|"),
        ("CLIENT GETNAME", "$2|me|"),
        (
            "CLIENT SETNAME 'a b'",
            "-ERR Client names cannot contain spaces, newlines or special characters.|",
        ),
        ("CLIENT SETINFO LIB-NAME purekv", "+OK|"),
        ("CLIENT SETINFO lib-ver 1.0", "+OK|"),
        ("CLIENT SETINFO foo x", "-ERR Unrecognized option 'foo'|"),
        (
            "CLIENT SETINFO lib-name 'a b'",
            "-ERR lib-name cannot contain spaces, newlines or special characters.|",
        ),
        ("CLIENT NO-EVICT on", "+OK|"),
        ("CLIENT NO-EVICT x", "-ERR syntax error|"),
        ("CLIENT REPLY x", "-ERR syntax error|"),
        (
            "AUTH x",
            "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?|",
        ),
        ("AUTH default x", "+OK|"),
        ("AUTH someone x", WRONG_PASSWORD),
        ("AUTH a b c", "-ERR syntax error|"),
    ]);
}

#[test]
fn hello() {
    let mut client = Client::alone();
    client.check(&[("HELLO", HELLO_2), ("GET k", "$-1|")]);
    let hello_3 = HELLO_2.replace("*14", "%7").replace(":2|$2|id", ":3|$2|id");
    client.check(&[
        ("HELLO 3 SETNAME me", &hello_3),
        ("CLIENT GETNAME", "$2|me|"),
        ("GET k", "_|"),
        ("HELLO", &hello_3),
        ("HELLO 4", "-NOPROTO unsupported protocol version|"),
        ("HELLO x", "-ERR Protocol version is not an integer or out of range|"),
        ("HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'|"),
        ("HELLO 2 AUTH default", "-ERR Syntax error in HELLO option 'AUTH'|"),
        ("HELLO 2 AUTH someone x", WRONG_PASSWORD),
        (
            "HELLO 2 SETNAME 'a b'",
            "-ERR Client names cannot contain spaces, newlines or special characters.|",
        ),
        ("GET k", "_|"),
        ("HELLO 2 AUTH default x", HELLO_2),
        ("GET k", "$-1|"),
    ]);
}

#[test]
fn who_has_not_the_password_gets_nothing() {
    let mut client = with_password();
    client.check(&[
        ("GET k", NO_AUTH),
        ("PING", NO_AUTH),
        ("FOO", "-ERR unknown command 'FOO', with args beginning with: |"),
        ("GET", "-ERR wrong number of arguments for 'get' command|"),
        ("HELLO 3", "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time|"),
        ("AUTH wrong", WRONG_PASSWORD),
        ("AUTH secre", WRONG_PASSWORD),
        ("AUTH secret1", WRONG_PASSWORD),
        ("AUTH other secret", WRONG_PASSWORD),
        ("GET k", NO_AUTH),
        ("AUTH secret", "+OK|"),
        ("GET k", "$-1|"),
        ("AUTH wrong", WRONG_PASSWORD),
        ("GET k", "$-1|"),
        ("RESET", "+RESET|"),
        ("GET k", NO_AUTH),
        ("HELLO 2 AUTH default secret", HELLO_2),
        ("GET k", "$-1|"),
    ]);
    assert!(!format!("{:?} {:?}", client.connection, Settings::default()).contains("secret"));
}

#[test]
fn long_requests_are_for_those_who_have_the_password() {
    let long = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000\r\n{}\r\n", "x".repeat(20000));
    let mut client = with_password();
    let reply = client.send(long.as_bytes());
    assert_eq!(reply, b"-ERR Protocol error: unauthenticated bulk length\r\n");
    assert_eq!(client.connection.wanted(), Wanted::Close);
    // In the same piece as the password.
    let both = format!("AUTH secret\r\n{long}");
    assert_eq!(with_password().send(both.as_bytes()), b"+OK\r\n+OK\r\n");
}

#[test]
fn replies_can_be_turned_off() {
    let mut client = Client::alone();
    client.check(&[
        ("CLIENT REPLY SKIP", ""),
        ("SET k v", ""),
        ("GET k", "$1|v|"),
        ("CLIENT REPLY SKIP", ""),
        ("GET k", ""),
        ("CLIENT REPLY OFF", ""),
        ("GET k", ""),
        ("FOO", ""),
        ("CLIENT REPLY SKIP", ""),
        ("CLIENT REPLY ON", "+OK|"),
        ("GET k", "$1|v|"),
        ("CLIENT REPLY SKIP", ""),
        ("CLIENT REPLY ON", "+OK|"),
        ("CLIENT REPLY OFF", ""),
        ("RESET", "+RESET|"),
        ("GET k", "$1|v|"),
    ]);
}

#[test]
fn reset_makes_it_new() {
    let mut client = Client::alone();
    client.say("HELLO 3 SETNAME me");
    client.check(&[("RESET", "+RESET|"), ("CLIENT GETNAME", "$-1|"), ("CLIENT ID", ":1|")]);
}

#[test]
fn what_is_known_of_a_connection() {
    let mut client = Client::alone();
    client.say("CLIENT SETNAME me");
    client.say("CLIENT SETINFO LIB-NAME lib");
    client.say("HELLO 3");
    let info = client.say("CLIENT INFO");
    assert!(info.starts_with('='), "{info}");
    let text = &info[info.find("txt:").unwrap() + 4..];
    assert!(text.starts_with("id=1 addr=test:1 laddr= fd=-1 name=me age=0 "), "{text}");
    let end = " cmd=client|info user=default redir=-1 resp=3 lib-name=lib lib-ver=\n|";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn quit_is_the_last_word() {
    let mut client = Client::alone();
    client.feed(b"SET k v\r\nQUIT\r\nSET k w\r\n");
    assert_eq!(client.advance(), Wanted::Write);
    assert_eq!(client.connection.output(), b"+OK\r\n+OK\r\n");
    assert_eq!(client.written(3), Wanted::Write);
    assert_eq!(client.written(7), Wanted::Close);
    client.feed(b"PING\r\n");
    assert_eq!(client.advance(), Wanted::Close);
}

#[test]
fn what_is_no_request_closes_the_connection_after_what_came_before() {
    let mut client = Client::alone();
    let replies = client.send(b"SET k v\r\nGET k\r\nGET k\r\n*1\r\n!\r\nGET k\r\n");
    assert_eq!(
        replies,
        b"+OK\r\n$1\r\nv\r\n$1\r\nv\r\n-ERR Protocol error: expected '$', got '!'\r\n"
    );
    assert_eq!(client.connection.wanted(), Wanted::Close);
}

#[test]
fn a_client_that_goes_is_told_what_it_asked() {
    let mut client = Client::alone();
    client.feed(b"PING\r\nPI");
    assert_eq!(client.advance(), Wanted::Both);
    assert_eq!(client.connection.close(), Wanted::Write);
    assert_eq!(client.connection.output(), b"+PONG\r\n");
    assert_eq!(client.written(7), Wanted::Close);
}

#[test]
fn who_does_not_read_is_not_served() {
    let mut settings = Settings::default();
    settings.output = 1000;
    let server = Server::new(Database::new(Store::new()), settings);
    let mut client = Client::new(&server);
    client.feed(format!("SET k {}\r\n", "x".repeat(100)).as_bytes());
    for _ in 0..1000 {
        client.feed(b"ECHO 0123456789\r\nINCR n\r\nGET k\r\n");
    }
    let mut wanted = client.advance();
    let (mut total, mut waits) = (0, 0);
    while wanted != Wanted::Read {
        waits += u32::from(wanted == Wanted::Write);
        let length = client.connection.output().len();
        assert!(length < 1200, "{length}");
        // Not all of it at once.
        total += length.min(700);
        wanted = client.written(length.min(700));
    }
    assert!(waits > 50, "{waits}");
    let replies = 5 + 1000 * 17 + (9 * 4 + 90 * 5 + 900 * 6 + 7) + 1000 * 108;
    assert_eq!(total, replies);
    assert_eq!(client.say("PING"), "+PONG|");
}

/// One of all kinds: inline and not, runs of GETs, errors, changes of the connection's state.
fn stream() -> Vec<u8> {
    let mut stream = Vec::new();
    for line in [
        "SET k v",
        "GET k",
        "GET k",
        "GET nope",
        "get k",
        "SET k w",
        "GET k",
        "MGET k k nope",
        "",
        "HELLO 3",
        "GET nope",
        "GET k",
        "CLIENT REPLY SKIP",
        "GET k",
        "GET k",
        "FOO",
        "GET",
        "INCR k",
        "SET 'a b' \"\\x00c\"",
        "GET 'a b'",
        "PING",
        "COMMAND GETKEYS GET k",
        "KEYS k",
        "CLIENT REPLY OFF",
        "GET k",
        "CLIENT REPLY ON",
        "RESET",
        "GET nope",
    ] {
        stream.extend_from_slice(format!("{line}\r\n").as_bytes());
    }
    purekv::resp::encode::request(&mut stream, [&b"SET"[..], b"bin", b"\r\n*1\r\n"]);
    for _ in 0..150 {
        purekv::resp::encode::request(&mut stream, [&b"GET"[..], b"bin"]);
    }
    stream.extend_from_slice(b"*0\r\n\r\nQUIT\r\nPING\r\n");
    stream
}

#[test]
fn any_cut_gives_the_same() {
    let stream = stream();
    let whole = Client::alone().send(&stream);
    assert!(whole.ends_with(b"+OK\r\n"));
    for cut in 0..=stream.len() {
        let mut client = Client::alone();
        let mut replies = client.send(&stream[..cut]);
        replies.extend(client.send(&stream[cut..]));
        assert_eq!(replies, whole, "cut at {cut}");
    }
    let mut client = Client::alone();
    let bytewise: Vec<u8> = stream.iter().flat_map(|byte| client.send(&[*byte])).collect();
    assert_eq!(bytewise, whole);
}

#[test]
fn hostile_bytes_do_no_harm() {
    let mut random = Random::new(5);
    let stream = stream();
    let (server, _) = server();
    let mut other = Client::new(&server);
    for _ in 0..2000 {
        let mut bytes = stream[random.below(stream.len() as u64) as usize..].to_vec();
        bytes.truncate(300);
        for _ in 0..random.below(6) {
            let place = random.below(bytes.len() as u64) as usize;
            bytes[place] = random.next() as u8;
        }
        let mut client = Client::new(&server);
        client.send(&bytes);
        assert_eq!(other.say("PING"), "+PONG|");
    }
}
