//! Tests that run the command as people and scripts do.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an error in a helper fails the test that called it"
)]

mod account;
mod account_inputs;
mod account_reports;
mod answers;
mod backtest;
mod cases;
mod commands;
mod documents;
mod exports;
mod logs_folder;
mod manifests;
mod plan;
mod plan_documents;
mod reported_calls;
mod reports;
mod responses;
mod responses_elsewhere;
mod serverless;
mod support;
mod template;
