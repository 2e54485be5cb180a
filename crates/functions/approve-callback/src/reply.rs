//! The answers of the pages: their sentences, status codes and JSON.

use incident::message::{Decision, DecisionAction};
use incident::{Subject, Timestamp};
use lambda_kit::history::{Incident, Standing};
use notice::{subject, words};
use serde_json::{Value, json};

use crate::over;
use crate::problem::LinkProblem;
use crate::request::{Answer, Parameters, Request};

/// An answer to one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Says what will happen, and has a button.
    Confirm {
        form: Box<Form>,
        incident: Box<Incident>,
    },
    /// The decision is recorded.
    Decided {
        decision: Box<Decision>,
        incident: Box<Incident>,
    },
    /// Nothing waits with this token any more, and no execution that the link names had it.
    Closed,
    /// The execution that the link names does not wait for a decision.
    Over(Box<Incident>),
    NotRecorded {
        form: Box<Form>,
        incident: Box<Incident>,
    },
    BadLink(LinkProblem),
    /// The execution that the link names cannot be read, so nothing is asked or decided.
    Unreadable(ReadProblem),
    /// The path is not a page.
    NotFound,
    /// The path is a page, but not for this method.
    MethodNotAllowed,
}

/// Why an incident cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadProblem {
    /// The execution does not exist, or no longer exists.
    NotFound,
    /// Step Functions could not be reached or refused the call, or the execution does not say what
    /// the incident is about.
    Unreachable,
}

/// The form of a page, which its button sends.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) answer: Answer,
    /// The token, the execution and the reason to send.
    pub(crate) parameters: Parameters,
    /// The address of the form: relative to the page, for any stage and host name, and without the
    /// query, so that the token travels in the body.
    pub(crate) target: String,
}

impl Form {
    pub(crate) fn new(request: &Request, parameters: Parameters, answer: Answer) -> Self {
        let up = if request.trailing_slash { "../" } else { "" };
        Self {
            answer,
            parameters,
            target: format!("{up}{}", answer.as_str()),
        }
    }
}

