//! Replays a generated workload through the library, as `purekv replay` does.
//!
//! ```text
//! cargo run --release --features cli --example replay
//! ```

use std::error::Error;

use purekv::baseline::MutexCache;
use purekv::replay::{Options, Subject, compare, replay, subjects, zipf};

fn main() -> Result<(), Box<dyn Error>> {
    // 300,000 requests over 20,000 keys, a few of which are much more popular than the rest.
    let workload = zipf(300_000, 20_000, 0.99, 1)?;

    // Each value lives 10 to 100 milliseconds, so many expire while the replay goes on.
    let mut options = Options::default();
    options.ttl = "10ms..100ms".parse()?;

    // One store, one run.
    let outcome = replay(&MutexCache::new(), &workload, &options, &|_| {})?;
    println!(
        "the baseline alone: {:.1} million requests/s, {:.1} % hits\n",
        outcome.requests_per_second() / 1e6,
        outcome.hit_ratio().unwrap_or_default() * 100.0,
    );

    // All stores of the crate and one of ours, three runs each in turn.
    let mut stores = subjects();
    stores.push(Subject::new("1 shard", || MutexCache::builder().shards(1).build()));
    print!("{}", compare(&stores, &workload, &options, 3, &|_| {})?);
    Ok(())
}
