//! `purekv serve`: what it is told, what it says, how it ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::folder::Folder;
use crate::served::{Served, command, info, refused, until};
use crate::{path, text};

#[test]
fn it_says_where_it_is() {
    let folder = Folder::new("serve-says");
    let socket = folder.file("socket");
    let server = Served::start(&[
        "--unix-socket",
        path(&socket),
        "--unix-socket-perm",
        "600",
        "--threads",
        "3",
        "--metrics",
        "127.0.0.1:0",
    ]);
    let line = &server.line;
    let version = env!("CARGO_PKG_VERSION");
    let begin = format!(
        "purekv {version} serves at {}, {}; 3 threads, pid ",
        server.address,
        path(&socket)
    );
    assert!(line.starts_with(&begin), "{line}");
    assert!(line.contains("; figures at http://127.0.0.1:"), "{line}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(server.connect().say("PING"), "+PONG|");
    // While it runs, nobody else gets its places, and it keeps them.
    let port = server.address.port().to_string();
    let output = refused(&["--port", &port, "--bind", "127.0.0.1"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("cannot listen at 127.0.0.1:{port}: ")), "{told}");
    let output = refused(&["--port", "none", "--unix-socket", path(&socket)]);
    assert!(text(&output.stderr).contains(&format!("{}: ", path(&socket))), "{output:?}");
    assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
    server.terminate();
    assert!(!socket.exists());
}

#[test]
fn a_socket_that_a_dead_server_has_left_is_taken() {
    let folder = Folder::new("serve-left");
    let socket = folder.file("socket");
    let server = Served::start(&["--unix-socket", path(&socket)]);
    server.kill();
    assert!(socket.exists());
    let server = Served::start(&["--unix-socket", path(&socket)]);
    assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
    server.terminate();
    // Any other file is left alone.
    std::fs::write(&socket, "mine").unwrap();
    let output = refused(&["--port", "none", "--unix-socket", path(&socket)]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(std::fs::read(&socket).unwrap(), b"mine");
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let folder = Folder::new("serve-order");
    let file = folder.file("purekv.toml");
    std::fs::write(
        &file,
        "port = 0\nbind = [\"127.0.0.1\"]\nmax-clients = 100\nthreads = 1\ntimeout = \"5m\"\nmax-memory = \"64mb\"\nlog-level = \"warn\"\n",
    )
    .unwrap();
    let mut served = command(&["--config", path(&file), "--max-clients", "300"]);
    served.env("PUREKV_MAX_CLIENTS", "200").env("PUREKV_THREADS", "2");
    let server = Served::from(served);
    let mut wire = server.connect();
    let mut setting = |name: &str| wire.say(&format!("CONFIG GET {name}"));
    assert_eq!(setting("maxclients"), "*2|$10|maxclients|$3|300|");
    assert_eq!(setting("timeout"), "*2|$7|timeout|$3|300|");
    assert_eq!(setting("maxmemory"), "*2|$9|maxmemory|$8|67108864|");
    assert!(server.line.contains("; 2 threads"), "{}", server.line);
    // At this level nothing is logged of a good end.
    assert_eq!(server.terminate(), "");
    // The file can be named by the environment, too.
    let mut served = command(&[]);
    served.env("PUREKV_CONFIG", &file);
    let server = Served::from(served);
    assert!(server.line.contains("; 1 threads"), "{}", server.line);
}

#[test]
fn a_value_that_makes_no_sense_is_named() {
    let long = "x".repeat(200);
    let no_socket = format!("/tmp/{long}/socket");
    for (arguments, code, told) in [
        (&["--port", "70000"][..], 2, "70000"),
        (&["--port", "many"], 2, "\"many\" is no port (0 to 65535), and not \"none\""),
        (&["--bind", "nowhere"], 2, "nowhere"),
        (&["--max-memory", "1tb"], 2, "\"1tb\" is no size"),
        (&["--max-memory", "-5"], 2, "-5"),
        (&["--timeout", "soon"], 2, "\"soon\" is no time"),
        (&["--threads", "two"], 2, "two"),
        (&["--dump-start", "cold"], 2, "[possible values: warm, load]"),
        (&["--log-level", "loud"], 2, "[possible values: "),
        (&["--metrics", "here"], 2, "here"),
        (&["--nonsense"], 2, "--nonsense"),
        (&["--port", "none"], 1, "nowhere to listen"),
        (&["--port", "0", "--max-memory", "1mb", "--max-entries", "5"], 1, "two bounds"),
        (&["--port", "0", "--save-interval", "5"], 1, "--save-interval needs --dump"),
        (
            &["--port", "0", "--tls-port", "0"],
            1,
            "--tls-port needs --tls-cert-file and --tls-key-file",
        ),
        (&["--port", "none", "--unix-socket", &no_socket], 1, &long),
        (&["--port", "0", "--bind", "192.0.2.123"], 1, "cannot listen at 192.0.2.123:0: "),
        (&["--config", "/nowhere/purekv.toml"], 1, "/nowhere/purekv.toml: "),
    ] {
        let output = refused(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn what_is_wrong_in_the_file_is_named() {
    let folder = Folder::new("serve-file");
    let file = folder.file("purekv.toml");
    for (content, told) in [
        ("prot = 6666\n", &["unknown field `prot`", "line 1"][..]),
        ("max_memory = \"1mb\"\n", &["unknown field `max_memory`"]),
        ("port = 70000\n", &["\"70000\" is no port", "line 1"]),
        ("\nmax-memory = \"1tb\"\n", &["\"1tb\" is no size", "line 2"]),
        ("dump-start = \"cold\"\n", &["`cold`", "`warm`"]),
        ("port = \n", &["line 1"]),
        ("config = \"other.toml\"\n", &["unknown field `config`"]),
        ("\u{0}", &["purekv.toml"]),
    ] {
        std::fs::write(&file, content).unwrap();
        let output = refused(&["--config", path(&file), "--metrics", "127.0.0.1:0"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{content:?}: {said}");
        for told in told.iter().chain(&[path(&file)]) {
            assert!(said.contains(told), "{content:?}: {said}");
        }
    }
}

#[test]
fn its_help_names_all_options() {
    let output = command(&["--help"]).output().unwrap();
    let help = text(&output.stdout);
    assert!(output.status.success());
    for word in [
        "Usage: purekv serve [OPTIONS]",
        "--port <PORT>",
        "[env: PUREKV_PORT=]",
        "[default: 6666]",
        "--unix-socket <PATH>",
        "--tls-cert-file <FILE>",
        "--max-memory <SIZE>",
        "--ttl-garbage-timeout <MS>",
        "--dump <PATH>",
        "--save-interval <TIME>",
        "--metrics <ADDR>",
        "--config <FILE>",
        "Network:",
        "TLS:",
        "Store:",
        "Dump:",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
    // A password in the environment is nobody's business.
    let mut asked = command(&["--help"]);
    let output = asked.env("PUREKV_REQUIRE_PASS", "tell-nobody").output().unwrap();
    assert!(!text(&output.stdout).contains("tell-nobody"));
}

#[test]
fn spellings_of_others_are_taken() {
    let arguments = ["--ttl_garbage_timeout", "10", "--maxmemory", "64mb", "--maxclients", "5"];
    let server = Served::start(&[&arguments[..], &["--requirepass", "secret"]].concat());
    let mut wire = server.connect();
    assert!(wire.say("PING").starts_with("-NOAUTH "));
    assert_eq!(wire.say("AUTH secret"), "+OK|");
    assert_eq!(wire.say("CONFIG GET maxclients"), "*2|$10|maxclients|$1|5|");
    assert_eq!(wire.say("SET k v PX 30"), "+OK|");
    until(|| info(&mut wire, "expired_keys") == "1");
    // It can be in the file, too.
    let folder = Folder::new("serve-spelling");
    let file = folder.file("purekv.toml");
    std::fs::write(&file, "ttl_garbage_timeout = 0\n").unwrap();
    let server = Served::start(&["--config", path(&file)]);
    let mut wire = server.connect();
    // Nothing is removed by itself, and what is due is absent all the same.
    assert_eq!(wire.say("SET k v PX 1"), "+OK|");
    until(|| wire.say("GET k") == "$-1|");
}

#[test]
fn figures_are_served_for_prometheus() {
    let server = Served::start(&["--metrics", "127.0.0.1:0"]);
    let mut wire = server.connect();
    assert_eq!(wire.say("SET k v"), "+OK|");
    let at = server.line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let get = |request: &str| {
        let mut stream = TcpStream::connect(&at).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    };
    let page = get("GET /metrics");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("Content-Type: text/plain; version=0.0.4"), "{page}");
    assert!(page.contains("\n# TYPE ") && page.contains("purekv_"), "{page}");
    assert!(get("GET /").starts_with("HTTP/1.1 200 "));
    assert!(get("GET /nothing").starts_with("HTTP/1.1 404 "));
    assert!(get("POST /metrics").starts_with("HTTP/1.1 405 "));
    // What is no HTTP harms nobody.
    let mut stream = TcpStream::connect(&at).unwrap();
    stream.write_all(b"\0\xff\r\n\r\n").unwrap();
    drop(stream);
    assert!(get("GET /metrics").starts_with("HTTP/1.1 200 OK\r\n"));
    server.terminate();
    assert!(TcpStream::connect(&at).is_err());
}

#[test]
fn a_signal_lets_clients_have_their_replies() {
    for signal in ["TERM", "INT"] {
        let server = Served::start(&[]);
        let mut wire = server.connect();
        assert_eq!(wire.say("PING"), "+PONG|");
        wire.send(&b"ECHO 0123456789\r\n".repeat(5000));
        server.signal(signal);
        assert!(wire.rest() == b"$10\r\n0123456789\r\n".repeat(5000));
        let (status, log) = server.wait();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains("clients get their replies"), "{log}");
    }
}

#[test]
fn a_second_signal_waits_for_nobody() {
    let server = Served::start(&[]);
    let mut wire = server.connect();
    assert_eq!(wire.say(&format!("SET k {}", "v".repeat(60_000))), "+OK|");
    // It does not read.
    wire.send(&b"GET k\r\n".repeat(1000));
    wire.reply();
    let start = std::time::Instant::now();
    server.signal("TERM");
    until(|| TcpStream::connect(server.address).is_err());
    server.signal("TERM");
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("a second signal"), "{log}");
    assert!(start.elapsed() < std::time::Duration::from_secs(4), "{:?}", start.elapsed());
}
