//! The case of an incident: one line of JSON on standard output, which Lambda writes to the log
//! group of the function. `make cases` and CloudWatch Logs Insights read it there, long after Step
//! Functions has forgotten the execution.
//!
//! A line holds no task token and no key. If a task is tried again after its end, its line is
//! written twice, with two times of the end: a reader takes both for one case.

use std::io::Write as _;

use iam_policy::ActionPattern;
use incident::memory::Before;
use incident::message::{
    Contained, Decision, DecisionAction, Outcome, OutcomeResult, Quarantine, Question, Response,
    Reverted, Reverting,
};
use incident::subject::{AddedIdentity, Addition};
use incident::{
    Actor, Answer, ExecutionArn, PolicyChange, Snapshot, Timestamp, UniqueId, VersionId,
    WatchedCall,
};
use serde::Serialize;

/// The most that a line can have, in bytes. CloudWatch Logs takes 256 KB for one event (CloudWatch
/// Logs User Guide, "CloudWatch Logs quotas").
pub const MAX_BYTES: usize = 110 * 1024;

/// The version of the members.
const VERSION: u8 = 1;
/// The characters that a text of a decision may have.
const MAX_TEXT: usize = 600;
/// How much of a document is left if the line has no room for all of it, in bytes.
const CUT_BYTES: usize = 4 * 1024;

/// What ended, and how.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'e> {
    pub execution: &'e ExecutionArn,
    pub change: &'e PolicyChange,
    /// What was decided about, as the task got it.
    pub question: &'e Question,
    pub decision: &'e Decision,
    /// What the guard took back on the way to the outcome, if it did.
    pub taken_back: Option<&'e Contained>,
    pub outcome: &'e Outcome,
    /// Whether the history of the execution shows these facts.
    pub is_proved: bool,
    pub time: Timestamp,
}

/// Why no line can be written.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("the line has {0} bytes without its documents, and {MAX_BYTES} are allowed")]
    TooLong(usize),
}

/// One case. The members keep their names in all versions.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Case<'c> {
    case: u8,
    outcome: OutcomeResult,
    /// When the incident ended.
    ended: Timestamp,
    execution: &'c ExecutionArn,
    subject: String,
    identity: Identity<'c>,
    account: &'c str,
    region: &'c str,
    event: WatchedCall,
    event_id: &'c str,
    /// Who made the call, in the words of the e-mails.
    actor: String,
    /// The same as the record has it.
    caller: &'c Actor,
    /// When the call was made.
    written: Timestamp,
    /// Whether the guard contained it or only asked about it.
    response: Response,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<Timestamp>,
    action: DecisionAction,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The address that the decision came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// Whether answers came but none counted.
    #[serde(skip_serializing_if = "is_false")]
    unproven: bool,
    /// Whether the history could not be read, so that nothing proves this line.
    #[serde(skip_serializing_if = "is_false")]
    unread: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The execution whose decision counts, where no one was asked in this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'c ExecutionArn>,
    #[serde(flatten)]
    documents: Documents<'c>,
    // CloudWatch Logs Insights finds the first 200 fields of a line, and each pattern is one
    // (CloudWatch Logs User Guide, "Supported logs and discovered fields"). So the list comes last.
    #[serde(skip_serializing_if = "is_zero")]
    more_restricted: usize,
    restricted: &'c [ActionPattern],
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Identity<'c> {
    Policy(&'c UniqueId),
    Addition(&'c AddedIdentity),
}

/// The documents, as texts.
#[derive(Clone, Debug, Default, Serialize)]
struct Documents<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<String>,
    /// What a containment or a deny leaves of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remediated: Option<String>,
    /// Versions that the guard deleted to make room.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evicted: Vec<Evicted<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<Shortened>,
}

#[derive(Clone, Debug, Serialize)]
struct Evicted<'c> {
    version: &'c VersionId,
    created: Timestamp,
    document: String,
}

/// What the documents lack, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
enum Shortened {
    /// The white space between their tokens.
    Compacted,
    /// The end of at least one.
    Cut,
    /// Everything.
    LeftOut,
}

