use purekv::resp::command::{Command, Spec, missing_keys};
use purekv::resp::frame::Frame;

use crate::server::{Client, Server};

fn text(frame: &Frame) -> String {
    match frame {
        Frame::Bulk(text) | Frame::Simple(text) | Frame::Error(text) => {
            String::from_utf8_lossy(text).into_owned()
        }
        other => format!("{other:?}"),
    }
}

fn items(frame: &Frame) -> &[Frame] {
    match frame {
        Frame::Array(items) | Frame::Set(items) => items,
        other => panic!("{other:?}"),
    }
}

fn value<'a>(frame: &'a Frame, key: &str) -> &'a Frame {
    match frame {
        Frame::Map(pairs) => {
            let pair = pairs.iter().find(|(name, _)| text(name) == key);
            &pair.unwrap_or_else(|| panic!("no {key}")).1
        }
        other => panic!("{other:?}"),
    }
}

fn texts(frame: &Frame) -> Vec<String> {
    items(frame).iter().map(text).collect()
}

/// A client of a Redis 7.0, whose facts the table has.
fn client(server: &Server) -> Option<Client> {
    let mut client = server.client();
    let hello = client.call(&[b"HELLO", b"3"]);
    let version = text(value(&hello, "version"));
    if version.starts_with("7.0.") {
        return Some(client);
    }
    println!("skipped: the table is that of Redis 7.0, this is {version}");
    None
}

fn names<T>(words: impl Iterator<Item = T>, name: fn(T) -> &'static str) -> Vec<String> {
    words.map(|word| name(word).to_owned()).collect()
}

fn compare_info(spec: &Spec, info: &[Frame]) {
    assert_eq!(text(&info[0]), spec.name);
    assert_eq!(info[1], Frame::Integer(spec.arity.into()));
    assert_eq!(texts(&info[2]), names(spec.each_flag(), |flag| flag.name()));
    let (first, last, step) = spec.key_range();
    assert_eq!(info[3..6], [first, last, step].map(Frame::Integer));
    let categories = spec.categories().map(|category| format!("@{}", category.name()));
    assert_eq!(texts(&info[6]), categories.collect::<Vec<_>>());
    assert_eq!(texts(&info[7]), spec.tips);
    let keys = items(&info[8]);
    assert_eq!(keys.len(), spec.keys.len());
    for (key, spec) in keys.iter().zip(spec.keys) {
        assert_eq!(texts(value(key, "flags")), names(spec.access(), |access| access.name()));
        let begin = value(value(key, "begin_search"), "spec");
        assert_eq!(*value(begin, "index"), Frame::Integer(spec.first.into()));
        let range = value(value(key, "find_keys"), "spec");
        assert_eq!(*value(range, "lastkey"), Frame::Integer(spec.last.into()));
        assert_eq!(*value(range, "keystep"), Frame::Integer(spec.step.into()));
    }
}

#[test]
fn the_table_is_redis_s() {
    let Some(server) = Server::start("table") else { return };
    let Some(mut client) = client(&server) else { return };
    for command in Command::all() {
        // Younger than this Redis.
        if command == Command::ClientSetInfo {
            continue;
        }
        let spec = command.spec();
        println!("{}", spec.name);
        let info = client.call(&[b"COMMAND", b"INFO", spec.name.as_bytes()]);
        compare_info(spec, items(&items(&info)[0]));
        let docs = client.call(&[b"COMMAND", b"DOCS", spec.name.as_bytes()]);
        let docs = value(&docs, spec.name);
        assert_eq!(text(value(docs, "since")), spec.since);
        assert_eq!(text(value(docs, "group")), spec.group.name());
        if let Some((since, _)) = spec.deprecated {
            assert_eq!(text(value(docs, "deprecated_since")), since);
        }
    }
}

#[test]
fn keys_are_where_redis_finds_them() {
    let Some(server) = Server::start("keys") else { return };
    let Some(mut client) = client(&server) else { return };
    let given: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];
    for command in Command::all() {
        let spec = command.spec();
        let name: Vec<&[u8]> = spec.name.as_bytes().split(|byte| *byte == b'|').collect();
        // It will not look into a container, and wants an argument behind the name.
        if command.is_container() || command == Command::ClientSetInfo {
            continue;
        }
        for count in 1..=given.len() {
            let args = [&name, &given[..count]].concat();
            let reply = client.call(&[&[&b"COMMAND"[..], b"GETKEYS"], &args[..]].concat());
            let found = match missing_keys(Some(command), args.len()) {
                Some(error) => Frame::Error(error.into()),
                None => Frame::Array(
                    spec.key_places(args.len())
                        .map(|place| Frame::Bulk(args[place].into()))
                        .collect(),
                ),
            };
            assert_eq!(reply, found, "{} {count}", spec.name);
        }
    }
}
