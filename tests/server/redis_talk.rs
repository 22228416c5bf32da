//! What a connection says of itself, of others and of the server, to a real Redis and to ours: the same lines, line by line.

use purekv::Store;
use purekv::server::{Database, Settings};

use crate::driver::Client;
use crate::redis::{ours, redis, without_numbers};
use crate::server::Server;

/// The same lines to one connection of each, and then their ends.
#[track_caller]
fn compare_talk(server: &Server, settings: Settings, lines: &[&str]) {
    for version in ["2", "3"] {
        let mut stream = format!("CLIENT REPLY OFF\r\nHELLO {version}\r\nCLIENT REPLY ON\r\n");
        lines.iter().for_each(|line| stream.extend([line, "\r\n"]));
        let server_of_ours =
            purekv::server::Server::new(Database::new(Store::new()), settings.clone());
        let shown = |replies: Vec<u8>| replies.escape_ascii().to_string().replace(r"\r\n", "\n");
        assert_eq!(
            shown(Client::new(&server_of_ours).send(stream.as_bytes())),
            shown(server.replies(stream.as_bytes())),
            "in RESP{version}"
        );
    }
}

#[test]
fn what_is_wrong_about_other_connections_is_said_alike() {
    let Some(server) = redis("others", &[]) else { return };
    let lines = [
        "CLIENT KILL foo",
        "CLIENT KILL id",
        "CLIENT KILL ID x",
        "CLIENT KILL ID 0",
        "CLIENT KILL ID 99999",
        "CLIENT KILL TYPE foo",
        "CLIENT KILL TYPE master",
        "CLIENT KILL TYPE Slave",
        "CLIENT KILL USER nobody",
        "CLIENT KILL USER default SKIPME maybe",
        "CLIENT KILL USER default SKIPME yes",
        "CLIENT KILL foo bar",
        "CLIENT KILL ADDR 1.2.3.4:5 LADDR",
        "CLIENT KILL ADDR 1.2.3.4:5 SKIPME no",
        "CLIENT KILL LADDR 1:2",
        "CLIENT KILL",
        "CLIENT LIST TYPE",
        "CLIENT LIST TYPE foo",
        "CLIENT LIST TYPE replica",
        "CLIENT LIST TYPE normal ID 3",
        "CLIENT LIST ID",
        "CLIENT LIST ID x",
        "CLIENT LIST ID 1 x",
        "CLIENT LIST ID 99999",
        "CLIENT LIST foo",
        "CLIENT INFO x",
        "CLIENT PAUSE",
        "CLIENT PAUSE x",
        "CLIENT PAUSE -1",
        "CLIENT PAUSE 1.5",
        "CLIENT PAUSE 99999999999999999999",
        "CLIENT PAUSE 0",
        "CLIENT PAUSE 10 foo",
        "CLIENT PAUSE 100000 WRITE",
        "GET nokey",
        "CLIENT UNPAUSE",
        "CLIENT UNPAUSE",
        "CLIENT UNPAUSE x",
        "CLIENT PAUSE 9223372036854775807 write",
        "CLIENT UNPAUSE",
        "CLIENT KILL TYPE normal SKIPME no",
        "PING",
    ];
    compare_talk(&server, Settings::default(), &lines);
}

