//! What both faces can do, listed once.

/// Hands each operation to a face's own macro, which makes a method of it that runs the call of the same name. What types it names, the face has to have.
macro_rules! operations {
    ($method:ident) => {
        $method! {
            /// Inserts or replaces, by the server's default time-to-live.
            fn insert(key: &[u8], value: &[u8]) -> ()
        }
        $method! {
            /// Inserts or replaces, due after `ttl`, which is rounded up to milliseconds. A zero `ttl` is due at once: the key is absent afterwards.
            /// One beyond a hundred years never ends.
            fn insert_with_ttl(key: &[u8], value: &[u8], ttl: Duration) -> ()
        }
        $method! {
            /// Inserts or replaces, absent from `time` on by the server's clock, rounded up to milliseconds.
            fn insert_until(key: &[u8], value: &[u8], time: SystemTime) -> ()
        }
        $method! {
            /// Inserts unless the key is there; whether it did.
            fn insert_if_absent(key: &[u8], value: &[u8]) -> bool
        }
        $method! {
            /// As [`insert_if_absent`](Self::insert_if_absent), due after `ttl`.
            fn insert_if_absent_with_ttl(key: &[u8], value: &[u8], ttl: Duration) -> bool
        }
        $method! {
            /// Inserts or replaces all of these, in one step.
            fn insert_many(entries: &[(&[u8], &[u8])]) -> ()
        }
        $method! {
            /// Inserts or replaces all of these, due after `ttl`: in one round trip, but one by one. When the server refuses one, the others have been done all the same.
            fn insert_many_with_ttl(entries: &[(&[u8], &[u8])], ttl: Duration) -> ()
        }
        $method! {
            /// The value.
            fn get(key: &[u8]) -> Option<Vec<u8>>
        }
        $method! {
            /// The values, in the order of `keys`, as of one instant.
            fn get_many(keys: &[&[u8]]) -> Vec<Option<Vec<u8>>>
        }
        $method! {
            /// Whether the key is there.
            fn contains_key(key: &[u8]) -> bool
        }
        $method! {
            /// Removes the key; what it held.
            fn remove(key: &[u8]) -> Option<Vec<u8>>
        }
        $method! {
            /// Removes the key; whether it was there.
            fn invalidate(key: &[u8]) -> bool
        }
        $method! {
            /// Removes all of these; how many were there.
            fn invalidate_many(keys: &[&[u8]]) -> usize
        }
        $method! {
            /// The time the entry has left, in milliseconds; `None` if it is absent.
            fn ttl(key: &[u8]) -> Option<Ttl>
        }
        $method! {
            /// Makes the entry due `ttl` from now, sooner or later than it was; false if it is absent. `ttl` is as in
            /// [`insert_with_ttl`](Self::insert_with_ttl).
            fn set_ttl(key: &[u8], ttl: Duration) -> bool
        }
        $method! {
            /// Makes the entry never expire; false if it is absent. The value crosses the network: no other command tells an entry that never expires from none.
            fn persist(key: &[u8]) -> bool
        }
        $method! {
            /// From when on the entry is absent, by the server's clock: `None` if it is so now, `Some(None)` if it never expires.
            fn expires_at(key: &[u8]) -> Option<Option<SystemTime>>
        }
        $method! {
            /// Makes the entry absent from `time` on, by the server's clock; false if it is absent.
            fn expire_at(key: &[u8], time: SystemTime) -> bool
        }
        $method! {
            /// Adds to the number that the value is written as, 0 if it is absent, and keeps the deadline; the sum. What is no number, or a sum that is none of 64 bits,
            /// is refused by the server.
            fn add(key: &[u8], amount: i64) -> i64
        }
        $method! {
            /// How many entries are stored, counting those that are due and not yet removed.
            fn len() -> usize
        }
        $method! {
            /// Whether [`len`](Self::len) is 0.
            fn is_empty() -> bool
        }
        $method! {
            /// Removes all entries (of the database, where there are several).
            fn clear() -> ()
        }
        $method! {
            /// One step of a walk over the keys that are like `pattern`: the cursor of the next step, and keys. The first cursor is 0, and 0 comes behind the last. `count` is how many
            /// keys the server is to look at, more or less.
            fn scan(cursor: u64, pattern: &[u8], count: usize) -> (u64, Vec<Vec<u8>>)
        }
        $method! {
            /// Asks whether the server is there.
            fn ping() -> ()
        }
    };
}

pub(super) use operations;
