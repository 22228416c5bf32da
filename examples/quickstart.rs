//! A cache of sessions that several threads share.
//!
//! ```text
//! cargo run --example quickstart
//! ```

use std::thread;
use std::time::Duration;

use purekv::{Cache, Expiry, Op, Ttl};

fn main() {
    let sessions: Cache<String, u32> =
        Cache::builder().time_to_live(Duration::from_secs(1800)).build();

    // A handle is cheap to clone; all of them show the same entries.
    let visitors = ["ann", "bob", "ann", "cid", "ann"].map(|name| {
        let sessions = sessions.clone();
        thread::spawn(move || {
            sessions.compute(name.to_owned(), |pages| Op::Put(pages.map_or(1, |pages| pages + 1)))
        })
    });
    for visitor in visitors {
        visitor.join().expect("no panic in compute");
    }
    assert_eq!(sessions.get("ann"), Some(3));

    // Many look-ups under one pin, by reference.
    let view = sessions.pin();
    view.get_many(&["ann", "bob", "eve"], |index, pages| println!("{index}: {pages:?}"));
    drop(view);

    // This one has half a second left, and the cache's own thread removes it.
    assert!(sessions.set_ttl("bob", Duration::from_millis(500)));
    if let Some(Ttl::Remaining(left)) = sessions.ttl("bob") {
        println!("bob is forgotten in {left:?}");
    }

    // No thread, for programs that have a loop of their own: it calls `advance`.
    let small: Cache<u8, u8> = Cache::builder().expiry(Expiry::Manual).build();
    small.insert_with_ttl(1, 1, Duration::from_nanos(1));
    small.advance();
    println!("{} sessions, {:?}", sessions.len(), small);
}
