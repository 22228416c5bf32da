//! What is measured: one trait, one adapter a file.
//!
//! Every adapter makes the calls that its crate's documentation advises for the purpose. Keys are `Box<[u8]>`, looked up as
//! `&[u8]`; values are `Box<[u8]>`, or `Arc<[u8]>` where a get returns a clone. All hash with ahash, all allocate
//! from the same allocator. Where a workload sets no bound, nobody is bounded, unless he must be; then he gets twice the room that he needs,
//! so that nothing is evicted and a miss is an error.

mod dashmap;
mod face;
#[cfg(test)]
mod faulty;
mod foyer;
mod kv;
mod moka;
mod none;
mod papaya;
mod quick_cache;
mod scc;

use std::time::Duration;

pub(crate) use self::dashmap::Dash;
pub(crate) use self::face::{CacheFace, StoreFace};
#[cfg(test)]
pub(crate) use self::faulty::{Lazy, Liar, Lossy, Stale};
pub(crate) use self::foyer::Foyer;
pub(crate) use self::kv::Baseline;
pub(crate) use self::moka::Moka;
pub(crate) use self::none::NoStore;
pub(crate) use self::papaya::Papaya;
pub(crate) use self::quick_cache::Quick;
pub(crate) use self::scc::{SccIndex, SccMap};

/// How a subject is to be built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    /// The most entries that will be in it.
    pub(crate) entries: usize,
    /// Whether it may be given room for them at once (else it grows from empty).
    pub(crate) presized: bool,
    /// Whether entries will have a time-to-live.
    pub(crate) ttl: bool,
    /// Whether it may have its background thread.
    pub(crate) background: bool,
    /// What it may hold. None: all that will be in it.
    pub(crate) bound: Option<Bound>,
    /// How many shards it has, where that is its user's to say ([`Subject::SHARDS`]), and how often it collects what has expired.
    /// None: what it has by default.
    pub(crate) shards: Option<Shards>,
}

/// The two numbers that pure-kv asks of its user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shards {
    pub(crate) shards: usize,
    pub(crate) collect_every: Duration,
}

/// A bound, by which a subject evicts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    Entries(usize),
    /// Of memory, where a subject knows what it takes; else of keys and values.
    Bytes(u64),
}

impl Bound {
    /// As a number, of whichever it is.
    fn weight(self) -> u64 {
        match self {
            Self::Entries(entries) => entries as u64,
            Self::Bytes(bytes) => bytes,
        }
    }

    fn is_bytes(self) -> bool {
        matches!(self, Self::Bytes(_))
    }
}

impl Config {
    /// Of known size, with its background thread if it has one.
    pub(crate) fn sized(entries: usize, ttl: bool) -> Self {
        Self { entries, presized: true, ttl, background: true, bound: None, shards: None }
    }

    /// Growing from empty.
    pub(crate) fn growing(entries: usize, ttl: bool) -> Self {
        Self { presized: false, ..Self::sized(entries, ttl) }
    }

    /// Of known size, and bounded.
    pub(crate) fn bounded(bound: Bound, entries: usize, ttl: bool) -> Self {
        Self { bound: Some(bound), ..Self::sized(entries, ttl) }
    }

    /// The capacity to ask for at the start.
    fn capacity(&self) -> usize {
        if self.presized { self.entries } else { 0 }
    }
}

/// A store from byte strings to byte strings.
pub(crate) trait Subject: Send + Sync + Sized {
    /// Whether entries can have a time-to-live each; if not, it is ignored.
    const EXPIRES: bool;

    /// False for the store-free run only, whose gets find nothing.
    const STORES: bool = true;

    /// Whether a reader finds a key at any moment while it is being replaced. It ought to.
    const REPLACES_ATOMICALLY: bool = true;

    /// Whether its user says how many shards it has.
    const SHARDS: bool = false;

    /// Whether it can be bounded.
    const BOUNDS: bool = false;

    /// Whether it holds exactly its bound, of entries, when it is full and at rest.
    const BOUNDS_EXACTLY: bool = false;

