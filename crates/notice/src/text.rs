//! Makes text from outside safe to show between our own.
//!
//! The caller who made a change chooses names, user agents, `Sid`s, reasons and documents, and the
//! administrator who judges the change reads them. No such text may add a line, hide or reorder the
//! text around it, or look like one of our links.

use std::borrow::Cow;

/// One line of at most `max` characters that shows all of `text`.
///
/// Line ends and runs of white space become one space. Characters that are invisible or change the
/// direction of writing become their code point.
#[must_use]
pub fn plain(text: &str, max: usize) -> String {
    let text = text.trim();
    if is_plain(text, max) {
        return text.to_owned();
    }
    let mut line = String::new();
    let mut count = 0;
    for c in text.chars() {
        if count >= max {
            line.push('…');
            break;
        }
        if c.is_whitespace() {
            if !line.ends_with(' ') {
                line.push(' ');
                count += 1;
            }
        } else if is_unseen(c) {
            let escaped = c.escape_unicode().to_string();
            count += escaped.len();
            line.push_str(&escaped);
        } else {
            line.push(c);
            count += 1;
        }
    }
    line
}

/// Whether [`plain`] returns the text unchanged. This holds for nearly every line of a document,
/// and checking it is much faster than building the line again.
fn is_plain(text: &str, max: usize) -> bool {
    let is_harmless = |pair: &[u8]| pair != b"  ";
    text.len() <= max
        && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && text.as_bytes().windows(2).all(is_harmless)
}

/// The text in a form that no mail program turns into a link: `www[.]example[.]org`.
///
/// Mail programs look for a scheme, for `www`, and for a dot before a top-level domain.
#[must_use]
pub fn without_links(text: &str) -> Cow<'_, str> {
    if !text.contains(['.', '。', '．', '｡']) && !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let after = rest.as_str();
        let is_link = match c {
            '.' => {
                before.is_some_and(can_be_in_a_host)
                    && (ends_with_www(&out) || begins_with_domain(after))
            }
            '。' | '．' | '｡' => true,
            ':' => after.starts_with("//"),
            _ => false,
        };
        if is_link {
            out.extend(['[', c, ']']);
        } else {
            out.push(c);
        }
        before = Some(c);
    }
    Cow::Owned(out)
}

/// Mail programs and chats take nearly every character for part of a host.
fn can_be_in_a_host(c: char) -> bool {
    !c.is_whitespace() && !c.is_ascii_punctuation()
}

fn ends_with_www(text: &str) -> bool {
    text.len()
        .checked_sub(3)
        .and_then(|at| text.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// Whether the first label can be a top-level domain: it has only letters, or is punycode.
fn begins_with_domain(text: &str) -> bool {
    let is_end = |c: char| !(c.is_alphanumeric() || c == '-');
    let label = text.split(is_end).next().unwrap_or_default();
    let is_encoded = label
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    is_encoded || label.chars().count() > 1 && label.chars().all(char::is_alphabetic)
}

/// At most `max_lines` lines of at most `max` characters each, as from [`plain`], but with their
/// indentation.
#[must_use]
pub fn plain_lines(text: &str, max: usize, max_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .take(max_lines)
        .map(|line| {
            let indent = line.chars().take_while(|c| *c == ' ').count().min(max);
            format!("{}{}", " ".repeat(indent), plain(line, max))
        })
        .collect();
    if text.lines().nth(max_lines).is_some() {
        lines.push("…".to_owned());
    }
    lines
}

/// Whether a character is invisible or moves others: control, format and direction characters, and
/// fillers.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text quoted for a shell, in a form that no mail program turns into a link: a shell reads
/// `'a.''b'` as `a.b`.
pub(crate) fn shell_quoted(text: &str) -> String {
    let quoted = format!("'{}'", text.replace('\'', r"'\''"));
    if without_links(text) == text {
        quoted
    } else {
        quoted.replace('.', ".''")
    }
}

/// An option of a command and its value, quoted for a shell. A value that begins with a hyphen
/// would pass for another option, so it follows an equals sign. A value stays on its line: what
/// follows a line break would pass for a command of its own.
pub(crate) fn option(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    let value = value.replace(is_unseen, " ");
    format!("--{name}{between}{}", shell_quoted(&value))
}

/// The text with its first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_in_its_line() {
        for (text, shown) in [
            ("aws-cli/2.27", "aws-cli/2.27"),
            ("a\r\nAllow:\nhttps://x", "a Allow: https://x"),
            ("a\u{2028}b\u{0085}c", "a b c"),
            ("safe\u{202E}evil", "safe\\u{202e}evil"),
            ("ze\u{200B}ro", "ze\\u{200b}ro"),
            ("\u{1B}[31mred", "\\u{1b}[31mred"),
            ("  wide \t space ", "wide space"),
            ("émile", "émile"),
        ] {
            assert_eq!(plain(text, 100), shown, "{text:?}");
        }
        assert_eq!(plain("abcdef", 3), "abc…");
        assert_eq!(plain("abc", 3), "abc");
    }

    #[test]
    fn text_from_outside_is_no_link() {
        for (text, shown) in [
            (
                "https://evil.example/allow",
                "https[:]//evil[.]example/allow",
            ),
            ("www.example.org/allow", "www[.]example[.]org/allow"),
            ("WWW.two-words.example", "WWW[.]two-words[.]example"),
            (
                "md/command#iam.create-policy",
                "md/command#iam.create-policy",
            ),
            ("Example.ORG", "Example[.]ORG"),
            ("☃.net cafe\u{301}.com", "☃[.]net cafe\u{301}[.]com"),
            ("a@mail.example", "a@mail[.]example"),
            ("пример.рф。テスト", "пример[.]рф[。]テスト"),
            ("xn--e1a.xn--p1ai", "xn--e1a[.]xn--p1ai"),
            ("aws-cli/2.27.41 Python/3.12", "aws-cli/2.27.41 Python/3.12"),
            ("203.0.113.17", "203.0.113.17"),
            ("It ended. You need not act.", "It ended. You need not act."),
            ("s3:GetObject", "s3:GetObject"),
        ] {
            assert_eq!(without_links(text), shown);
        }
    }

    #[test]
    fn lines_are_bounded_and_keep_their_indentation() {
        assert_eq!(
            plain_lines("{\n    \"a\": 1\n}", 20, 10),
            ["{", "    \"a\": 1", "}"]
        );
        assert_eq!(plain_lines("a\nb\nc", 20, 2), ["a", "b", "…"]);
    }
}
