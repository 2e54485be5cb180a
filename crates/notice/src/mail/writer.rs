//! The parts that several e-mails have in common.

use std::fmt::{Display, Write as _};

use incident::message::{Contained, Decision, InForce, Restricted};
use incident::{ExecutionArn, PolicyChange, Snapshot, Subject};

use crate::diff::pretty_lines;
use crate::text::{plain, plain_lines, without_links};
use crate::{Console, DocumentDiff, words};

/// The longest piece of text from outside on one line, in characters.
const MAX_TEXT: usize = 300;
/// The most entries of one list.
const MAX_ENTRIES: usize = 40;
/// The longest line, in bytes. Mail servers break a line of more than 998 characters at any place
/// (RFC 5322, section 2.1.1).
pub(super) const MAX_LINE: usize = 990;
/// The bytes that the restricted patterns may take in their line.
const MAX_PATTERNS: usize = 700;

/// The text of an e-mail while it is written. Only [`Writer::link`] and [`Writer::commands`] can
/// write links.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
}

impl Writer {
    /// Begins an e-mail with this sentence.
    pub(super) fn new(sentence: &str) -> Self {
        let mut mail = Self::default();
        mail.line(sentence);
        mail
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A paragraph after an empty line.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    /// A paragraph, if there is one.
    pub(super) fn paragraphs(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.paragraph(&text);
        }
    }

