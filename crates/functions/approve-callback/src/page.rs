//! The pages, as HTML without scripts.

mod form;

use askama::Template;
use incident::message::{Decision, DecisionAction, Removal, Response, Restricted};
use incident::{PolicyChange, Subject, Timestamp};
use lambda_kit::history::{DecisionRequest, Incident, Standing};
use notice::text::plain;
use notice::{
    Console, DiffLine, DocumentDiff, Fact, Facts, Label, LineKind, reasons, subject, words,
};

use self::form::FormView;
use crate::over;
use crate::reply::{Form, Reply};
use crate::request::Answer;

/// The style sheet, which is in the page: the content security policy allows exactly this text.
const STYLE: &str = include_str!("../templates/style.css");
/// The hash of [`STYLE`] in the content security policy; a test compares it.
pub(crate) const STYLE_HASH: &str = "sha256-tJF4mzyFgsPBw1OILmPxJw0BpJTGxx0CTXkKYJ1XaHE=";

/// The longest text from outside on one line, in characters.
const MAX_TEXT: usize = 300;
/// The most entries of one list.
const MAX_ENTRIES: usize = 40;

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    style: &'static str,
    title: String,
    tone: &'static str,
    remark: Option<&'static str>,
    sentence: String,
    by_hand: Option<String>,
    decision: Option<DecisionView>,
    incident: Option<IncidentView>,
    form: Option<FormView>,
    consoles: Option<Consoles>,
    about: About,
}

/// What the administrator decides about.
#[derive(Clone, Copy, PartialEq)]
enum About {
    Contained,
    /// A document that is in force.
    Proposal,
    /// What a call added.
    Addition,
}

impl About {
    fn of(incident: Option<&Incident>) -> Self {
        match incident {
            Some(incident) if incident.addition().is_some() => Self::Addition,
            Some(incident) if incident.is_proposal() => Self::Proposal,
            _ => Self::Contained,
        }
    }
}

