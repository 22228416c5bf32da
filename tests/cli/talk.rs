//! `purekv cli` with a real Redis, beside redis-cli where that is installed.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::server::Server;
use crate::{complaint, path, printed, purekv, text};

fn client(server: &Server, arguments: &[&str]) -> Command {
    client_at(server.socket(), arguments)
}

pub(crate) fn client_at(socket: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_purekv"));
    command.args(["cli", "-s", path(socket)]).args(arguments);
    command.env_remove("PUREKV_PASSWORD").env_remove("REDISCLI_AUTH");
    command
}

/// One command.
fn call(server: &Server, arguments: &[&str]) -> Output {
    client(server, arguments).stdin(Stdio::null()).output().expect("it starts")
}

/// With this on its standard input.
pub(crate) fn fed(mut command: Command, input: &[u8]) -> Option<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = match command.spawn() {
        Ok(process) => process,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: there is no {:?} here", command.get_program());
            return None;
        }
        Err(error) => panic!("{command:?}: {error}"),
    };
    // It may end before it has read all.
    let _ = process.stdin.take().expect("it was asked for").write_all(input);
    Some(process.wait_with_output().expect("it ends"))
}

/// What both print for these lines, and end with.
pub(crate) fn compare(socket: &Path, arguments: &[&str], lines: &[u8]) {
    let flush = || client_at(socket, &["FLUSHALL"]).output().expect("it starts");
    let mut theirs = Command::new("redis-cli");
    theirs.args(["-s", path(socket)]).args(arguments).env_remove("REDISCLI_AUTH");
    flush();
    let Some(theirs) = fed(theirs, lines) else { return };
    flush();
    let ours = fed(client_at(socket, arguments), lines).expect("it starts");
    let shown = |output: &Output| output.stdout.escape_ascii().to_string().replace("\\n", "\n");
    assert_eq!(shown(&ours), shown(&theirs), "{arguments:?}");
    assert_eq!(text(&ours.stderr), text(&theirs.stderr), "{arguments:?}");
}

pub(crate) const LINES: &[u8] = br#"set a 1
get a
get nothing
SET "x y" "q\"\\\n\r\t\a\b\x00\xff~\x7f"
get "x y"
get 'x y'
mget a nothing "x y"
mget nothing
foo bar
get
info nothing
client list ID 999999
client info nothing
3 incr a
12 incr a

   	
get "unbalanced
get "a"b
config get maxmemory*
config get nothing
object encoding a
keys nothing*
multi
get a
incr "x y"
exec
discard
scan 0 match a
debug protocol string
debug protocol integer
debug protocol double
debug protocol null
debug protocol array
debug protocol set
debug protocol map
debug protocol push
debug protocol verbatim
debug protocol true
debug protocol false
eval "redis.setresp(3) return {map={a={map={b={1,2}}}}}" 0
eval "redis.setresp(3) return {map={a={{1,{2,3}}}}}" 0
eval "redis.setresp(3) return {map={a={map={b=1}}}}" 0
eval "redis.setresp(3) return {map={a={}}}" 0
eval "return {1,{2,{'x','y'},{}},redis.error_reply('MY error')}" 0
command getkeys mset a b c d
command info get mset nothing
command docs getex
memory usage nothing
select 3
dbsize
select 0
echo "last"
quit
echo "never"
"#;

#[test]
fn lines_are_answered_as_by_redis_cli() {
    let more = ["--enable-debug-command", "yes", "--databases", "16"];
    let Some(server) = Server::start_with("cli-lines", &more) else { return };
    for arguments in [
        &[][..],
        &["--raw"],
        &["--no-raw"],
        &["-3"],
        &["-3", "--no-raw"],
        &["-2", "--no-raw"],
        &["-n", "2", "--no-raw"],
    ] {
        compare(server.socket(), arguments, LINES);
    }
}

