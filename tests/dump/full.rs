//! A disk that fills up: a dump fails, the old file stays, and nothing is left of the new one.
//!
//! The disk is a small tmpfs in a mount namespace of the child's own, which is this very test binary, with a folder in its environment. Where the system gives
//! ordinary users no such namespace, the test says so and is passed over.

use std::path::Path;
use std::process::Command;

use purekv::{DumpError, DumpOptions, Store, StoreDumpWriter, StoreSnapshot};

use crate::folder::Folder;

const VARIABLE: &str = "PUREKV_SMALL_DISK";
/// Bytes of the disk.
const ROOM: u64 = 4 << 20;

fn store_of(entries: u32, value: &[u8]) -> Store {
    let store = Store::new();
    (0..entries).for_each(|number| store.insert(&number.to_le_bytes(), value));
    store
}

/// The one value that all entries of a dump have, which is whole, and how many these are.
fn whole(path: &Path) -> (u64, Vec<u8>) {
    let snapshot = StoreSnapshot::open(path).unwrap();
    snapshot.verify().unwrap();
    (snapshot.len(), snapshot.get(&0_u32.to_le_bytes()).unwrap().unwrap().to_vec())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_child_fills_its_disk() {
    let Some(folder) = std::env::var_os(VARIABLE) else { return };
    let folder = Path::new(&folder);
    let path = folder.join("dump");
    let old = store_of(5000, b"the old value");
    old.dump(&path).unwrap();
    let (mut failed, mut made) = (0, 0);
    // It ends within sections, within the index, or just so.
    for entries in (10_000..40_000).step_by(1500) {
        let new = store_of(entries, &[7; 120]);
        for synced in [false, true] {
            match new.dump_with(&path, DumpOptions::new().sync(synced)) {
                Ok(_) => {
                    made += 1;
                    assert_eq!(whole(&path), (entries.into(), vec![7; 120]));
                    old.dump(&path).unwrap();
                }
                Err(DumpError::NoRoom { .. }) => failed += 1,
                Err(error) => panic!("{error}"),
            }
            assert_eq!(whole(&path), (5000, b"the old value".to_vec()), "{entries} entries");
            assert_eq!(names(folder), ["dump"]);
        }
    }
    assert!(failed > 4 && made > 4, "{failed} have failed, {made} not");
    // One by hand cannot go on, either.
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    let written = (0..1_u32 << 20).try_for_each(|n| dump.write(&n.to_le_bytes(), &[7; 120], None));
    assert!(matches!(written, Err(DumpError::NoRoom { .. })), "{written:?}");
    assert!(matches!(dump.write(b"", b"", None), Err(DumpError::Stopped { .. })));
    assert_eq!(names(folder), ["dump"]);
    assert!(matches!(dump.finish(), Err(DumpError::Stopped { .. })));
    // With room again, all is well again.
    store_of(100, b"new").dump(&path).unwrap();
    assert_eq!(whole(&path), (100, b"new".to_vec()));
    println!("the disk was full {failed} times");
}

#[test]
fn a_full_disk_leaves_the_old_dump() {
    let folder = Folder::new("small-disk");
    let in_namespace = |script: &str| {
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .env(VARIABLE, folder.path())
            .env("PUREKV_TEST", std::env::current_exe().unwrap())
            .output()
    };
    let mount = format!("mount -t tmpfs -o size={ROOM} tmpfs \"${VARIABLE}\"");
    if !in_namespace(&mount).is_ok_and(|tried| tried.status.success()) {
        println!("skipped: no file system can be mounted here, not even in a namespace");
        return;
    }
    let child = "exec \"$PUREKV_TEST\" --exact full::the_child_fills_its_disk --nocapture";
    let output = in_namespace(&format!("{mount} && {child}")).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("the disk was full"), "{output:?}");
    assert_eq!(folder.names(), [""; 0], "it was on a disk of its own");
}
