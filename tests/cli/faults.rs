//! `purekv cli` with servers that go away, say nothing, or nonsense.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use crate::{complaint, printed, purekv, text};

/// What is said to each request of a connection, which is closed then. To `None` nothing is said.
pub(crate) type Script = &'static [&'static [Option<&'static str>]];

pub(crate) struct Server {
    pub(crate) port: String,
    /// Says when a connection was closed.
    pub(crate) closed: mpsc::Receiver<()>,
    /// All requests, their words parted by spaces.
    pub(crate) requests: JoinHandle<Vec<String>>,
}

/// The words of the requests in there, which are whole.
fn words(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut requests: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        match line.as_bytes().first() {
            Some(b'*') => requests.push(Vec::new()),
            Some(b'$') => {}
            _ => requests.last_mut().expect("a request begins with its count").push(line),
        }
    }
    requests.iter().map(|words| words.join(" ")).collect()
}

pub(crate) fn serve(script: Script) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port().to_string();
    let (closing, closed) = mpsc::channel();
    let requests = thread::spawn(move || {
        let mut requests = Vec::new();
        for replies in script {
            let (mut stream, _) = listener.accept().expect("a client");
            for reply in *replies {
                let mut bytes = [0; 1024];
                // The client writes a request at once.
                let length = stream.read(&mut bytes).expect("a request");
                requests.extend(words(&bytes[..length]));
                let _ = stream.write_all(reply.unwrap_or_default().as_bytes());
            }
            drop(stream);
            let _ = closing.send(());
        }
        requests
    });
    Server { port, closed, requests }
}

/// Lines in, lines out.
struct Client(Child, BufReader<std::process::ChildStdout>);

impl Client {
    fn start(server: &Server) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_purekv"));
        command.args(["cli", "-p", &server.port]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("it was asked for"));
        Self(process, output)
    }

    fn say(&mut self, line: &str) {
        let input = self.0.stdin.as_mut().expect("it was asked for");
        input.write_all(format!("{line}\n").as_bytes()).expect("it reads");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).expect("text");
        line
    }

    fn end(self) -> Output {
        self.0.wait_with_output().expect("it ends")
    }
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_opened_again() {
    let server = serve(&[&[Some("+OK\r\n")], &[Some("+OK\r\n"), Some(":2\r\n")]]);
    let mut client = Client::start(&server);
    client.say("select 3");
    assert_eq!(client.hear(), "OK\n");
    server.closed.recv().expect("it closes");
    client.say("incr a");
    assert_eq!(client.hear(), "2\n");
    assert!(client.end().status.success());
    assert_eq!(server.requests.join().expect("no panic"), ["select 3", "SELECT 3", "incr a"]);
}

#[test]
fn a_command_that_reads_is_sent_again() {
    let server = serve(&[&[None], &[Some("$1\r\nx\r\n")]]);
    assert_eq!(printed(&purekv(&["cli", "-p", &server.port, "get", "a"])), "x\n");
    assert_eq!(server.requests.join().expect("no panic"), ["get a", "get a"]);
}

#[test]
fn a_command_that_may_have_been_carried_out_is_not() {
    for command in ["incr", "lpop"] {
        let server = serve(&[&[None]]);
        let output = purekv(&["cli", "-p", &server.port, command, "a"]);
        let told = complaint(&output);
        assert!(
            told.contains("connection was lost: the server has closed it; it may have"),
            "{told}"
        );
        assert!(told.contains(&command.to_uppercase()), "{told}");
        assert_eq!(server.requests.join().expect("no panic"), [format!("{command} a")]);
    }
}

#[test]
fn a_transaction_ends_with_its_connection() {
    for (begin, name) in [("multi", "MULTI"), ("watch a", "WATCH")] {
        let server = serve(&[&[Some("+OK\r\n")]]);
        let mut client = Client::start(&server);
        client.say(begin);
        assert_eq!(client.hear(), "OK\n");
        server.closed.recv().expect("it closes");
        client.say("set a 1");
        let output = client.end();
        assert_eq!(output.status.code(), Some(1));
        let told = text(&output.stderr);
        let expected = format!("what {name} began with it: SET was not sent");
        assert!(told.contains(&expected), "{told}");
        assert_eq!(server.requests.join().expect("no panic"), [begin]);
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port().to_string();
    let output = purekv(&["cli", "-p", &port, "-t", "0.2", "get", "a"]);
    assert!(complaint(&output).contains(": GET: no reply within 200ms; "), "{output:?}");
}

#[test]
fn nonsense_is_no_reply() {
    let server = serve(&[&[Some("HTTP/1.1 400 Bad Request\r\n\r\n")]]);
    let output = purekv(&["cli", "-p", &server.port, "get", "a"]);
    let told = complaint(&output);
    assert!(
        told.contains("GET: what came is no reply: at byte 0: expected a frame, found"),
        "{told}"
    );
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("it has one").port().to_string()
    };
    let output = purekv(&["cli", "-p", &port, "ping"]);
    assert!(complaint(&output).starts_with(&format!("purekv: 127.0.0.1:{port}: cannot connect: ")));
    let output = purekv(&["cli", "-u", "redis://:secret@h:x", "ping"]);
    let told = text(&output.stderr);
    assert!(told.contains("expected redis://") && !told.contains("secret"), "{told}");
}

#[test]
fn the_server_may_be_told_to_end() {
    let server = serve(&[&[None]]);
    assert_eq!(printed(&purekv(&["cli", "-p", &server.port, "shutdown"])), "");
    assert_eq!(server.requests.join().expect("no panic"), ["shutdown"]);
}

#[test]
fn messages_are_shown_until_the_server_goes() {
    const MESSAGES: &str =
        "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n";
    let server = serve(&[&[Some(MESSAGES)]]);
    let output = purekv(&["cli", "-p", &server.port, "--no-raw", "subscribe", "c"]);
    let expected = "Reading messages... (press Ctrl-C to quit)\n1) \"subscribe\"\n2) \"c\"\n3) (integer) 1\n1) \"message\"\n2) \"c\"\n3) \"hi\"\n";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(1));
}
