//! Walks over all entries.

use std::iter::FusedIterator;

use super::Client;
use crate::client::Error;

/// How many keys a step is to look at.
const STEP: usize = 256;

type Entry = (Vec<u8>, Vec<u8>);

/// The keys that are like a pattern: see [`Client::keys`].
#[derive(Debug)]
#[must_use = "nothing is asked for before it is gone through"]
pub struct Keys {
    client: Client,
    pattern: Vec<u8>,
    /// Where the next step begins; none behind the last.
    cursor: Option<u64>,
    page: std::vec::IntoIter<Vec<u8>>,
}

/// All entries: see [`Client::iter`].
#[derive(Debug)]
#[must_use = "nothing is asked for before it is gone through"]
pub struct Entries {
    keys: Keys,
    page: std::vec::IntoIter<Entry>,
}

/// Walks.
impl Client {
    /// The keys that are like `pattern`, as Redis has patterns (`*` for all), by [`scan`](Self::scan): a key that is there throughout comes at least once,
    /// and seldom twice; others may. An error ends it.
    pub fn keys(&self, pattern: &[u8]) -> Keys {
        let (client, pattern) = (self.clone(), pattern.to_vec());
        Keys { client, pattern, cursor: Some(0), page: Vec::new().into_iter() }
    }

    /// Keys and values, as [`keys`](Self::keys) has the keys. What is removed meanwhile is left out.
    pub fn iter(&self) -> Entries {
        Entries { keys: self.keys(b"*"), page: Vec::new().into_iter() }
    }
}

impl Keys {
    /// The next step with anything in it.
    fn next_page(&mut self) -> Option<Result<Vec<Vec<u8>>, Error>> {
        while let Some(cursor) = self.cursor {
            match self.client.scan(cursor, &self.pattern, STEP) {
                Ok((next, keys)) => {
                    self.cursor = (next != 0).then_some(next);
                    if !keys.is_empty() {
                        return Some(Ok(keys));
                    }
                }
                Err(error) => {
                    self.cursor = None;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl Iterator for Keys {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 {
            match self.next_page()? {
                Ok(keys) => self.page = keys.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
        self.page.next().map(Ok)
    }
}

impl Entries {
    fn next_page(&mut self) -> Option<Result<Vec<Entry>, Error>> {
        let keys = match self.keys.next_page()? {
            Ok(keys) => keys,
            Err(error) => return Some(Err(error)),
        };
        let borrowed: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let values = match self.keys.client.get_many(&borrowed) {
            Ok(values) => values,
            Err(error) => {
                self.keys.cursor = None;
                return Some(Err(error));
            }
        };
        let both = keys.into_iter().zip(values);
        Some(Ok(both.filter_map(|(key, value)| Some((key, value?))).collect()))
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.page.next() {
                return Some(Ok(entry));
            }
            match self.next_page()? {
                Ok(entries) => self.page = entries.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl FusedIterator for Keys {}
impl FusedIterator for Entries {}
