//! A real Redis, for as long as a test takes.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use purekv::resp::decode::FrameDecoder;
use purekv::resp::encode;
use purekv::resp::frame::Frame;

use crate::folder::Folder;

pub(crate) struct Server {
    process: Child,
    socket: PathBuf,
    _folder: Folder,
}

impl Server {
    /// `None`, and a message, if there is no Redis here.
    pub(crate) fn start(name: &str) -> Option<Self> {
        Self::start_with(name, &[])
    }

    /// With more arguments on its command line.
    pub(crate) fn start_with(name: &str, args: &[&str]) -> Option<Self> {
        let folder = Folder::new(name);
        let socket = folder.file("socket");
        let mut command = Command::new("redis-server");
        command
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket);
        command.arg("--dir").arg(folder.path()).args(args);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = match command.spawn() {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("skipped: there is no redis-server here");
                return None;
            }
            Err(error) => panic!("redis-server: {error}"),
        };
        let log = BufReader::new(process.stdout.take().unwrap());
        let is_ready = |line: &String| line.contains("eady to accept connections");
        let ready = log.lines().map_while(Result::ok).find(is_ready);
        assert!(ready.is_some(), "redis-server ended before it was ready");
        Some(Self { process, socket, _folder: folder })
    }

    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.socket).unwrap()
    }

    /// All that it says to these bytes, until it or we have no more to say.
    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn replies(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // It may close the connection before it has read all.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut replies = Vec::new();
        if let Err(error) = stream.read_to_end(&mut replies) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        replies
    }

    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn client(&self) -> Client {
        Client { stream: self.connect(), decoder: FrameDecoder::default(), buffer: Vec::new() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A connection to it.
pub(crate) struct Client {
    stream: UnixStream,
    decoder: FrameDecoder,
    buffer: Vec<u8>,
}

impl Client {
    #[allow(dead_code, reason = "not by all")]
    pub(crate) fn call(&mut self, args: &[&[u8]]) -> Frame {
        let mut bytes = Vec::new();
        encode::request(&mut bytes, args.iter().copied());
        self.stream.write_all(&bytes).unwrap();
        loop {
            let step = self.decoder.decode(&self.buffer).unwrap();
            self.buffer.drain(..step.length);
            if let Some(frame) = step.frame {
                return frame;
            }
            let mut piece = [0; 4096];
            let length = self.stream.read(&mut piece).unwrap();
            assert!(length > 0, "the server has gone");
            self.buffer.extend_from_slice(&piece[..length]);
        }
    }
}
