//! `purekv dump convert`: what is in a dump is in its lines, and what is in the lines is in the dump.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purekv::{DumpError, Store, StoreDumpWriter, StoreSnapshot};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::{complaint, path, printed, purekv, text};

fn convert(arguments: &[&str]) -> Output {
    purekv(&[&["dump", "convert"], arguments].concat())
}

/// With this on standard input.
fn convert_from(input: &[u8], arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_purekv"))
        .args([&["dump", "convert"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Who has seen enough need not read all of it.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

type Entries = BTreeMap<Vec<u8>, (Vec<u8>, Option<SystemTime>, Option<SystemTime>)>;

fn entries(dump: &Path) -> Entries {
    let snapshot = StoreSnapshot::open(dump).expect("a dump");
    snapshot.verify().expect("a whole one");
    let mut entries = Entries::new();
    let walked: Result<(), DumpError> = snapshot.try_for_each(|entry| {
        let value = (entry.value.to_vec(), entry.expires_at, entry.expires_at_latest);
        assert!(entries.insert(entry.key.to_vec(), value).is_none());
        Ok(())
    });
    walked.expect("a whole one");
    entries
}

fn at(nanos: u64) -> Option<SystemTime> {
    Some(UNIX_EPOCH + Duration::from_nanos(nanos))
}

/// One with all that there can be.
fn dump_of_all_sorts(file: &Path) {
    let mut dump = StoreDumpWriter::create(file).expect("a place for it");
    let mut put = |key: &[u8], value: &[u8], expires_at, latest| {
        dump.write_idle(key, value, expires_at, latest).expect("it takes it");
    };
    put(b"", b"", None, None);
    put(b"plain", b"text", at(1_800_000_000_000_000_001), at(1_800_000_000_000_000_001));
    put("ключ \" \\ \n \u{0} \u{2028} 🗝".as_bytes(), "\u{7f}\u{feff}".as_bytes(), None, None);
    put(b"\xff\0", b"value", None, None);
    put(b"key", b"\xf0\x9f", at(7), at(7));
    put(b"\xc0", b"\x80", at(0), at(0));
    put(b"idle", b"", at(u64::MAX - 3), at(u64::MAX - 1));
    put(b"idle for ever", b"", at(u64::MAX - 3), None);
    put(b"large", &[b'\\'; 3 << 20], None, None);
    dump.finish().expect("room for it");
}

#[test]
fn there_and_back_is_the_same() {
    let folder = Folder::new("convert");
    let (dump, lines) = (folder.file("one.dump"), folder.file("one.jsonl"));
    let (again, anew) = (folder.file("again.dump"), folder.file("anew.dump"));
    dump_of_all_sorts(&dump);
    let output = convert(&[path(&dump), path(&lines)]);
    assert_eq!(printed(&output), format!("{}: 9 entries\n", path(&lines)));
    printed(&convert(&[path(&lines), path(&again)]));
    printed(&convert(&[path(&dump), path(&anew)]));
    let expected = entries(&dump);
    assert_eq!(expected.len(), 9);
    assert!(entries(&again) == expected && entries(&anew) == expected);
    // By pipes, and by names that do not tell.
    let output = convert(&[path(&dump), "-"]);
    assert!(printed(&output).as_bytes() == fs::read(&lines).expect("it was written"));
    let other = folder.file("no ending");
    printed(&convert_from(&output.stdout, &["-", path(&other), "--to", "dump"]));
    assert!(entries(&other) == expected);
    let third = folder.file("third");
    printed(&convert(&[path(&other), path(&third), "--from", "dump", "--to", "jsonl"]));
    assert!(fs::read(&third).expect("it was written") == output.stdout);
    let names = ["again.dump", "anew.dump", "no ending", "one.dump", "one.jsonl", "third"];
    assert_eq!(folder.names(), names);
}

#[test]
fn a_dump_is_compressed_and_made_plain_again() {
    let folder = Folder::new("compress");
    let (dump, packed, plain) =
        (folder.file("1.dump"), folder.file("2.dump"), folder.file("3.dump"));
    dump_of_all_sorts(&dump);
    let described = |dump| printed(&purekv(&["dump", "inspect", path(dump)])).to_owned();
    let len = |dump| fs::metadata(dump).expect("it is there").len();
    assert!(described(&dump).contains("compression     none\n"));
    for level in ["--compress", "--compress=1", "--compress=22"] {
        printed(&convert(&[path(&dump), path(&packed), level]));
        assert!(described(&packed).contains("compression     zstd, "), "{}", described(&packed));
        assert!(len(&packed) * 10 < len(&dump) && entries(&packed) == entries(&dump));
        printed(&purekv(&["dump", "verify", path(&packed)]));
    }
    // To itself, too.
    printed(&convert(&[path(&packed), path(&packed), "--compress=5"]));
    printed(&convert(&[path(&packed), path(&plain)]));
    assert_eq!(len(&plain), len(&dump));
    assert!(entries(&plain) == entries(&dump));
    let lines = convert(&[path(&packed), "-"]);
    printed(&convert_from(&lines.stdout, &["-", path(&packed), "--compress"]));
    assert!(entries(&packed) == entries(&dump));
    assert_eq!(folder.names(), ["1.dump", "2.dump", "3.dump"]);
}

#[test]
fn lines_are_as_they_are_documented() {
    let folder = Folder::new("lines");
    let dump = folder.file("one.dump");
    dump_of_all_sorts(&dump);
    let output = convert(&[path(&dump), "-"]);
    let lines: Vec<Value> = printed(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines[0], json!({ "key": "", "value": "" }));
    let instant = "2027-01-15T08:00:00.000000001Z";
    assert_eq!(lines[1], json!({ "key": "plain", "value": "text", "expires_at": instant }));
    assert_eq!(lines[3], json!({ "key_base64": "/wA=", "value": "value" }));
    let first = "1970-01-01T00:00:00.000000000Z";
    assert_eq!(
        lines[5],
        json!({ "key_base64": "wA==", "value_base64": "gA==", "expires_at": first })
    );
    let (idle, last) = ("2554-07-21T23:34:33.709551612Z", "2554-07-21T23:34:33.709551614Z");
    let expected =
        json!({ "key": "idle", "value": "", "expires_at": idle, "expires_at_latest": last });
    assert_eq!(lines[6], expected);
    let expected = json!({ "key": "idle for ever", "value": "", "expires_at": idle, "expires_at_latest": null });
    assert_eq!(lines[7], expected);
    let help = purekv(&["dump", "convert", "--help"]);
    for word in ["key_base64", "value_base64", "expires_at_latest", "--from", "--to", "due"] {
        assert!(printed(&help).contains(word), "{word}");
    }
}

#[test]
fn what_others_write_is_read() {
    let folder = Folder::new("others");
    let dump = folder.file("one.dump");
    let lines = "{\"value\" : \"\\u043a\", \"key\":\"a\"}\r\n {\"key\":\"b\",\"value_base64\":\"\",\"expires_at\":null}\n\
        {\"key\":\"c\",\"value\":\"\",\"expires_at\":\"2100-01-01T00:00:00Z\",\"expires_at_latest\":\"2100-01-01T00:00:00.5Z\"}";
    printed(&convert_from(lines.as_bytes(), &["-", path(&dump)]));
    let found = entries(&dump);
    let century = 4_102_444_800_000_000_000;
    let expected: Entries = [
        (b"a".to_vec(), ("к".as_bytes().to_vec(), None, None)),
        (b"b".to_vec(), (Vec::new(), None, None)),
        (b"c".to_vec(), (Vec::new(), at(century), at(century + 500_000_000))),
    ]
    .into();
    assert_eq!(found, expected);
    printed(&convert_from(b"", &["-", path(&dump)]));
    assert!(entries(&dump).is_empty());
}

/// Where, what was expected, and what is there; and the old file is.
#[test]
fn a_bad_line_is_named_and_nothing_changes() {
    let folder = Folder::new("bad-lines");
    let dump = folder.file("one.dump");
    let old = Store::new();
    old.insert(b"old", b"1");
    old.dump(&dump).expect("room for it");
    let before = fs::read(&dump).expect("it was written");
    let good = "{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"b\",\"value\":\"1\"}\n";
    let long = "x".repeat(1000);
    let bad = [
        ("", "column 1: EOF while parsing"),
        ("{}", "expected either key or key_base64, found neither"),
        ("{\"key\":\"c\"}", "expected either value or value_base64, found neither"),
        (
            "{\"key\":\"c\",\"key_base64\":\"\",\"value\":\"\"}",
            "expected either key or key_base64, found both",
        ),
        ("{\"key\":7}", "column 8: invalid type: integer `7`, expected a string"),
        (
            "{\"key\":\"c\",\"valeu\":\"\"}",
            "column 18: unknown field `valeu`, expected one of `key`",
        ),
        ("{\"key\":\"c\",\"key\":\"d\"}", "duplicate field `key`"),
        ("[\"k\",null,\"v\"]", "column 1: expected an object, found '['"),
        (" 7", "column 2: expected an object, found '7'"),
        (
            "{\"expires_at_latest\":\"2100-01-01T00:00:00Z\",\"expires_at\":\"2100-01-01T00:00:01Z\"}",
            "not behind expires_at_latest",
        ),
        ("{\"key\":\"c\",\"value\":\"\"} {}", "column 24: trailing characters"),
        ("{\"key\":\"\\ud800\"}", "column 15: "),
        ("{\"key_base64\":\"/wA\"}", "expected base64, found \"/wA\": Invalid padding"),
        (
            "{\"key_base64\":\"_w==\"}",
            "expected base64, found \"_w==\": Invalid symbol 95, offset 0",
        ),
        ("{\"expires_at\":\"tomorrow\"}", "column 25: expected an instant in UTC"),
        ("{\"expires_at\":\"2100-01-01 00:00:00\"}", "found \"2100-01-01 00:00:00\""),
        ("{\"expires_at\":\"1969-12-31T23:59:59Z\"}", "found \"1969-12-31T23:59:59Z\""),
        ("{\"expires_at\":\"2554-07-21T23:34:33.709551615Z\"}", "expected an instant"),
        (&format!("{{\"expires_at_latest\":\"{long}\"}}"), "xxx\"…"),
        ("{\"key\":\"b\",\"value\":\"2\"}", "the key \"b\" again, which is in line 2"),
    ];
    for (line, expected) in bad {
        let output = convert_from(format!("{good}{line}\n").as_bytes(), &["-", path(&dump)]);
        let message = complaint(&output);
        assert!(message.starts_with("purekv: standard input: line 3: "), "{message}");
        assert!(message.contains(expected) && message.len() < 400, "{line}: {message}");
        assert_eq!(fs::read(&dump).expect("it is there"), before);
        assert_eq!(folder.names(), ["one.dump"]);
    }
    let output = convert_from(b"{\"key\":\"\xff\"}", &["-", path(&dump)]);
    assert!(complaint(&output).contains("line 1: column 9: "), "{output:?}");
}

#[test]
fn what_cannot_be_converted_is_one_line() {
    let folder = Folder::new("cannot");
    let lines = folder.file("one.jsonl");
    fs::write(&lines, b"old").expect("room for it");
    let typed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cache-v1.dump");
    let output = convert(&[path(&typed), path(&lines)]);
    let message = complaint(&output);
    assert!(message.contains("only a store's dump can be converted"), "{message}");
    assert!(message.contains("Cache<alloc::string::String, "), "{message}");
    let damaged = folder.file("damaged.dump");
    dump_of_all_sorts(&damaged);
    let mut bytes = fs::read(&damaged).expect("it was written");
    bytes[70] ^= 1;
    fs::write(&damaged, bytes).expect("room for it");
    for to in [&lines, &folder.file("other.dump")] {
        let output = convert(&[path(&damaged), path(to)]);
        assert!(complaint(&output).contains("section at 64: checksum"), "{output:?}");
    }
    let missing = folder.file("missing.jsonl");
    assert!(
        complaint(&convert(&[path(&missing), "one.dump"])).contains("missing.jsonl: cannot read")
    );
    let nowhere = folder.file("missing/one.jsonl");
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store-v1.dump");
    assert!(
        complaint(&convert(&[path(&good), path(&nowhere)])).contains("one.jsonl: cannot write")
    );
    assert_eq!(fs::read(&lines).expect("it is there"), b"old");
    assert_eq!(folder.names(), ["damaged.dump", "one.jsonl"]);
}

#[cfg(unix)]
#[test]
fn lines_may_be_read_by_whom_the_old_ones_might() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("modes");
    let (dump, lines) = (folder.file("one.dump"), folder.file("one.jsonl"));
    dump_of_all_sorts(&dump);
    let mode = |file: &PathBuf| fs::metadata(file).expect("it is there").permissions().mode();
    printed(&convert(&[path(&dump), path(&lines)]));
    assert_eq!(mode(&lines), mode(&dump), "as any new file");
    fs::set_permissions(&lines, fs::Permissions::from_mode(0o600)).expect("it is ours");
    printed(&convert(&[path(&dump), path(&lines)]));
    assert_eq!(mode(&lines) & 0o777, 0o600);
    // Nobody's file is replaced who has none.
    printed(&convert(&[path(&dump), "/dev/null", "--to", "jsonl"]));
    let link = folder.file("null.jsonl");
    std::os::unix::fs::symlink("/dev/null", &link).expect("it can be made");
    printed(&convert(&[path(&dump), path(&link)]));
    assert!(link.is_symlink());
    assert!(!fs::metadata("/dev/null").expect("it is there").is_file());
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let folder = Folder::new("leaves");
    let dump = folder.file("one.dump");
    dump_of_all_sorts(&dump);
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_purekv"))
        .args(["dump", "convert", path(&dump), "-"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(|child| child.wait_with_output())
        .expect("it runs");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}
