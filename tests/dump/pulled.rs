//! What becomes of a process whose dump is pulled away under it: nothing, if the file is replaced; if it is cut off in place, SIGBUS, as it is documented.
//!
//! The child is this very test binary, with a path in its environment.

use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use purekv::{DumpOptions, Store, StoreSnapshot};

use crate::folder::Folder;

const PATH: &str = "PUREKV_PULLED";
const HOW: &str = "PUREKV_PULLED_HOW";
const ENTRIES: u32 = 3000;

#[test]
fn the_child_reads_on() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let path = Path::new(&path);
    let snapshot = StoreSnapshot::open(path).unwrap();
    assert!(snapshot.get(&0_u32.to_le_bytes()).unwrap().is_some());
    match std::env::var(HOW).as_deref() {
        Ok("cut") => OpenOptions::new().write(true).open(path).unwrap().set_len(4096).unwrap(),
        Ok("replaced") => drop(Store::new().dump(path).unwrap()),
        Ok("removed") => std::fs::remove_file(path).unwrap(),
        other => panic!("{other:?}"),
    }
    for number in 0..ENTRIES {
        assert_eq!(snapshot.get(&number.to_le_bytes()).unwrap(), Some(&[7; 1000][..]));
    }
    snapshot.verify().unwrap();
}

/// How a child ends whose dump is pulled away so.
fn pulled(how: &str) -> ExitStatus {
    let folder = Folder::new(how);
    let path = folder.file("dump");
    let store = Store::new();
    (0..ENTRIES).for_each(|number| store.insert(&number.to_le_bytes(), &[7; 1000]));
    store.dump_with(&path, DumpOptions::new().sync(false)).unwrap();
    // Not to leave a core.
    Command::new("sh")
        .args(["-c", "ulimit -c 0; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "pulled::the_child_reads_on"])
        .env(PATH, &path)
        .env(HOW, how)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

#[test]
fn a_dump_that_is_replaced_or_removed_stays_what_it_was() {
    for how in ["replaced", "removed"] {
        let status = pulled(how);
        assert!(status.success(), "{how}: {status}");
    }
}

/// Not what anybody wants: what there is to be known of it.
#[cfg(target_os = "linux")]
#[test]
fn a_dump_that_is_cut_off_in_place_ends_the_process() {
    const SIGBUS: i32 =
        if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 10 } else { 7 };
    let status = pulled("cut");
    assert_eq!(status.signal(), Some(SIGBUS), "{status}");
}
