//! What is answered, apart from how it looks.

use incident::message::{Decision, DecisionAction, OutcomeResult};
use serde_json::{Value, json};

use crate::execution::{Execution, ReadProblem, Standing};
use crate::request::{Answer, LinkProblem, Parameters, Request};

/// An answer to one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Says what will happen and asks once.
    Confirm {
        form: Form,
        execution: Option<Execution>,
    },
    /// The decision is recorded.
    Decided { decision: Decision },
    /// Nothing waits with this token any more, and the link does not say which execution did.
    Closed,
    /// The execution that the link names does not wait for a decision.
    Over(Execution),
    /// The decision was not recorded.
    NotRecorded {
        form: Form,
        execution: Option<Execution>,
    },
    /// The link cannot be used.
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
    /// The answer.
    pub(crate) answer: Answer,
    /// The token, the execution and the reason to send.
    pub(crate) parameters: Parameters,
    /// Where to send it, relative to the page, so that it works under every stage and host name.
    pub(crate) target: String,
}

impl Form {
    pub(crate) fn new(request: &Request, parameters: &Parameters, answer: Answer) -> Self {
        let up = if request.trailing_slash { "../" } else { "" };
        Self {
            answer,
            parameters: parameters.clone(),
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
                Standing::Waiting => "waiting",
                Standing::Decided(_) => "alreadyDecided",
                Standing::Expired => "expired",
                Standing::NotAsking => "notAsking",
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

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Confirm { .. } | Self::Decided { .. } => 200,
            Self::Over(execution) => match execution.standing {
                Standing::Waiting | Standing::Decided(_) | Standing::NotAsking => 409,
                Standing::Expired | Standing::Ended | Standing::Broken => 410,
            },
            Self::Closed => 410,
            Self::BadLink(LinkProblem::OtherToken | LinkProblem::NotCounted) => 409,
            Self::BadLink(_) | Self::Unreadable(ReadProblem::NotFound) => 400,
            Self::NotRecorded { .. } | Self::Unreadable(ReadProblem::Unreachable) => 502,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
        }
    }

    /// One sentence that says what is the case.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Confirm { form, execution } => {
                let rest = match execution {
                    Some(_) => "",
                    None => " The link names no execution, so no details can be shown.",
                };
                match form.answer {
                    Answer::Allow => format!("Nothing is decided yet. Allow puts the original policy back in force.{rest}"),
                    Answer::Deny => format!("Nothing is decided yet. Deny keeps the restricted permissions out.{rest}"),
                }
            }
            Self::Decided { decision } => match decision.action {
                DecisionAction::Allow => "Recorded: allowed. The original policy is being put back.".to_owned(),
                DecisionAction::Deny | DecisionAction::Expire => {
                    "Recorded: denied. The restricted permissions stay out.".to_owned()
                }
            },
            Self::Closed => "Nothing was decided now: this link was already used, or its time is over, or it was never valid.".to_owned(),
            Self::Over(execution) => over(execution),
            Self::NotRecorded { .. } => "Your decision was NOT recorded. Try again.".to_owned(),
            Self::BadLink(problem) => format!("Nothing was decided. {problem}"),
            Self::Unreadable(ReadProblem::NotFound) => {
                "Nothing was decided. The incident that the link names does not exist.".to_owned()
            }
            Self::Unreadable(ReadProblem::Unreachable) => {
                "Nothing was decided. The incident that the link names cannot be read now. Try again.".to_owned()
            }
            Self::NotFound => "There is no such page.".to_owned(),
            Self::MethodNotAllowed => "This page answers GET, HEAD and POST.".to_owned(),
        }
    }

    /// The answer for a client that prefers JSON.
    pub(crate) fn json(&self) -> Value {
        let (decision, execution) = match self {
            Self::Confirm { execution, .. } | Self::NotRecorded { execution, .. } => {
                (None, execution.as_ref().map(|execution| &execution.arn))
            }
            Self::Decided { decision } => (Some(decision), decision.execution.as_ref()),
            Self::Over(execution) => (
                match &execution.standing {
                    Standing::Decided(decision) => Some(decision),
                    _ => None,
                },
                Some(&execution.arn),
            ),
            _ => (None, None),
        };
        let mut object = json!({
            "result": self.name(),
            "message": self.sentence(),
            "decided": matches!(self, Self::Decided { .. }),
        });
        if let Some(object) = object.as_object_mut() {
            if let Some(decision) = decision {
                object.insert("decision".to_owned(), json!(decision));
            }
            if let Some(execution) = execution {
                object.insert("execution".to_owned(), json!(execution));
            }
        }
        object
    }
}

fn over(execution: &Execution) -> String {
    let outcome = match execution.outcome {
        Some(OutcomeResult::Superseded) => {
            " The policy was changed again in the meantime, so nothing was touched."
        }
        Some(OutcomeResult::Gone) => " The policy does not exist any more.",
        _ => "",
    };
    match &execution.standing {
        Standing::Decided(decision) => {
            let what = match decision.action {
                DecisionAction::Allow => "allowed",
                DecisionAction::Deny | DecisionAction::Expire => "denied",
            };
            format!("This was already decided: {what}.{outcome}")
        }
        Standing::Expired => {
            format!("The time for this decision is over. The restricted permissions stay out.{outcome}")
        }
        Standing::Ended => format!("This incident ended without a decision.{outcome}"),
        Standing::Broken => {
            "This incident failed or was stopped, and takes no decision. See the e-mail about the failure.".to_owned()
        }
        Standing::NotAsking | Standing::Waiting => {
            "This incident is not waiting for a decision at the moment.".to_owned()
        }
    }
}
