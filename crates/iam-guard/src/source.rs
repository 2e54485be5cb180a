//! The text of a file, and places in it.

use std::ops::Range;
use std::sync::OnceLock;

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
    /// The number of characters before each block of the text.
    blocks: OnceLock<Vec<usize>>,
}

/// The characters of a text are counted once, by blocks of so many bytes: a plan of many megabytes
/// is one line.
const BLOCK: usize = 4096;

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.into(),
            lines: std::iter::once(0).chain(breaks).collect(),
            text,
            blocks: OnceLock::new(),
        }
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).max(1)
    }

    /// The column of a byte in characters, counted from 1.
    pub fn column(&self, at: usize) -> usize {
        let start = self.lines.get(self.line(at) - 1).copied().unwrap_or(0);
        self.characters_before(at) - self.characters_before(start) + 1
    }

    fn characters_before(&self, at: usize) -> usize {
        let blocks = self.blocks.get_or_init(|| {
            let blocks = self.text.as_bytes().chunks(BLOCK);
            let mut before = 0;
            let before = blocks.map(|block| {
                let start = before;
                before += characters(block);
                start
            });
            before.collect()
        });
        let block = at / BLOCK;
        let part = self.text.as_bytes().get(block * BLOCK..at);
        blocks.get(block).copied().unwrap_or_default() + characters(part.unwrap_or_default())
    }

    /// A line, counted from 1, without its end.
    pub fn line_span(&self, line: usize) -> Span {
        let start = |line: usize| self.lines.get(line).copied();
        let from = start(line.saturating_sub(1)).unwrap_or(self.text.len());
        let to = start(line).unwrap_or(self.text.len());
        let text = self.text.get(from..to).unwrap_or_default();
        from..from + text.trim_end_matches(['\n', '\r']).len()
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

/// The characters that begin in these bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    let begins = |byte: &&u8| **byte & 0xc0 != 0x80;
    bytes.iter().filter(begins).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_characters() {
        let line = "a\u{e9}\u{1f512}".repeat(5_000);
        let source = Source::new("x", format!("{line}\r\n{line}"));
        for text in [&line, &source.text] {
            let source = Source::new("x", text.as_str());
            for (at, _) in text.char_indices().step_by(7) {
                let (before, _) = text.split_at(at);
                let line = before.rsplit('\n').next().unwrap_or_default();
                assert_eq!(source.column(at), line.chars().count() + 1);
            }
        }
        assert_eq!(source.line_span(1), 0..line.len());
        assert_eq!(source.line_span(2), line.len() + 2..source.text.len());
        assert_eq!(source.line_span(3), source.text.len()..source.text.len());
    }
}