#[test]
fn what_is_wrong_about_the_server_is_said_alike() {
    let Some(server) = redis("whole", &[]) else { return };
    let lines = [
        "CONFIG",
        "CONFIG FOO",
        "CONFIG GET",
        "CONFIG GET nope",
        "CONFIG GET save",
        "CONFIG GET APPENDONLY",
        "CONFIG GET save save",
        "CONFIG GET maxclients",
        "CONFIG GET requirepass",
        "CONFIG GET databases",
        "CONFIG SET",
        "CONFIG SET a",
        "CONFIG SET a b",
        "CONFIG SET 'a b' c",
        "CONFIG SET maxmemory x",
        "CONFIG SET maxmemory -1",
        "CONFIG SET maxmemory 1mb maxmemory 2mb",
        "CONFIG SET databases 5",
        "CONFIG SET Databases 5",
        "CONFIG SET maxclients 0",
        "CONFIG SET maxclients x",
        "CONFIG SET MAXCLIENTS ''",
        "CONFIG SET timeout -1",
        "CONFIG SET timeout 0 timeout 0",
        "CONFIG SET timeout 0 databases 3",
        "CONFIG SET slowlog-max-len 5 a b",
        "CONFIG SET slowlog-max-len -1",
        "CONFIG SET slowlog-log-slower-than -2",
        "CONFIG SET slowlog-max-len 1 slowlog-log-slower-than",
        "CONFIG SET save a",
        "CONFIG SET save '60 1000 10'",
        "CONFIG SET save '0 1'",
        "CONFIG SET save '60 -1'",
        "CONFIG SET save '60 1000 10 1'",
        "CONFIG GET save",
        "CONFIG SET save ''",
        "CONFIG GET sav?",
        "CONFIG RESETSTAT",
        "CONFIG RESETSTAT x",
        "CONFIG SET requirepass",
        "CONFIG SET proto-max-bulk-len 100",
        "CONFIG SET proto-max-bulk-len 2mb",
        "CONFIG GET proto-max-bulk-len",
        "CONFIG SET proto-max-bulk-len 1.5mb",
        "CONFIG SET client-output-buffer-limit foo",
        "CONFIG SET client-output-buffer-limit 'foo 0 0 0'",
        "CONFIG SET client-output-buffer-limit 'normal x 0 0'",
        "CONFIG SET client-output-buffer-limit 'normal 10mb 0 0'",
        "CONFIG SET client-output-buffer-limit 'normal 0 0 0'",
        "CONFIG SET client-output-buffer-limit ''",
        "SLOWLOG",
        "SLOWLOG GET x",
        "SLOWLOG GET -2",
        "SLOWLOG GET 1 2",
        "SLOWLOG RESET",
        "SLOWLOG GET",
        "SLOWLOG GET -1",
        "SLOWLOG LEN",
        "SLOWLOG LEN x",
        "SLOWLOG FOO",
        "LATENCY LATEST",
        "LATENCY LATEST x",
        "LATENCY RESET",
        "LATENCY RESET foo bar",
        "LATENCY FOO",
        "MEMORY USAGE",
        "MEMORY USAGE nokey",
        "MEMORY USAGE nokey SAMPLES",
        "MEMORY USAGE nokey SAMPLES -1",
        "MEMORY USAGE nokey SAMPLES x",
        "MEMORY USAGE nokey SAMPLES 0",
        "MEMORY USAGE nokey FOO",
        "MEMORY FOO",
        "FUNCTION FLUSH",
        "FUNCTION FLUSH foo",
        "FUNCTION FLUSH async",
        "FUNCTION FLUSH sync",
        "FUNCTION FLUSH sync sync",
        "FUNCTION FOO",
        "OBJECT FOO",
        "DEBUG",
        "DEBUG SLEEP 0",
        "DEBUG HELP",
        "SAVE x",
        "BGSAVE foo",
        "BGSAVE a b",
        "LASTSAVE x",
        "SHUTDOWN foo",
        "SHUTDOWN ABORT",
        "SHUTDOWN SAVE NOSAVE",
        "SHUTDOWN ABORT NOW",
        "SHUTDOWN NOW FORCE foo",
        "INFO foo",
        "INFO foo cluster",
        "INFO cluster modules",
    ];
    compare_talk(&server, Settings::default(), &lines);
}

/// The names of INFO's fields, in order.
fn fields(reply: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(reply).into_owned();
    let name = |line: &str| line.split_once(':').map(|(name, _)| name.to_owned());
    let titles = |line: &str| line.starts_with("# ").then(|| line.to_owned());
    text.lines().skip(1).filter_map(|line| titles(line).or_else(|| name(line))).collect()
}

#[test]
fn info_has_redis_s_fields_in_its_order() {
    // What there is only here.
    const OWN: &[&str] =
        &["purekv_version", "used_memory_rss_peak", "retired_bytes", "snapshot_keys_not_in_memory"];
    // What is about how Redis is made.
    const NOT_HERE: &[&str] = &[
        "monotonic_clock",
        "multiplexing_api",
        "atomicvar_api",
        "gcc_version",
        "allocator_",
        "rss_overhead_",
        "used_memory_vm_",
        "used_memory_scripts_eval",
        "used_memory_functions",
        "lazyfreed_objects",
        "used_cpu_sys_main_thread",
        "used_cpu_user_main_thread",
        "latency_percentiles_usec_",
    ];
    let Some(server) = redis("info", &[]) else { return };
    let lines = b"SET k v EX 100\r\nFOO\r\nCONFIG RESETSTAT\r\nFOO\r\nINFO everything\r\n";

    let theirs = fields(&server.replies(lines));
    let ours_all = fields(&ours().send(lines));
    let ours: Vec<_> = ours_all.iter().filter(|name| !OWN.contains(&name.as_str())).collect();
    let is_here = |name: &&String| !NOT_HERE.iter().any(|other| name.starts_with(other));
    let theirs: Vec<_> = theirs.iter().filter(is_here).collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours_all.len(), ours.len() + OWN.len());
}