#[test]
fn one_command_is_answered_as_by_redis_cli() {
    let more = ["--enable-debug-command", "yes"];
    let Some(server) = Server::start_with("cli-one", &more) else { return };
    for command in [
        &["set", "a", "b c"][..],
        &["get", "a"],
        &["ping"],
        &["get", "nothing"],
        &["foo", "-h", "--raw"],
        &["keys", "*"],
        &["command", "info", "get"],
        &["debug", "protocol", "map"],
        &["info", "nothing"],
    ] {
        for form in [&["--no-raw"][..], &["--raw"], &["-3", "--no-raw"], &["-3"], &["-r", "2"]] {
            compare(server.socket(), &[form, command].concat(), b"");
        }
    }
    compare(server.socket(), &["quit"], b"");
    compare(server.socket(), &["-x", "set", "a"], b"all of\nit\xff");
}

#[test]
fn an_error_reply_ends_with_1() {
    let Some(server) = Server::start("cli-end") else { return };
    let output = call(&server, &["set", "a", "x"]);
    assert_eq!(printed(&output), "OK\n");
    let output = call(&server, &["incr", "a"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout), "ERR value is not an integer or out of range\n\n");
    let output = fed(client(&server, &[]), b"incr a\nget a\n").expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).ends_with("\n\nx\n"), "{output:?}");
    let output = fed(client(&server, &[]), b"get a\nget a").expect("it starts");
    assert_eq!(printed(&output), "x\nx\n");
}

#[test]
fn a_value_comes_from_standard_input() {
    let Some(server) = Server::start("cli-input") else { return };
    let output = fed(client(&server, &["-x", "set", "a"]), b"\0\xff\n").expect("it starts");
    assert_eq!(printed(&output), "OK\n");
    let output = call(&server, &["--json", "get", "a"]);
    assert_eq!(printed(&output), "{\"base64\":\"AP8K\"}\n");
    let output = call(&server, &["-r", "3", "-i", "0.01", "append", "b", "-r"]);
    assert_eq!(printed(&output), "2\n4\n6\n");
    let url = format!("unix://{}", path(server.socket()));
    let output = purekv(&["cli", "-u", &url, "get", "b"]);
    assert_eq!(printed(&output), "-r-r-r\n");
}

#[test]
fn all_keys_are_listed() {
    let Some(server) = Server::start("cli-scan") else { return };
    let keys: Vec<String> = (0..300).map(|number| format!("key {number:03}\n")).collect();
    let sets: String = (0..300).map(|number| format!("set \"key {number:03}\" v\n")).collect();
    fed(client(&server, &[]), sets.as_bytes());
    // No order is promised, and a table that is being split changes it.
    let sorted = |output: &Output| {
        let mut lines: Vec<String> =
            printed(output).lines().map(|line| format!("{line}\n")).collect();
        lines.sort();
        lines
    };
    let listed = |options: &[&str]| sorted(&call(&server, &[&["--scan"], options].concat()));
    assert_eq!(listed(&[]), keys);
    assert_eq!(listed(&["--count", "1000", "--pattern", "key 00*"]), keys[..10]);
    assert_eq!(listed(&["--pattern", "*299", "--no-raw"]), ["\"key 299\"\n"]);
    assert!(listed(&["--pattern", "nothing"]).is_empty());
    let mut theirs = Command::new("redis-cli");
    theirs.args(["-s", path(server.socket()), "--scan", "--pattern", "key 1*"]);
    let Some(theirs) = fed(theirs, b"") else { return };
    assert_eq!(listed(&["--pattern", "key 1*"]), sorted(&theirs));
}

