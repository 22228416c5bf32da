//! What connections learn of each other and do to each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use purekv::Store;
use purekv::server::{Connection, Database, Peer, Server, Settings, Wanted, Worker};

use crate::driver::{Client, server};

/// The value of a field of a line of CLIENT LIST.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}=");
    line.split(' ').find_map(|field| field.strip_prefix(prefix.as_str())).unwrap()
}

/// The lines of a reply in RESP2.
fn lines(reply: &str) -> Vec<String> {
    let (_, text) = reply.split_once('|').unwrap();
    let text = text.strip_suffix('|').unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The numbers of the connections that are shown.
fn ids(client: &mut Client, command: &str) -> Vec<String> {
    lines(&client.say(command)).iter().map(|line| field(line, "id").to_owned()).collect()
}

#[test]
fn the_list_tells_what_each_one_is() {
    let (server, hand) = server();
    let peer = Peer::new("10.0.0.1:5000").local("10.0.0.2:6379").descriptor(7);
    let mut other = Client::from(&server, peer);
    other.check(&[("CLIENT SETNAME writer", "+OK|"), ("SET k v", "+OK|")]);
    other.say("HELLO 3");
    hand.advance(Duration::from_secs(5));
    let mut client = Client::new(&server);
    client.say("CLIENT NO-EVICT ON");
    client.check(&[("CLIENT SETINFO LIB-NAME redis-py", "+OK|")]);
    hand.advance(Duration::from_secs(2));
    let shown = lines(&client.say("CLIENT LIST"));
    assert_eq!(shown.len(), 2);
    let beginning = "id=1 addr=10.0.0.1:5000 laddr=10.0.0.2:6379 fd=7 name=writer age=7 idle=7 flags=N \
        db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=";
    assert!(shown[0].starts_with(beginning), "{}", shown[0]);
    let end = " events=r cmd=hello user=default redir=-1 resp=3 lib-name= lib-ver=";
    assert!(shown[0].ends_with(end), "{}", shown[0]);
    for (name, value) in [
        ("id", "2"),
        ("addr", "test:1"),
        ("laddr", ""),
        ("fd", "-1"),
        ("age", "2"),
        ("idle", "0"),
        ("flags", "e"),
        ("qbuf", "13"),
        ("cmd", "client|list"),
        ("resp", "2"),
        ("lib-name", "redis-py"),
    ] {
        assert_eq!(field(&shown[1], name), value, "{name}");
    }
    let own = lines(&client.say("CLIENT INFO"));
    let without_memory = |line: &str| {
        let fields = line.split(' ').filter(|field| !field.starts_with("tot-mem="));
        fields.map(str::to_owned).collect::<Vec<_>>()
    };
    let told = shown[1].replace("client|list", "client|info");
    assert_eq!(without_memory(&own[0]), without_memory(&told));
}

#[test]
fn the_list_is_filtered() {
    let (server, _) = server();
    let mut clients: Vec<_> = (0..4).map(|_| Client::new(&server)).collect();
    let mut client = clients.pop().unwrap();
    assert_eq!(ids(&mut client, "CLIENT LIST ID 3 1 99"), ["1", "3"]);
    assert_eq!(ids(&mut client, "client list type NORMAL"), ["1", "2", "3", "4"]);
    client.check(&[("CLIENT LIST TYPE pubsub", "$0||"), ("CLIENT LIST ID 99", "$0||")]);
    drop(clients);
    assert_eq!(ids(&mut client, "CLIENT LIST"), ["4"]);
}

#[test]
fn who_is_killed_is_closed_by_its_own_thread() {
    let (server, _) = server();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let wake = move || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let mut worker = Worker::new(&server, wake);
    let mut other = Connection::new(&worker, "other:1");
    other.input(&mut worker).extend_from_slice(b"PING\r\nGE");
    assert_eq!(other.advance(&mut worker), Wanted::Both);
    let mut client = Client::new(&server);
    client.check(&[
        ("CLIENT KILL other:2", "-ERR No such client|"),
        ("CLIENT KILL other:1", "+OK|"),
        // It is gone at once for everybody.
        ("CLIENT KILL other:1", "-ERR No such client|"),
        ("CLIENT KILL ID 1", ":0|"),
    ]);
    assert_eq!(ids(&mut client, "CLIENT LIST"), ["2"]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(worker.woken(), [1]);
    // What was not written is not.
    assert_eq!(other.advance(&mut worker), Wanted::Close);
    assert_eq!(other.output(), b"");
    assert!(worker.woken().is_empty());
}

#[test]
fn who_kills_itself_is_told() {
    let (server, _) = server();
    let mut client = Client::new(&server);
    client.check(&[("CLIENT KILL ID 1", ":0|"), ("CLIENT KILL ID 1 SKIPME yes", ":0|")]);
    assert_eq!(client.say("CLIENT KILL ID 1 SKIPME no\r\nPING"), ":1|");
    assert_eq!(client.connection.wanted(), Wanted::Close);
    let mut client = Client::new(&server);
    assert_eq!(client.say("CLIENT KILL test:1\r\nPING"), "+OK|");
}

#[test]
fn filters_of_kill_are_all_meant() {
    let (server, _) = server();
    let of = |address: &str, local: &str| Client::from(&server, Peer::new(address).local(local));
    let [mut a, mut b, mut c] = [of("a:1", "x:1"), of("b:1", "x:1"), of("a:1", "y:1")];
    let mut client = Client::new(&server);
    client.check(&[
        ("CLIENT KILL ADDR a:1 LADDR z:1", ":0|"),
        ("CLIENT KILL ADDR a:1 TYPE replica", ":0|"),
        ("CLIENT KILL ADDR a:1 LADDR x:1", ":1|"),
        ("CLIENT KILL USER default TYPE normal", ":2|"),
    ]);
    for other in [&mut a, &mut b, &mut c] {
        assert_eq!(other.advance(), Wanted::Close);
    }
}

#[test]
fn who_waits_for_a_pause_goes_on_when_it_is_over() {
    let (server, hand) = server();
    let mut client = Client::new(&server);
    let mut other = Client::new(&server);
    client.say("CLIENT PAUSE 1000");
    // What is wrong is said all the same.
    other.check(&[("GET", "-ERR wrong number of arguments for 'get' command|")]);
    other.feed(b"SET k 'a b'\r\nGET k\r\nPI");
    assert_eq!(other.advance(), Wanted::Wait);
    assert_eq!(other.worker.wake_in(), Some(Duration::from_secs(1)));
    hand.advance(Duration::from_millis(600));
    assert!(other.worker.woken().is_empty());
    assert_eq!(other.worker.wake_in(), Some(Duration::from_millis(400)));
    // Nor is it carried out when it is looked at for another reason.
    other.feed(b"NG\r\n");
    assert_eq!(other.advance(), Wanted::Wait);
    let flags = |client: &mut Client| {
        let shown = client.say("CLIENT LIST ID 2");
        field(&lines(&shown)[0], "flags").to_owned()
    };
    hand.advance(Duration::from_millis(400));
    assert_eq!(flags(&mut client), "b");
    assert_eq!(other.worker.woken(), [2]);
    assert_eq!(other.send(b""), b"+OK\r\n$3\r\na b\r\n+PONG\r\n");
    assert_eq!(other.worker.wake_in(), None);
    assert_eq!(flags(&mut client), "N");
}

#[test]
fn what_waits_is_as_it_came() {
    // Blank lines, quotes, other forms, and a part of a request, cut anywhere; it waits from its third request on.
    let stream = b"\r\n\r\nGET a\r\nGET 'b c'\r\nSET 'b c' \"d\\x20e\"\r\n*2\r\n$3\r\nGET\r\n$3\r\nb c\r\n\r\nSET a 'x y'\r\nGET a\r\nDEL a 'b c'\r\nPI";
    let replies = b"$-1\r\n$-1\r\n+OK\r\n$3\r\nd e\r\n+OK\r\n$3\r\nx y\r\n:2\r\n+PONG\r\n";
    for cut in 0..stream.len() {
        let (server, hand) = server();
        let mut client = Client::new(&server);
        let mut other = Client::new(&server);
        client.say("CLIENT PAUSE 1000 WRITE");
        let mut output = Vec::new();
        let mut take = |client: &mut Client| {
            output.extend_from_slice(client.connection.output());
            client.written(client.connection.output().len());
        };
        other.feed(&stream[..cut]);
        other.advance();
        take(&mut other);
        other.feed(&stream[cut..]);
        other.advance();
        take(&mut other);
        assert_eq!(other.connection.wanted(), Wanted::Wait);
        hand.advance(Duration::from_secs(1));
        assert_eq!(other.worker.woken(), [2]);
        other.feed(b"NG\r\n");
        other.advance();
        take(&mut other);
        assert_eq!(output.escape_ascii().to_string(), replies.escape_ascii().to_string(), "{cut}");
    }
}

#[test]
fn a_pause_of_writes_ends_when_it_is_told_to() {
    let (server, _) = server();
    let mut client = Client::new(&server);
    let mut other = Client::new(&server);
    client.check(&[("CLIENT PAUSE 100000 WRITE", "+OK|"), ("PING", "+PONG|")]);
    other.feed(b"GET k\r\nSET k v\r\nGET k\r\n");
    assert_eq!(other.advance(), Wanted::Write);
    assert_eq!(other.written(5), Wanted::Wait);
    client.check(&[("CLIENT UNPAUSE", "+OK|"), ("SET k w", "+OK|")]);
    assert_eq!(other.worker.woken(), [2]);
    assert_eq!(other.send(b""), b"+OK\r\n$1\r\nv\r\n");
}

#[test]
fn who_waits_can_be_closed() {
    let (server, _) = server();
    let mut client = Client::new(&server);
    client.say("CLIENT PAUSE 100000");
    let [mut other, mut third] = [(), ()].map(|()| Client::new(&server));
    for waiting in [&mut other, &mut third] {
        waiting.feed(b"PING\r\n");
        assert_eq!(waiting.advance(), Wanted::Wait);
    }
    assert_eq!(other.connection.close(), Wanted::Close);
    assert_eq!(other.advance(), Wanted::Close);
    assert_eq!(other.connection.output(), b"");
}

#[test]
fn no_more_come_than_may() {
    let mut settings = Settings::default();
    settings.max_clients = 2;
    let server = Server::new(Database::new(Store::new()), settings);
    let (a, _b) = (Client::new(&server), Client::new(&server));
    let refusal = server.admit().unwrap_err();
    assert_eq!(refusal, b"-ERR max number of clients reached\r\n");
    drop(a);
    assert!(server.admit().is_ok());
}

#[test]
fn who_says_nothing_is_overdue() {
    let (clock, hand) = purekv::Clock::manual();
    let mut settings = Settings::default();
    settings.timeout = Some(Duration::from_secs(10));
    let store = Store::builder().clock(clock).expiry(purekv::Expiry::Manual).build();
    let server = Server::new(Database::new(store), settings);
    let mut client = Client::new(&server);
    hand.advance(Duration::from_secs(10));
    assert!(!client.connection.is_overdue());
    hand.advance(Duration::from_millis(1));
    assert!(client.connection.is_overdue());
    client.say("PING");
    assert!(!client.connection.is_overdue());
    // Nor is a reply that is on its way.
    client.feed(b"ECHO 0123456789\r\n");
    client.advance();
    hand.advance(Duration::from_secs(9));
    client.written(5);
    hand.advance(Duration::from_secs(9));
    assert!(!client.connection.is_overdue());
    client.written(12);
    // Whose request waits has said something.
    client.say("CLIENT PAUSE 100000");
    client.feed(b"PING\r\n");
    assert_eq!(client.advance(), Wanted::Wait);
    hand.advance(Duration::from_secs(20));
    assert!(!client.connection.is_overdue());
}

#[test]
fn who_does_not_fetch_is_closed_if_there_is_a_limit() {
    let mut settings = Settings::default();
    settings.output_limit = Some(1000);
    let server = Server::new(Database::new(Store::new()), settings);
    let mut client = Client::new(&server);
    client.say(&format!("SET k {}", "v".repeat(900)));
    assert_eq!(client.send(b"GET k\r\n").len(), 908);
    client.feed(b"GET k\r\nGET k\r\n");
    assert_eq!(client.advance(), Wanted::Close);
    assert_eq!(client.connection.output(), b"");
}