    /// One pin for many gets, where there is such a thing.
    type Session<'a>: Session
    where
        Self: 'a;

    fn build(config: &Config) -> Self;

    fn session(&self) -> Self::Session<'_>;

    /// One get by itself, with its own pin and its own look at the clock.
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R>;

    /// Inserts or replaces.
    fn insert(&self, key: &[u8], value: &[u8], ttl: Option<Duration>);

    /// Whether it was there.
    fn remove(&self, key: &[u8]) -> bool;

    /// How many entries there are, once pending bookkeeping is done.
    fn len(&self) -> usize;

    /// Where its bytes are, as far as it tells; first those of the entries, if these are weighed.
    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![]
    }
}

/// Gets that share a pin.
pub(crate) trait Session {
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R>;

    /// A batch; one get after the other, unless there is something better.
    fn get_many(&self, keys: &[&[u8]], mut visit: impl FnMut(usize, Option<&[u8]>)) {
        for (index, key) in keys.iter().enumerate() {
            if self.get(key, |value| visit(index, Some(value))).is_none() {
                visit(index, None);
            }
        }
    }
}

/// The session of a subject that has no such thing: single gets.
pub(crate) struct Singly<'a, S>(&'a S);

impl<S: Subject> Session for Singly<'_, S> {
    #[inline(always)]
    fn get<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.get(key, read)
    }
}

/// Something to be done with a subject whose type is chosen at run time.
pub(crate) trait Visit {
    type Output;

    fn visit<S: Subject>(self) -> Self::Output;
}

macro_rules! subjects {
    ($($(#[$when:meta])* $name:literal => $subject:ty,)*) => {
        /// All names, in the order of the columns.
        pub(crate) const NAMES: &[&str] = &[$($(#[$when])* $name,)*];

        /// Calls `visitor` with the type of that name.
        pub(crate) fn with<V: Visit>(name: &str, visitor: V) -> V::Output {
            match name {
                $($(#[$when])* $name => visitor.visit::<$subject>(),)*
                _ => unreachable!("names are checked when arguments are parsed: {name}"),
            }
        }
    };
}

subjects! {
    "store" => StoreFace<false>,
    "store-bound" => StoreFace<true>,
    "cache" => CacheFace<false>,
    "cache-bound" => CacheFace<true>,
    "baseline" => Baseline,
    "papaya" => Papaya,
    "dashmap" => Dash,
    "scc-map" => SccMap,
    "scc-index" => SccIndex,
    "moka" => Moka,
    "quick_cache" => Quick,
    "foyer" => Foyer,
    "none" => NoStore,
    #[cfg(test)]
    "liar" => Liar,
    #[cfg(test)]
    "lazy" => Lazy,
    #[cfg(test)]
    "lossy" => Lossy,
    #[cfg(test)]
    "stale" => Stale,
}

/// Those that take part only where they are named: the faces with a capacity that evicts nothing, and who is only a peer where others are
/// bounded, too.
pub(crate) const WHERE_NAMED: [&str; 3] = ["store-bound", "cache-bound", "foyer"];

/// Where the column of a name stands.
pub(crate) fn position(name: &str) -> usize {
    NAMES.iter().position(|known| *known == name).unwrap_or(NAMES.len())
}

/// The static name of a name.
pub(crate) fn parse(name: &str) -> Result<&'static str, String> {
    NAMES
        .iter()
        .find(|known| **known == name)
        .copied()
        .ok_or_else(|| format!("no subject {name:?}; there are {}", NAMES.join(", ")))
}

/// Whether the subject of that name has a time-to-live per entry.
pub(crate) fn expires(name: &str) -> bool {
    struct Asks;
    impl Visit for Asks {
        type Output = bool;
        fn visit<S: Subject>(self) -> bool {
            S::EXPIRES
        }
    }
    with(name, Asks)
}

/// Whether the subject of that name can be bounded.
pub(crate) fn bounds(name: &str) -> bool {
    struct Asks;
    impl Visit for Asks {
        type Output = bool;
        fn visit<S: Subject>(self) -> bool {
            S::BOUNDS
        }
    }
    with(name, Asks)
}
