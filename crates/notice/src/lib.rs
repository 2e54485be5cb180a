//! The text about incidents: e-mails, parts of the pages, diffs, links to the console.
//!
//! This crate turns the facts in [`incident`] into text, and decides nothing.

mod console;
mod diff;
pub mod mail;
pub mod subject;
pub mod text;
pub mod words;

pub use console::Console;
pub use diff::{DiffLine, DocumentDiff, LineKind};
