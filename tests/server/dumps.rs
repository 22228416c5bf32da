//! SAVE, BGSAVE, dumps by themselves, and the end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use purekv::server::{Database, Server, Settings, Wanted};
use purekv::{Clock, Expiry, ManualClock, Store};

use crate::driver::Client;
use crate::folder::Folder;

/// A server whose dumps go there, its store, and its time.
fn dumping(path: &Path, interval: Option<u64>) -> (Arc<Server>, ManualClock) {
    let (clock, hand) = Clock::manual();
    let store = Store::builder().clock(clock).expiry(Expiry::Manual).build();
    let mut settings = Settings::default();
    settings.dump = Some(path.to_owned());
    settings.save_interval = interval.map(Duration::from_secs);
    (Server::new(Database::new(store), settings), hand)
}

/// What is in a dump, of one key.
fn loaded(path: &Path, key: &str) -> Option<Vec<u8>> {
    let store = Store::new();
    store.load(path).unwrap();
    store.get(key.as_bytes())
}

fn info(client: &mut Client, name: &str) -> String {
    let reply = client.say("INFO persistence");
    let prefix = format!("{name}:");
    let field = reply.split('|').find_map(|line| line.strip_prefix(prefix.as_str()));
    field.unwrap().to_owned()
}

/// Waits for the dump in the background.
fn settle(client: &mut Client) {
    while info(client, "rdb_bgsave_in_progress") != "0" {
        std::thread::yield_now();
    }
}

#[test]
fn what_is_acknowledged_is_on_the_disk() {
    let folder = Folder::new("server-save");
    let path = folder.file("dump");
    let (server, hand) = dumping(&path, None);
    let mut client = Client::new(&server);
    let first = client.say("LASTSAVE");
    client.say("SET k v");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "1");
    hand.advance(Duration::from_secs(5));
    assert_eq!(client.say("SAVE"), "+OK|");
    assert_eq!(loaded(&path, "k").unwrap(), b"v");
    let second = client.say("LASTSAVE");
    let number = |reply: &str| reply[1..reply.len() - 1].parse::<u64>().unwrap();
    assert_eq!(number(&second), number(&first) + 5);
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "0");
    client.say("SET k w");
    hand.advance(Duration::from_secs(5));
    assert_eq!(client.say("BGSAVE"), "+Background saving started|");
    settle(&mut client);
    assert_eq!(number(&client.say("LASTSAVE")), number(&first) + 10);
    assert_eq!(loaded(&path, "k").unwrap(), b"w");
    assert_eq!(info(&mut client, "rdb_last_bgsave_status"), "ok");
    assert_eq!(info(&mut client, "rdb_last_bgsave_time_sec"), "0");
    assert_eq!(info(&mut client, "rdb_saves"), "2");
    assert_eq!(client.say("BGSAVE SCHEDULE"), "+Background saving started|");
    settle(&mut client);
}

#[test]
fn a_failure_is_seen() {
    let folder = Folder::new("server-save-fails");
    let (server, _) = dumping(&folder.file("nowhere/dump"), None);
    let mut client = Client::new(&server);
    let reply = client.say("SAVE");
    assert!(reply.starts_with("-ERR ") && reply.contains("nowhere"), "{reply}");
    assert_eq!(client.say("BGSAVE"), "+Background saving started|");
    settle(&mut client);
    assert_eq!(info(&mut client, "rdb_last_bgsave_status"), "err");
    assert_eq!(info(&mut client, "rdb_saves"), "0");
    // The end is put off, unless one insists.
    assert_eq!(client.say("SHUTDOWN SAVE"), "-ERR Errors trying to SHUTDOWN. Check logs.|");
    assert!(!server.is_shutting_down());
    assert_eq!(client.say("SET k v"), "+OK|");
    client.feed(b"SHUTDOWN SAVE FORCE\r\n");
    assert_eq!(client.advance(), Wanted::Close);
    assert!(server.is_shutting_down());
}

