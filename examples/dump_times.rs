//! How long it takes to dump, open and load a store: `cargo run --release --features dump --example dump_times [ENTRIES] [FOLDER]`.
//!
//! Keys of 16 bytes, values of 64, a time-to-live for each. The dump is compared with what writing the same bytes plainly takes, to the same
//! disk and with the same fsync, and one thread's gets are timed without and with dumps beside them.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use purekv::{Cache, DumpOptions, LoadOptions, Snapshot, Store, StoreSnapshot};

fn key(number: u64) -> [u8; 16] {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8..].copy_from_slice(&mixed.to_be_bytes());
    key
}

fn plainly(path: &Path, bytes: u64, sync: bool) -> Result<Duration, Box<dyn Error>> {
    let block = vec![0xa5; 1 << 20];
    let begin = Instant::now();
    let mut file = File::create(path)?;
    let mut left = bytes as usize;
    while left > 0 {
        let part = left.min(block.len());
        file.write_all(&block[..part])?;
        left -= part;
    }
    if sync {
        file.sync_all()?;
    }
    let time = begin.elapsed();
    fs::remove_file(path)?;
    Ok(time)
}

/// Of the whole process, in seconds.
fn cpu() -> f64 {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return 0.0 };
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

/// The most memory this process has had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn timed<T>(what: &str, entries: u64, run: impl FnOnce() -> T) -> T {
    let (begin, cpu_before) = (Instant::now(), cpu());
    let result = run();
    let time = begin.elapsed().as_secs_f64();
    let rate = entries as f64 / time / 1e6;
    println!("{what:<28} {time:8.3} s  {rate:7.2} M entries/s  cpu {:.2} s", cpu() - cpu_before);
    result
}

/// Times of one thread's gets while `beside` runs on another one, or for a second: p50, p99.9 and maximum.
fn gets(store: &Store, entries: u64, beside: Option<&(dyn Fn() + Sync)>) -> [Duration; 3] {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            match beside {
                Some(beside) => beside(),
                None => thread::park_timeout(Duration::from_secs(1)),
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut times = Vec::new();
        let mut number = 1_u64;
        while !done.load(Ordering::Relaxed) {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = key((number >> 20) % entries);
            let begin = Instant::now();
            std::hint::black_box(store.get(&key));
            times.push(begin.elapsed());
        }
        times.sort_unstable();
        [times[times.len() / 2], times[times.len() * 999 / 1000], times[times.len() - 1]]
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let entries: u64 = arguments.next().map_or(Ok(2_000_000), |entries| entries.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("purekv-times-{}.dump", std::process::id()));
    let other = folder.join(format!("purekv-times-{}.plain", std::process::id()));

    let store = Store::new();
    timed("insert", entries, || {
        for number in 0..entries {
            let ttl = Duration::from_secs(3600 + number % 1000);
            store.insert_with_ttl(&key(number), &[number as u8; 64], ttl);
        }
    });
    let before = peak();
    let dumped = timed("dump", entries, || store.dump(&path))?;
    println!("peak memory: + {} KiB", peak() - before);
    let overhead = dumped.bytes as f64 / entries as f64 - 80.0;
    println!("{} bytes, {overhead:.2} an entry beyond key and value", dumped.bytes);
    timed("the same bytes plainly", entries, || plainly(&other, dumped.bytes, true))?;
    let no_sync = || DumpOptions::new().sync(false);
    let two = || DumpOptions::new().threads(2);
    timed("dump, two threads", entries, || store.dump_with(&path, two()))?;
    timed("dump, no fsync", entries, || store.dump_with(&path, no_sync()))?;
    timed("plainly, no fsync", entries, || plainly(&other, dumped.bytes, false))?;
    for round in 0..5 {
        let [p50, p999, most] = gets(&store, entries, None);
        println!("gets {round}, nothing beside: p50 {p50:?} p99.9 {p999:?} max {most:?}");
        let dump = || drop(store.dump(&path));
        let [p50, p999, most] = gets(&store, entries, Some(&dump));
        println!("gets {round}, a dump beside:  p50 {p50:?} p99.9 {p999:?} max {most:?}");
        let dump = || drop(store.dump_with(&path, two()));
        let [p50, p999, most] = gets(&store, entries, Some(&dump));
        println!("gets {round}, of two threads:  p50 {p50:?} p99.9 {p999:?} max {most:?}");
    }
    drop(store);

    let mut times = Vec::new();
    for round in 0..101_u64 {
        let wanted = key(round.wrapping_mul(7919) % entries);
        let begin = Instant::now();
        let snapshot = StoreSnapshot::open(&path)?;
        let opened = begin.elapsed();
        let found = snapshot.get(&wanted)?.is_some();
        times.push((begin.elapsed(), opened));
        assert!(found);
    }
    times.sort();
    let (least, middle, most) = (times[0].0, times[50].0, times[100].0);
    println!("open and first get: {middle:?} ({least:?}–{most:?}); open {:?}", times[50].1);

    let snapshot = StoreSnapshot::open(&path)?;
    timed("verify", entries, || snapshot.verify())?;
    timed("get each", entries, || {
        (0..entries).all(|number| snapshot.get(&key(number)).is_ok_and(|found| found.is_some()))
    });
    for threads in [1, 2] {
        let store = Store::new();
        let options = LoadOptions::new().threads(threads);
        let name = format!("load, {threads} threads");
        let report = timed(&name, entries, || store.load_with(&path, options))?;
        assert_eq!(report.loaded, entries);
    }
    fs::remove_file(&path)?;
    typed(entries, &path)
}

/// The same of a cache, whose entries are archives.
fn typed(entries: u64, path: &Path) -> Result<(), Box<dyn Error>> {
    let cache = Cache::<u64, String>::new();
    for number in 0..entries {
        cache.insert(number, format!("the value of entry number {number}, of fifty bytes or so"));
    }
    let dumped = timed("cache: dump", entries, || cache.dump(path))?;
    let two = DumpOptions::new().threads(2);
    timed("cache: dump, two threads", entries, || cache.dump_with(path, two))?;
    println!("{} bytes, {:.1} an entry", dumped.bytes, dumped.bytes as f64 / entries as f64);
    drop(cache);
    let mut times = Vec::new();
    for round in 0..101_u64 {
        let begin = Instant::now();
        let snapshot = Snapshot::<u64, String>::open(path)?;
        assert!(snapshot.get(&(round * 7919 % entries))?.is_some());
        times.push(begin.elapsed());
    }
    times.sort();
    println!("cache: open and first get: {:?} ({:?}–{:?})", times[50], times[0], times[100]);
    let cache = Cache::<u64, String>::new();
    timed("cache: load", entries, || cache.load(path))?;
    fs::remove_file(path)?;
    Ok(())
}
