//! Bounded caches: operations on one as data, and a naive model that is told what left.

pub(crate) mod naive;
pub(crate) mod op;
pub(crate) mod run;
pub(crate) mod subject;
