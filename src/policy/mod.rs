//! Which entry goes when the cache is full: see `docs/policy.md`.
//! So far its queue.

mod queue;