impl Reply {
    /// The name of the reply in logs and JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirm",
            Self::Decided { .. } => "decided",
            Self::Closed => "alreadyDecidedOrExpired",
            Self::Over(incident) if over::has_lapsed(incident) => "lapsed",
            Self::Over(incident) => match incident.standing {
                Standing::Decided(_) => "alreadyDecided",
                Standing::Expired => "expired",
                Standing::Waiting | Standing::NotAsking => "notAsking",
                Standing::Ended => "ended",
                Standing::Broken => "failed",
            },
            Self::NotRecorded { .. } => "notRecorded",
            Self::BadLink(_) => "badLink",
            Self::Unreadable(_) => "cannotBeShown",
            Self::NotFound => "notFound",
            Self::MethodNotAllowed => "methodNotAllowed",
        }
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Confirm { .. } | Self::Decided { .. } => 200,
            Self::Over(incident) => match incident.standing {
                Standing::Waiting | Standing::Decided(_) | Standing::NotAsking => 409,
                Standing::Expired | Standing::Ended | Standing::Broken => 410,
            },
            Self::BadLink(LinkProblem::KeyMissing | LinkProblem::KeyWrong) => 403,
            Self::Closed => 410,
            Self::BadLink(
                LinkProblem::OtherToken
                | LinkProblem::NotCounted
                | LinkProblem::NotFound
                | LinkProblem::TooLongToShow
                | LinkProblem::NothingToEnd,
            ) => 409,
            Self::BadLink(_) | Self::Unreadable(ReadProblem::NotFound) => 400,
            Self::NotRecorded { .. } | Self::Unreadable(ReadProblem::Unreachable) => 502,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
        }
    }

    /// The incident, if an execution was read.
    pub(crate) fn incident(&self) -> Option<&Incident> {
        match self {
            Self::Confirm { incident, .. }
            | Self::Decided { incident, .. }
            | Self::NotRecorded { incident, .. }
            | Self::Over(incident) => Some(incident),
            Self::Closed
            | Self::BadLink(_)
            | Self::Unreadable(_)
            | Self::NotFound
            | Self::MethodNotAllowed => None,
        }
    }

    /// The recorded decision, made now or before.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Decided { decision, .. } => Some(decision),
            // The state machine answered, by an earlier decision.
            Self::Over(incident) if over::is_after_allow(incident) => None,
            Self::Over(incident) => match &incident.standing {
                Standing::Decided(decision) => Some(decision),
                _ => None,
            },
            _ => None,
        }
    }

    /// When the allow ends, if it does.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Decided { decision, .. } => over::end_of(decision),
            Self::Over(incident) => over::until(incident),
            _ => None,
        }
    }

    /// The state of the incident, in a sentence or two that never say more than is known.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Confirm { form, incident } => ask(form.answer, incident),
            Self::Decided { decision, incident } => match decision.action {
                DecisionAction::Allow if incident.addition().is_some() => {
                    "Your decision is recorded: allow. The guard leaves it as it is, and sends an e-mail about it."
                }
                DecisionAction::Deny | DecisionAction::Expire if incident.addition().is_some() => {
                    "Your decision is recorded: deny. The guard confirms the event first, which can take half an hour, takes away what it added, and sends an e-mail when it is done."
                }
                DecisionAction::Allow if incident.is_proposal() => {
                    "Your decision is recorded: allow. The policy stays in force as it is. The guard sends an e-mail about it."
                }
                DecisionAction::Deny | DecisionAction::Expire if incident.is_proposal() => {
                    "Your decision is recorded: deny. The guard takes the restricted permissions out of force and sends an e-mail when it is done."
                }
                DecisionAction::Allow => {
                    let until = self.until().map(words::allowed_until);
                    let until = until.map_or_else(String::new, |until| format!(" {until}"));
                    return format!(
                        "Your decision is recorded: allow. The guard puts the original policy back in force and sends an e-mail when it is done.{until}"
                    );
                }
                DecisionAction::Deny | DecisionAction::Expire => {
                    "Your decision is recorded: deny. The restricted permissions stay out. The guard sends an e-mail when it is done."
                }
            }
            .to_owned(),
            Self::Closed => "Nothing was decided now. This link was used before, or its time is over, or it was never valid. The e-mails and the execution say which.".to_owned(),
            Self::Over(incident) => over::sentence(incident),
            Self::NotRecorded { .. } => "Your decision is NOT recorded. AWS Step Functions could not be reached, or did not confirm the decision. Please try again. A decision counts only once, so this does no harm.".to_owned(),
            Self::BadLink(problem) => format!("Nothing was decided. {problem}"),
            Self::Unreadable(ReadProblem::NotFound) => {
                "Nothing was decided. The incident that the link names does not exist. Copy the whole link from the e-mail, and open it again.".to_owned()
            }
            Self::Unreadable(ReadProblem::Unreachable) => {
                "Nothing was decided. The guard cannot read the incident at the moment, and you cannot decide what the page cannot show. Please open the link again in a minute.".to_owned()
            }
            Self::NotFound => "This page does not exist. Open one of the two links in the e-mail.".to_owned(),
            Self::MethodNotAllowed => "This page accepts only GET, HEAD and POST requests.".to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let mut object = serde_json::Map::new();
        let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
        put("result", json!(self.name()));
        put("message", json!(self.sentence()));
        put("decided", json!(matches!(self, Self::Decided { .. })));
        if let Some(decision) = self.decision() {
            put("decision", json!(decision));
        }
        if let Some(until) = self.until() {
            put("until", json!(until));
        }
        if let Some(incident) = self.incident() {
            put("execution", json!(incident.execution));
            if let Some(outcome) = incident.data.outcome {
                put("outcome", json!(outcome));
            }
            if let Some(change) = incident.change() {
                put(
                    "incident",
                    json!({
                        "change": change,
                        "quarantine": incident.contained(),
                        "addition": incident.addition(),
                    }),
                );
            }
        }
        Value::Object(object)
    }
}

fn ask(answer: Answer, incident: &Incident) -> String {
    let word = match answer {
        Answer::Allow => "Allow",
        Answer::Deny => "Deny",
    };
    let contained = incident.contained();
    let effect = incident.change().map_or_else(String::new, |change| {
        subject::effect(answer.into(), &change.subject, contained)
    });
    if incident.addition().is_some() {
        let caution = incident.change().and_then(|change| match &change.subject {
            Subject::Reported(call) => subject::addition::caution(call),
            Subject::Managed(_) | Subject::Inline(_) => None,
        });
        return format!(
            "It is in force now. {word} {effect} {} Nothing is decided until you choose the button.",
            caution.unwrap_or_default()
        );
    }
    let removed = contained
        .filter(|contained| contained.removed || contained.asked)
        .map_or_else(String::new, |contained| {
            format!("In force now: {} ", words::in_force(contained))
        });
    format!("{removed}{word} {effect} Nothing is decided until you choose the button.")
}
