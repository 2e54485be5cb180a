//! What is answered, apart from how it looks.

use incident::message::{Decision, DecisionAction, OutcomeResult};
use notice::{subject, words};
use serde_json::{Value, json};

use crate::execution::{Execution, Incident, ReadProblem, Standing};
use crate::request::{Answer, LinkProblem, Parameters, Request};

/// An answer to one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Says what will happen and asks once.
    Confirm {
        form: Box<Form>,
        execution: Box<Execution>,
    },
    /// The decision is recorded.
    Decided {
        decision: Decision,
        execution: Box<Execution>,
    },
    /// Nothing waits with this token any more, and the link does not say which execution did.
    Closed,
    /// The execution that the link names does not wait for a decision.
    Over(Box<Execution>),
    NotRecorded {
        form: Box<Form>,
        execution: Box<Execution>,
    },
    BadLink(LinkProblem),
    /// The execution that the link names cannot be read, so nothing is asked or decided.
    Unreadable(ReadProblem),
    /// No page of ours.
    NotFound,
    /// A page of ours, but not for this method.
    MethodNotAllowed,
}

/// What the button of a page sends.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) answer: Answer,
    /// The token, the execution and the reason to send.
    pub(crate) parameters: Parameters,
    /// Where to send it, relative to the page, so that it works under every stage and host name, and without the query, so that the token travels in the body.
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
    /// The name that logs and JSON have for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirm",
            Self::Decided { .. } => "decided",
            Self::Closed => "alreadyDecidedOrExpired",
            Self::Over(execution) => match execution.standing {
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
            Self::Over(execution) => match execution.standing {
                Standing::Waiting | Standing::Decided(_) | Standing::NotAsking => 409,
                Standing::Expired | Standing::Ended | Standing::Broken => 410,
            },
            Self::BadLink(LinkProblem::KeyMissing | LinkProblem::KeyWrong) => 403,
            Self::Closed => 410,
            Self::BadLink(
                LinkProblem::OtherToken
                | LinkProblem::NotCounted
                | LinkProblem::NotFound
                | LinkProblem::TooLongToShow,
            ) => 409,
            Self::BadLink(_) | Self::Unreadable(ReadProblem::NotFound) => 400,
            Self::NotRecorded { .. } | Self::Unreadable(ReadProblem::Unreachable) => 502,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
        }
    }

    /// What the incident is about, where the execution was read.
    pub(crate) fn incident(&self) -> Option<&Incident> {
        self.execution()?.incident.as_ref()
    }

    pub(crate) fn execution(&self) -> Option<&Execution> {
        match self {
            Self::Confirm { execution, .. }
            | Self::Decided { execution, .. }
            | Self::NotRecorded { execution, .. }
            | Self::Over(execution) => Some(execution),
            Self::Closed
            | Self::BadLink(_)
            | Self::Unreadable(_)
            | Self::NotFound
            | Self::MethodNotAllowed => None,
        }
    }

    /// The decision that is recorded, whoever made it.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Decided { decision, .. } => Some(decision),
            Self::Over(execution) => match &execution.standing {
                Standing::Decided(decision) => Some(decision),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is the case, in a sentence or two that never say more than is known.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Confirm { form, execution } => ask(form.answer, execution),
            Self::Decided { decision, .. } => match decision.action {
                DecisionAction::Allow => {
                    "Your decision is recorded: allow. The guard puts the original policy back in force and sends an e-mail when it is done."
                }
                DecisionAction::Deny | DecisionAction::Expire => {
                    "Your decision is recorded: deny. The restricted permissions stay out. The guard sends an e-mail when it is done."
                }
            }
            .to_owned(),
            Self::Closed => "Nothing was decided now. Somebody used this link before, or its time is over, or the link was never valid. The e-mails and the execution say which.".to_owned(),
            Self::Over(execution) => over(execution),
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
        if let Some(execution) = self.execution() {
            put("execution", json!(execution.arn));
            if let Some(outcome) = execution.outcome {
                put("outcome", json!(outcome));
            }
        }
        if let Some(incident) = self.incident() {
            put(
                "incident",
                json!({
                    "change": incident.change,
                    "quarantine": incident.contained,
                }),
            );
        }
        Value::Object(object)
    }
}

fn ask(answer: Answer, execution: &Execution) -> String {
    let word = match answer {
        Answer::Allow => "Allow",
        Answer::Deny => "Deny",
    };
    let incident = execution.incident.as_ref();
    let effect = incident.map_or_else(String::new, |incident| {
        let contained = incident.contained.as_ref();
        subject::effect(answer.into(), &incident.change.subject, contained)
    });
    let removed = incident
        .and_then(|incident| incident.contained.as_ref())
        .filter(|contained| contained.removed)
        .map_or_else(String::new, |contained| {
            format!("{} ", words::in_force(contained))
        });
    format!("{removed}{word} {effect} Nothing is decided until you choose the button.")
}

fn over(execution: &Execution) -> String {
    let policy_now = match execution.outcome {
        Some(OutcomeResult::Superseded) => {
            " Somebody changed the policy again in the meantime, so the guard changed nothing."
        }
        Some(OutcomeResult::Gone) => " The policy no longer exists.",
        Some(OutcomeResult::Allowed) => " The original policy is back in force.",
        Some(OutcomeResult::Denied | OutcomeResult::Expired) => {
            " The restricted permissions stay out."
        }
        None => "",
    };
    let sentence = match &execution.standing {
        Standing::Decided(decision) => match decision.action {
            DecisionAction::Allow => "This incident is already decided: it was allowed.",
            DecisionAction::Deny | DecisionAction::Expire => {
                "This incident is already decided: it was denied."
            }
        },
        Standing::Expired => "The time for this decision is over.",
        Standing::Ended => "This incident ended without a decision.",
        Standing::Broken => {
            "You can no longer decide this incident, because its execution failed or was stopped. The failure e-mail says what is in force."
        }
        Standing::NotAsking | Standing::Waiting => {
            "This incident is not waiting for a decision at the moment."
        }
    };
    format!("{sentence}{policy_now}")
}
