//! The verdict of the guard on the command line.

pub mod account;
pub mod analysis;
pub mod answer;
pub mod backtest;
pub mod check;
pub mod cli;
pub mod code;
pub mod counts;
pub mod exit;
pub mod explain;
pub mod fix;
pub mod found;
pub mod input;
pub mod lists;
pub mod managed;
pub mod manifest;
pub mod partial;
pub mod plan;
mod printable;
pub mod report;
pub mod run;
pub mod serverless;
pub mod settings;
pub mod source;
pub mod template;
pub mod tree;
pub mod verdict;
