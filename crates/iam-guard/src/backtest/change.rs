//! Reads a CloudTrail record, and the restricted grants of a document.

use std::rc::Rc;

use iam_policy::{
    ActionPattern, Effect, Element, Finding, PolicyDocument, Response, RestrictedActions,
    Statement, judge,
};
use incident::{Actor, Record, RecordError, Subject, Timestamp, VersionId, WatchedCall};
use serde_json::{Value, json};

use super::step::{Step, unwatched};

/// A successful write of a policy.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) event_id: String,
    pub(super) account: String,
    pub(super) time: Timestamp,
    pub(super) actor: Actor,
    pub(super) subject: Subject,
    pub(super) version: Option<VersionId>,
    pub(super) in_force: bool,
    /// `None` if the record does not carry it.
    pub(super) document: Option<String>,
}

/// The kind of a record.
#[derive(Debug)]
pub(super) enum RecordKind {
    Change(Box<Change>),
    /// A call that the guard reports, or that changes what someone holds, with its event id.
    Step(String, Box<Step>),
    /// A watched call that cannot be judged, with its event id, as far as they can be read.
    Unreadable(Option<WatchedCall>, Option<String>),
    /// Something else, or a call that failed.
    Other,
}

/// Reads a record as CloudTrail stores it, or as EventBridge delivers it.
pub(super) fn read(value: Value) -> RecordKind {
    let is_delivered = value.pointer("/detail/eventName").is_some();
    let source = match is_delivered {
        true => value.pointer("/detail/eventSource"),
        false => value.get("eventSource"),
    };
    // Most records end here.
    let source = source.and_then(Value::as_str);
    if source.is_some_and(|source| !matches!(source, "iam.amazonaws.com" | "")) {
        return RecordKind::Other;
    }
    let event = if is_delivered {
        value
    } else {
        let member = |name: &str| value.get(name).and_then(Value::as_str);
        let account = member("recipientAccountId").unwrap_or_default().to_owned();
        let region = member("awsRegion").unwrap_or_default().to_owned();
        json!({"account": account, "region": region, "detail": value})
    };
    match Record::parse(&event) {
        Ok(record) if matches!(record.change.subject, Subject::Reported(_)) => {
            RecordKind::Step(record.change.event_id.clone(), Box::new(record.into()))
        }
        Ok(Record { change, document }) => RecordKind::Change(Box::new(Change {
            event_id: change.event_id,
            account: change.account,
            time: change.event_time,
            actor: change.actor,
            subject: change.subject,
            version: change.version,
            in_force: change.in_force,
            document,
        })),
        Err(RecordError::NotWatched { event_id, .. }) => match unwatched(&event) {
            Some(step) => RecordKind::Step(event_id, Box::new(step)),
            None => RecordKind::Other,
        },
        Err(RecordError::FailedCall { .. }) => RecordKind::Other,
        Err(_) => match forwarded(&event) {
            Some(call) => RecordKind::Unreadable(Some(call), event_id(&event)),
            None => RecordKind::Other,
        },
    }
}

fn event_id(event: &Value) -> Option<String> {
    let id = event.pointer("/detail/eventID").and_then(Value::as_str);
    id.map(str::to_owned)
}

/// The watched call of a record that cannot be read, if the event rule would forward the record.
fn forwarded(event: &Value) -> Option<WatchedCall> {
    let member = |name: &str| event.pointer(&format!("/detail/{name}"));
    let text = |name: &str| member(name).and_then(Value::as_str);
    let is_iam = text("eventSource").is_none_or(|it| it == "iam.amazonaws.com");
    let call = WatchedCall::from_event_name(text("eventName")?)?;
    let is_forwarded = match call {
        WatchedCall::UpdateUser => member("requestParameters/newUserName").is_some(),
        WatchedCall::UpdateGroup => member("requestParameters/newGroupName").is_some(),
        _ => text("requestParameters/status").is_none_or(|status| status == "Active"),
    };
    (is_iam && is_forwarded && text("errorCode").is_none()).then_some(call)
}

/// The most entries of a document that are kept.
const MAX_ENTRIES: usize = 4;

/// The most entries of a document that are looked at.
const MAX_GRANTING: usize = MAX_ENTRIES * MAX_ENTRIES;
/// The most bytes of findings of a document that are looked at.
const MAX_FINDINGS: usize = 20_000;

/// The restricted grants of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Grants {
    pub(super) response: Response,
    /// The restricted patterns, by their indexes in the list.
    pub(super) patterns: Box<[u16]>,
    /// The entries that the guard would remove.
    pub(super) entries: Box<[Box<str>]>,
}

/// The restricted grants of a document; `None` if it is clean.
pub(super) fn grants(document: &str, restricted: &RestrictedActions) -> Option<Rc<Grants>> {
    let judgement = judge(document, restricted);
    let response = judgement.response()?;
    let met = judgement.restricted_patterns();
    let all = restricted.patterns().iter().enumerate();
    let mut entries: Vec<Box<str>> = Vec::new();
    let mut add = |granting: Option<&ActionPattern>| {
        let entry = entry(granting);
        if entries.len() < MAX_ENTRIES && !entries.contains(&entry) {
            entries.push(entry);
        }
    };
    if restricted.with_responses().all(|(_, it)| it.removes()) {
        let granting = judgement.granting().take(MAX_GRANTING);
        granting.for_each(add);
    } else if response.removes() {
        // Only findings tell which entries are reported and stay.
        for finding in judgement.findings(MAX_FINDINGS).shown() {
            match finding {
                Finding::Grant(grant) if !grant.response.removes() => {}
                Finding::Grant(grant) if grant.element == Element::NotAction => add(None),
                Finding::Grant(grant) => add(grant.patterns.first()),
                Finding::Ambiguous(ambiguous) => add(Some(&ambiguous.pattern)),
                _ => {}
            }
        }
    }
    if judgement.document().is_err() && response.removes() {
        entries.push("the whole document, which cannot be read".into());
    }
    Some(Rc::new(Grants {
        response,
        patterns: all
            .filter(|(_, pattern)| met.contains(pattern))
            .filter_map(|(index, _)| u16::try_from(index).ok())
            .collect(),
        entries: entries.into(),
    }))
}

/// Whether a document has a `Deny`. One that cannot be read may have one.
pub(super) fn denies(document: &str) -> bool {
    let is_deny = |statement: &Statement| statement.effect() == Effect::Deny;
    let document = document.parse::<PolicyDocument>();
    document.map_or(true, |document| document.statements().iter().any(is_deny))
}

/// An entry as the report names it. `NotAction` is one entry.
fn entry(granting: Option<&ActionPattern>) -> Box<str> {
    const LONGEST: usize = 80;
    let text = granting.map_or("NotAction", ActionPattern::as_str);
    text.chars().take(LONGEST).collect()
}

/// The role or user behind a caller, which an exemption would name.
pub(super) fn principal(actor: &Actor) -> &str {
    let arn = actor.issuer_arn.as_deref().or(actor.arn.as_deref());
    arn.unwrap_or(&actor.name)
}

/// The ARN of a managed policy, or a description of an inline policy.
pub(super) fn subject_name(subject: &Subject) -> String {
    match subject {
        Subject::Managed(policy) => policy.arn.to_string(),
        Subject::Inline(_) | Subject::Reported(_) => subject.to_string().replace('`', ""),
    }
}
