//! Models and tests of the engine.
