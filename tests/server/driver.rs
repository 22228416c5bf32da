//! A client without a socket.

use std::sync::Arc;

use purekv::server::{Connection, Database, Peer, Server, Settings, Wanted, Worker};
use purekv::{Clock, Expiry, ManualClock, Store};

/// A server on an empty store whose clock stands until it is moved.
pub(crate) fn server() -> (Arc<Server>, ManualClock) {
    let (clock, hand) = Clock::manual();
    let store = Store::builder().clock(clock).expiry(Expiry::Manual).build();
    (Server::new(Database::new(store), Settings::default()), hand)
}

pub(crate) struct Client {
    pub(crate) connection: Connection,
    pub(crate) worker: Worker,
}

impl Client {
    pub(crate) fn new(server: &Arc<Server>) -> Self {
        Self::from(server, "test:1")
    }

    /// At an address.
    pub(crate) fn from(server: &Arc<Server>, peer: impl Into<Peer>) -> Self {
        let worker = Worker::new(server, || ());
        Self { connection: Connection::new(&worker, peer), worker }
    }

    /// On a server of its own.
    pub(crate) fn alone() -> Self {
        Self::new(&server().0)
    }

    /// What it replies to these bytes, all of it.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.feed(bytes);
        let mut wanted = self.advance();
        let mut replies = Vec::new();
        while !self.connection.output().is_empty() {
            assert!(matches!(wanted, Wanted::Write | Wanted::Both));
            let length = self.connection.output().len();
            replies.extend_from_slice(self.connection.output());
            wanted = self.written(length);
        }
        assert!(matches!(wanted, Wanted::Read | Wanted::Close));
        replies
    }

    /// Bytes come in, and nothing is done about them.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.connection.input(&mut self.worker).extend_from_slice(bytes);
    }

    pub(crate) fn advance(&mut self) -> Wanted {
        self.connection.advance(&mut self.worker)
    }

    pub(crate) fn written(&mut self, length: usize) -> Wanted {
        self.connection.written(length, &mut self.worker)
    }

    /// An inline command, and the reply with `|` for line ends.
    pub(crate) fn say(&mut self, line: &str) -> String {
        let replies = self.send(format!("{line}\r\n").as_bytes());
        String::from_utf8(replies).unwrap().replace("\r\n", "|")
    }

    /// Commands, each with its reply.
    #[track_caller]
    pub(crate) fn check(&mut self, script: &[(&str, &str)]) {
        for (line, reply) in script {
            assert_eq!(self.say(line), *reply, "{line}");
        }
    }
}

/// A script in both versions of the protocol, on a server of its own each. `_` stands for what is a null there.
#[track_caller]
pub(crate) fn both(script: &[(&str, &str)]) {
    for (version, null) in [("2", "$-1|"), ("3", "_|")] {
        let mut client = Client::alone();
        client.say(&format!("HELLO {version}"));
        for (line, reply) in script {
            assert_eq!(client.say(line), reply.replace("_|", null), "{line} in RESP{version}");
        }
    }
}
