//! The command as people and scripts use it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod backtest;
mod commands;
mod documents;
mod plan;
mod reports;
mod support;
mod template;
