//! A client's end of a connection.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use purekv::resp::decode::FrameDecoder;
use socket2::SockRef;

/// Longer than anything takes: a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Wire<S = TcpStream> {
    pub(crate) stream: S,
    decoder: FrameDecoder,
    /// What has come and was not asked for yet.
    come: Vec<u8>,
}

impl Wire {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self::over(stream)
    }

    /// For who reads while somebody else writes.
    pub(crate) fn twin(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// Sends nothing more.
    pub(crate) fn finish(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Goes as a process that is killed, or a machine that restarts: by a reset.
    pub(crate) fn vanish(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Whether nothing comes for a while.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let read = self.stream.read(&mut [0]);
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let is_late = |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
        read.is_err_and(|error| is_late(error.kind()))
    }
}

impl<S: Read + Write> Wire<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, decoder: FrameDecoder::default(), come: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    /// One reply, as it came.
    pub(crate) fn reply(&mut self) -> Vec<u8> {
        let mut at = 0;
        loop {
            let step = self.decoder.decode(&self.come[at..]).unwrap();
            at += step.length;
            if step.frame.is_some() {
                return self.come.drain(..at).collect();
            }
            let mut piece = [0; 16 << 10];
            let length = self.stream.read(&mut piece).unwrap();
            assert!(length > 0, "closed after {:?}", self.come.escape_ascii().to_string());
            self.come.extend_from_slice(&piece[..length]);
        }
    }

    /// An inline command, and its reply with `|` for line ends.
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        String::from_utf8(self.reply()).unwrap().replace("\r\n", "|")
    }

    /// The text of a reply that is one string.
    pub(crate) fn text(&mut self, line: &str) -> String {
        let reply = self.say(line);
        reply.split_once('|').unwrap().1.trim_end_matches('|').to_owned()
    }

    /// All that comes until the server closes; a reset is an end, too.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.come);
        if let Err(error) = self.stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "after {} bytes", rest.len());
        }
        rest
    }
}

/// A field of a line of CLIENT LIST.
pub(crate) fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let fields = line.split_whitespace().filter_map(|field| field.split_once('='));
    fields.into_iter().find(|(key, _)| *key == name).expect("CLIENT LIST has it").1
}
