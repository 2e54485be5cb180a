use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use local_aws::{Mail, Mailbox};

use crate::seen::Seen;

/// How old an answer may be for a caller that polls. Many scenarios poll at once and share one
/// answer.
const FRESH: Duration = Duration::from_millis(100);

/// Until when the mails must be known to a caller that polls.
pub(crate) fn lately() -> Instant {
    let now = Instant::now();
    now.checked_sub(FRESH).unwrap_or(now)
}

/// The administrator's mails, read together.
#[derive(Debug)]
pub(crate) struct Mails {
    mailbox: Mailbox,
    mails: Seen<Mail>,
    read: Option<Instant>,
}

impl Mails {
    pub(crate) fn of(mailbox: Mailbox) -> Self {
        Self {
            mailbox,
            mails: Seen::default(),
            read: None,
        }
    }

    /// All mails that had arrived at `since`, and perhaps some that arrived later.
    pub(crate) async fn since(&mut self, since: Instant) -> Result<&[Mail]> {
        self.read(since).await?;
        Ok(self.mails.all())
    }

    /// Those of them whose text holds `mark`.
    pub(crate) async fn with(&mut self, since: Instant, mark: &str) -> Result<Vec<&Mail>> {
        self.read(since).await?;
        let holds = |mail: &Mail| mail.message.contains(mark);
        Ok(self.mails.holding(mark, holds))
    }

    async fn read(&mut self, since: Instant) -> Result<()> {
        if self.read.is_none_or(|read| read < since) {
            let begin = Instant::now();
            let known = self.mails.all().len();
            let mails = self.mailbox.mails().await?;
            let new = mails.get(known..).unwrap_or_default();
            self.mails.extend(new.iter().cloned());
            self.read = Some(begin);
        }
        Ok(())
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

/// A command of a mail, in the words that a shell makes of it.
#[derive(Debug)]
pub struct Command(Vec<String>);

impl Command {
    /// The value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        let named = format!("--{name}");
        let mut words = self.0.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix(&named) {
                Some("") => return words.next().map(String::as_str),
                Some(rest) if rest.starts_with('=') => return rest.get(1..),
                _ => {}
            }
        }
        None
    }
}

/// The commands of a mail that begin with these words, in order.
pub fn commands(mail: &Mail, begin: &str) -> Result<Vec<Command>> {
    let begin = format!("\n  {begin} ");
    let rest = mail.message.split(&begin).skip(1);
    rest.map(|rest| Ok(Command(words(rest)?))).collect()
}

/// The words until the end of the command. Nothing that a shell would expand may stand in it.
fn words(text: &str) -> Result<Vec<String>> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            c if is_quoted => word.get_or_insert_default().push(c),
            '\n' => break,
            ' ' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => {
                ensure!(c.is_ascii_alphanumeric() || "-=".contains(c), "{c}: {text}");
                word.get_or_insert_default().push(c);
            }
        }
    }
    ensure!(!is_quoted, "no end of the quotation: {text}");
    words.extend(word);
    Ok(words)
}
