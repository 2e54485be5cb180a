//! A notice as an e-mail. Plain text, because that is what SNS sends to an e-mail address.
//!
//! Each e-mail begins with one sentence that is enough on the lock screen of a phone. Then it says
//! what is in force and gives the details. Text from outside goes through [`crate::text`] on its
//! way into an e-mail.

mod links;
mod writer;

pub use links::{LinkConfirmation, Links};
pub(crate) use writer::{MAX_LINE, length};

use crate::Notice;
use crate::text::is_unseen;

/// An e-mail within the limits of SNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    subject: String,
    message: String,
}

impl Mail {
    /// The longest subject, in characters (SNS API Reference, "Publish": less than 100, no line
    /// breaks or control characters).
    pub const MAX_SUBJECT: usize = 99;
    /// The longest message, in bytes. SNS takes 262,144 with its attributes, more than a person
    /// reads.
    pub const MAX_MESSAGE: usize = 60_000;

    /// The e-mail about a notice. A request needs its links.
    #[must_use]
    pub fn of(notice: &Notice, links: Option<&Links>) -> Self {
        Self::new(&notice.title, &writer::written(notice, links))
    }

    /// Cleans and cuts both parts to what SNS accepts.
    ///
    /// Subjects are ASCII and begin with a letter or a digit, which every edition of the SNS
    /// documentation allows. Neither part is ever empty.
    #[must_use]
    pub fn new(subject: &str, message: &str) -> Self {
        const CUT: &str = "\n[cut: the rest is in the execution]\n";
        let subject: String = subject
            .trim()
            .chars()
            .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
            .collect();
        let subject = match subject.chars().next() {
            Some(first) if first.is_ascii_alphanumeric() => subject,
            _ => format!("IAM policy guard: {subject}"),
        };
        let mut message = message.replace(|c| is_unseen(c) && c != '\n', " ");
        if message.trim().is_empty() {
            message.push_str("See the execution.\n");
        }
        if message.len() > Self::MAX_MESSAGE {
            let end = message.floor_char_boundary(Self::MAX_MESSAGE - CUT.len());
            message.truncate(end);
            message.push_str(CUT);
        }
        Self {
            subject: subject.chars().take(Self::MAX_SUBJECT).collect(),
            message,
        }
    }

    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
