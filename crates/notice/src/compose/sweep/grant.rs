//! An entry of the list: a grant, where it is in the console, and its command.
//!
//! The command opens an incident for a policy. What is attached or joined is taken back only where
//! the sweep itself asked about it, so there the command is the call that takes it away.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use incident::Subject;
use incident::message::{ListedGrant, Response, SweepReason, SweepReport};
use incident::subject::{ReportedCall, Reserved};
use serde_json::Value;

use super::start_command;
use crate::Console;
use crate::mail::MAX_LINE;
use crate::subject::undo::undo_command;
use crate::text::plain;

/// The longest name of a grant, in characters: an ARN with the longest path.
const MAX_SUBJECT: usize = 750;
/// The longest list of patterns, in characters.
const MAX_PATTERNS: usize = 400;

/// The text of the entry, whose indented lines are our own.
pub(super) fn entry(number: usize, grant: &ListedGrant, report: &SweepReport) -> String {
    let mut text = format!(
        "{number}. {}\n{}",
        plain(&grant.subject.to_string(), MAX_SUBJECT),
        facts(grant, report.reason)
    );
    let mut add = |line: &str| _ = write!(text, "\n  {line}");
    let link = Console::of_partition(partition(&report.state_machine)).subject(&grant.subject);
    if link.len() < MAX_LINE {
        add(&link);
    }
    match command(grant, report) {
        Command::Line(command) => add(&command),
        Command::TooLong => add(
            "Its names are too long for a command in an e-mail. The input of the state ReportSweep in the execution of the sweep has its hint: start an execution of the incidents with that as the input.",
        ),
        Command::None => {}
    }
    text
}

/// What it grants, who holds it, and what the guard does about it.
fn facts(grant: &ListedGrant, reason: SweepReason) -> String {
    let more = match grant.more_patterns {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let patterns = plain(&grant.patterns.join(", "), MAX_PATTERNS);
    let mut facts = format!("Restricted: {patterns}{more}.");
    if let Some(held_by) = &grant.held_by {
        let holders = held_by.strip_prefix("held by ").unwrap_or(held_by);
        _ = write!(facts, " Held by {}.", plain(holders, 200));
    }
    facts.push_str(effect(grant, reason));
    if is_likely_reserved(grant) {
        facts.push_str(
            " If IAM Identity Center made the role, change its permission set there instead: no one else can change it.",
        );
    }
    facts
}

/// What the command does.
fn effect(grant: &ListedGrant, reason: SweepReason) -> &'static str {
    if grant.hint.is_none() {
        return " Only the AWS service that it belongs to can change it.";
    }
    if is_taken_away(grant) {
        return " The command takes it away at once, without a question: look first at who relies on it, and at what it denies.";
    }
    match (grant.response, reason) {
        (Response::Report | Response::None, _) => " With the command, the guard only reports it.",
        (Response::Contain, SweepReason::OverMost) => {
            " With the command, the guard takes it out and asks you."
        }
        (Response::Contain, SweepReason::TooWide) => {
            " With the command, the guard asks you; if no sweep knows it, the guard takes it out first."
        }
        (Response::Contain | Response::Ask, _) => " With the command, the guard asks you.",
    }
}

/// Whether its command takes it away, and has the guard ask nothing: nothing would confirm an
/// incident that a person starts about it.
pub(super) fn is_taken_away(grant: &ListedGrant) -> bool {
    grant.hint.is_some() && matches!(grant.subject, Subject::Reported(_))
}

/// Whether the name looks like that of a role that only its path can prove.
fn is_likely_reserved(grant: &ListedGrant) -> bool {
    let owner = match &grant.subject {
        Subject::Inline(policy) => &policy.owner,
        Subject::Reported(ReportedCall::Attachment { owner, .. }) => owner,
        Subject::Managed(_) | Subject::Reported(_) => return false,
    };
    grant.hint.is_some() && Reserved::is_likely(&owner.name)
}

enum Command {
    Line(String),
    /// A line of it would be longer than mail servers take.
    TooLong,
    /// Nobody can change it.
    None,
}

fn command(grant: &ListedGrant, report: &SweepReport) -> Command {
    let Some(hint) = grant.hint.as_ref().map(sorted) else {
        return Command::None;
    };
    let fits = |command: &String| command.lines().all(|line| line.len() + 2 <= MAX_LINE);
    if let Subject::Reported(call) = &grant.subject {
        return match undo_command(call) {
            None => Command::None,
            Some(command) if fits(&command) => Command::Line(command),
            Some(_) => Command::TooLong,
        };
    }
    let on_one_line = start_command(&report.state_machine, &in_ascii(&hint.to_string()));
    // JSON may have white space between its members.
    let on_many = format!("{hint:#}").replace('\n', "\n  ");
    let on_many = start_command(&report.state_machine, &in_ascii(&on_many));
    [on_one_line, on_many]
        .into_iter()
        .find(fits)
        .map_or(Command::TooLong, Command::Line)
}

/// The same JSON with its members in order, whatever order the reader of the facts keeps.
fn sorted(json: &Value) -> Value {
    match json {
        Value::Object(members) => {
            let members: BTreeMap<&String, &Value> = members.iter().collect();
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, it)| (name.clone(), sorted(it)))
                    .collect(),
            )
        }
        Value::Array(entries) => Value::Array(entries.iter().map(sorted).collect()),
        value => value.clone(),
    }
}

/// The same JSON without characters that an e-mail or a terminal may change.
fn in_ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7F}' {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    ascii
}

fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or("aws")
}
