//! What people read about incidents: e-mails, texts of the pages, diffs, links to the consoles.
//!
//! It makes words of the facts in [`incident`], and decides nothing.

mod console;
mod diff;
pub mod mail;
pub mod subject;
pub mod text;
pub mod words;

pub use console::Console;
pub use diff::{DiffLine, DocumentDiff, LineKind};
