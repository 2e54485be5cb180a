//! Names that others chose, as people see them in reports.

use std::borrow::Cow;

/// The text with an escape in place of each character that a reader does not see, or that changes
/// how others look, and that a terminal would obey: IAM is not what wrote every file.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match is_hidden(c) {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// Control characters, and those of the category Cf of Unicode that stand beside text: they change
/// its direction, or have no width.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(printable("role `é`"), "role `é`");
        assert_eq!(
            printable("a\u{1b}[2J\u{202e}b\u{200b}\n"),
            r"a\u{1b}[2J\u{202e}b\u{200b}\n"
        );
    }
}
