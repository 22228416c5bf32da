//! A server on a free port of this machine, for as long as a test takes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use purekv::Store;
use purekv::server::net::{self, Listener, NetSettings};
use purekv::server::{Database, Server, Settings};

use crate::wire::Wire;

pub(crate) struct Host {
    pub(crate) server: Arc<Server>,
    pub(crate) address: SocketAddr,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default(), 2)
    }

    pub(crate) fn with(settings: Settings, threads: usize) -> Self {
        Self::on(Store::new(), settings, threads, |listener| listener)
    }

    pub(crate) fn on(
        store: Store,
        settings: Settings,
        threads: usize,
        dress: impl FnOnce(Listener) -> Listener,
    ) -> Self {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self::serving(store, settings, dress(listener), net(threads))
    }

    pub(crate) fn serving(
        store: Store,
        settings: Settings,
        listener: Listener,
        net: NetSettings,
    ) -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let address = listener.local_addr().unwrap_or(nowhere);
        let server = Server::new(Database::new(store), settings);
        let served = server.clone();
        let run = move || net::run(&served, vec![listener], &net);
        Self { server, address, thread: Some(thread::spawn(run)) }
    }

    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// Once the server has been told to end: that it has, without an error.
    pub(crate) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.shutdown();
        if !thread::panicking() {
            self.join();
        }
    }
}

pub(crate) fn net(threads: usize) -> NetSettings {
    let mut net = NetSettings::default();
    net.threads = threads;
    net
}

/// Waits for what another thread is about to do.
#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "it does not come to that");
        thread::park_timeout(Duration::from_millis(2));
    }
}
