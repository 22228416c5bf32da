//! Both faces as [`Kv`].

use std::hash::BuildHasher;
use std::time::Duration;

use super::store::Store;
use super::typed::Cache;
use crate::engine::Decided;
use crate::histogram::Histogram;
use crate::kv::{Computed, Kv, Op, Ttl};

impl From<Decided> for Computed {
    fn from(decided: Decided) -> Self {
        match decided {
            Decided::Inserted => Self::Inserted,
            Decided::Replaced => Self::Replaced,
            Decided::Removed => Self::Removed,
            Decided::Retimed => Self::Retimed,
            Decided::Kept => Self::Kept,
            Decided::Absent => Self::Absent,
            Decided::TooHeavy(_) => Self::TooHeavy,
        }
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Kv for Store<S> {
    fn insert(&self, key: &[u8], value: &[u8]) {
        self.insert(key, value);
    }

    fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) {
        self.insert_with_ttl(key, value, ttl);
    }

    fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> bool {
        self.insert_if_absent(key, value)
    }

    fn insert_if_absent_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> bool {
        self.insert_if_absent_with_ttl(key, value, ttl)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.get(key)
    }

    fn read<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.read(key, read)
    }

    fn get_many(&self, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        self.get_many(keys)
    }

    fn contains_key(&self, key: &[u8]) -> bool {
        self.contains_key(key)
    }

    fn remove(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.remove(key)
    }

    fn compute(&self, key: &[u8], decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>) -> Computed {
        self.compute(key, decide)
    }

    fn update(&self, key: &[u8], change: impl FnMut(&[u8]) -> Vec<u8>) -> bool {
        self.update(key, change)
    }

    fn ttl(&self, key: &[u8]) -> Option<Ttl> {
        self.ttl(key)
    }

    fn set_ttl(&self, key: &[u8], ttl: Duration) -> bool {
        self.set_ttl(key, ttl)
    }

    fn persist(&self, key: &[u8]) -> bool {
        self.persist(key)
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn clear(&self) {
        self.clear();
    }

    fn for_each(&self, mut visit: impl FnMut(&[u8], &[u8])) {
        self.iter().for_each(|(key, value)| visit(&key, &value));
    }

    fn retain(&self, keep: impl FnMut(&[u8], &[u8]) -> bool) {
        self.retain(keep);
    }

    fn advance(&self) -> usize {
        self.advance()
    }

    fn expiry_lag(&self) -> Histogram {
        self.stats().expiry_lag
    }
}

impl<S: BuildHasher + Send + Sync + 'static> Kv for Cache<Vec<u8>, Vec<u8>, S> {
    fn insert(&self, key: &[u8], value: &[u8]) {
        self.insert(key.to_vec(), value.to_vec());
    }

    fn insert_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) {
        self.insert_with_ttl(key.to_vec(), value.to_vec(), ttl);
    }

    fn insert_if_absent(&self, key: &[u8], value: &[u8]) -> bool {
        self.insert_if_absent(key.to_vec(), value.to_vec())
    }

    fn insert_if_absent_with_ttl(&self, key: &[u8], value: &[u8], ttl: Duration) -> bool {
        self.insert_if_absent_with_ttl(key.to_vec(), value.to_vec(), ttl)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.get(key)
    }

    fn read<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.read(key, |value| read(value))
    }

    fn get_many(&self, keys: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        self.get_many(keys)
    }

    fn contains_key(&self, key: &[u8]) -> bool {
        self.contains_key(key)
    }

    fn remove(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.remove(key)
    }

    fn compute(
        &self,
        key: &[u8],
        mut decide: impl FnMut(Option<&[u8]>) -> Op<Vec<u8>>,
    ) -> Computed {
        self.compute(key.to_vec(), |value| decide(value.map(Vec::as_slice)))
    }

    fn update(&self, key: &[u8], mut change: impl FnMut(&[u8]) -> Vec<u8>) -> bool {
        self.update(&key.to_vec(), |value| change(value))
    }

    fn ttl(&self, key: &[u8]) -> Option<Ttl> {
        self.ttl(key)
    }

    fn set_ttl(&self, key: &[u8], ttl: Duration) -> bool {
        self.set_ttl(key, ttl)
    }

    fn persist(&self, key: &[u8]) -> bool {
        self.persist(key)
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn clear(&self) {
        self.clear();
    }

    fn for_each(&self, mut visit: impl FnMut(&[u8], &[u8])) {
        self.iter().for_each(|(key, value)| visit(&key, &value));
    }

    fn retain(&self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        self.retain(|key, value| keep(key, value));
    }

    fn advance(&self) -> usize {
        self.advance()
    }

    fn expiry_lag(&self) -> Histogram {
        self.stats().expiry_lag
    }
}
