//! What a store can do that may be elsewhere.

use std::convert::Infallible;
use std::time::Duration;

use super::{Kv, Ttl};

/// Byte strings to byte strings in this process or in another: what [`Kv`] can do that makes sense over a network, with errors.
///
/// Every [`Kv`] is one that never fails, and so is, with the feature `client`, a [`Client`](https://docs.rs/purekv/latest/purekv/client/struct.Client.html) of a server. Code that is
/// written for it moves from an embedded store to a server by another constructor. It is a trait of its own because a store of this process
/// cannot fail, and should not look as if it could; and it is a small one: what takes a closure over values (`read`, `compute`, `retain`) is either no single
/// step over a network or a walk over all of it, and is not disguised as anything else.
///
/// ```
/// use std::time::Duration;
/// use purekv::{Store, TryKv};
///
/// /// Whether it is the first time that we see this one today.
/// fn is_new<S: TryKv>(seen: &S, visitor: &[u8]) -> Result<bool, S::Error> {
///     seen.insert_if_absent_with_ttl(visitor, b"", Duration::from_secs(86_400))
/// }
///
/// let seen = Store::new();
/// // let seen = purekv::client::Client::connect("redis://cache.example.org")?;
/// assert!(is_new(&seen, b"alice")?);
/// assert!(!is_new(&seen, b"alice")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Each method means what the method of the same name of [`Kv`] means. Over a network a deadline is a number of milliseconds.
pub trait TryKv: Send + Sync {
    /// Why an operation fails.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Inserts or replaces; the default time-to-live applies.
    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), Self::Error>;

    /// Inserts or replaces; the entry is absent `ttl` from now, which for a zero `ttl` is at once.
    fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> Result<(), Self::Error>;

    /// Inserts unless the key is there; whether it did.
    fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> Result<bool, Self::Error>;

    /// As [`insert_if_absent`](Self::insert_if_absent), due after `ttl`.
    fn insert_if_absent_with_ttl(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, Self::Error>;

    /// A copy of the value.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Copies of the values, in the order of `keys`.
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, Self::Error>;

    /// Whether the key is there.
    fn contains_key(&self, key: &[u8]) -> Result<bool, Self::Error>;

    /// Removes the key; what it held.
    fn remove(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The time the entry has left.
    fn ttl(&self, key: &[u8]) -> Result<Option<Ttl>, Self::Error>;

    /// Makes the entry due `ttl` from now, sooner or later than it was; false if it is absent.
    fn set_ttl(&self, key: &[u8], ttl: Duration) -> Result<bool, Self::Error>;

    /// Makes the entry never expire; false if it is absent.
    fn persist(&self, key: &[u8]) -> Result<bool, Self::Error>;

    /// How many entries are stored, counting those that are due and not yet removed.
    fn len(&self) -> Result<usize, Self::Error>;

    /// Whether [`len`](Self::len) is 0.
    fn is_empty(&self) -> Result<bool, Self::Error> {
        Ok(self.len()? == 0)
    }

    /// Removes every entry that was there when it was called.
    fn clear(&self) -> Result<(), Self::Error>;
}

impl<T: Kv> TryKv for T {
    type Error = Infallible;

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), Infallible> {
        Kv::insert(self, key, value);
        Ok(())
    }

    fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> Result<(), Infallible> {
        Kv::insert_with_ttl(self, key, value, ttl);
        Ok(())
    }

    fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> Result<bool, Infallible> {
        Ok(Kv::insert_if_absent(self, key, value))
    }

    fn insert_if_absent_with_ttl(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, Infallible> {
        Ok(Kv::insert_if_absent_with_ttl(self, key, value, ttl))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(Kv::get(self, key))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, Infallible> {
        Ok(Kv::get_many(self, keys))
    }

    fn contains_key(&self, key: &[u8]) -> Result<bool, Infallible> {
        Ok(Kv::contains_key(self, key))
    }

    fn remove(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(Kv::remove(self, key))
    }

    fn ttl(&self, key: &[u8]) -> Result<Option<Ttl>, Infallible> {
        Ok(Kv::ttl(self, key))
    }

    fn set_ttl(&self, key: &[u8], ttl: Duration) -> Result<bool, Infallible> {
        Ok(Kv::set_ttl(self, key, ttl))
    }

    fn persist(&self, key: &[u8]) -> Result<bool, Infallible> {
        Ok(Kv::persist(self, key))
    }

    fn len(&self) -> Result<usize, Infallible> {
        Ok(Kv::len(self))
    }

    fn clear(&self) -> Result<(), Infallible> {
        Kv::clear(self);
        Ok(())
    }
}
