//! What a dump does to the file at its path, and to those beside it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use purekv::{DumpError, DumpOptions, Store, StoreSnapshot};

use crate::folder::Folder;

fn store_of(value: &[u8], entries: u32) -> Store {
    let store = Store::new();
    for number in 0..entries {
        store.insert(&number.to_le_bytes(), value);
    }
    store
}

#[test]
fn a_dump_replaces_the_old_one_and_who_has_that_open_keeps_it() {
    let folder = Folder::new("replace");
    let path = folder.file("dump");
    store_of(b"old", 100).dump(&path).unwrap();
    let old = StoreSnapshot::open(&path).unwrap();
    store_of(b"new", 200).dump(&path).unwrap();
    let new = StoreSnapshot::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let key = 99_u32.to_le_bytes();
    assert_eq!((old.len(), old.get(&key).unwrap()), (100, Some(&b"old"[..])));
    assert_eq!((new.len(), new.get(&key).unwrap()), (200, Some(&b"new"[..])));
    old.verify().unwrap();
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn of_two_dumps_to_one_path_the_second_is_told_so() {
    let folder = Folder::new("busy");
    let path = folder.file("dump");
    let store = store_of(&[7; 1000], 3000);
    let calls = Cell::new(0);
    let tell = |_| {
        calls.set(calls.get() + 1);
        if calls.get() == 1 {
            assert!(matches!(store.dump(&path), Err(DumpError::Busy { .. })));
            store.dump(folder.file("another")).unwrap();
        }
    };
    store.dump_with(&path, DumpOptions::new().on_progress(tell)).unwrap();
    assert!(calls.get() >= 3, "{}", calls.get());
    StoreSnapshot::open(&path).unwrap().verify().unwrap();
    assert_eq!(folder.names(), ["another", "dump"]);
}

#[test]
fn a_panic_leaves_nothing() {
    let folder = Folder::new("panic");
    let path = folder.file("dump");
    store_of(b"old", 100).dump(&path).unwrap();
    let options = DumpOptions::new().on_progress(|_| panic!("enough"));
    let store = store_of(&[7; 1000], 3000);
    assert!(catch_unwind(AssertUnwindSafe(|| store.dump_with(&path, options))).is_err());
    assert_eq!(folder.names(), ["dump"]);
    assert_eq!(StoreSnapshot::open(&path).unwrap().len(), 100);
    store.dump(&path).unwrap();
}

#[test]
fn a_panic_ends_the_work_of_all_threads() {
    let folder = Folder::new("panic-threads");
    let path = folder.file("dump");
    let options = DumpOptions::new().threads(3).on_progress(|_| panic!("enough"));
    let store = store_of(&[7; 64], 140_000);
    assert!(catch_unwind(AssertUnwindSafe(|| store.dump_with(&path, options))).is_err());
    // Had the others done all of it before the calling thread came to write, it panicked when the dump had its name.
    assert!(folder.names().is_empty() || StoreSnapshot::open(&path).unwrap().len() == 140_000);
    let done = store.dump_with(&path, DumpOptions::new().threads(3)).unwrap();
    assert_eq!(done.entries, 140_000);
    StoreSnapshot::open(&path).unwrap().verify().unwrap();
}

/// As a process leaves it that was killed.
#[test]
fn what_was_left_behind_is_used_again() {
    let folder = Folder::new("debris");
    let path = folder.file("dump");
    std::fs::write(folder.file("dump.purekv-tmp"), vec![0xff; 1 << 20]).unwrap();
    let dumped = store_of(b"new", 10).dump(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), dumped.bytes);
    StoreSnapshot::open(&path).unwrap().verify().unwrap();
    assert_eq!(folder.names(), ["dump"]);
}

#[test]
fn what_is_no_path_of_a_file_is_said_at_once() {
    let folder = Folder::new("paths");
    let store = store_of(b"value", 3);
    for path in ["", "/", ".."] {
        assert!(matches!(store.dump(path), Err(DumpError::NotAFile { .. })), "{path:?}");
    }
    assert!(matches!(store.dump(folder.path()), Err(DumpError::NotAFile { .. })));
    let error = store.dump(folder.file("missing/dump")).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    let name = "ключ 鍵 🗝 with spaces";
    store.dump(folder.file(name)).unwrap();
    assert_eq!(StoreSnapshot::open(folder.file(name)).unwrap().len(), 3);
    assert_eq!(folder.names(), [name]);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_an_error_and_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("read-only");
    let path = folder.file("dump");
    let store = store_of(b"value", 3);
    store.dump(&path).unwrap();
    let mode = |mode| std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode));
    mode(0o555).unwrap();
    // Nothing is forbidden to root.
    let is_root = std::fs::write(folder.file("probe"), b"").is_ok();
    let dumped = store.dump(&path);
    mode(0o755).unwrap();
    if is_root {
        std::fs::remove_file(folder.file("probe")).unwrap();
    } else {
        assert!(matches!(dumped, Err(DumpError::Permission { .. })), "{dumped:?}");
    }
    assert_eq!(folder.names(), ["dump"]);
    StoreSnapshot::open(&path).unwrap().verify().unwrap();
}

#[test]
fn a_rate_is_kept() {
    let folder = Folder::new("rate");
    let store = store_of(&[7; 1000], 3000);
    let begin = std::time::Instant::now();
    let options = DumpOptions::new().sync(false).bytes_per_second(20_000_000);
    store.dump_with(folder.file("dump"), options).unwrap();
    assert!(begin.elapsed() >= std::time::Duration::from_millis(100));
}

#[cfg(unix)]
#[test]
fn a_private_dump_stays_private() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("private");
    let path = folder.file("dump");
    let store = store_of(b"secret", 3);
    store.dump(&path).unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    store.dump(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

/// Otherwise a folder that others can write to would let them have any file of ours emptied.
#[cfg(unix)]
#[test]
fn no_link_is_followed() {
    let folder = Folder::new("links");
    let (path, victim) = (folder.file("dump"), folder.file("victim"));
    std::fs::write(&victim, b"important").unwrap();
    let beside = folder.file("dump.purekv-tmp");
    std::os::unix::fs::symlink(&victim, &beside).unwrap();
    let store = store_of(b"value", 3);
    assert!(matches!(store.dump(&path), Err(DumpError::Io { .. })));
    std::fs::remove_file(&beside).unwrap();
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    store.dump(&path).unwrap();
    assert_eq!(std::fs::read(&victim).unwrap(), b"important");
    assert_eq!(StoreSnapshot::open(&path).unwrap().len(), 3);
}

/// `/dev/null` and its like are no dumps, and nobody waits for them.
#[cfg(unix)]
#[test]
fn devices_and_pipes_are_no_files() {
    assert!(matches!(Store::new().dump("/dev/null"), Err(DumpError::NotAFile { .. })));
    assert!(matches!(StoreSnapshot::open("/dev/null"), Err(DumpError::NotAFile { .. })));
    let folder = Folder::new("pipes");
    let link = folder.file("link");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    assert!(matches!(Store::new().dump(&link), Err(DumpError::NotAFile { .. })));
    assert!(link.is_symlink());
    let pipe = folder.file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        assert!(matches!(StoreSnapshot::open(&pipe), Err(DumpError::NotAFile { .. })));
        std::fs::rename(&pipe, folder.file("dump.purekv-tmp")).unwrap();
        assert!(store_of(b"value", 3).dump(folder.file("dump")).is_err());
    }
}
