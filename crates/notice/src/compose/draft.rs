//! A notice while it is written, and the parts that several notices have in common.
//!
//! A method that adds a fact also adds its words to the text, so that both say the same.

use std::fmt::{Display, Write as _};

use incident::message::{Contained, Decision, InForce, Response, Restricted};
use incident::{ExecutionArn, PolicyChange, Snapshot, Subject, Timestamp};

use crate::diff::pretty_lines;
use crate::facts::MAX_TEXT;
use crate::notice::Block;
use crate::text::plain;
use crate::{Console, DocumentDiff, Fact, Facts, Kind, Label, Notice, words};

/// The most entries of one list.
const MAX_ENTRIES: usize = 40;
/// The bytes that the restricted patterns may take in their line.
const MAX_PATTERNS: usize = 700;

#[derive(Debug, Default)]
pub(super) struct Draft {
    headline: String,
    facts: Facts,
    advice: Vec<String>,
    text: Vec<Block>,
}

impl Draft {
    /// Begins with this sentence.
    pub(super) fn new(headline: &str) -> Self {
        Self {
            headline: headline.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn finish(self, kind: Kind, title: String, execution: &ExecutionArn) -> Notice {
        let Self {
            headline,
            facts,
            advice,
            text,
        } = self;
        Notice {
            kind,
            title,
            headline,
            execution: execution.clone(),
            facts,
            advice,
            text,
        }
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.text.push(Block::Paragraph(text.to_owned()));
    }

    /// A paragraph, if there is one.
    pub(super) fn paragraphs(&mut self, text: Option<String>) {
        self.text.extend(text.map(Block::Paragraph));
    }

    /// A further line of the same paragraph.
    pub(super) fn line(&mut self, text: &str) {
        self.text.push(Block::Line(text.to_owned()));
    }

    /// What the reader can do, or what follows. Indented lines are our own commands.
    pub(super) fn advise(&mut self, text: &str) {
        self.text.push(Block::Commands(text.to_owned()));
        let prose = text
            .lines()
            .filter(|line| !line.starts_with("  ") && !line.is_empty());
        self.advice
            .extend(prose.map(|line| match line.strip_suffix(':') {
                Some(line) => format!("{line} (the e-mail has the command)."),
                None => line.to_owned(),
            }));
    }

    /// What a channel must say that shows no text.
    pub(super) fn remark(&mut self, text: &str) {
        self.advice.push(text.to_owned());
    }

    /// A paragraph with our own commands, which only a text has room for.
    pub(super) fn commands(&mut self, text: &str) {
        self.text.push(Block::Commands(text.to_owned()));
    }

    /// A heading and a link to a console.
    pub(super) fn console(&mut self, heading: &'static str, url: String) {
        self.text.push(Block::Console { heading, url });
    }

    /// What each answer does, and where the links stand in an e-mail.
    pub(super) fn ways(&mut self, allow: String, deny: String) {
        self.advice.push(format!("Allow {allow}"));
        self.advice.push(format!("Deny {deny}"));
        self.text.push(Block::Ways { allow, deny });
    }

    /// A fact that the text says in other words.
    pub(super) fn fact(&mut self, fact: Fact) {
        self.facts.extend([fact]);
    }

    /// A fact with words of its own, which `say` puts around its value.
    pub(super) fn state(&mut self, fact: Fact, say: impl FnOnce(&str) -> String) {
        let words = say(fact.value());
        self.line(&words);
        self.facts.extend([fact]);
    }

    /// What the guard did about a document, in a few lines.
    pub(super) fn standing(&mut self, contained: &Contained) {
        for fact in Facts::of_contained(contained) {
            let label = fact.label;
            self.state(fact, |value| match label {
                Label::AttachedTo => format!("Attached to: {value}."),
                Label::HeldBy => format!("The policy is {value}."),
                Label::Left => format!(
                    "The guard only reports these permissions, so they stay in force: {value}."
                ),
                _ => format!("In force now: {value}"),
            });
        }
    }

    /// As many restricted patterns as fit on one line: the first thing that a reader must know.
    pub(super) fn restricted(&mut self, restricted: &Restricted, all: &str) {
        self.facts.extend(Facts::of_restricted(restricted));
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

    /// A heading and a numbered list of things from outside.
    ///
    /// `more` is the number of things that are not among the entries.
    pub(super) fn list<T: Display>(&mut self, heading: &'static str, entries: &[T], more: usize) {
        if entries.is_empty() && more == 0 {
            return;
        }
        let shown = entries.iter().take(MAX_ENTRIES);
        self.text.push(Block::List {
            heading,
            entries: shown
                .map(|entry| plain(&entry.to_string(), 2 * MAX_TEXT))
                .collect(),
            more: entries.len().saturating_sub(MAX_ENTRIES) + more,
        });
    }

    /// Why the guard reports a call, or asks about it.
    pub(super) fn reasons(&mut self, heading: &'static str, reasons: &[String], more: usize) {
        self.listed(Label::Why, heading, reasons, more);
    }

    /// A fact with several values, which the text lists.
    pub(super) fn listed(
        &mut self,
        label: Label,
        heading: &'static str,
        values: &[String],
        more: usize,
    ) {
        self.facts.add_list(label, values.iter().cloned(), more);
        self.list(heading, values, more);
    }

    /// Who did what to which policy, from where and when.
    pub(super) fn change(&mut self, change: &PolicyChange, response: Response) {
        self.paragraph("WHAT HAPPENED");
        let facts = Facts::of_change(change, response);
        for fact in facts.iter() {
            if fact.label == Label::LostDenials {
                let heading = "WHAT THE POLICY DOES NOT DENY ANY MORE";
                self.list(heading, &fact.values, fact.more);
            } else {
                self.field(fact.label.name(), fact.value());
            }
        }
        self.facts.extend(facts);
    }

    /// A label and a value.
    fn field(&mut self, label: &str, value: &str) {
        let label = format!("{label}:");
        self.line(&format!("{label:<9} {value}"));
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

    /// The decision and its circumstances.
    pub(super) fn decision(&mut self, decision: &Decision, until: Option<Timestamp>) {
        self.decided("THE DECISION", Facts::of_decision(decision, until));
    }

    /// A heading and the facts about a decision.
    pub(super) fn decided(&mut self, heading: &str, facts: Facts) {
        let decision = facts.get(Label::Decision).map_or("none", Fact::value);
        self.paragraph(&format!("{heading}: {decision}"));
        for fact in facts.iter() {
            match fact.label {
                Label::Decision => {}
                Label::DecidedAt => self.field("When", fact.value()),
                Label::DecidedFrom => self.field("From", fact.value()),
                Label::DecidedWith => self.field("Client", fact.value()),
                Label::Reason => {
                    self.line("Reason given:");
                    for line in &fact.values {
                        self.line(&format!("  > {line}"));
                    }
                }
                label => self.field(label.name(), fact.value()),
            }
        }
        self.facts.extend(facts);
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
        self.console(execution_heading, console.execution(execution));
        self.console(subject_heading, console.subject(subject));
    }
}
