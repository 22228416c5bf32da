//! `purekv serve`: the server as a program.

mod metrics;
mod options;
mod sockets;
mod store;
mod tls;
mod units;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc;

use purekv::server::net::{self, NetSettings};
use purekv::server::{Database, Listens, Server, Settings};
use tracing::level_filters::LevelFilter;

use metrics::Exporter;
pub(crate) use options::Options as Serve;
use options::{LogLevel, Switch};
use sockets::Sockets;

impl Serve {
    /// Serves until it is told to end. What is to be said at the end, besides the log.
    pub(crate) fn run(self) -> Result<String, String> {
        let options = self.with_file()?;
        log(options.log_level.unwrap_or(LogLevel::Info));
        let mut sockets = Sockets::open(&options)?;
        sockets::make_room(options.max_clients.unwrap_or(Settings::default().max_clients));
        let (store, began) = store::open(&options)?;
        let net = net_settings(&options);
        let server = Server::new(Database::new(store), settings(&options, &sockets, &net));
        let exporter = options.metrics.map(|address| Exporter::start(address, &server));
        let exporter = exporter.transpose()?;
        obey_signals(&server)?;
        greet(&sockets, &net, &began, exporter.as_ref())?;
        let listeners = std::mem::take(&mut sockets.listeners);
        let served = net::run(&server, listeners, &net);
        drop(exporter);
        let saved = server.save_at_exit()?;
        tracing::info!(saved, "ended");
        served.map_err(|error| format!("sockets: {error}"))?;
        Ok(String::new())
    }
}

fn net_settings(options: &Serve) -> NetSettings {
    let mut net = NetSettings::default();
    net.threads = options.threads.filter(|threads| *threads > 0).unwrap_or(net.threads);
    net.protected = options.protected_mode != Some(Switch::No);
    net
}

fn settings(options: &Serve, sockets: &Sockets, net: &NetSettings) -> Settings {
    let mut settings = Settings::default();
    settings.password = options.require_pass.clone().map(String::into_bytes);
    settings.password = settings.password.filter(|password| !password.is_empty());
    settings.max_clients = options.max_clients.unwrap_or(settings.max_clients);
    settings.timeout = options.timeout.and_then(|time| time.get());
    settings.dump = options.dump.clone();
    settings.dump_at_end = true;
    settings.save_interval = options.save_interval.and_then(|time| time.get());
    settings.debug = options.enable_debug_command == Some(Switch::Yes);
    settings.listens = Listens {
        port: sockets.port,
        bind: sockets.addresses.clone(),
        socket: sockets.path.as_ref().map(|file| file.0.clone()),
        threads: net.threads,
    };
    settings
}

/// The first signal ends the server in good order, the second at once.
fn obey_signals(server: &Arc<Server>) -> Result<(), String> {
    let (sender, signals) = mpsc::channel();
    let told = |error: &dyn std::fmt::Display| format!("signals: {error}");
    ctrlc::set_handler(move || {
        let _ = sender.send(());
    })
    .map_err(|error| told(&error))?;
    let server = server.clone();
    let thread = std::thread::Builder::new().name("purekv-signals".to_owned());
    let thread = thread.spawn(move || {
        for (before, ()) in signals.iter().enumerate() {
            if before > 0 {
                tracing::warn!("a second signal: ends at once");
                std::process::exit(1);
            }
            tracing::info!("a signal: clients get their replies, and no more is accepted");
            server.shutdown();
        }
    });
    thread.map(drop).map_err(|error| told(&error))
}

/// One line, once clients may come: tests and scripts wait for it.
fn greet(
    sockets: &Sockets,
    net: &NetSettings,
    began: &str,
    exporter: Option<&Exporter>,
) -> Result<(), String> {
    let (version, places) = (env!("CARGO_PKG_VERSION"), sockets.places.join(", "));
    let threads = net.threads;
    let mut line = format!(
        "purekv {version} serves at {places}; {threads} threads, pid {}",
        std::process::id()
    );
    for more in [
        began.to_owned(),
        exporter.map(|on| format!("figures at {}", on.address())).unwrap_or_default(),
    ] {
        if !more.is_empty() {
            line += "; ";
            line += &more;
        }
    }
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    written.map_err(|error| format!("standard output: {error}"))
}

fn log(level: LogLevel) {
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}
