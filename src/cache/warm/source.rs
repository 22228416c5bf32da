//! A snapshot as what is above it needs it: by place, whatever keys and values are.

use crate::engine::{Entry, Until};
use crate::snapshot::{Due, DumpError, Location};
use crate::table::Owned;

/// When a copy is due; None: it was when the cache was made.
pub(super) type Terms<'t> = dyn Fn(Due) -> Option<Until> + 't;

/// An entry as the table would have it.
pub(super) struct Copied<E: Entry> {
    /// By the cache's hasher.
    pub(super) hash: u64,
    pub(super) entry: Owned<E>,
}

/// What a snapshot says of its entries, whatever they are. Public only as a part of [`Frozen`](super::Frozen), which a builder holds.
#[allow(private_interfaces, reason = "nobody but this crate can name the trait")]
pub trait Pages: Send + Sync {
    /// How many sections it has.
    fn sections(&self) -> usize;

    /// How many entries a section says that it has; without touching it.
    fn entries_in(&self, section: usize) -> u32;

    /// Whether a section is whole.
    fn check(&self, section: usize) -> Result<(), DumpError>;

    /// In which block of the index a key with this hash, by the snapshot, would be; and how many blocks there are.
    fn block_of(&self, hash: u64) -> (usize, usize);

    /// Where it may be.
    fn places(&self, hash: u64) -> Result<Places, DumpError>;

    /// What a policy knew of the entry at this place: as a dump has it.
    fn mark_at(&self, place: Location) -> Result<u8, DumpError>;

    /// What it had learnt; the same.
    fn learnt(&self) -> Result<Option<&[u8]>, DumpError>;

    /// The hash of the key at this place.
    fn hash_at(&self, place: Location) -> Result<u64, DumpError>;

    /// Whether there is the same key at both.
    fn are_same(&self, one: Location, other: Location) -> Result<bool, DumpError>;
}

/// See the [module](self).
pub(super) trait Source<E: Entry>: Send + Sync {
    fn pages(&self) -> &dyn Pages;

    /// The entry at this place. `hash`: that of its key by the cache's hasher, if it is known.
    fn copy(
        &self,
        place: Location,
        hash: Option<u64>,
        terms: &Terms<'_>,
    ) -> Result<Option<Copied<E>>, DumpError>;
}

/// Places, of which there is one as a rule.
#[derive(Debug, Default)]
pub(super) struct Places {
    first: Option<Location>,
    rest: Vec<Location>,
}

impl Places {
    /// Whether there is no more than one.
    pub(super) fn is_sole(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Location> {
        self.first.iter().chain(&self.rest).copied()
    }
}

impl FromIterator<Location> for Places {
    fn from_iter<I: IntoIterator<Item = Location>>(places: I) -> Self {
        let mut places = places.into_iter();
        Self { first: places.next(), rest: places.collect() }
    }
}
