//! The text of an e-mail: the only place where a link that decides is written.

use crate::Notice;
use crate::mail::{LinkConfirmation, Links};
use crate::notice::Block;
use crate::text::without_links;

/// The longest line, in bytes. Mail servers break a line of more than 998 characters at any place
/// (RFC 5322, section 2.1.1).
pub(crate) const MAX_LINE: usize = 990;

/// The text of an e-mail while it is written. Only [`Writer::link`] and [`Writer::commands`] can
/// write links.
#[derive(Debug, Default)]
struct Writer {
    text: String,
}

/// Writes a notice out. The links stand where a request has room for them.
pub(super) fn written(notice: &Notice, links: Option<&Links>) -> String {
    let mut mail = Writer::default();
    mail.line(&notice.headline);
    for block in &notice.text {
        mail.block(block, links);
    }
    mail.text
}

/// How many bytes a part of a notice without links takes.
pub(crate) fn length(block: &Block) -> usize {
    let mut mail = Writer::default();
    mail.block(block, None);
    mail.text.len()
}

impl Writer {
    fn block(&mut self, block: &Block, links: Option<&Links>) {
        match block {
            Block::Paragraph(text) => self.paragraph(text),
            Block::Line(text) => self.line(text),
            Block::Commands(text) => self.commands(text),
            Block::Console { heading, url } => self.link(heading, url),
            Block::List {
                heading,
                entries,
                more,
            } => self.list(heading, entries, *more),
            Block::Ways { allow, deny } => self.ways(allow, deny, links),
        }
    }

    /// A paragraph after an empty line.
    fn paragraph(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    /// One or more lines, which can contain text from outside.
    fn line(&mut self, text: &str) {
        for line in text.split('\n') {
            self.verbatim(&without_links(line));
        }
    }

    /// A line of our own, unchanged.
    fn verbatim(&mut self, line: &str) {
        let end = line.floor_char_boundary(MAX_LINE);
        if end == line.len() {
            self.text.push_str(line);
        } else {
            let end = line.floor_char_boundary(MAX_LINE - '…'.len_utf8());
            self.text.push_str(line.get(..end).unwrap_or_default());
            self.text.push('…');
        }
        self.text.push('\n');
    }

    /// A heading and a link on its own line, which mail programs do not break.
    fn link(&mut self, heading: &str, link: &str) {
        self.paragraph(heading);
        self.text.push_str(link);
        self.text.push('\n');
    }

    /// A paragraph in which indented lines are our own commands, for the reader to copy.
    fn commands(&mut self, text: &str) {
        self.line("");
        for line in text.split('\n') {
            if line.starts_with("  ") {
                self.verbatim(line);
            } else {
                self.line(line);
            }
        }
    }

    fn list(&mut self, heading: &str, entries: &[String], more: usize) {
        self.paragraph(heading);
        for (index, entry) in entries.iter().enumerate() {
            self.line(&format!("{}. {entry}", index + 1));
        }
        if more > 0 {
            self.line(&format!("and {more} more"));
        }
    }

    /// What each answer does, with its link.
    fn ways(&mut self, allow: &str, deny: &str, links: Option<&Links>) {
        let Some(links) = links else {
            return;
        };
        self.link(&format!("ALLOW: {allow}"), &links.allow);
        self.link(&format!("DENY: {deny}"), &links.deny);
        self.paragraph(match links.confirmation {
            LinkConfirmation::Required => {
                "Each link opens a page that shows the incident. Only the button on the page decides."
            }
            LinkConfirmation::None => "CAREFUL: if you open a link, you decide at once.",
        });
    }
}