#[test]
fn connections_talk_as_redis_s_do() {
    let Some(server) = redis("talk", &["--requirepass", "secret"]) else { return };
    let mut settings = Settings::default();
    settings.password = Some(b"secret".to_vec());
    let lines = [
        "GET k",
        "PING",
        "FOO x",
        "GET",
        "AUTH x",
        "AUTH a b",
        "AUTH a b c",
        "HELLO 3",
        "HELLO x",
        "HELLO 9",
        "HELLO 2 FOO",
        "HELLO 2 AUTH default",
        "HELLO 2 AUTH default wrong",
        "AUTH secret",
        "PING",
        "PING a",
        "PING a b",
        "ECHO a",
        "SELECT 0",
        "SELECT 1",
        "SELECT x",
        "SELECT 99999999999",
        "CLIENT GETNAME",
        "CLIENT SETNAME me",
        "CLIENT GETNAME",
        "CLIENT SETNAME 'a b'",
        "CLIENT SETNAME ''",
        "CLIENT GETNAME",
        "CLIENT NO-EVICT on",
        "CLIENT NO-EVICT x",
        "CLIENT REPLY x",
        "CLIENT REPLY SKIP",
        "PING",
        "PING",
        "CLIENT REPLY SKIP",
        "CLIENT REPLY ON",
        "CLIENT REPLY OFF",
        "PING",
        "FOO",
        "CLIENT REPLY SKIP",
        "CLIENT REPLY ON",
        "PING",
        "CLIENT FOO",
        "CLIENT",
        "COMMAND GETKEYS GET k",
        "COMMAND GETKEYS GET",
        "COMMAND GETKEYS FOO",
        "COMMAND GETKEYS PING",
        "COMMAND LIST FOO",
        "COMMAND LIST FILTERBY FOO x",
        "COMMAND LIST FILTERBY MODULE x",
        "COMMAND LIST FILTERBY PATTERN GetR*",
        "COMMAND DOCS nope",
        "COMMAND FOO",
        "SCAN 0 COUNT 100000",
        "SCAN -1 COUNT 0",
        "SCAN +",
        "SCAN 0 COUNT x",
        "SCAN 0 FOO",
        "SCAN 0 MATCH",
        "SCAN 0 TYPE x COUNT 100000",
        "SCAN '' COUNT 100000",
        "SCAN ' 0'",
        "RANDOMKEY",
        "RANDOMKEY x",
        "FLUSHALL x",
        "FLUSHALL SYNC",
        "FLUSHDB ASYNC",
        "FLUSHDB a b",
        "TIME x",
        "CLIENT REPLY OFF",
        "RESET",
        "PING",
        "MULTI",
        "WATCH k",
        "EXEC",
        "EXEC x",
        "DISCARD",
        "AUTH secret",
        "EXEC",
        "MULTI",
        "MULTI",
        "WATCH k",
        "SAVE",
        "SHUTDOWN NOSAVE",
        "EXEC",
        "MULTI",
        "PING",
        "DISCARD",
        "MULTI",
        "HELLO 3",
        "GET nope",
        "CLIENT SETNAME 'a b'",
        "AUTH wrong",
        "AUTH secret",
        "SELECT 1",
        "CLIENT REPLY SKIP",
        "CLIENT REPLY OFF",
        "PING",
        "CLIENT REPLY ON",
        "PING",
        "UNWATCH",
        "EXEC",
        "PING",
        "PING",
        "MULTI",
        "PING",
        "RESET",
        "EXEC",
        "AUTH secret",
        "CLIENT GETNAME",
        "QUIT",
        "PING",
    ];
    let stream: Vec<u8> =
        lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
    let ours = purekv::server::Server::new(Database::new(Store::new()), settings);
    let shown = |replies: Vec<u8>| without_numbers(&replies).replace('\r', "");
    assert_eq!(shown(Client::new(&ours).send(&stream)), shown(server.replies(&stream)));
}
