//! The pages behind the links of the e-mail, and the decision.
//!
//! A GET asks, a POST decides, and nothing else does: mail scanners open every link that they find.
//! What a page shows of an incident is read from the execution that the link names, or that waits with its token, and the decision carries that execution, so that no link can show one incident and decide another.
//! A page says that a decision is recorded only where the execution itself shows it.

mod decide;
mod execution;
mod page;
mod reply;
mod request;
mod response;
mod search;
mod settings;

use std::time::Duration;

use aws_config::SdkConfig;
use incident::message::{Decision, Proven};
use incident::{DecideBy, TaskToken, Timestamp};
use notice::mail::LinkConfirmation;
use serde_json::value::RawValue;

use crate::decide::{Delivery, deliver, prove};
use crate::execution::{Execution, ReadProblem, Standing};
use crate::reply::{Form, Reply};
use crate::request::{Answer, LinkProblem, Method, Parameters, Request};
pub use crate::response::Response;
pub use crate::settings::Settings;

/// The pauses between the looks at an execution that was just answered, until it shows the decision.
const LOOKS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_millis(2000),
];

/// Answers one request of API Gateway. Whatever the payload holds, the answer is a page or its JSON.
pub async fn handle(
    settings: &Settings,
    states: &aws_sdk_sfn::Client,
    payload: &RawValue,
) -> Response {
    let request = Request::read(payload, &settings.state_machine_arn);
    let reply = reply(settings, states, &request).await;
    let response = Response::new(&request, &reply);
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

async fn reply(settings: &Settings, states: &aws_sdk_sfn::Client, request: &Request) -> Reply {
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
    let execution = match look(settings, states, parameters).await {
        Ok(execution) => execution,
        Err(reply) => return reply,
    };
    if answer == Answer::Allow && !execution.shows_whole_document() {
        return Reply::BadLink(LinkProblem::TooLongToShow);
    }
    if needs_key && !execution.gave(parameters.key.as_ref()) {
        return Reply::BadLink(LinkProblem::KeyWrong);
    }
    let parameters = Parameters {
        execution: Some(execution.arn.clone()),
        ..parameters.clone()
    };
    let form = Box::new(Form::new(request, parameters, answer));
    if !decides {
        return Reply::Confirm { form, execution };
    }
    let decision = Decision {
        action: answer.into(),
        time: Some(Timestamp::now()),
        source_ip_address: request.source_ip_address.clone(),
        user_agent: request.user_agent.clone(),
        reason: form.parameters.reason.clone(),
        execution: form.parameters.execution.clone(),
        unproven: false,
    };
    let proven = Proven {
        decision: &decision,
        key: form.parameters.key.as_ref(),
    };
    let delivery = deliver(states, &form.parameters.token, &proven).await;
    confirmed(states, execution, delivery, decision, form).await
}

/// The execution that the link names, or that waits with its token, and only while it waits for a decision with that token.
async fn look(
    settings: &Settings,
    states: &aws_sdk_sfn::Client,
    parameters: &Parameters,
) -> Result<Box<Execution>, Reply> {
    let Some(arn) = &parameters.execution else {
        return found(settings, states, &parameters.token).await;
    };
    if arn.state_machine_arn() != settings.state_machine_arn {
        return Err(Reply::BadLink(LinkProblem::OtherStateMachine));
    }
    let execution = Execution::read(states, arn, &parameters.token).await;
    let execution = Box::new(execution.map_err(Reply::Unreadable)?);
    if execution.standing != Standing::Waiting {
        // Nothing of it is shown to somebody who only knows its name.
        return Err(if execution.asked_with(&parameters.token) {
            Reply::Over(execution)
        } else {
            Reply::Closed
        });
    }
    match &execution.token {
        Some(token) if *token == parameters.token => {}
        Some(_) => return Err(Reply::BadLink(LinkProblem::OtherToken)),
        None => match prove(states, &parameters.token).await {
            Delivery::Taken => {}
            Delivery::Closed | Delivery::NoToken => {
                return Err(Reply::BadLink(LinkProblem::OtherToken));
            }
            Delivery::Failed => return Err(Reply::Unreadable(ReadProblem::Unreachable)),
        },
    }
    shown(execution)
}

/// The execution of a token that was pasted by hand.
async fn found(
    settings: &Settings,
    states: &aws_sdk_sfn::Client,
    token: &TaskToken,
) -> Result<Box<Execution>, Reply> {
    match prove(states, token).await {
        Delivery::Taken => {}
        Delivery::Closed => return Err(Reply::Closed),
        Delivery::NoToken => return Err(Reply::BadLink(LinkProblem::NoToken)),
        Delivery::Failed => return Err(Reply::Unreadable(ReadProblem::Unreachable)),
    }
    let found = search::waiting_with(states, &settings.state_machine_arn, token).await;
    match found.map_err(Reply::Unreadable)? {
        Some(execution) => shown(Box::new(execution)),
        None => Err(Reply::BadLink(LinkProblem::NotFound)),
    }
}

fn shown(execution: Box<Execution>) -> Result<Box<Execution>, Reply> {
    if execution.shows_all() {
        Ok(execution)
    } else {
        Err(Reply::Unreadable(ReadProblem::Unreachable))
    }
}

/// What became of a decision, as the execution itself shows it; an answer of Step Functions can be lost, and a token can belong to another execution.
async fn confirmed(
    states: &aws_sdk_sfn::Client,
    before: Box<Execution>,
    delivery: Delivery,
    decision: Decision,
    form: Box<Form>,
) -> Reply {
    let token = &form.parameters.token;
    if delivery == Delivery::Taken && before.token.is_some() {
        // The history showed the very token that was taken.
        return Reply::Decided {
            decision,
            execution: before,
        };
    }
    for pause in LOOKS {
        tokio::time::sleep(pause).await;
        let Ok(now) = Execution::read(states, &before.arn, token).await else {
            continue;
        };
        match now.standing {
            Standing::Waiting if delivery == Delivery::Failed => break,
            Standing::Waiting => {}
            Standing::Decided(shown) if shown == decision => {
                return Reply::Decided {
                    decision,
                    execution: before,
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
            execution: before,
        },
    }
}

#[must_use]
pub fn client(config: &SdkConfig) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::new(config)
}