/// What a decision is about.
#[derive(Clone, Copy, Debug)]
enum About<'c> {
    Policy(&'c Contained),
    Addition(&'c Addition),
}

impl Ended<'_> {
    /// The line, with its line break.
    ///
    /// # Errors
    ///
    /// If the line is too long without documents too. No execution of the state machine leads to
    /// that.
    pub fn line(&self) -> Result<Vec<u8>, CaseError> {
        let mut case = self.case();
        let mut bytes = 0;
        for room in Room::ALL {
            case.documents = match self.about() {
                About::Policy(contained) => Documents::within(room, contained),
                About::Addition(_) => Documents::default(),
            };
            let mut line = serde_json::to_vec(&case)?;
            line.push(b'\n');
            if line.len() <= MAX_BYTES {
                return Ok(line);
            }
            bytes = line.len();
        }
        Err(CaseError::TooLong(bytes))
    }

    fn about(&self) -> About<'_> {
        match (self.question, self.taken_back) {
            (Question::Added(addition), _) => About::Addition(addition),
            (_, Some(contained)) => About::Policy(contained),
            (Question::Contained(contained), None) => About::Policy(contained),
            (Question::Proposed(proposal), None) => About::Policy(&proposal.contained),
        }
    }

    /// The case without its documents.
    fn case(&self) -> Case<'_> {
        let (change, decision) = (self.change, self.decision);
        let (identity, restricted, before) = match self.about() {
            About::Policy(contained) => (
                Identity::Policy(&contained.identity),
                &contained.restricted,
                contained.settled.as_ref().and_then(|it| it.before.as_ref()),
            ),
            About::Addition(addition) => (
                Identity::Addition(&addition.identity),
                &addition.restricted,
                None,
            ),
        };
        let asked = match self.question {
            Question::Contained(contained) => contained.asked,
            Question::Proposed(_) | Question::Added(_) => true,
        };
        // A decision that an earlier incident got says there who made it, when and why.
        let earlier = |of: fn(&Before) -> Option<&str>| before.and_then(of);
        let reason = decision.reason.as_deref();
        let from = decision.source_ip_address.as_deref();
        Case {
            case: VERSION,
            outcome: self.outcome.result,
            ended: self.time,
            execution: self.execution,
            subject: change.subject.to_string(),
            identity,
            account: &change.account,
            region: &change.region,
            event: change.event_name,
            event_id: &change.event_id,
            actor: change.actor.to_string(),
            caller: &change.actor,
            written: change.event_time,
            response: if asked {
                Response::Ask
            } else {
                Response::Contain
            },
            decided: decision.time.or(before.and_then(|it| it.decided)),
            action: decision.action,
            reason: reason.or(earlier(|it| it.reason.as_deref())).map(shortened),
            from: from
                .or(earlier(|it| it.source_ip_address.as_deref()))
                .map(shortened),
            user_agent: decision.user_agent.as_deref().map(shortened),
            unproven: decision.unproven,
            unread: !self.is_proved,
            minutes: decision.minutes.map(u32::from),
            until: self.outcome.until,
            before: before.map(|it| &it.execution),
            restricted: &restricted.patterns,
            more_restricted: restricted.more_patterns,
            documents: Documents::default(),
        }
    }
}

/// Writes the case. If that fails, a warning says so, and the work goes on.
pub(crate) fn write(
    execution: &ExecutionArn,
    change: &PolicyChange,
    question: &Question,
    decision: &Decision,
    reverting: &Reverting,
    is_proved: bool,
) {
    let Answer::End(Reverted::Outcome(outcome)) = &reverting.answer else {
        return;
    };
    let taken_back = reverting.quarantine.as_ref();
    let ended = Ended {
        execution,
        change,
        question,
        decision,
        taken_back: taken_back.and_then(Quarantine::contained),
        outcome,
        is_proved,
        time: Timestamp::now(),
    };
    let written = ended.line().map_err(|error| error.to_string());
    let written = written.and_then(|line| {
        let mut output = std::io::stdout();
        output.write_all(&line).map_err(|error| error.to_string())
    });
    if let Err(error) = written {
        tracing::warn!(%error, "the case could not be written");
    }
}

/// How much of the documents a line has room for.
#[derive(Clone, Copy, Debug)]
enum Room {
    /// As they are in the execution.
    Whole,
    Compacted,
    Beginnings,
    None,
}

impl Room {
    const ALL: [Self; 4] = [Self::Whole, Self::Compacted, Self::Beginnings, Self::None];

    /// The text of a document, and what it lacks.
    fn text(self, document: &Snapshot) -> (String, Option<Shortened>) {
        let whole = document.as_str();
        let (text, lacks) = match self {
            Self::Whole => (whole.to_owned(), None),
            _ => {
                let text = document.compacted().to_string();
                let lacks = (text != whole).then_some(Shortened::Compacted);
                (text, lacks)
            }
        };
        if matches!(self, Self::Beginnings) && text.len() > CUT_BYTES {
            let end = text.floor_char_boundary(CUT_BYTES);
            let begun = text.get(..end).unwrap_or_default();
            let cut = format!("{begun}[cut: {} bytes in all]", text.len());
            return (cut, Some(Shortened::Cut));
        }
        let lacks = if document.is_cut() {
            Some(Shortened::Cut)
        } else {
            lacks
        };
        (text, lacks)
    }
}

impl<'c> Documents<'c> {
    fn within(room: Room, contained: &'c Contained) -> Self {
        if matches!(room, Room::None) {
            return Self {
                documents: Some(Shortened::LeftOut),
                ..Self::default()
            };
        }
        let mut lacks = None;
        let mut text = |document| {
            let (text, lack) = room.text(document);
            lacks = lacks.max(lack);
            text
        };
        let original = Some(text(&contained.original));
        let remediated = Some(text(&contained.document));
        let evicted = contained.evicted.iter().map(|evicted| Evicted {
            version: &evicted.version,
            created: evicted.created,
            document: text(&evicted.document),
        });
        let evicted = evicted.collect();
        Self {
            original,
            remediated,
            evicted,
            documents: lacks,
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(more: &usize) -> bool {
    *more == 0
}
