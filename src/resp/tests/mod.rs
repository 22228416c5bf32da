//! Both decoders: what they take and refuse, in whichever pieces it comes, and at which cost.

#[allow(clippy::duplicate_mod, reason = "the wheel's tests have it, too")]
#[path = "../../../tests/support/corpus.rs"]
mod corpus;
mod frames;
mod requests;