struct IncidentView {
    rows: Vec<(&'static str, Vec<Part>)>,
    restricted: Vec<Part>,
    /// Why the guard asks about what a call added.
    reasons: Vec<Vec<Part>>,
    findings: Vec<Vec<Part>>,
    edits: Vec<Vec<Part>>,
    losses: Vec<Vec<Part>>,
    diff: Vec<DiffRow>,
    /// All lines, where `diff` leaves some out.
    whole: Vec<DiffRow>,
}

/// A part of a sentence: words, or a name that the page shows as code.
struct Part {
    is_code: bool,
    text: String,
}

struct DiffRow {
    kind: LineKind,
    text: String,
}

struct DecisionView {
    rows: Vec<(&'static str, Vec<Part>)>,
    reason: Vec<String>,
}

struct Consoles {
    execution: String,
    policy: Option<String>,
}

pub(crate) fn render(reply: &Reply, remark: Option<&'static str>) -> String {
    let form = match reply {
        Reply::Confirm { form, .. } | Reply::NotRecorded { form, .. } => Some(form),
        _ => None,
    };
    let incident = reply.incident();
    let about = About::of(incident);
    let page = Page {
        style: STYLE,
        title: title(reply),
        tone: tone(reply),
        remark,
        sentence: reply.sentence(),
        by_hand: by_hand(reply),
        decision: reply
            .decision()
            .map(|decision| DecisionView::new(decision, reply.until())),
        incident: incident.and_then(|incident| {
            // After the decision, its time limit does not matter.
            let request = incident.request.as_ref().filter(|_| form.is_some());
            let waits_until = request.and_then(DecisionRequest::waits_until);
            Some(IncidentView::new(incident, incident.change()?, waits_until))
        }),
        form: form.map(|form| {
            let takes_minutes = incident.is_some_and(Incident::takes_minutes);
            FormView::new(form, about, takes_minutes)
        }),
        about,
        consoles: incident.map(Consoles::new),
    };
    page.render().unwrap_or_else(|error| {
        // Writing to memory does not fail; an empty page at least claims nothing.
        tracing::error!(%error, "the page could not be rendered");
        String::new()
    })
}

fn title(reply: &Reply) -> String {
    let question = |form: &Form| {
        let policy = reply.incident().and_then(Incident::change).map_or_else(
            || "this policy".to_owned(),
            |change| match &change.subject {
                // What a call added has no name of its own.
                Subject::Reported(_) => subject::name(&change.subject),
                Subject::Managed(_) | Subject::Inline(_) => plain(change.subject.name(), MAX_TEXT),
            },
        );
        match form.answer {
            Answer::Allow => format!("Allow {policy}?"),
            Answer::Deny => format!("Deny {policy}?"),
        }
    };
    match reply {
        Reply::Confirm { form, .. } => return question(form),
        Reply::Decided { decision, .. } => match decision.action {
            DecisionAction::Allow => "Allowed",
            DecisionAction::Deny | DecisionAction::Expire => "Denied",
        },
        Reply::Over(incident) => match incident.standing {
            _ if over::has_lapsed(incident) => "Allow ended",
            Standing::Decided(_) => "Already decided",
            Standing::Expired => "Expired",
            Standing::Waiting | Standing::NotAsking | Standing::Ended => "Nothing to decide",
            Standing::Broken => "No decision possible",
        },
        Reply::Closed => "Already decided, expired or not valid",
        Reply::NotRecorded { .. } => "Decision NOT recorded",
        Reply::BadLink(problem) if problem.is_of_form() => "Decision NOT recorded",
        Reply::BadLink(_) => "This link does not work",
        Reply::Unreadable(_) => "The incident cannot be shown",
        Reply::NotFound => "Page not found",
        Reply::MethodNotAllowed => "Method not allowed",
    }
    .to_owned()
}

/// The colour of the box around the sentence; the words say the same.
fn tone(reply: &Reply) -> &'static str {
    match reply {
        Reply::Confirm { .. } => "ask",
        Reply::Decided { .. } => "good",
        Reply::Closed | Reply::Over(_) => "over",
        Reply::NotRecorded { .. }
        | Reply::BadLink(_)
        | Reply::Unreadable(_)
        | Reply::NotFound
        | Reply::MethodNotAllowed => "bad",
    }
}

/// How to bring the original back after the time ran out.
fn by_hand(reply: &Reply) -> Option<String> {
    let Reply::Over(incident) = reply else {
        return None;
    };
    if incident.standing != Standing::Expired {
        return None;
    }
    let subject = &incident.change()?.subject;
    Some(subject::by_hand(subject, incident.contained()?))
}

impl IncidentView {
    fn new(incident: &Incident, change: &PolicyChange, waits_until: Option<Timestamp>) -> Self {
        let (contained, addition) = (incident.contained(), incident.addition());
        let restricted = contained.map(|it| &it.restricted);
        let restricted = addition.map_or(restricted, |it| Some(&it.restricted));
        let restricted = restricted.cloned().unwrap_or_default();
        let is_asked_first = addition.is_some() || incident.is_proposal();
        let response = if is_asked_first {
            Response::Ask
        } else {
            Response::Contain
        };
        let mut facts = Facts::of_change(change, response);
        facts.extend(waits_until.map(|time| Fact::of(Label::DecideBy, words::time(time))));
        // Once it is decided, something else may be in force. The sentence of the page begins with
        // what is unusual.
        let is_usual = contained.is_some_and(|it| !it.asked && !it.removed);
        let shows_in_force = waits_until.is_some() && is_usual;
        facts.extend(
            contained
                .map(Facts::of_contained)
                .into_iter()
                .flatten()
                .filter(|fact| fact.label != Label::InForce || shows_in_force),
        );
        facts.extend(addition.map(Facts::of_addition).into_iter().flatten());
        let who = if addition.is_some() {
            "Called by"
        } else {
            "Written by"
        };
        let rows = facts.iter().map(|fact| row(fact, who)).collect();
        let reasons = addition.map_or_else(Vec::new, |addition| {
            list(
                &reasons(&addition.report, true),
                addition.report.more_reasons,
            )
        });
        let removal = contained.map_or_else(Removal::default, |it| it.removal.clone());
        let diff = contained.map(DocumentDiff::of);
        let cut = contained.filter(|_| diff.as_ref().is_some_and(DocumentDiff::is_excerpt));
        let whole = cut.map(DocumentDiff::whole_of);
        Self {
            rows,
            restricted: patterns(&restricted),
            reasons,
            findings: list(&restricted.findings, restricted.more_findings),
            edits: list(
                &contained.map_or_else(Vec::new, words::edits),
                removal.more_edits,
            ),
            losses: list(&removal.losses, removal.more_losses),
            diff: rows_of(diff),
            whole: rows_of(whole),
        }
    }
}

fn rows_of(diff: Option<DocumentDiff>) -> Vec<DiffRow> {
    let lines = diff.map_or_else(Vec::new, |diff| diff.lines);
    let row = |line: DiffLine| DiffRow {
        text: line.to_string(),
        kind: line.kind,
    };
    lines.into_iter().map(row).collect()
}

/// Every restricted pattern that the document meets, as one phrase.
fn patterns(restricted: &Restricted) -> Vec<Part> {
    let mut phrase = Vec::new();
    for pattern in &restricted.patterns {
        if !phrase.is_empty() {
            phrase.push(Part::words(", "));
        }
        phrase.push(Part::code(&plain(pattern.as_str(), MAX_TEXT)));
    }
    if let more @ 1.. = restricted.more_patterns {
        phrase.push(Part::words(&format!(" and {more} more")));
    }
    phrase
}

/// The first entries, and how many more there are.
fn list<T: ToString>(entries: &[T], more: usize) -> Vec<Vec<Part>> {
    let mut list: Vec<Vec<Part>> = entries
        .iter()
        .take(MAX_ENTRIES)
        .map(|entry| parts(&plain(&entry.to_string(), 2 * MAX_TEXT)))
        .collect();
    if let more @ 1.. = entries.len().saturating_sub(MAX_ENTRIES) + more {
        list.push(parts(&format!("and {more} more")));
    }
    list
}

impl Part {
    fn words(text: &str) -> Self {
        Self {
            is_code: false,
            text: text.to_owned(),
        }
    }

