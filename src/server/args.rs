//! A request's arguments where they lie.

use crate::resp::request::Span;

/// The arguments of one request: the command's name is 0.
#[derive(Clone, Copy)]
pub(super) struct Args<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    pub(super) fn new(buffer: &'a [u8], spans: &'a [Span]) -> Self {
        Self { buffer, spans }
    }

    pub(super) fn len(self) -> usize {
        self.spans.len()
    }

    pub(super) fn get(self, place: usize) -> Option<&'a [u8]> {
        self.spans.get(place).map(|span| span.of(self.buffer))
    }

    /// An argument that the command's arity says is there; empty if it is not.
    #[inline]
    pub(super) fn at(self, place: usize) -> &'a [u8] {
        self.get(place).unwrap_or_default()
    }

    /// Those from a place on.
    pub(super) fn from(self, place: usize) -> impl Iterator<Item = &'a [u8]> {
        self.spans.iter().skip(place).map(move |span| span.of(self.buffer))
    }

    /// Whether an argument is this word, in either case.
    pub(super) fn is(self, place: usize, word: &str) -> bool {
        self.get(place).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()))
    }
}
