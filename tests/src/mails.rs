use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use local_aws::{Mail, Mailbox};

/// How old an answer may be for a caller that polls. Many scenarios poll at once and share one
/// answer.
pub(crate) const FRESH: Duration = Duration::from_millis(100);

/// The administrator's mails, read together.
#[derive(Debug)]
pub(crate) struct Mails {
    mailbox: Mailbox,
    mails: Vec<Mail>,
    read: Option<Instant>,
}

impl Mails {
    pub(crate) fn of(mailbox: Mailbox) -> Self {
        Self {
            mailbox,
            mails: Vec::new(),
            read: None,
        }
    }

    /// All mails that had arrived at `since`, and perhaps some that arrived later.
    pub(crate) async fn since(&mut self, since: Instant) -> Result<&[Mail]> {
        if self.read.is_none_or(|read| read < since) {
            let begin = Instant::now();
            let known = self.mails.len();
            let mails = self.mailbox.mails().await?;
            self.mails
                .extend_from_slice(mails.get(known..).unwrap_or_default());
            self.read = Some(begin);
        }
        Ok(&self.mails)
    }
}

/// Whether a mail says that the guard failed: the function's mail, or the plain one.
pub fn reports_failure(mail: &Mail) -> bool {
    mail.subject.starts_with("Failed: ")
}

/// Checks that the text of a mail has each of these parts.
pub fn expect_parts(mail: &Mail, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(
            mail.message.contains(part),
            "no `{part}` in {}",
            mail.message
        );
    }
    Ok(())
}
