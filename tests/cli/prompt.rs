//! `purekv cli` at a terminal.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::faults::serve;
use crate::folder::Folder;
use crate::path;
use crate::server::Server;

/// What the line editor says to the terminal when a line is over.
const LEFT: &str = "\x1b[?2004l";

struct Terminal {
    session: PtySession,
    prompt: String,
}

impl Terminal {
    fn start(server: &Server, folder: &Folder) -> Self {
        let socket = path(server.socket());
        Self::start_with(&["-s", socket], &format!("{socket}> "), folder)
    }

    fn start_with(arguments: &[&str], prompt: &str, folder: &Folder) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_purekv"));
        command.arg("cli").args(arguments);
        command.env("XDG_STATE_HOME", folder.path()).env("TERM", "xterm");
        for name in ["PUREKV_HISTORY", "PUREKV_PASSWORD", "REDISCLI_AUTH"] {
            command.env_remove(name);
        }
        let session = spawn_command(command, Some(20_000)).expect("a terminal");
        let mut terminal = Self { session, prompt: prompt.to_owned() };
        terminal.sees(prompt);
        terminal
    }

    #[track_caller]
    fn sees(&mut self, text: &str) {
        self.session.exp_string(text).expect("it is shown");
    }

    /// Keys, as they are.
    fn types(&mut self, keys: &str) {
        self.session.send(keys).and_then(|_| self.session.flush()).expect("it reads");
    }

    /// A line; what comes back, up to the next prompt.
    #[track_caller]
    fn line(&mut self, line: &str) -> String {
        self.types(&format!("{line}\r"));
        self.sees(LEFT);
        self.session.exp_string(&self.prompt).expect("a prompt")
    }

    fn ends(mut self) {
        self.session.exp_eof().expect("it ends");
    }
}

#[test]
fn commands_are_written_with_help() {
    let Some(server) = Server::start("prompt") else { return };
    let folder = Folder::new("prompt-state");
    let mut terminal = Terminal::start(&server, &folder);
    assert!(terminal.line("set greeting \"good day\"").contains("OK\r\n"));
    assert!(terminal.line("get greeting").contains("\"good day\"\r\n"));
    assert!(terminal.line("help get").contains("summary: The value of a key."));
    assert!(terminal.line("2 append greeting !").contains("(integer) 9\r\n(integer) 10\r\n"));
    // Arguments to come are hinted at.
    terminal.types("setrange greeting ");
    terminal.sees("offset value");
    // Ctrl-C: the line is gone, and the prompt there again.
    terminal.types("\x03");
    terminal.sees(LEFT);
    let prompt = terminal.prompt.clone();
    terminal.sees(&prompt);
    // What is begun is completed, and it works.
    terminal.types("getr\t");
    terminal.sees("getrange ");
    assert!(terminal.line("greeting 0 3").contains("\"good\"\r\n"));
    assert!(terminal.line("auth secret").contains("(error) ERR AUTH"));
    // Ctrl-D.
    terminal.types("\x04");
    terminal.ends();
}

#[test]
fn lines_are_there_the_next_time() {
    let Some(server) = Server::start("prompt-history") else { return };
    let folder = Folder::new("prompt-history-state");
    let mut terminal = Terminal::start(&server, &folder);
    terminal.line("set counted 41");
    terminal.line("auth alice verysecret");
    terminal.types("exit\r");
    terminal.ends();
    let history = folder.file("purekv").join("history");
    let kept = std::fs::read_to_string(&history).expect("it was written");
    assert!(kept.contains("set counted 41") && !kept.contains("verysecret"), "{kept}");
    let mode = history.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else may read it");

    let mut terminal = Terminal::start(&server, &folder);
    assert!(terminal.line("incr counted").contains("(integer) 42\r\n"));
    // Up, over the line of now and `exit` of then.
    terminal.types("\x1b[A\x1b[A\x1b[A");
    terminal.sees("set counted 41");
    assert!(terminal.line("").contains("OK\r\n"));
    assert!(terminal.line("get counted").contains("\"41\"\r\n"));
    terminal.types("\x04");
    terminal.ends();
}

#[test]
fn the_prompt_says_where_it_is() {
    let Some(server) = Server::start("prompt-place") else { return };
    let folder = Folder::new("prompt-place-state");
    let mut terminal = Terminal::start(&server, &folder);
    let socket = path(server.socket()).to_owned();
    terminal.prompt = format!("{socket}[3]> ");
    terminal.line("select 3");
    terminal.prompt = format!("{socket}[3](TX)> ");
    terminal.line("multi");
    assert!(terminal.line("incr a").contains("QUEUED"));
    terminal.prompt = format!("{socket}[3]> ");
    assert!(terminal.line("exec").contains("1) (integer) 1\r\n"));
    terminal.prompt = "not connected> ".to_owned();
    terminal.line("shutdown nosave");
    assert!(terminal.line("ping").contains("cannot connect"));
    terminal.types("exit\r");
    terminal.ends();
}

#[test]
fn a_lost_connection_comes_back() {
    let server = serve(&[&[Some("+OK\r\n")], &[Some(":2\r\n"), None], &[Some(":4\r\n")]]);
    let folder = Folder::new("prompt-lost-state");
    let prompt = format!("127.0.0.1:{}> ", server.port);
    let mut terminal = Terminal::start_with(&["-p", &server.port], &prompt, &folder);
    assert!(terminal.line("set a 1").contains("OK"));
    server.closed.recv().expect("it closes");
    // Opened again before the command is sent.
    assert!(terminal.line("incr a").contains("(integer) 2"));
    // Lost after it was sent: that is said, and not repeated.
    terminal.prompt = "not connected> ".to_owned();
    let told = terminal.line("incr a");
    assert!(told.contains("INCR: the connection was lost") && told.contains("not sent again"));
    terminal.prompt = prompt;
    assert!(terminal.line("incr a").contains("(integer) 4"));
    let requests = server.requests.join().expect("no panic");
    assert_eq!(requests, ["set a 1", "incr a", "incr a", "incr a"]);
    terminal.types("exit\r");
    terminal.ends();
}