#[test]
fn without_a_file_there_are_no_dumps() {
    let mut client = Client::alone();
    client.check(&[
        ("SAVE", "-ERR no dump file is configured|"),
        ("BGSAVE", "-ERR no dump file is configured|"),
        ("SHUTDOWN SAVE", "-ERR Errors trying to SHUTDOWN. Check logs.|"),
    ]);
}

#[test]
fn dumps_are_made_when_they_are_due() {
    let folder = Folder::new("server-tick");
    let path = folder.file("dump");
    let (server, hand) = dumping(&path, Some(60));
    let mut client = Client::new(&server);
    hand.advance(Duration::from_secs(100));
    server.tick();
    // Nothing has changed.
    assert!(!path.exists());
    client.say("SET k v");
    server.tick();
    settle(&mut client);
    assert_eq!(loaded(&path, "k").unwrap(), b"v");
    client.say("SET k w");
    hand.advance(Duration::from_secs(59));
    server.tick();
    settle(&mut client);
    assert_eq!(loaded(&path, "k").unwrap(), b"v");
    hand.advance(Duration::from_secs(1));
    server.tick();
    settle(&mut client);
    assert_eq!(loaded(&path, "k").unwrap(), b"w");
    assert_eq!(client.say("CONFIG GET save"), "*2|$4|save|$4|60 1|");
    assert_eq!(client.say("CONFIG SET save '1 3'"), "+OK|");
    client.send(b"SET a 1\r\nSET b 1\r\n");
    hand.advance(Duration::from_secs(2));
    server.tick();
    settle(&mut client);
    assert_eq!(loaded(&path, "a"), None);
    client.say("SET c 1");
    server.tick();
    settle(&mut client);
    assert_eq!(loaded(&path, "a").unwrap(), b"1");
}

#[test]
fn what_was_there_at_first_is_no_change() {
    let folder = Folder::new("server-loaded");
    let path = folder.file("dump");
    let store = Store::new();
    store.insert(b"k", b"v");
    let mut settings = Settings::default();
    settings.dump = Some(path.clone());
    let server = Server::new(Database::new(store), settings);
    assert_eq!(info(&mut Client::new(&server), "rdb_changes_since_last_save"), "0");
}

#[test]
fn the_end_is_told_to_all_threads_and_has_a_dump() {
    let folder = Folder::new("server-shutdown");
    let path = folder.file("dump");
    let (server, _) = dumping(&path, None);
    let [mut client, mut other] = [(), ()].map(|()| Client::new(&server));
    client.say("SET k v");
    client.feed(b"PING\r\nSHUTDOWN SAVE\r\nSET k w\r\n");
    assert_eq!(client.advance(), Wanted::Write);
    assert_eq!(client.written(7), Wanted::Close);
    assert!(server.is_shutting_down());
    assert_eq!(loaded(&path, "k").unwrap(), b"v");
    // What is written now would be lost, and so it waits.
    other.feed(b"GET k\r\nSET k x\r\n");
    assert_eq!(other.advance(), Wanted::Write);
    assert_eq!(other.written(7), Wanted::Wait);
    assert_eq!(server.save_at_exit(), Ok(false));
    assert_eq!(loaded(&path, "k").unwrap(), b"v");
}

#[test]
fn who_runs_the_server_ends_it_with_a_dump_if_there_are_dumps() {
    let folder = Folder::new("server-exit");
    for (interval, command, is_dumped) in [
        (Some(60), "PING", true),
        (None, "PING", false),
        (Some(60), "SHUTDOWN NOSAVE NOW", false),
        (Some(60), "SHUTDOWN", true),
        (None, "SHUTDOWN", false),
    ] {
        let path = folder.file(&format!("{interval:?}{}", command.replace(' ', "")));
        let (server, _) = dumping(&path, interval);
        let mut client = Client::new(&server);
        client.say("SET k v");
        client.say(command);
        server.shutdown();
        assert!(server.is_shutting_down());
        server.save_at_exit().unwrap();
        assert_eq!(path.exists(), is_dumped, "{interval:?} {command}");
    }
}
