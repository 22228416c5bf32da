//! Real threads, real histories, checked for linearizability with every deadline taken at its word.
#[path = "linearizability/by_hand.rs"]
mod by_hand;
#[path = "linearizability/checker.rs"]
mod checker;
#[path = "linearizability/history.rs"]
mod history;
#[path = "linearizability/spec.rs"]
mod spec;
