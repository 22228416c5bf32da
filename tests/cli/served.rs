//! `purekv serve`, for as long as a test takes.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::wire::Wire;

/// With these arguments, and nothing of this process's environment that would count.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_purekv"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PUREKV_") {
            command.env_remove(name);
        }
    }
    command.arg("serve").args(arguments).stdin(Stdio::null());
    command
}

/// One that does not come to serve.
pub(crate) fn refused(arguments: &[&str]) -> Output {
    let mut process = command(arguments);
    process.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = process.spawn().expect("it starts");
    let start = Instant::now();
    while process.try_wait().expect("it is ours").is_none() {
        if start.elapsed() > Duration::from_secs(20) {
            let _ = process.kill();
            panic!("{arguments:?} serves");
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    process.wait_with_output().expect("it has ended")
}

pub(crate) struct Served {
    process: Child,
    /// What it said when it was ready.
    pub(crate) line: String,
    pub(crate) address: SocketAddr,
}

impl Served {
    /// At a free port.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::from(command(&[&["--port", "0", "--bind", "127.0.0.1"], arguments].concat()))
    }

    pub(crate) fn from(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("text");
        let address = line.split([' ', ',', ';']).find_map(|word| word.parse().ok());
        let Some(address) = address else {
            let _ = process.kill();
            let mut complaint = String::new();
            let _ = process.stderr.take().map(|mut said| said.read_to_string(&mut complaint));
            panic!("{command:?} says {line:?}, {complaint}");
        };
        Self { process, line, address }
    }

    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("sh");
        kill.arg("-c").arg(format!("kill -{name} {}", self.process.id()));
        assert!(kill.status().expect("there is a shell").success());
    }

    /// How it has ended, and its log.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("it is ours") {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "it does not end");
            thread::park_timeout(Duration::from_millis(2));
        };
        let mut log = String::new();
        let mut said = self.process.stderr.take().expect("it was asked for");
        said.read_to_string(&mut log).expect("text");
        (status, log)
    }

    /// A signal, and then a good end.
    pub(crate) fn terminate(self) -> String {
        self.signal("TERM");
        let (status, log) = self.wait();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    /// As if the power had gone, for this process.
    pub(crate) fn kill(mut self) {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it ends");
    }

    /// A line of /proc/PID/status, in KiB.
    #[cfg(target_os = "linux")]
    pub(crate) fn memory(&self, name: &str) -> usize {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let text = text.expect("it runs");
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("it is there");
        line.split_whitespace().find_map(|word| word.parse().ok()).expect("a number")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for what another process is about to do.
#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(15), "it does not come to that");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// The value of a line of INFO.
pub(crate) fn info(wire: &mut Wire, name: &str) -> String {
    let text = wire.text("INFO everything");
    let lines = text.split('|').filter_map(|line| line.split_once(':'));
    let found = lines.into_iter().find(|(key, _)| *key == name);
    found.unwrap_or_else(|| panic!("no {name} in {text}")).1.to_owned()
}
