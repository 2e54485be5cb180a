//! The parts that several mails have in common.

use std::fmt::{Display, Write as _};

use iam_policy::Finding;

use incident::message::{Contained, Decision, InForce};
use incident::{ExecutionArn, KeptDocument, PolicyChange, Target};

use crate::diff::pretty_lines;
use crate::text::{plain, plain_lines};
use crate::{Console, DocumentDiff};

/// The longest piece of text from outside on one line, in characters.
const MAX_TEXT: usize = 300;
/// The most entries of one list.
const MAX_ENTRIES: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
}

impl Writer {
    /// A mail that begins with this sentence.
    pub(super) fn new(sentence: &str) -> Self {
        Self {
            text: format!("{sentence}\n"),
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A paragraph in our own words, after an empty line.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A heading and a link on a line of its own, which mail programs keep whole.
    pub(super) fn link(&mut self, heading: &str, link: &str) {
        self.paragraph(heading);
        self.line(link);
    }

    /// A label and a value from outside.
    fn field(&mut self, label: &str, value: &str) {
        let value = plain(value, MAX_TEXT);
        let label = format!("{label}:");
        _ = writeln!(self.text, "{label:<9} {value}");
    }

    /// A heading and a numbered list of things from outside.
    pub(super) fn list<T: Display>(&mut self, heading: &str, entries: &[T]) {
        if entries.is_empty() {
            return;
        }
        self.paragraph(heading);
        for (index, entry) in entries.iter().take(MAX_ENTRIES).enumerate() {
            let entry = plain(&entry.to_string(), 2 * MAX_TEXT);
            _ = writeln!(self.text, "{}. {entry}", index + 1);
        }
        if let more @ 1.. = entries.len().saturating_sub(MAX_ENTRIES) {
            _ = writeln!(self.text, "and {more} more; all are in the execution");
        }
    }

    /// Who did what to which policy, from where and when.
    pub(super) fn change(&mut self, change: &PolicyChange) {
        self.paragraph("WHAT HAPPENED");
        let policy = match &change.version {
            Some(version) => format!("{}, version {version}", change.target),
            None => change.target.to_string(),
        };
        self.field("Policy", &policy);
        self.field("Account", &change.account);
        self.field("Who", &change.actor.to_string());
        if let Some(arn) = &change.actor.arn {
            self.field("ARN", arn);
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
        self.field("When", &change.event_time.in_words());
        self.field("Call", change.event_name.as_str());
    }

    pub(super) fn findings(&mut self, findings: &[Finding]) {
        self.list("WHAT IS RESTRICTED", findings);
    }

    /// What the guard removed, and why it removed more than what is restricted.
    pub(super) fn contained(&mut self, contained: &Contained) {
        self.list("WHAT THE GUARD REMOVED", &contained.edits);
        self.list(
            "WHAT ELSE THE GUARD HAD TO REMOVE, because the policy would have been too long",
            &contained.losses,
        );
        let evicted: Vec<String> = contained
            .evicted
            .iter()
            .map(|version| {
                format!(
                    "version {} of {}",
                    version.version,
                    version.created.in_words()
                )
            })
            .collect();
        self.list(
            "OLD VERSIONS THAT THE GUARD DELETED, because IAM keeps only five; the execution keeps their documents",
            &evicted,
        );
    }

    /// How a document was changed.
    pub(super) fn diff(&mut self, original: &KeptDocument, remediated: &KeptDocument) {
        self.paragraph("THE DOCUMENT (- removed, + added)");
        let diff = DocumentDiff::between(original, remediated);
        self.text.push_str(&diff.to_string());
    }

    /// A document from outside, laid out.
    pub(super) fn document(&mut self, heading: &str, document: &KeptDocument) {
        self.paragraph(heading);
        for line in pretty_lines(document) {
            _ = writeln!(self.text, "  {line}");
        }
    }

    pub(super) fn in_force(&mut self, in_force: &InForce) {
        let heading = match &in_force.version {
            Some(version) => format!("IN FORCE NOW: version {version}"),
            None => "IN FORCE NOW".to_owned(),
        };
        self.document(&heading, &in_force.document);
    }

    /// Who decided, and why.
    pub(super) fn decision(&mut self, decision: &Decision) {
        self.paragraph("THE DECISION");
        if let Some(time) = decision.time {
            self.field("When", &time.in_words());
        }
        if let Some(address) = &decision.source_ip_address {
            self.field("From", address);
        }
        if let Some(agent) = &decision.user_agent {
            self.field("Client", agent);
        }
        if let Some(reason) = &decision.reason {
            self.line("Reason given:");
            for line in plain_lines(reason, MAX_TEXT, 20) {
                _ = writeln!(self.text, "  > {line}");
            }
        }
    }

    pub(super) fn consoles(&mut self, target: &Target, execution: &ExecutionArn) {
        let console = Console::of_partition(execution.partition());
        self.link(
            "The execution, with every step and both documents:",
            &console.execution(execution),
        );
        self.link("The policy:", &console.target(target));
    }
}
