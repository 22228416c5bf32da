//! The mutex baseline.