    fn code(text: &str) -> Self {
        Self {
            is_code: true,
            text: text.to_owned(),
        }
    }
}

/// The parts of a sentence with names between backticks, as in the e-mails.
fn parts(sentence: &str) -> Vec<Part> {
    let pieces = sentence.split('`').zip([false, true].into_iter().cycle());
    pieces
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, is_code)| Part {
            is_code,
            text: text.to_owned(),
        })
        .collect()
}

impl DecisionView {
    fn new(decision: &Decision, until: Option<Timestamp>) -> Self {
        let facts = Facts::of_decision(decision, until);
        let (reason, rows): (Vec<&Fact>, Vec<&Fact>) =
            facts.iter().partition(|fact| fact.label == Label::Reason);
        Self {
            rows: rows.into_iter().map(|fact| row(fact, "Who")).collect(),
            reason: reason
                .into_iter()
                .flat_map(|fact| fact.values.clone())
                .collect(),
        }
    }
}

/// A fact with the words in front of it, which are shorter beneath a heading. `who` is that of the
/// caller.
fn row(fact: &Fact, who: &'static str) -> (&'static str, Vec<Part>) {
    let mut value = parts(&fact.values.join(", "));
    if let more @ 1.. = fact.more {
        value.push(Part::words(&format!(" and {more} more")));
    }
    let name = match fact.label {
        Label::Who => who,
        Label::Arn => "Identity",
        Label::DecidedAt => "When",
        Label::DecidedFrom => "From",
        Label::DecidedWith => "Client",
        label => label.name(),
    };
    (name, value)
}

impl Consoles {
    fn new(incident: &Incident) -> Self {
        let console = Console::of_partition(incident.execution.partition());
        let change = incident.change();
        Self {
            execution: console.execution(&incident.execution),
            policy: change.map(|change| console.subject(&change.subject)),
        }
    }
}
