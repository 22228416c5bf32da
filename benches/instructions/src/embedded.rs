//! The operations of both faces. What comes before the counted loop, and the checks after it, is not counted.

use std::hint::black_box;
use std::time::Duration;

use crate::callgrind::counted;
use crate::faces::{Face, Session, Size};
use crate::keys::{Key, Tally, keys, value};

/// Entries that are there.
const ENTRIES: u64 = 2000;
/// Operations that are counted.
pub(crate) const ROUNDS: u64 = 19_200;
/// Operations before them: a thread registers, lists get their first cells.
const WARM: u64 = 2400;
/// Keys of one batch.
pub(crate) const BATCH: usize = 32;

/// As [`value`] for `ttl`: so long that nothing is due.
pub(crate) const TTL: Option<Duration> = Some(Duration::from_secs(3600));

/// `rounds` keys, from the first on and over again.
fn around(keys: &[Key], rounds: u64) -> impl Iterator<Item = &Key> {
    keys.iter().cycle().take(rounds as usize)
}

fn filled<F: Face>(size: Size, present: &[Key], ttl: Option<Duration>) -> F {
    let face = F::of(size);
    put(&face, present.iter(), ttl);
    face
}

#[inline(always)]
fn put<'k>(face: &impl Face, keys: impl Iterator<Item = &'k Key>, ttl: Option<Duration>) {
    for key in keys {
        face.insert(key.bytes(), &value(key.id), ttl);
    }
}

#[inline(always)]
fn tally<'k>(keys: impl Iterator<Item = &'k Key>, get: impl Fn(&[u8]) -> Option<u64>) -> Tally {
    let mut tally = Tally::default();
    // Not `for_each`: with so much in it, that becomes a call for each key.
    for key in keys {
        tally.add(get(key.bytes()));
    }
    tally
}

/// What all others have in them besides: the keys, the value's two words.
pub(crate) fn loop_alone() {
    let (present, values) = (keys(0..ENTRIES), value(1));
    let get = |key: &[u8]| Some(crate::keys::digest(black_box((key, &values)).1));
    let read = counted(|| tally(around(&present, ROUNDS), get));
    assert_eq!(read, Tally::of_all(around(&keys(1..2), ROUNDS)));
}

pub(crate) fn get_hit<F: Face>(ttl: Option<Duration>) {
    let present = keys(0..ENTRIES);
    let face: F = filled(Size::For(ENTRIES), &present, ttl);
    tally(around(&present, WARM), |key| face.get(key));
    let read = counted(|| tally(around(&present, ROUNDS), |key| face.get(key)));
    assert_eq!(read, Tally::of_all(around(&present, ROUNDS)));
}

pub(crate) fn get_hit_in_session<F: Face>(ttl: Option<Duration>) {
    let present = keys(0..ENTRIES);
    let face: F = filled(Size::For(ENTRIES), &present, ttl);
    let session = face.session();
    let read = counted(|| tally(around(&present, ROUNDS), |key| session.get(key)));
    assert_eq!(read, Tally::of_all(around(&present, ROUNDS)));
}

pub(crate) fn get_many<F: Face>(ttl: Option<Duration>) {
    let present = keys(0..ENTRIES);
    let face: F = filled(Size::For(ENTRIES), &present, ttl);
    let asked: Vec<&[u8]> = around(&present, ROUNDS).map(Key::bytes).collect();
    let session = face.session();
    let read = counted(|| {
        let mut tally = Tally::default();
        for batch in asked.chunks_exact(BATCH) {
            session.get_many(batch, |digest| tally.add(digest));
        }
        tally
    });
    assert_eq!(read, Tally::of_all(around(&present, ROUNDS)));
}

pub(crate) fn get_miss<F: Face>(ttl: Option<Duration>) {
    let (present, absent) = (keys(0..ENTRIES), keys(ENTRIES..2 * ENTRIES));
    let face: F = filled(Size::For(ENTRIES), &present, ttl);
    tally(around(&absent, WARM), |key| face.get(key));
    let read = counted(|| tally(around(&absent, ROUNDS), |key| face.get(key)));
    assert_eq!(read, Tally::default());
}

/// Of keys that never were; into room that is there, so that no shard is split.
pub(crate) fn insert<F: Face>(ttl: Option<Duration>) {
    let new = keys(0..WARM + ROUNDS);
    let (warm, new) = new.split_at(WARM as usize);
    let face: F = filled(Size::For(WARM + ROUNDS), warm, ttl);
    counted(|| put(&face, new.iter(), ttl));
    assert_eq!(tally(new.iter(), |key| face.get(key)), Tally::of_all(new.iter()));
    assert_eq!(face.len(), WARM + ROUNDS);
}

pub(crate) fn overwrite<F: Face>(ttl: Option<Duration>) {
    let present = keys(0..ENTRIES);
    let face: F = filled(Size::For(ENTRIES), &present, ttl);
    // By the values of others, so that it is seen that they were written.
    let others = || present.iter().rev().cycle().zip(around(&present, ROUNDS));
    put(&face, around(&present, WARM), ttl);
    counted(|| {
        for (other, key) in others() {
            face.insert(key.bytes(), &value(other.id), ttl);
        }
    });
    let last = others().skip((ROUNDS - ENTRIES) as usize);
    for (other, key) in last {
        assert_eq!(face.get(key.bytes()), Some(2 * other.id));
    }
    assert_eq!(face.len(), ENTRIES);
}

pub(crate) fn remove<F: Face>(ttl: Option<Duration>) {
    let present = keys(0..WARM + ROUNDS);
    let face: F = filled(Size::For(WARM + ROUNDS), &present, ttl);
    let (warm, rest) = present.split_at(WARM as usize);
    let remove = |keys: &[Key]| keys.iter().filter(|key| face.remove(key.bytes())).count() as u64;
    assert_eq!(remove(warm), WARM);
    assert_eq!(counted(|| remove(rest)), ROUNDS);
    assert_eq!(face.len(), 0);
}

/// Of keys that never were into what is full, so each evicts one.
pub(crate) fn insert_that_evicts<F: Face>(ttl: Option<Duration>) {
    let (present, new) = (keys(0..ENTRIES), keys(ENTRIES..ENTRIES + WARM + ROUNDS));
    let face: F = filled(Size::Bounded(ENTRIES), &present, ttl);
    let (warm, new) = new.split_at(WARM as usize);
    put(&face, warm.iter(), ttl);
    counted(|| put(&face, new.iter(), ttl));
    assert_eq!(face.len(), ENTRIES);
    let last = || new[new.len() - 100..].iter();
    assert_eq!(tally(last(), |key| face.get(key)), Tally::of_all(last()));
}
