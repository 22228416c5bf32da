//! A process that dumps is killed at any instant: at its path there is the whole old dump or the whole new one.
//!
//! The child is this very test binary, with a path in its environment. It dumps again and again, each time another generation: all values
//! of a dump are of one generation, and each is followed by the next.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use purekv::{DumpError, DumpOptions, Store, StoreSnapshot};

use crate::folder::Folder;
use crate::random::Random;

const VARIABLE: &str = "PUREKV_DUMP_TO";
const ENTRIES: u32 = 300;
const KILLS: u32 = 200;

fn fill(store: &Store, generation: u32) {
    for number in 0..ENTRIES {
        let value = generation.to_le_bytes().repeat(1 + number as usize % 40);
        store.insert(&number.to_le_bytes(), &value);
    }
}

/// The generation of a dump, which is whole.
fn generation(path: &Path) -> u32 {
    let snapshot = StoreSnapshot::open(path).unwrap();
    snapshot.verify().unwrap();
    assert_eq!(snapshot.len(), u64::from(ENTRIES));
    let first = |value: &[u8]| u32::from_le_bytes(value[..4].try_into().unwrap());
    let generation = first(snapshot.get(&0_u32.to_le_bytes()).unwrap().unwrap());
    let expected = Store::new();
    fill(&expected, generation);
    for entry in snapshot.iter() {
        let entry = entry.unwrap();
        assert_eq!(Some(entry.value), expected.get(entry.key).as_deref());
    }
    generation
}

#[test]
fn the_child_dumps_until_it_is_killed() {
    let Some(path) = std::env::var_os(VARIABLE) else { return };
    let store = Store::new();
    for generation in 2.. {
        fill(&store, generation);
        // With and without the waits for the disk: they make other instants likely.
        let options = DumpOptions::new().sync(generation.is_multiple_of(4));
        match store.dump_with(&path, options) {
            // Its parent may dump there, too.
            Ok(_) | Err(DumpError::Busy { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// A child that dumps until it is killed, at the latest when this is dropped.
struct Dumper(Child);

impl Dumper {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Dumper {
    fn drop(&mut self) {
        // A test that fails leaves nobody behind.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One that dumps to `path`.
fn child(path: &Path) -> Dumper {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::the_child_dumps_until_it_is_killed"])
        .env(VARIABLE, path)
        .stdout(Stdio::null())
        .spawn();
    Dumper(child.unwrap())
}

#[test]
fn two_processes_dump_to_one_path_in_turn() {
    let folder = Folder::new("two");
    let path = folder.file("dump");
    let (store, mut made, mut refused) = (Store::new(), 0, 0);
    fill(&store, 1);
    store.dump(&path).unwrap();
    let mut child = child(&path);
    while generation(&path) == 1 {
        thread::park_timeout(Duration::from_millis(1));
    }
    while made < 50 || refused < 50 {
        match store.dump_with(&path, DumpOptions::new().sync(made % 2 == 0)) {
            Ok(_) => made += 1,
            Err(DumpError::Busy { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        generation(&path);
    }
    child.kill();
    generation(&path);
}

#[test]
fn a_killed_dump_leaves_the_old_or_the_new_one() {
    let folder = Folder::new("kill");
    let path = folder.file("dump");
    let mut random = Random::new(1);
    let mut replaced = 0;
    for kill in 0..KILLS {
        let store = Store::new();
        fill(&store, 1);
        // Takes over what the one before has left.
        let begin = Instant::now();
        store.dump_with(&path, DumpOptions::new().sync(false)).unwrap();
        let took = begin.elapsed();
        let mut child = child(&path);
        // From its first step on, some dumps long: however slow the machine is.
        while folder.names() == ["dump"] && generation(&path) == 1 {
            assert!(begin.elapsed() < Duration::from_secs(60), "the child does not dump");
            thread::yield_now();
        }
        thread::park_timeout(took.mul_f64(random.below(4000) as f64 / 1000.0));
        child.kill();
        replaced += u32::from(generation(&path) > 1);
        for name in folder.names() {
            assert!(["dump", "dump.purekv-tmp"].contains(&name.as_str()), "{kill}: {name}");
        }
    }
    assert!(replaced > KILLS / 20, "the kills came too early: {replaced} dumps were made");
}
