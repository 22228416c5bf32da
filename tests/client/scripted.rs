//! A server that says what it is told to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use purekv::client::Builder;

use crate::served::patient;

pub(crate) struct Scripted {
    pub(crate) address: String,
    connections: Arc<AtomicUsize>,
}

impl Scripted {
    /// `script` gets each connection and its number, from 1, on a thread of its own.
    pub(crate) fn start(script: impl Fn(Peer, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let (script, count) = (Arc::new(script), connections.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, stream) = (script.clone(), stream.unwrap());
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                std::thread::spawn(move || script(Peer { stream }, number));
            }
        });
        Self { address, connections }
    }

    pub(crate) fn builder(&self) -> Builder {
        patient(&self.address)
    }

    /// How many there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A connection's other end.
pub(crate) struct Peer {
    stream: TcpStream,
}

impl Peer {
    /// Waits for anything to come; what has come. Empty: the client has closed.
    pub(crate) fn hear(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 64 << 10];
        let length = self.stream.read(&mut bytes).unwrap_or(0);
        bytes.truncate(length);
        bytes
    }

    /// Whether it could be said.
    pub(crate) fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The same reply to everything, until the client closes.
    pub(crate) fn always(mut self, reply: &[u8]) {
        while !self.hear().is_empty() && self.say(reply) {}
    }

    /// Until the client closes.
    pub(crate) fn wait_for_end(mut self) {
        while !self.hear().is_empty() {}
    }

    pub(crate) fn close(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
