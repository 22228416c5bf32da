//! How soon a store on top of a snapshot serves, and how fast: `cargo run --release --features dump --example warm_times [ENTRIES] [FOLDER]`.
//!
//! Keys of 16 bytes, values of 64, a time-to-live for each. The file is in the page cache. Gets are at random and of one thread; each figure of them is the best of three stores.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use purekv::{Store, StoreSnapshot};

const ROUNDS: usize = 3;

fn key(number: u64) -> [u8; 16] {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8..].copy_from_slice(&mixed.to_be_bytes());
    key
}

/// A permutation of the numbers below `entries`, as good as random for caches; another one for another share.
fn scattered(entries: u64, share: f64) -> impl Iterator<Item = u64> {
    let mut step = (entries as f64 * share) as u64 | 1;
    while gcd(step, entries) != 1 {
        step += 2;
    }
    (0..entries)
        .map(move |number| (u128::from(number) * u128::from(step) % u128::from(entries)) as u64)
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

fn dump(path: &Path, entries: u64) -> Result<(), Box<dyn Error>> {
    let store = Store::builder().initial_capacity(entries as usize).build();
    for number in 0..entries {
        let ttl = Duration::from_secs(3600 + number % 3600);
        store.insert_with_ttl(&key(number), &[number as u8; 64], ttl);
    }
    store.dump(path)?;
    Ok(())
}

/// Nanoseconds for each of `gets`.
fn gets(store: &Store, numbers: &[u64]) -> f64 {
    let begin = Instant::now();
    let found = numbers.iter().filter(|&&number| store.read(&key(number), |it| it[0]).is_some());
    let found = found.count();
    let time = begin.elapsed();
    assert_eq!(found, numbers.len());
    time.as_nanos() as f64 / numbers.len() as f64
}

/// Numbers below `entries`, few of them often: the fourth power of what is uniform.
fn skewed(entries: u64, count: u64) -> Vec<u64> {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let uniform = (state >> 11) as f64 / (1_u64 << 53) as f64;
        (uniform.powi(4) * entries as f64) as u64
    };
    (0..count).map(next).collect()
}

fn least(times: impl IntoIterator<Item = f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == "dump").is_some() {
        let (path, entries) = (arguments.next().unwrap_or_default(), arguments.next());
        return dump(path.as_ref(), entries.unwrap_or_default().parse()?);
    }
    let entries: u64 = arguments.next().map_or(Ok(2_000_000), |entries| entries.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("purekv-warm-times-{}.dump", std::process::id()));
    // By another process: a restart begins with a heap of its own, and not with one from which millions of entries were freed.
    let mut other = Command::new(std::env::current_exe()?);
    let status = other.arg("dump").arg(&path).arg(entries.to_string()).status()?;
    assert!(status.success());
    println!("{entries} entries, {} MB", fs::metadata(&path)?.len() / 1_000_000);

    let begin = Instant::now();
    let snapshot = StoreSnapshot::open(&path)?;
    let opened = begin.elapsed();
    let begin = Instant::now();
    let store = Store::builder().warm_from(snapshot).build();
    let built = begin.elapsed();
    let found = store.read(&key(entries / 2), <[u8]>::len);
    let first = begin.elapsed();
    assert_eq!(found, Some(64));
    println!("open {opened:?}; build {built:?}; build and the first get {first:?}");
    drop(store);

    let numbers: Vec<u64> = scattered(entries, 0.618_034).collect();
    // Entries that have come one after the other lie one behind the other in memory: what is timed is not to follow that.
    let in_memory: Vec<u64> = scattered(entries, 0.381_966 / 2.0).collect();
    let requests = skewed(entries, entries);
    let still = || -> Result<Store, Box<dyn Error>> {
        let snapshot = StoreSnapshot::open(&path)?;
        Ok(Store::builder().warm_from(snapshot).hydration_rate(0).build())
    };
    let (mut cold, mut peeks, mut inserts, mut snapshots) =
        <(Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    let (mut memory, mut mixed, mut mixed_memory) = <(Vec<_>, Vec<_>, Vec<_>)>::default();
    let mut misses = Vec::new();
    for _ in 0..ROUNDS {
        let store = still()?;
        // Each section and each block of the index is verified by that; that is not what is timed.
        let touched: Vec<u64> = numbers.iter().copied().step_by(50).collect();
        gets(&store, &touched);
        let rest: Vec<u64> = numbers.chunks(50).flat_map(|chunk| &chunk[1..]).copied().collect();
        let (asked, others) = rest.split_at(rest.len() / 2);
        let begin = Instant::now();
        assert!(others.iter().all(|&number| store.contains_key(&key(number))));
        peeks.push(begin.elapsed().as_nanos() as f64 / others.len() as f64);
        cold.push(gets(&store, asked));
        let snapshot = StoreSnapshot::open(&path)?;
        let get = |number| snapshot.get(&key(number)).is_ok_and(|found| found.is_some());
        assert!(touched.iter().all(|&number| get(number)));
        let begin = Instant::now();
        assert!(asked.iter().all(|&number| get(number)));
        snapshots.push(begin.elapsed().as_nanos() as f64 / asked.len() as f64);
        let empty = Store::new();
        let begin = Instant::now();
        for &number in asked {
            empty.insert_with_ttl(
                &key(number),
                &[1; 64],
                Duration::from_secs(3600 + number % 3600),
            );
        }
        inserts.push(begin.elapsed().as_nanos() as f64 / asked.len() as f64);
        drop(empty);
        let begin = Instant::now();
        let count = rest.len() / 2;
        let found = (0..count as u64).filter(|number| store.contains_key(&number.to_le_bytes()));
        assert_eq!(found.count(), 0);
        misses.push(begin.elapsed().as_nanos() as f64 / count as f64);
        gets(&store, &numbers);
        memory.push(gets(&store, &in_memory));
        mixed_memory.push(gets(&store, &requests));
        let store = still()?;
        gets(&store, &touched);
        mixed.push(gets(&store, &requests));
    }
    let (cold, memory) = (least(cold), least(memory));
    println!("get: {memory:.0} ns from memory, {cold:.0} ns cold ({:.1} ×)", cold / memory);
    let (mixed, warm) = (least(mixed), least(mixed_memory));
    println!(
        "skewed requests, one for each entry: {warm:.0} ns from memory, {mixed:.0} ns from the start ({:.1} ×)",
        mixed / warm
    );
    println!("that consists of: look {:.0} ns, insert {:.0} ns", least(peeks), least(inserts));
    println!("get of the snapshot by itself: {:.0} ns", least(snapshots));
    println!("look for what is not there, while warming: {:.0} ns", least(misses));

    let store = still()?;
    let begin = Instant::now();
    let brought = store.hydrate();
    let time = begin.elapsed();
    println!(
        "hydrate: {brought} in {time:?}, {:.2} M/s",
        brought as f64 / time.as_secs_f64() / 1e6
    );
    let store = Store::builder().warm_from(StoreSnapshot::open(&path)?).build();
    let begin = Instant::now();
    let (mut count, mut longest) = (0_u64, Duration::ZERO);
    for &number in numbers.iter().cycle() {
        let one = Instant::now();
        assert!(store.contains_key(&key(number)));
        longest = longest.max(one.elapsed());
        count += 1;
        if !store.is_warming() {
            break;
        }
    }
    println!(
        "in the background: {:?}, with {count} gets beside it, the longest {longest:?}",
        begin.elapsed()
    );
    let begin = Instant::now();
    drop(store);
    println!("drop {:?}", begin.elapsed());
    fs::remove_file(&path)?;
    Ok(())
}
