//! What the two faces offer beside [`purekv::Kv`], the trait that the conformance suite goes by: views, borrowed
//! look-ups, values that cannot be cloned, hashers, the background thread, and the end of a cache.

#[path = "api/counted.rs"]
mod counted;
#[path = "api/end.rs"]
mod end;
#[path = "api/expirations.rs"]
mod expirations;
#[path = "api/expiry.rs"]
mod expiry;
#[path = "api/hashers.rs"]
mod hashers;
#[path = "api/hooks.rs"]
mod hooks;
#[path = "api/idle.rs"]
mod idle;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/pinned.rs"]
mod pinned;

use std::time::{Duration, Instant};

use purekv::{
    Builder, Cache, Clock, Expiry, Histogram, ManualClock, Pinned, PinnedStore, Stats, Store,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Waits until `condition` holds, which other threads see to.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    const PATIENCE: Duration = Duration::from_secs(60);
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

const fn is_send_and_sync<T: Send + Sync + 'static>() {}

const _: () = {
    is_send_and_sync::<Cache<String, Vec<u8>>>();
    is_send_and_sync::<Store>();
    is_send_and_sync::<Builder<Store>>();
    is_send_and_sync::<Clock>();
    is_send_and_sync::<ManualClock>();
    is_send_and_sync::<Stats>();
    is_send_and_sync::<Histogram>();
};

/// Compiles only if the type is not `Send`: otherwise there are two ways to read `answer`.
macro_rules! is_not_send {
    ($type:ty) => {
        const _: () = {
            trait Question<Case> {
                fn answer() {}
            }
            enum Always {}
            enum IfSend {}
            impl<T: ?Sized> Question<Always> for T {}
            impl<T: ?Sized + Send> Question<IfSend> for T {}
            let _ = <$type as Question<_>>::answer;
        };
    };
}

is_not_send!(Pinned<'static, String, u8>);
is_not_send!(PinnedStore<'static>);

#[test]
fn a_clone_is_another_handle_on_the_same_entries() {
    let cache = Cache::new();
    let store = Store::new();
    let (other_cache, other_store) = (cache.clone(), store.clone());
    cache.insert(1, "one");
    store.insert(b"1", b"one");
    assert_eq!(other_cache.get(&1), Some("one"));
    assert_eq!(other_store.get(b"1").as_deref(), Some(&b"one"[..]));
    drop((cache, store));
    assert_eq!(other_cache.len(), 1);
    assert!(other_store.invalidate(b"1"));
    assert!(!other_store.invalidate(b"1"));
}

#[test]
fn debug_output_names_the_type_and_not_the_content() {
    let cache = Cache::builder().expiry(Expiry::Off).build();
    cache.insert("key", "secret");
    for text in [format!("{cache:?}"), format!("{:?}", cache.pin())] {
        assert!(text.contains("Cache") && !text.contains("secret"), "{text}");
    }
}

#[test]
fn shards_are_rounded_up_and_visible_in_stats() {
    let store = Store::builder().shards(5).expiry(Expiry::Off).build();
    let stats = store.stats();
    assert_eq!((stats.shards, stats.entries), (8, 0));
    assert_eq!(stats.table_bytes, 8 * ((20 << 10) - 64));
    let roomy = Store::builder().initial_capacity(100_000).expiry(Expiry::Off).build();
    assert!(roomy.stats().shards >= 64);
}