    /// One or more lines, which can contain text from outside.
    pub(super) fn line(&mut self, text: &str) {
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
    pub(super) fn link(&mut self, heading: &str, link: &str) {
        self.paragraph(heading);
        self.text.push_str(link);
        self.text.push('\n');
    }

    /// A paragraph in which indented lines are our own commands, for the reader to copy.
    pub(super) fn commands(&mut self, text: &str) {
        self.line("");
        for line in text.split('\n') {
            if line.starts_with("  ") {
                self.verbatim(line);
            } else {
                self.line(line);
            }
        }
    }

    /// As many restricted patterns as fit on one line: the first thing that a reader must know.
    pub(super) fn restricted(&mut self, restricted: &Restricted, all: &str) {
        if restricted.patterns.is_empty() {
            return;
        }
        let total = restricted.patterns.len() + restricted.more_patterns;
        let mut line = if total == 1 {
            "Restricted:".to_owned()
        } else {
            format!("Restricted, {total} patterns:")
        };
        let mut shown = 0;
        for pattern in &restricted.patterns {
            let pattern = plain(pattern.as_str(), MAX_TEXT);
            if line.len() + pattern.len() > MAX_PATTERNS {
                break;
            }
            line.push_str(if shown == 0 { " " } else { ", " });
            line.push_str(&pattern);
            shown += 1;
        }
        if let more @ 1.. = total - shown {
            _ = write!(line, " and {more} more; {all} has all of them");
        }
        self.paragraph(&line);
    }

    /// A label and a value from outside.
    pub(super) fn field(&mut self, label: &str, value: &str) {
        let value = plain(value, MAX_TEXT);
        let label = format!("{label}:");
        self.line(&format!("{label:<9} {value}"));
    }

    /// A heading and a numbered list of things from outside.
    ///
    /// `more` is the number of things that are not among the entries.
    pub(super) fn list<T: Display>(&mut self, heading: &str, entries: &[T], more: usize) {
        if entries.is_empty() && more == 0 {
            return;
        }
        self.paragraph(heading);
        for (index, entry) in entries.iter().take(MAX_ENTRIES).enumerate() {
            let entry = plain(&entry.to_string(), 2 * MAX_TEXT);
            self.line(&format!("{}. {entry}", index + 1));
        }
        if let more @ 1.. = entries.len().saturating_sub(MAX_ENTRIES) + more {
            self.line(&format!("and {more} more"));
        }
    }

    /// Who did what to which policy, from where and when.
    pub(super) fn change(&mut self, change: &PolicyChange) {
        self.paragraph("WHAT HAPPENED");
        let policy = match &change.version {
            Some(version) => format!("{}, version {version}", change.subject),
            None => change.subject.to_string(),
        };
        let label = match change.subject {
            Subject::Managed(_) | Subject::Inline(_) => "Policy",
            Subject::Reported(_) => "What",
        };
        self.field(label, &policy);
        self.field("Account", &change.account);
        self.field("Who", &change.actor.to_string());
        if let Some(arn) = &change.actor.arn {
            self.field("ARN", arn);
        }
        if let Some(account) = &change.actor.delegate {
            let delegate = format!("the account {account}, by a temporary delegation");
            self.field("Delegate", &delegate);
        }
        if let Some(person) = &change.actor.on_behalf_of {
            self.field("Person", &person.to_string());
        }
        self.field(
            "From",
            change
                .source_ip_address
                .as_deref()
                .unwrap_or("an unknown address"),
        );
        self.field(
            "Client",
            change.user_agent.as_deref().unwrap_or("an unknown client"),
        );
        self.field("When", &words::time(change.event_time));
        self.field("Call", change.event_name.as_str());
        let lost = change.lost_denials.iter().map(words::lost_denial);
        let lost: Vec<String> = lost.collect();
        self.list("WHAT THE POLICY DOES NOT DENY ANY MORE", &lost, 0);
    }

    pub(super) fn findings(&mut self, restricted: &Restricted) {
        let more = restricted.more_findings;
        self.list("WHAT IS RESTRICTED", &restricted.findings, more);
    }

    /// What the guard removed, restricted or not.
    pub(super) fn contained(&mut self, contained: &Contained) {
        let removal = &contained.removal;
        let (removed, lost) = if contained.asked {
            (
                "WHAT A DENY REMOVES",
                "WHAT ELSE A DENY MUST REMOVE, because the policy would be too long",
            )
        } else {
            (
                "WHAT THE GUARD REMOVED",
                "WHAT ELSE THE GUARD HAD TO REMOVE, because the policy would have been too long",
            )
        };
        self.list(removed, &words::edits(contained), removal.more_edits);
        self.list(lost, &removal.losses, removal.more_losses);
        let evicted: Vec<String> = contained
            .evicted
            .iter()
            .map(|version| {
                format!(
                    "version {} of {}",
                    version.version,
                    words::time(version.created)
                )
            })
            .collect();
        self.list(
            "OLD VERSIONS THAT THE GUARD DELETED, because IAM keeps only five; the execution keeps their documents",
            &evicted,
            0,
        );
    }

    /// What the guard changed in the document.
    pub(super) fn diff(&mut self, contained: &Contained) {
        self.paragraph(if contained.asked {
            "THE DOCUMENT, AND WHAT A DENY CHANGES (- removed, + added)"
        } else {
            "THE DOCUMENT (- removed, + added)"
        });
        for line in DocumentDiff::of(contained).lines {
            self.line(&line.to_string());
        }
    }

    /// A document from outside, in readable lines.
    pub(super) fn document(&mut self, heading: &str, document: &Snapshot) {
        self.paragraph(heading);
        for line in pretty_lines(document) {
            self.line(&format!("  {line}"));
        }
    }

    pub(super) fn in_force(&mut self, in_force: &InForce) {
        let heading = match &in_force.version {
            Some(version) => format!("IN FORCE NOW: version {version}"),
            None => "IN FORCE NOW".to_owned(),
        };
        self.document(&heading, &in_force.document);
    }

    /// The circumstances of the decision.
    pub(super) fn decision(&mut self, decision: &Decision) {
        self.paragraph("THE DECISION");
        if let Some(time) = decision.time {
            self.field("When", &words::time(time));
        }
        if let Some(address) = &decision.source_ip_address {
            self.field("From", address);
        }
        if let Some(agent) = &decision.user_agent {
            self.field("Client", agent);
        }
        if let Some(reason) = &decision.reason {
            self.reason(reason);
        }
    }

    /// The words of an administrator.
    pub(super) fn reason(&mut self, reason: &str) {
        self.line("Reason given:");
        for line in plain_lines(reason, MAX_TEXT, 20) {
            self.line(&format!("  > {line}"));
        }
    }

    pub(super) fn consoles(&mut self, subject: &Subject, execution: &ExecutionArn) {
        let console = Console::of_partition(execution.partition());
        let (execution_heading, subject_heading) = match subject {
            Subject::Managed(_) | Subject::Inline(_) => (
                "The execution, with every step and both documents:",
                "The policy:",
            ),
            Subject::Reported(_) => ("The execution, with every step:", "In the console of IAM:"),
        };
        self.link(execution_heading, &console.execution(execution));
        self.link(subject_heading, &console.subject(subject));
    }
}
