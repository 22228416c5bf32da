//! The table by itself: against a model, under threads, and the loom models of its protocols.
