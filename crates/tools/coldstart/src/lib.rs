//! The prices behind `coldstart containment`, for the test that holds `docs/operations.md` to them.

pub mod cost;
