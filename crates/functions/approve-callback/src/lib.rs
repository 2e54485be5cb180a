//! The pages behind the links of the e-mail, and the decision.
//!
//! A GET asks and a POST decides, because mail scanners open every link that they find. A page
//! shows the incident of the execution that the link names, or that waits with its token. The
//! decision carries that execution, so no link can show one incident and decide another. A page
//! says that a decision is recorded only if the execution itself shows it.

mod decide;
mod late;
mod over;
mod page;
mod problem;
mod reply;
mod request;
mod response;
mod search;
mod settings;

use aws_config::SdkConfig;
use incident::message::{Decision, Proven};
use incident::{DecideBy, ExecutionArn, TaskToken, Timestamp};
use lambda_kit::Executions;
use lambda_kit::history::{Incident, PAUSES, ReadBack, ReadError, Standing};
use notice::mail::LinkConfirmation;
use notice::proof_of_life;
use serde_json::value::RawValue;

use crate::decide::{Delivery, deliver, verify_token};
pub use crate::late::LateLinks;
use crate::problem::LinkProblem;
use crate::reply::{Form, ReadProblem, Reply};
use crate::request::{Answer, Method, Parameters, Request};
pub use crate::response::Response;
pub use crate::settings::Settings;

/// Answers one request of API Gateway. The answer to any payload is a page or its JSON.
pub async fn handle(
    settings: &Settings,
    states: &aws_sdk_sfn::Client,
    payload: &RawValue,
) -> Response {
    let request = Request::read(payload, &settings.state_machine_arn);
    let executions = Executions::new(states.clone(), settings.state_machine_arn.clone());
    let reply = reply(settings, &executions, &request).await;
    let response = Response::new(&request, &reply, remark(settings, &reply));
    // The token and the query stay out of this line.
    tracing::info!(
        method = request.method.as_str(),
        answer = request.answer.map(|answer| answer.as_str()),
        execution = request.execution(),
        reply = reply.name(),
        status = response.status_code,
        "answered"
    );
    response
}

async fn reply(settings: &Settings, executions: &Executions, request: &Request) -> Reply {
    let Some(answer) = request.answer else {
        return Reply::NotFound;
    };
    let decides = match (request.method, settings.link_confirmation) {
        (Method::Post, _) | (Method::Get, LinkConfirmation::None) => true,
        (Method::Get, LinkConfirmation::Required) | (Method::Head, _) => false,
        (Method::Other, _) => return Reply::MethodNotAllowed,
    };
    let parameters = match &request.parameters {
        Ok(parameters) => parameters,
        Err(problem) => return Reply::BadLink(*problem),
    };
    let needs_key = answer == Answer::Allow && settings.decide_by == DecideBy::Mail;
    if needs_key && parameters.key.is_none() {
        return Reply::BadLink(LinkProblem::KeyMissing);
    }
    let incident = match look(&settings.late_links, executions, parameters).await {
        Ok(incident) => incident,
        Err(reply) => return reply,
    };
    if answer == Answer::Allow && !shows_whole_document(&incident) {
        return Reply::BadLink(LinkProblem::TooLongToShow);
    }
    if needs_key && !incident.verify_key(parameters.key.as_ref()) {
        return Reply::BadLink(LinkProblem::KeyWrong);
    }
    if parameters.minutes.is_some() && !incident.takes_minutes() {
        return Reply::BadLink(LinkProblem::NothingToEnd);
    }
    let parameters = Parameters {
        execution: Some(incident.execution.clone()),
        ..parameters.clone()
    };
    let form = Box::new(Form::new(request, parameters, answer));
    if !decides {
        return Reply::Confirm { form, incident };
    }
    let decision = Decision {
        action: answer.into(),
        time: Some(Timestamp::now()),
        source_ip_address: request.source_ip_address.clone(),
        user_agent: request.user_agent.clone(),
        reason: form.parameters.reason.clone(),
        execution: form.parameters.execution.clone(),
        minutes: form.parameters.minutes,
        unproven: false,
    };
    let proven = Proven {
        decision: &decision,
        key: form.parameters.key.as_ref(),
    };
    let delivery = deliver(executions.client(), &form.parameters.token, &proven).await;
    confirmed(executions, incident, delivery, decision, form).await
}

/// What a page says before anything else: that it is about the proof of life, while it can be
/// decided.
fn remark(settings: &Settings, reply: &Reply) -> Option<&'static str> {
    let (Reply::Confirm { incident, .. } | Reply::NotRecorded { incident, .. }) = reply else {
        return None;
    };
    let role = settings.probe_role.as_deref()?;
    let is_proof = incident.change()?.subject.is_proof_of_life(role);
    is_proof.then_some(proof_of_life::REQUEST)
}

/// The incident that the link names, or that waits with its token, if it waits for a decision with
/// that token.
///
/// The account has a small quota for reads of executions, and anyone can open a page. So the token
/// is proved first, which takes no read.
async fn look(
    links: &LateLinks,
    executions: &Executions,
    parameters: &Parameters,
) -> Result<Box<Incident>, Reply> {
    let (token, execution) = (&parameters.token, &parameters.execution);
    if execution
        .as_ref()
        .is_some_and(|execution| !executions.owns(execution))
    {
        return Err(Reply::BadLink(LinkProblem::OtherStateMachine));
    }
    match (verify_token(executions.client(), token).await, execution) {
        (Delivery::Taken, Some(execution)) => open(executions, execution, token).await,
        (Delivery::Taken, None) => find(executions, token).await,
        (Delivery::Closed, Some(execution)) => Err(late(links, executions, execution, token).await),
        (Delivery::Closed, None) => Err(Reply::Closed),
        (Delivery::NoToken, _) => Err(Reply::BadLink(LinkProblem::NoToken)),
        (Delivery::Failed, _) => Err(Reply::Unreadable(ReadProblem::Unreachable)),
    }
}

