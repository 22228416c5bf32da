//! `purekv cli` with `purekv serve`: one binary, both ends.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::folder::Folder;
use crate::talk::{LINES, client_at, compare, fed, sets};
use crate::{path, printed, purekv};

struct Served {
    process: Child,
    socket: PathBuf,
    /// Where it listens besides.
    address: String,
    _folder: Folder,
}

impl Served {
    fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        let socket = folder.file("socket");
        let mut command = Command::new(env!("CARGO_BIN_EXE_purekv"));
        command.args([
            "serve",
            "--port",
            "0",
            "--bind",
            "127.0.0.1",
            "--unix-socket",
            path(&socket),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("it starts");
        // It says where it is once clients may come.
        let mut line = String::new();
        let output = process.stdout.as_mut().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("text");
        let at = line.find("127.0.0.1:").expect("an address");
        let address = line[at..].split([',', ';', ' ']).next().expect("it goes on").to_owned();
        Self { process, socket, address, _folder: folder }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn lines_are_answered_as_by_redis_cli() {
    let server = Served::start("cli-own");
    for arguments in [&["--raw"][..], &["--no-raw"], &["-3"], &["-3", "--no-raw"]] {
        compare(&server.socket, arguments, LINES);
    }
}

#[test]
fn requests_go_in_and_come_out() {
    let server = Served::start("cli-own-mass");
    let (host, port) = server.address.split_once(':').expect("a port");
    let call = |arguments: &[&str]| purekv(&[&["cli", "-h", host, "-p", port], arguments].concat());
    let output = fed(client_at(&server.socket, &["--pipe"]), &sets(20_000)).expect("it starts");
    assert!(printed(&output).ends_with("errors: 0, replies: 20000\n"), "{output:?}");
    assert_eq!(printed(&call(&["dbsize"])), "20000\n");
    let listed = call(&["--scan", "--pattern", "key:1999?", "--count", "1000"]);
    assert_eq!(printed(&listed).lines().count(), 10);
    let server_name = call(&["--json", "hello"]);
    let hello: serde_json::Value = serde_json::from_str(printed(&server_name)).expect("it is JSON");
    assert_eq!(hello["proto"], 3);
    assert_eq!(printed(&call(&["shutdown", "nosave"])), "");
}
