//! The text of a file, and places in it.

use std::ops::Range;

/// A place in the text of a source, in bytes.
pub type Span = Range<usize>;

/// The name and the text of a file.
#[derive(Debug)]
pub struct Source {
    /// The path as it was given or found; `-` for standard input.
    pub name: String,
    pub text: String,
    /// The offset of the start of each line.
    lines: Vec<usize>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.into(),
            lines: std::iter::once(0).chain(breaks).collect(),
            text,
        }
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).max(1)
    }

    /// The column of a byte in characters, counted from 1.
    pub fn column(&self, at: usize) -> usize {
        let start = self.lines.get(self.line(at) - 1).copied().unwrap_or(0);
        let before = self.text.get(start..at).unwrap_or_default();
        before.chars().count() + 1
    }

    /// The byte at a line, counted from 1, and a column in characters, counted from 0.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.lines.get(line.saturating_sub(1)).copied();
        let start = start.unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        let inside = rest.char_indices().nth(column).map(|(at, _)| at);
        start + inside.unwrap_or(rest.len())
    }

    /// The whole text.
    pub fn everything(&self) -> Span {
        0..self.text.len()
    }
}
