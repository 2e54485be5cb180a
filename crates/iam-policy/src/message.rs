//! Parts that the messages of findings, edits, losses and errors share.

use std::fmt;

/// A text in a message, on one line: control characters are escaped, and a long text is truncated.
pub(crate) struct Short<'a>(pub(crate) &'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 100;
        for c in self.0.chars().take(SHOWN) {
            match c.is_control() {
                true => write!(f, "{}", c.escape_default())?,
                false => write!(f, "{c}")?,
            }
        }
        match self.0.chars().nth(SHOWN) {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

/// Returns true if nothing was left out; JSON then has no such member.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn is_zero(more: &usize) -> bool {
    *more == 0
}

/// Writes the number of the statement, counted from 1 as people do, and its `Sid`.
pub(crate) fn write_place(
    f: &mut fmt::Formatter<'_>,
    statement: usize,
    sid: Option<&str>,
) -> fmt::Result {
    write!(f, "statement {}", statement.saturating_add(1))?;
    match sid {
        Some(sid) => write!(f, " (`{sid}`): "),
        None => f.write_str(": "),
    }
}

/// How many names one sentence has at most.
const SHOWN: usize = 6;

/// Patterns or actions as a sentence lists them, at most [`SHOWN`].
pub(crate) struct Shown<'a, T> {
    names: &'a [T],
    /// The number of all names; `names` may hold only the first of them.
    total: usize,
}

impl<'a, T> Shown<'a, T> {
    pub(crate) fn all(names: &'a [T]) -> Self {
        Shown::first(names, names.len())
    }

    pub(crate) fn first(names: &'a [T], total: usize) -> Self {
        Shown { names, total }
    }
}

impl<T: fmt::Display> fmt::Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.names.len().min(SHOWN);
        for (at, name) in self.names.iter().take(shown).enumerate() {
            let lead = if at == 0 { "" } else { ", " };
            write!(f, "{lead}`{name}`")?;
        }
        match self.total.saturating_sub(shown) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
