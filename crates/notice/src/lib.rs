//! The text about incidents: e-mails, parts of the pages, chat messages, diffs, links to the
//! console.
//!
//! This crate turns the facts in [`incident`] into text, and decides nothing. A [`Notice`] is made
//! once for each message, and every channel takes its facts from it.

mod chat;
mod compose;
mod console;
mod diff;
mod facts;
mod found;
pub mod mail;
mod notice;
pub mod proof_of_life;
pub mod subject;
pub mod text;
pub mod words;

pub use chat::ChatMessage;
pub use compose::reasons;
pub use console::Console;
pub use diff::{DiffLine, DocumentDiff, LineKind};
pub use facts::{Fact, Facts, Label};
pub use notice::{Kind, Notice};
