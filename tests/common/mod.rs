//! What the integration tests and the fuzz targets share.
#![allow(dead_code, unused_macros, unused_imports, reason = "each test binary uses a part of it")]

pub(crate) mod bounded;
pub(crate) mod naive;
pub(crate) mod op;
pub(crate) mod row;
pub(crate) mod run;
pub(crate) mod subject;
pub(crate) mod weak;
