//! Every step by which a file is replaced fails, one at a time: there is the whole old file or the whole new one, and nothing else.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::disk::{Disk, System};
use super::super::error::DumpError;
use super::super::hash::hash_of_bytes;
use super::super::store::StoreSnapshot;
use super::folder::Folder;
use super::write;

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It does nothing, or half of what it was to write.
    Fails,
    /// It does what it should, and says that it has not.
    Lies,
    /// As `Fails`, and so does everything after it: the process is no more.
    Dies,
}

/// A disk that fails at the step `at`, counted from 0.
struct Faulty {
    at: usize,
    fault: Fault,
    steps: Cell<usize>,
    log: RefCell<Vec<&'static str>>,
}

impl Faulty {
    fn new(at: usize, fault: Fault) -> Self {
        Self { at, fault, steps: Cell::new(0), log: RefCell::default() }
    }

    fn step<T>(
        &self,
        name: &'static str,
        run: impl FnOnce() -> io::Result<T>,
        half: impl FnOnce(),
    ) -> io::Result<T> {
        let step = self.steps.replace(self.steps.get() + 1);
        self.log.borrow_mut().push(name);
        let fails = step == self.at || self.fault == Fault::Dies && step > self.at;
        if !fails {
            return run();
        }
        match self.fault {
            Fault::Lies => drop(run()?),
            // After its death it does not even do half of anything.
            _ if step == self.at => half(),
            _ => {}
        }
        Err(ErrorKind::StorageFull.into())
    }
}

impl Disk for Faulty {
    fn claim(&self, path: &Path) -> io::Result<Option<File>> {
        self.step("claim", || System.claim(path), || {})
    }

    fn prepare(&self, file: &File, target: &Path) -> io::Result<()> {
        self.step("prepare", || System.prepare(file, target), || {})
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let half = &bytes[..bytes.len() / 2];
        let half = || System.write_at(file, half, offset).expect("there is room");
        self.step("write", || System.write_at(file, bytes, offset), half)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.step("sync", || System.sync(file), || {})
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", || System.rename(from, to), || {})
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step("sync folder", || System.sync_folder(folder), || {})
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", || System.remove(path), || {})
    }

    fn nameless(&self, path: &Path) -> io::Result<File> {
        self.step("nameless", || System.nameless(path), || {})
    }
}

const NEVER_FAILS: usize = usize::MAX;

/// Keys, so many that the index does not stay in memory: their hashes all begin alike.
fn keys(count: usize) -> Vec<[u8; 8]> {
    let all = (0_u64..).map(u64::to_le_bytes);
    all.filter(|key| hash_of_bytes(key) >> 56 == 7).take(count).collect()
}

fn dump(disk: &impl Disk, path: &Path, keys: &[[u8; 8]], value: &[u8]) -> Result<(), DumpError> {
    write(disk, path, keys.iter().map(|key| (&key[..], value))).map(drop)
}

/// Whose dump there is; it is whole.
fn value_at(path: &Path, keys: &[[u8; 8]]) -> Vec<u8> {
    let snapshot = StoreSnapshot::open(path).unwrap();
    snapshot.verify().unwrap();
    assert_eq!(snapshot.len(), keys.len() as u64);
    snapshot.get(&keys[0]).unwrap().unwrap().to_vec()
}

/// Fails at every step in turn; the steps that there are.
fn fail_everywhere(name: &str, keys: &[[u8; 8]], stride: usize) -> Vec<&'static str> {
    let folder = Folder::new(name);
    let path = folder.file("dump");
    let whole = Faulty::new(NEVER_FAILS, Fault::Fails);
    dump(&whole, &path, keys, b"old").unwrap();
    let log = whole.log.into_inner();
    let renamed = log.iter().position(|&step| step == "rename").unwrap();
    for fault in [Fault::Fails, Fault::Lies, Fault::Dies] {
        // Each of the last ones, and of the others some.
        let steps = (0..renamed - 4).step_by(stride).chain(renamed - 4..log.len());
        for at in steps {
            dump(&System, &path, keys, b"old").unwrap();
            let disk = Faulty::new(at, fault);
            let error = dump(&disk, &path, keys, b"new").unwrap_err();
            let case = format!("{} ({at}) {fault:?}: {error}", log[at]);
            assert!(matches!(error, DumpError::NoRoom { .. }), "{case}");
            let is_new = at > renamed || at == renamed && fault == Fault::Lies;
            let expected: &[u8] = if is_new { b"new" } else { b"old" };
            assert_eq!(value_at(&path, keys), expected, "{case}");
            // Who claims to have failed to make the file has made it.
            let excused = fault == Fault::Dies || at == 0;
            assert!(excused || folder.names() == ["dump"], "{case}: {:?}", folder.names());
            // And the next one gets on.
            dump(&System, &path, keys, b"next").unwrap();
            assert_eq!(folder.names(), ["dump"], "{case}");
        }
    }
    log
}

#[test]
fn a_failure_at_any_step_leaves_the_old_dump_or_the_new_one() {
    let log = fail_everywhere("steps", &keys(40), 1);
    assert_eq!(log[..2], ["claim", "prepare"]);
    assert_eq!(log[log.len() - 3..], ["sync", "rename", "sync folder"]);
    assert!(log[2..log.len() - 3].iter().all(|&step| step == "write"));
    assert!(log.len() > 10);
}

#[test]
fn so_does_one_while_the_index_is_being_made() {
    let log = fail_everywhere("spilled", &keys(8300), 197);
    assert!(log.contains(&"nameless"));
}

/// A first dump that fails leaves an empty folder.
#[test]
fn where_there_was_none_there_is_none() {
    let folder = Folder::new("none");
    let path = folder.file("dump");
    for at in 1..8 {
        assert!(dump(&Faulty::new(at, Fault::Fails), &path, &keys(9), b"new").is_err());
        assert_eq!(folder.names(), [""; 0]);
    }
}
