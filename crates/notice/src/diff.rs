//! The differences between two policy documents, line by line.

use std::fmt;

use similar::ChangeTag;
use similar::algorithms::{Capture, Compact, myers};

use incident::Snapshot;
use incident::message::Contained;

use crate::text::plain_lines;

/// How two documents differ, line by line.
///
/// Both documents get the same layout first, so that only their content differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentDiff {
    pub lines: Vec<DiffLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    pub kind: LineKind,
    /// The line without its end.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// In both documents.
    Same,
    /// In the first only.
    Removed,
    /// In the second only.
    Added,
    /// Stands for equal lines that are left out.
    Skipped,
}

/// Lines shown around each difference.
const CONTEXT: usize = 3;
/// The longest line that is shown in part, in characters, without its indentation.
const MAX_LINE: usize = 300;
/// The most lines of one document that are compared. A document of 6,144 characters has at most
/// about 3,000 lines, nearly all of them brackets.
const MAX_LINES: usize = 4000;
/// The most lines that are shown.
const MAX_SHOWN: usize = 600;

impl DocumentDiff {
    /// What the guard changed in a policy, shortened for a reader.
    #[must_use]
    pub fn of(contained: &Contained) -> Self {
        Self::between(&contained.original, after(contained))
    }

    /// What the guard changed in a policy, with every line at its full length.
    #[must_use]
    pub fn whole_of(contained: &Contained) -> Self {
        Self::whole(&contained.original, after(contained))
    }

    /// The lines that differ and those around them; every line if `after` is `None`.
    fn between(before: &Snapshot, after: Option<&Snapshot>) -> Self {
        let (before, after) = (
            pretty_lines(before),
            after.map_or_else(Vec::new, pretty_lines),
        );
        let mut diff = Self::of_lines(&before, &after, CONTEXT);
        if diff.lines.len() > MAX_SHOWN {
            diff.lines.truncate(MAX_SHOWN);
            diff.lines.push(DiffLine::skipped());
        }
        diff
    }

    fn whole(before: &Snapshot, after: Option<&Snapshot>) -> Self {
        let lines =
            |document: &Snapshot| plain_lines(&pretty(document.as_str()), usize::MAX, usize::MAX);
        let (before, after) = (lines(before), after.map_or_else(Vec::new, lines));
        Self::of_lines(&before, &after, before.len() + after.len())
    }

    /// Whether lines are left out or shortened.
    #[must_use]
    pub fn is_excerpt(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| line.kind == LineKind::Skipped || line.text.ends_with('…'))
    }

    fn of_lines(before: &[String], after: &[String], context: usize) -> Self {
        // Removing the last entry of a list also removes the comma before it, which is not a
        // difference.
        let without_comma = |lines: &[String]| -> Vec<String> {
            lines
                .iter()
                .map(|line| line.trim_end_matches(',').to_owned())
                .collect()
        };
        let (before_keys, after_keys) = (without_comma(before), without_comma(after));
        let before_keys: Vec<&str> = before_keys.iter().map(String::as_str).collect();
        let after_keys: Vec<&str> = after_keys.iter().map(String::as_str).collect();
        // The front end of the crate would link all five algorithms.
        let mut hook = Compact::new(Capture::new(), &before_keys[..], &after_keys[..]);
        let Ok(()) = myers::diff(
            &mut hook,
            &before_keys[..],
            0..before_keys.len(),
            &after_keys[..],
            0..after_keys.len(),
        );

        let mut lines = Vec::new();
        let mut shown_to = 0;
        for group in hook.into_inner().into_grouped_ops(context) {
            if group
                .first()
                .is_some_and(|op| op.old_range().start > shown_to)
            {
                lines.push(DiffLine::skipped());
            }
            for op in &group {
                shown_to = op.old_range().end;
                for change in op.iter_changes(&before_keys[..], &after_keys[..]) {
                    let (kind, line) = match change.tag() {
                        ChangeTag::Equal => (LineKind::Same, line(before, change.old_index())),
                        ChangeTag::Delete => (LineKind::Removed, line(before, change.old_index())),
                        ChangeTag::Insert => (LineKind::Added, line(after, change.new_index())),
                    };
                    lines.push(DiffLine {
                        kind,
                        text: line.to_owned(),
                    });
                }
            }
        }
        if shown_to < before.len() {
            lines.push(DiffLine::skipped());
        }
        Self { lines }
    }
}

/// The document that replaced the original; `None` if the policy was deleted.
fn after(contained: &Contained) -> Option<&Snapshot> {
    (!contained.removed).then_some(&contained.document)
}

impl DiffLine {
    fn skipped() -> Self {
        Self {
            kind: LineKind::Skipped,
            text: "…".to_owned(),
        }
    }
}

impl fmt::Display for DiffLine {
    /// As in a unified diff: `-` before a removed line, `+` before an added one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.mark(), self.text)
    }
}

impl LineKind {
    /// The character in front of the line.
    #[must_use]
    pub fn mark(self) -> char {
        match self {
            Self::Same | Self::Skipped => ' ',
            Self::Removed => '-',
            Self::Added => '+',
        }
    }
}

fn line(lines: &[String], index: Option<usize>) -> &str {
    index
        .and_then(|index| lines.get(index))
        .map_or("", String::as_str)
}

/// A document in lines that are readable and safe to show.
#[must_use]
pub(crate) fn pretty_lines(document: &Snapshot) -> Vec<String> {
    plain_lines(&pretty(document.as_str()), MAX_LINE, MAX_LINES)
}

/// JSON with one value a line and everything else as written. Text that is not JSON stays readable.
///
/// Parsing would reorder keys and rewrite numbers, but the administrator must see what was written.
fn pretty(json: &str) -> String {
    /// Deeper levels are not indented further, so that a document of brackets does not become
    /// megabytes of spaces.
    const MAX_DEPTH: usize = 12;
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0usize;
    let mut in_string = false;
    let mut characters = Tokens(json.chars().peekable());
    let line_end = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth.min(MAX_DEPTH)));
    };
    while let Some(c) = characters.next(in_string) {
        match c {
            _ if in_string => {
                out.push(c);
                if c == '\\' {
                    out.extend(characters.next(true));
                } else if c == '"' {
                    in_string = false;
                }
            }
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                let close = if c == '{' { '}' } else { ']' };
                if characters.next_if(close) {
                    out.push(close);
                } else {
                    depth += 1;
                    line_end(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line_end(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line_end(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push(c),
        }
    }
    out
}

/// The characters of a JSON text, without the white space between its tokens.
struct Tokens<'a>(std::iter::Peekable<std::str::Chars<'a>>);

impl Tokens<'_> {
    fn next(&mut self, in_string: bool) -> Option<char> {
        if !in_string {
            self.skip_layout();
        }
        self.0.next()
    }

    fn next_if(&mut self, expected: char) -> bool {
        self.skip_layout();
        self.0.next_if_eq(&expected).is_some()
    }

    fn skip_layout(&mut self) {
        while self.0.next_if(|c| c.is_ascii_whitespace()).is_some() {}
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
