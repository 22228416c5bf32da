//! Servers, for as long as a test takes.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use purekv::Store;
use purekv::client::{Builder, Client};
use purekv::server::{Connection, Database, Server, Settings};

use crate::folder::Folder;

pub(crate) struct Served {
    /// For messages.
    pub(crate) name: &'static str,
    /// `host:port`.
    pub(crate) address: String,
    _process: Option<Redis>,
}

impl Served {
    pub(crate) fn builder(&self) -> Builder {
        Client::builder(&self.address)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().connect().unwrap()
    }

    /// Our own: the connections of `purekv::server`, each on a thread.
    pub(crate) fn ours(settings: Settings) -> Self {
        let server = Server::new(Database::new(Store::new()), settings);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, server) = (stream.unwrap(), server.clone());
                std::thread::spawn(move || serve(stream, &server));
            }
        });
        Self { name: "purekv", address, _process: None }
    }

    /// `None`, and a message, if there is no Redis here.
    pub(crate) fn redis(args: &[&str]) -> Option<Self> {
        let process = Redis::start(free_port(), args)?;
        let address = format!("127.0.0.1:{}", process.port);
        Some(Self { name: "redis", address, _process: Some(process) })
    }
}

/// Runs a test against each kind of server that there is.
pub(crate) fn each(test: impl Fn(&Served)) {
    let ours = Served::ours(Settings::default());
    for served in [Some(ours), Served::redis(&[])].into_iter().flatten() {
        println!("{}", served.name);
        test(&served);
    }
}

fn serve(mut stream: TcpStream, server: &Arc<Server>) {
    let mut connection = Connection::new(server, "test:1");
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => connection.input().extend_from_slice(&buffer[..length]),
        }
        connection.advance();
        while !connection.output().is_empty() {
            let length = connection.output().len();
            if stream.write_all(connection.output()).is_err() {
                return;
            }
            connection.written(length);
        }
    }
}

/// One that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A real Redis.
pub(crate) struct Redis {
    process: Child,
    pub(crate) port: u16,
    folder: Folder,
}

impl Redis {
    pub(crate) fn start(port: u16, args: &[&str]) -> Option<Self> {
        let folder = Folder::new(&format!("client-{port}"));
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--port", &port.to_string(), "--dir"]).arg(folder.path());
        command.arg("--unixsocket").arg(folder.file("socket")).args(args);
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
        Some(Self { process, port, folder })
    }

    pub(crate) fn socket(&self) -> String {
        format!("unix:{}", self.folder.file("socket").display())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
