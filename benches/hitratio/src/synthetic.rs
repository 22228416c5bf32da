//! Generated workloads: shapes that the traces have too little of, to see a policy fail.

use purekv::replay::zipf;

use crate::trace::{Source, Trace};

const REQUESTS: usize = 1_000_000;
const KEYS: u64 = 100_000;

/// All of them. The sizes of 1 % and 10 % are 1,000 and 10,000 entries in most.
pub(crate) fn list() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut add = |name: &str, keys: fn() -> Result<Vec<u64>, String>| {
        let load = move || keys().map(Trace::new);
        sources.push(Source { name: format!("syn-{name}"), load: Box::new(load) });
    };
    add("zipf-0.6", || ranks(REQUESTS, 0.6));
    add("zipf-0.8", || ranks(REQUESTS, 0.8));
    add("zipf-1.0", || ranks(REQUESTS, 1.0));
    add("zipf-1.2", || ranks(REQUESTS, 1.2));
    add("zipf-scan", zipf_and_scans);
    add("zipf-loop", zipf_and_loop);
    add("loop-short", || Ok(loops(1_100)));
    add("loop-long", || Ok(loops(2_500)));
    add("shifting", shifting);
    add("latest", latest);
    add("one-hit", one_hit);
    add("bursts", bursts);
    add("phases", phases);
    sources
}

fn ranks(requests: usize, exponent: f64) -> Result<Vec<u64>, String> {
    let workload = zipf(requests, KEYS, exponent, 7).map_err(|error| error.to_string())?;
    Ok(workload.requests().iter().map(|request| request.key).collect())
}

/// The `index`-th of a fixed sequence of evenly spread numbers.
fn random(index: u64) -> u64 {
    ahash::RandomState::with_seeds(5, 6, 7, 8).hash_one(index)
}

/// Zipf 0.9, and every 50,000 requests a scan of 10,000 keys that never come again.
fn zipf_and_scans() -> Result<Vec<u64>, String> {
    let mut keys = Vec::new();
    for (round, part) in ranks(REQUESTS, 0.9)?.chunks(50_000).enumerate() {
        keys.extend_from_slice(part);
        keys.extend((0..10_000).map(|n| KEYS + 10_000 * round as u64 + n));
    }
    Ok(keys)
}

/// Zipf 0.9 on half of the requests, a loop over 20,000 other keys on the rest.
fn zipf_and_loop() -> Result<Vec<u64>, String> {
    let ranks = ranks(REQUESTS / 2, 0.9)?.into_iter();
    Ok(ranks.zip(0_u64..).flat_map(|(rank, n)| [rank, KEYS + n % 20_000]).collect())
}

/// A loop of so many keys out of ever 10,000, so that 10 % of all keys is just less than a loop, or far less.
fn loops(length: u64) -> Vec<u64> {
    let turns = 20;
    let sets = 10_000 / length;
    (0..sets * turns * length).map(|n| n / (turns * length) * length + n % length).collect()
}

/// Zipf 1.0, whose most popular keys become others every 100,000 requests.
fn shifting() -> Result<Vec<u64>, String> {
    let ranks = ranks(REQUESTS, 1.0)?.into_iter().zip(0_u64..);
    Ok(ranks.map(|(rank, n)| (rank + n / 100_000 * 7_919) % KEYS).collect())
}

/// Every fifth request is for a new key, the others prefer the newest: what feeds and logs look like.
fn latest() -> Result<Vec<u64>, String> {
    let mut newest = KEYS;
    let ranks = ranks(REQUESTS, 1.0)?.into_iter().zip(0_u64..);
    let keys = ranks.map(|(rank, n)| {
        newest += u64::from(n % 5 == 0);
        if n % 5 == 0 { newest } else { newest - rank.min(newest) }
    });
    Ok(keys.collect())
}

/// Zipf 1.0 among as many keys that are asked for once.
fn one_hit() -> Result<Vec<u64>, String> {
    let ranks = ranks(REQUESTS / 2, 1.0)?.into_iter();
    Ok(ranks.zip(0_u64..).flat_map(|(rank, n)| [rank, KEYS + n]).collect())
}

/// Keys live briefly: each is asked for some ten times at growing distances, then never.
fn bursts() -> Result<Vec<u64>, String> {
    let mut keys = Vec::with_capacity(REQUESTS);
    for n in 0..REQUESTS as u64 {
        // Of the last 2^k new keys, each k as likely: an age whose logarithm is even.
        let span = 1 << (random(n) % 14);
        let newest = n / 10 + 20_000;
        keys.push(newest - random(!n) % span);
    }
    Ok(keys)
}

/// By turns of 100,000 requests: zipf, bursts, a loop; a policy has to change its mind.
fn phases() -> Result<Vec<u64>, String> {
    let (zipf, bursts) = (ranks(REQUESTS, 0.9)?, bursts()?);
    let pick = |n: usize| match n / 100_000 % 3 {
        0 => zipf[n],
        1 => KEYS + bursts[n],
        _ => 3 * KEYS + n as u64 % 15_000,
    };
    Ok((0..REQUESTS).map(pick).collect())
}
