//! One shard's hash map, whose keys bring their hash along.
//!
//! A hash that has chosen the shard can serve the map inside, too, but `HashMap` insists on asking a hasher. So the keys
//! remember their hash, and the map's hasher hands it through: a key is hashed once per operation, a growing map
//! does not hash at all, and two keys whose hashes differ are not compared.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::clock::Now;

/// A stored key.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HashedKey {
    hash: u64,
    bytes: Box<[u8]>,
}

/// A key to look for: what [`HashedKey`] is, without owning it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe<'k> {
    pub(super) hash: u64,
    pub(super) bytes: &'k [u8],
}

impl HashedKey {
    pub(super) fn probe(&self) -> Probe<'_> {
        Probe { hash: self.hash, bytes: &self.bytes }
    }
}

impl From<Probe<'_>> for HashedKey {
    fn from(probe: Probe<'_>) -> Self {
        Self { hash: probe.hash, bytes: probe.bytes.into() }
    }
}

/// The borrowed form of both: `Borrow` must return a reference, and a `Probe` has none to itself inside a stored key.
/// The calls are direct ones after inlining, since both types are known where the map compares them.
trait Hashed {
    fn parts(&self) -> Probe<'_>;
}

impl Hashed for HashedKey {
    #[inline]
    fn parts(&self) -> Probe<'_> {
        self.probe()
    }
}

impl Hashed for Probe<'_> {
    #[inline]
    fn parts(&self) -> Probe<'_> {
        *self
    }
}

impl<'a> Borrow<dyn Hashed + 'a> for HashedKey {
    #[inline]
    fn borrow(&self) -> &(dyn Hashed + 'a) {
        self
    }
}

impl PartialEq for dyn Hashed + '_ {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (self.parts(), other.parts());
        one.hash == two.hash && one.bytes == two.bytes
    }
}

impl Eq for dyn Hashed + '_ {}

impl Hash for dyn Hashed + '_ {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.parts().hash);
    }
}

impl Hash for HashedKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Hands through the hash that a key remembers.
#[derive(Default)]
struct Remembered(u64);

impl Hasher for Remembered {
    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a key writes its hash and nothing else");
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

/// A value and the instant from which it is absent.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) value: Box<[u8]>,
    pub(super) deadline: u64,
}

/// The entries of one shard.
#[derive(Debug, Default)]
pub(super) struct Map(HashMap<HashedKey, Slot, BuildHasherDefault<Remembered>>);

impl Map {
    /// The entry under this key, be it due or not.
    #[inline]
    pub(super) fn get(&self, key: Probe<'_>) -> Option<&Slot> {
        self.0.get(&key as &dyn Hashed)
    }

    /// The entry under this key, unless it is due.
    #[inline]
    pub(super) fn live(&mut self, key: Probe<'_>, now: &Now<'_>) -> Option<&mut Slot> {
        self.0.get_mut(&key as &dyn Hashed).filter(|slot| !now.is_due(slot.deadline))
    }

    /// Inserts or replaces; what was replaced, so that it can be freed without the lock.
    #[inline]
    pub(super) fn put(&mut self, key: Probe<'_>, slot: Slot) -> Option<Slot> {
        match self.0.get_mut(&key as &dyn Hashed) {
            Some(found) => Some(std::mem::replace(found, slot)),
            None => self.0.insert(key.into(), slot),
        }
    }

    /// Takes the entry out, be it due or not, key and all, so that it can be freed without the lock.
    #[inline]
    pub(super) fn take(&mut self, key: Probe<'_>) -> Option<(HashedKey, Slot)> {
        self.0.remove_entry(&key as &dyn Hashed)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Slot)> {
        self.0.iter().map(|(key, slot)| (&*key.bytes, slot))
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&[u8], &Slot) -> bool) {
        self.0.retain(|key, slot| keep(&key.bytes, slot));
    }
}
