//! Servers, for as long as a test takes.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use purekv::Store;
use purekv::client::{Builder, Client};
use purekv::server::net::{self, Listener, NetSettings};
use purekv::server::{Database, Server, Settings};

use crate::folder::Folder;

/// What there is to be served by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Ours,
    /// A real one, where it is installed.
    Redis,
}

pub(crate) const KINDS: [Kind; 2] = [Kind::Ours, Kind::Redis];

/// A server that ends when it is dropped.
pub(crate) struct Served {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    folder: Folder,
    _process: Process,
}

enum Process {
    Ours { _ended: Ours },
    Redis { _ended: Redis },
}

/// Runs a test against each kind of server that there is.
pub(crate) fn each(test: impl Fn(&Served)) {
    for served in KINDS.iter().filter_map(|kind| kind.start(free_port(), None)) {
        println!("{:?}", served.kind);
        test(&served);
    }
}

/// For clients that can wait: the machine may have much else to do.
pub(crate) fn patient(address: &str) -> Builder {
    const LONG: Duration = Duration::from_secs(120);
    Client::builder(address).connect_timeout(LONG).call_timeout(LONG)
}

/// One that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Kind {
    /// `None`, and a message, if there is no such server here.
    pub(crate) fn start(self, port: u16, password: Option<&str>) -> Option<Served> {
        match self {
            Self::Ours => {
                let mut settings = Settings::default();
                settings.password = password.map(|password| password.as_bytes().to_vec());
                Some(Served::ours(port, settings, |listener| listener))
            }
            Self::Redis => {
                let args = password.map(|password| ["--requirepass", password]);
                Served::redis(port, args.as_ref().map_or(&[], |args| args))
            }
        }
    }
}

impl Served {
    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn socket(&self) -> String {
        format!("unix:{}", self.folder.file("socket").display())
    }

    pub(crate) fn builder(&self) -> Builder {
        patient(&self.address())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().connect().unwrap()
    }

    /// What comes by TCP may be `secured`.
    pub(crate) fn ours(
        port: u16,
        settings: Settings,
        secured: impl FnOnce(Listener) -> Listener,
    ) -> Self {
        let folder = Folder::new(&format!("client-{port}"));
        let tcp = Listener::tcp(TcpListener::bind(("127.0.0.1", port)).unwrap()).unwrap();
        let unix = UnixListener::bind(folder.file("socket")).unwrap();
        let listeners = vec![secured(tcp), Listener::unix(unix).unwrap()];
        let server = Server::new(Database::new(Store::new()), settings);
        let running = server.clone();
        let run = move || net::run(&running, listeners, &NetSettings::default()).unwrap();
        let ours = Ours { server, thread: Some(std::thread::spawn(run)) };
        Self { kind: Kind::Ours, port, folder, _process: Process::Ours { _ended: ours } }
    }

    /// `None`, and a message, if there is no Redis here.
    pub(crate) fn redis(port: u16, args: &[&str]) -> Option<Self> {
        let folder = Folder::new(&format!("client-{port}"));
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--port", &port.to_string(), "--dir"]).arg(folder.path());
        command.arg("--unixsocket").arg(folder.file("socket")).args(args);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut redis = match command.spawn() {
            Ok(process) => Redis(process),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("skipped: there is no redis-server here");
                return None;
            }
            Err(error) => panic!("redis-server: {error}"),
        };
        let log = BufReader::new(redis.0.stdout.take().unwrap());
        let is_ready = |line: &String| line.contains("eady to accept connections");
        let ready = log.lines().map_while(Result::ok).find(is_ready);
        assert!(ready.is_some(), "redis-server ended before it was ready");
        Some(Self { kind: Kind::Redis, port, folder, _process: Process::Redis { _ended: redis } })
    }
}

struct Ours {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.server.shutdown();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Redis(Child);

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