/// The incident of a link whose token some execution waits with.
async fn open(
    executions: &Executions,
    execution: &ExecutionArn,
    token: &TaskToken,
) -> Result<Box<Incident>, Reply> {
    let incident = read(executions, execution, token).await;
    let incident = Box::new(incident.map_err(Reply::Unreadable)?);
    match &incident.request {
        _ if incident.standing != Standing::Waiting => Err(Reply::BadLink(LinkProblem::OtherToken)),
        Some(request) if request.token != *token => Err(Reply::BadLink(LinkProblem::OtherToken)),
        // Where a history shows no token, the answer is checked against this execution before the
        // page says that it counts.
        Some(_) | None => shown(incident),
    }
}

/// The page for a link that is over: how the incident ended, as long as few such links are opened.
async fn late(
    links: &LateLinks,
    executions: &Executions,
    execution: &ExecutionArn,
    token: &TaskToken,
) -> Reply {
    if !links.has_room() {
        return Reply::Closed;
    }
    for pause in PAUSES {
        tokio::time::sleep(pause).await;
        let incident = executions.incident(execution, ReadBack::OnePage(token));
        let incident = match readable(execution, incident.await) {
            Ok(incident) => incident,
            Err(problem) => return Reply::Unreadable(problem),
        };
        if incident.standing != Standing::Waiting {
            // A client that only knows the name of the execution sees nothing of it.
            return if incident.asked_with(token) {
                Reply::Over(Box::new(incident))
            } else {
                Reply::Closed
            };
        }
        let request = incident.request.as_ref();
        if request.is_none_or(|request| request.token != *token) {
            return Reply::BadLink(LinkProblem::OtherToken);
        }
        // Its token is answered, as by a double click, and the history does not show it yet.
    }
    Reply::Closed
}

/// The incident of a token that was pasted by hand.
async fn find(executions: &Executions, token: &TaskToken) -> Result<Box<Incident>, Reply> {
    let found = search::waiting_with(executions, token).await;
    match found.map_err(Reply::Unreadable)? {
        Some(incident) => shown(Box::new(incident)),
        None => Err(Reply::BadLink(LinkProblem::NotFound)),
    }
}

/// Refuses an incident whose change or containment cannot be shown: a decision needs both.
fn shown(incident: Box<Incident>) -> Result<Box<Incident>, Reply> {
    let is_shown = incident.contained().is_some() || incident.addition().is_some();
    if incident.change().is_some() && is_shown {
        Ok(incident)
    } else {
        Err(Reply::Unreadable(ReadProblem::Unreachable))
    }
}

/// Whether the execution holds the whole document to be allowed. It does not for a document that
/// is longer than IAM accepts.
fn shows_whole_document(incident: &Incident) -> bool {
    match incident.contained() {
        Some(contained) => !contained.original.is_cut(),
        None => incident.addition().is_some(),
    }
}

/// Reads an incident back to where it waits, or to where it asked with `token` before.
async fn read(
    executions: &Executions,
    execution: &ExecutionArn,
    token: &TaskToken,
) -> Result<Incident, ReadProblem> {
    let incident = executions.incident(execution, ReadBack::Token(token)).await;
    readable(execution, incident)
}

/// The incident, or what the page says where it cannot be read.
fn readable(
    execution: &ExecutionArn,
    incident: Result<Incident, ReadError>,
) -> Result<Incident, ReadProblem> {
    incident.map_err(|error| match error {
        ReadError::NotFound(_) => ReadProblem::NotFound,
        ReadError::OtherStateMachine(_)
        | ReadError::StateNotShown(_)
        | ReadError::NotRunning { .. } => {
            tracing::error!(%execution, "the history does not show the state of the execution");
            ReadProblem::Unreachable
        }
        ReadError::Refused { error, .. } => {
            let (code, kind) = (error.code, error.kind);
            tracing::error!(%execution, code, ?kind, "the execution could not be read");
            ReadProblem::Unreachable
        }
    })
}

/// The reply to a decision, from what the execution itself shows: the answer of Step Functions can
/// be lost, and the token can belong to another execution.
async fn confirmed(
    executions: &Executions,
    before: Box<Incident>,
    delivery: Delivery,
    decision: Decision,
    form: Box<Form>,
) -> Reply {
    let token = &form.parameters.token;
    if delivery == Delivery::Taken && before.request.is_some() {
        // The history showed the very token that was taken.
        return Reply::Decided {
            decision: Box::new(decision),
            incident: before,
        };
    }
    for pause in PAUSES {
        tokio::time::sleep(pause).await;
        let Ok(now) = read(executions, &before.execution, token).await else {
            continue;
        };
        match now.standing {
            Standing::Waiting if delivery == Delivery::Failed => break,
            // The history may not show the decision yet.
            Standing::Waiting => {}
            Standing::Decided(shown) if shown == decision => {
                return Reply::Decided {
                    decision: Box::new(decision),
                    incident: before,
                };
            }
            _ => return Reply::Over(Box::new(now)),
        }
    }
    match delivery {
        Delivery::Taken => Reply::BadLink(LinkProblem::NotCounted),
        Delivery::Closed => Reply::BadLink(LinkProblem::OtherToken),
        Delivery::NoToken => Reply::BadLink(LinkProblem::NoToken),
        Delivery::Failed => Reply::NotRecorded {
            form,
            incident: before,
        },
    }
}

#[must_use]
pub fn client(config: &SdkConfig) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::new(config)
}