#[test]
fn json_is_json() {
    let Some(server) = Server::start("cli-json") else { return };
    let lines = b"set a 1\nmget a nothing\nincr x y\nconfig get maxmemory\nget \"\ninfo nothing\n";
    let output = fed(client(&server, &["--json"]), lines).expect("it starts");
    let mut lines: Vec<_> = text(&output.stdout).lines().collect();
    assert_eq!(lines.remove(4), "Invalid argument(s)");
    let error = r#"{"error":"ERR wrong number of arguments for 'incr' command"}"#;
    assert_eq!(lines, [r#""OK""#, r#"["1",null]"#, error, r#"{"maxmemory":"0"}"#, r#""""#]);
    for line in lines {
        serde_json::from_str::<serde_json::Value>(line).expect("it is JSON");
    }
    let output = fed(client(&server, &["--json", "-2"]), b"config get maxmemory\n");
    assert_eq!(printed(&output.expect("it starts")), "[\"maxmemory\",\"0\"]\n");
}

#[test]
fn passwords_come_from_arguments_and_the_environment() {
    let more = ["--requirepass", "secret"];
    let Some(server) = Server::start_with("cli-password", &more) else { return };
    for name in ["PUREKV_PASSWORD", "REDISCLI_AUTH"] {
        let mut command = client(&server, &["ping"]);
        let output = command.env(name, "secret").output().expect("it starts");
        assert_eq!(printed(&output), "PONG\n");
    }
    let output = call(&server, &["--no-auth-warning", "-a", "secret", "--user", "default", "ping"]);
    assert_eq!(printed(&output), "PONG\n");
    let output = call(&server, &["-a", "secret", "ping"]);
    assert!(text(&output.stderr).contains("can be seen by other users"), "{output:?}");
    let output = call(&server, &["--no-auth-warning", "-a", "wrong", "ping"]);
    assert!(complaint(&output).contains(": AUTH failed: WRONGPASS "), "{output:?}");
    assert!(!text(&output.stderr).contains(": wrong"), "{output:?}");
    let output = call(&server, &["-3", "ping"]);
    assert!(complaint(&output).contains(": HELLO failed: NOAUTH "), "{output:?}");
}

/// `count` SETs as requests.
pub(crate) fn sets(count: usize) -> Vec<u8> {
    let mut requests = Vec::new();
    for number in 0..count {
        let key = format!("key:{number}");
        purekv::resp::encode::request(&mut requests, [&b"SET"[..], key.as_bytes(), b"v"]);
    }
    requests
}

#[test]
fn requests_go_in_by_mass() {
    let Some(server) = Server::start("cli-mass") else { return };
    let theirs = |input: &[u8]| {
        let mut command = Command::new("redis-cli");
        command.args(["-s", path(server.socket()), "--pipe"]);
        fed(command, input)
    };
    let with_error = [&sets(10), &b"foo\r\n*2\r\n$4\r\nINCR\r\n$5\r\nkey:1\r\n"[..]].concat();
    // Replies of a megabyte each: whoever does not read them is not read from.
    let mut large = b"SETRANGE large 1000000 x\r\n".to_vec();
    large.extend_from_slice(&b"GET large\r\n".repeat(40));
    for (input, end) in [
        (&sets(50_000)[..], "errors: 0, replies: 50000\n"),
        (&with_error, "errors: 2, replies: 12\n"),
        (&large, "errors: 0, replies: 41\n"),
        (b"", "errors: 0, replies: 0\n"),
    ] {
        let ours = fed(client(&server, &["--pipe"]), input).expect("it starts");
        assert!(text(&ours.stdout).ends_with(end), "{ours:?}");
        assert_eq!(ours.status.success(), end.starts_with("errors: 0"));
        let Some(theirs) = theirs(input) else { continue };
        assert_eq!(text(&ours.stdout), text(&theirs.stdout));
        assert_eq!(text(&ours.stderr), text(&theirs.stderr));
    }
    assert_eq!(printed(&call(&server, &["exists", "key:0", "key:49999"])), "2\n");
}

#[test]
fn a_request_that_is_cut_off_is_told_of() {
    let Some(server) = Server::start("cli-cut") else { return };
    let input = [&sets(1), &b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9\r\nv"[..]].concat();
    let cut = fed(client(&server, &["--pipe", "--pipe-timeout", "1"]), &input);
    let cut = cut.expect("it starts");
    assert_eq!(cut.status.code(), Some(1), "{cut:?}");
    assert!(!text(&cut.stdout).contains("Last reply"), "{cut:?}");
    assert!(!text(&cut.stderr).is_empty(), "{cut:?}");
}
