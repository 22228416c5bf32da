//! A client where an embedded store could be.

use std::time::Duration;

use super::Client;
use crate::client::Error;
use crate::kv::{TryKv, Ttl};

macro_rules! forward {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl TryKv for Client {
            type Error = Error;

            $(fn $name(&self, $($argument: $type),*) -> Result<$result, Error> {
                // The method of the client itself, which goes before the trait's.
                Client::$name(self, $($argument),*)
            })*
        }
    };
}

forward! {
    fn insert(key: &[u8], value: &[u8]) -> ();
    fn insert_with_ttl(key: &[u8], value: &[u8], ttl: Duration) -> ();
    fn insert_if_absent(key: &[u8], value: &[u8]) -> bool;
    fn insert_if_absent_with_ttl(key: &[u8], value: &[u8], ttl: Duration) -> bool;
    fn get(key: &[u8]) -> Option<Vec<u8>>;
    fn get_many(keys: &[&[u8]]) -> Vec<Option<Vec<u8>>>;
    fn contains_key(key: &[u8]) -> bool;
    fn remove(key: &[u8]) -> Option<Vec<u8>>;
    fn ttl(key: &[u8]) -> Option<Ttl>;
    fn set_ttl(key: &[u8], ttl: Duration) -> bool;
    fn persist(key: &[u8]) -> bool;
    fn len() -> usize;
    fn is_empty() -> bool;
    fn clear() -> ();
}
