//! Text in the markdown of chats, as Slack and Microsoft Teams read it.
//!
//! The two have no way to escape in common: Slack knows no backslash, and Teams shows the entities
//! that Slack asks for. So each character that means something to one of them becomes another one
//! that looks alike, and a name stands in a code span, where only few characters mean something.

use crate::text::{plain, without_links};

/// A value that can be from outside, as a code span: exact, but for [`everywhere`].
pub(super) fn code(text: &str, max: usize) -> String {
    let text: String = plain(text, max).chars().map(everywhere).collect();
    match without_brackets(&without_links(&text)).trim() {
        // A span of nothing shows its own marks.
        "" => "`-`".to_owned(),
        text => format!("`{text}`"),
    }
}

/// A sentence that can contain text from outside, on one line and without any format.
pub(super) fn prose(text: &str, max: usize) -> String {
    let text = plain(text, max);
    let mut safe = String::with_capacity(text.len());
    let mut follows_word = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let precedes_word = rest.peek().is_some_and(|next| next.is_alphanumeric());
        safe.push(match c {
            '*' => '∗',
            '~' => '∼',
            '#' => '＃',
            '|' => '｜',
            '\\' => '＼',
            '_' if !(follows_word && precedes_word) => '＿',
            // The beginning of an emoji.
            ':' if !follows_word && precedes_word => '：',
            c => everywhere(c),
        });
        follows_word = c.is_alphanumeric();
    }
    without_brackets(&without_links(&safe))
}

/// Without a link in brackets, which `without_links` can also make: `[.](`.
fn without_brackets(text: &str) -> String {
    text.replace("](", "] (")
}

/// What means something in a code span too: its end, and what begins a mention or an entity.
fn everywhere(c: char) -> char {
    match c {
        '`' => '\'',
        '<' => '‹',
        '>' => '›',
        '&' => '＆',
        '@' => '＠',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_readable() {
        for (text, shown) in [
            (
                "arn:aws:iam::111122223333:policy/my_policy",
                "`arn:aws:iam::111122223333:policy/my_policy`",
            ),
            ("s3:Delete*", "`s3:Delete*`"),
            ("ann@example.com", "`ann＠example[.]com`"),
            ("", "`-`"),
            ("a`b", "`a'b`"),
            ("<!channel> <@U123> @here", "`‹!channel› ‹＠U123› ＠here`"),
            ("a\n```\nb", "`a ''' b`"),
        ] {
            assert_eq!(code(text, 100), shown);
        }
        for (text, shown) in [
            (
                "Removed s3:Delete* from my_policy. Why: x",
                "Removed s3:Delete∗ from my_policy. Why: x",
            ),
            ("*bold* _it_ ~no~ `code`", "∗bold∗ ＿it＿ ∼no∼ 'code'"),
            (
                "[here](https://evil.example)",
                "[here] (https[:]//evil[.]example)",
            ),
            ("a.。(x)", "a.[。] (x)"),
            (
                ":no_entry: why: s3:GetObject",
                "：no_entry: why: s3:GetObject",
            ),
            ("safe\u{202E}evil", "safe＼u{202e}evil"),
        ] {
            assert_eq!(prose(text, 100), shown);
        }
        assert_eq!(code("abcdef", 3), "`abc…`");
    }
}
