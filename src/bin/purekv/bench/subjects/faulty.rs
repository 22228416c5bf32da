//! Subjects that are wrong on purpose: every comparison must find out.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::{Config, Session, StoreFace, Subject};

/// One operation in so many goes wrong.
const SELDOM: u64 = 50;

macro_rules! faulty {
    ($(#[$about:meta])* $name:ident, get: $get:expr, insert: $insert:expr) => {
        $(#[$about])*
        pub(crate) struct $name {
            store: StoreFace<false>,
            count: AtomicU64,
        }

        impl $name {
            fn goes_wrong(&self) -> bool {
                self.count.fetch_add(1, Relaxed) % SELDOM == SELDOM - 1
            }
        }

        impl Subject for $name {
            const EXPIRES: bool = true;
            const BOUNDS: bool = true;
            type Session<'a> = Faulty<'a, Self>;

            fn build(config: &Config) -> Self {
                Self { store: StoreFace::build(config), count: AtomicU64::new(0) }
            }

            fn session(&self) -> Faulty<'_, Self> {
                Faulty(self)
            }

            fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
                let get: fn(&Self, &[u8]) -> Option<Vec<u8>> = $get;
                get(self, key).map(|value| read(&value))
            }

            fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) {
                let insert: fn(&Self, &[u8], &[u8], Option<Duration>) = $insert;
                insert(self, key, value, ttl);
            }

            fn remove(&self, key: &[u8]) -> bool {
                self.store.remove(key)
            }

            fn len(&self) -> usize {
                self.store.len()
            }
        }
    };
}

pub(crate) struct Faulty<'a, S>(&'a S);

impl<S: Subject> Session for Faulty<'_, S> {
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key, read)
    }
}

fn copy(store: &StoreFace<false>, key: &[u8]) -> Option<Vec<u8>> {
    store.get(key, <[u8]>::to_vec)
}

faulty!(
    /// Now and then it reads another value than was written.
    Liar,
    get: |this, key| {
        let mut value = copy(&this.store, key)?;
        if this.goes_wrong() {
            value[0] ^= 1;
        }
        Some(value)
    },
    insert: |this, key, value, ttl| this.store.insert(key, value, ttl)
);

faulty!(
    /// It finds next to nothing, and is fast at that.
    Lazy,
    get: |this, key| copy(&this.store, key).filter(|_| this.goes_wrong()),
    insert: |this, key, value, ttl| this.store.insert(key, value, ttl)
);

faulty!(
    /// Now and then an insert is lost.
    Lossy,
    get: |this, key| copy(&this.store, key),
    insert: |this, key, value, ttl| {
        if !this.goes_wrong() {
            this.store.insert(key, value, ttl);
        }
    }
);

faulty!(
    /// Now and then it leaves what is there as it is.
    Stale,
    get: |this, key| copy(&this.store, key),
    insert: |this, key, value, ttl| {
        if this.store.get(key, |_| ()).is_none() || !this.goes_wrong() {
            this.store.insert(key, value, ttl);
        }
    }
);
