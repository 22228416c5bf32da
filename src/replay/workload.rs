//! Requests in memory, in the order of their arrival.

use std::collections::HashSet;

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Get, and insert on a miss.
    Get,
    /// Insert.
    Set,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The key's id.
    pub key: u64,
    /// The value's size in bytes; 0 where the trace does not know it.
    pub size: u32,
    /// The time-to-live in seconds; 0 for none.
    pub ttl: u32,
    /// What to do.
    pub operation: Operation,
}

impl Request {
    /// A get of `key`, with neither size nor TTL.
    pub fn get(key: u64) -> Self {
        Self { key, size: 0, ttl: 0, operation: Operation::Get }
    }
}

/// A sequence of requests with a name; 24 bytes each.
#[derive(Clone, Debug)]
pub struct Workload {
    name: String,
    requests: Vec<Request>,
    unique: usize,
}

impl Workload {
    /// Takes the requests as they are. O(n): it counts the different keys.
    pub fn new(name: impl Into<String>, requests: Vec<Request>) -> Self {
        let keys: HashSet<u64, ahash::RandomState> =
            requests.iter().map(|request| request.key).collect();
        Self { name: name.into(), unique: keys.len(), requests }
    }

    /// What it is: the trace's file name, or the generator with its parameters.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The requests, in order.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// How many different keys they ask for.
    pub fn unique_keys(&self) -> usize {
        self.unique
    }
}
