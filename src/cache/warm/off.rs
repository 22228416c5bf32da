//! Without the feature `dump` there is nothing below a cache.

use std::marker::PhantomData;

use super::core::Loadable;
use crate::clock::Now;
use crate::engine::{Elsewhere, Engine};
use crate::sync::epoch::Guard;
use crate::table::Shared;

/// Nothing.
pub(super) struct Below<E>(PhantomData<fn() -> E>);

pub(super) fn stable_hash<Q: ?Sized>(_: &Q) -> u64 {
    0
}

pub(super) fn stable_hash_of_bytes(_: &[u8]) -> u64 {
    0
}

pub(super) fn start_store<B, C>(_: &B, _: &mut C) {}

pub(super) fn start_cache<B, C>(_: &B, _: &mut C) {}

impl<E: Loadable> Below<E> {
    pub(super) fn nothing() -> Self {
        Self(PhantomData)
    }

    #[inline]
    pub(super) fn read<'g>(
        &self,
        _: &'g Engine<E>,
        _: u64,
        _: impl FnOnce() -> u64,
        _: &'g Guard,
        _: &Now<'_>,
        _: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<Elsewhere<'g, E>> {
        None
    }

    #[inline]
    pub(super) fn deadline(
        &self,
        _: &Engine<E>,
        _: u64,
        _: impl FnOnce() -> u64,
        _: &Guard,
        _: &Now<'_>,
        _: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) -> Option<u64> {
        None
    }

    #[inline]
    pub(super) fn settle(
        &self,
        _: &Engine<E>,
        _: u64,
        _: impl FnOnce() -> u64,
        _: &Guard,
        _: impl Fn(Shared<'_, E>) -> bool + Copy,
    ) {
    }

    pub(super) fn close(&self) {}

    pub(super) fn hydrate(&self, _: &Engine<E>) -> usize {
        0
    }

    pub(super) fn cold(&self) -> usize {
        0
    }

    pub(super) fn scan(
        &self,
        _: &Engine<E>,
        _: u64,
        _: impl FnMut(Shared<'_, E>, u64, &Now<'_>),
    ) -> Option<u64> {
        None
    }

    pub(super) fn numbers(&self) -> u64 {
        0
    }

    pub(super) fn errors(&self) -> u64 {
        0
    }

    pub(super) fn stop(&mut self) {}
}
