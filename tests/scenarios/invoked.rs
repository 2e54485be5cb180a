//! Invocations of `notify` by hand: whoever may invoke the function gets no mail out of it.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, document};
use futures_util::future::try_join_all;
use local_aws::{Execution, Mail};
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "invoked::notify_mails_nothing",
        mails_nothing,
    )]
}

/// A text in all that the caller makes up.
const MARK: &str = "made-up-by-hand";
/// An execution that does not exist.
const NOWHERE: &str = "arn:aws:states:us-east-1:000000000000:execution:none:none";
const TASKS: [&str; 4] = ["ask", "reportVerdict", "reportOutcome", "reportFailure"];

/// An incident that waits for a decision, with the data that its state has.
async fn waiting<'w>(world: &'w World, name: &str) -> Result<(Incident<'w>, Value)> {
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let target = Target::prepare(world, Write::PutRolePolicy, name, original).await?;
    target.carry_out(world.emulator.iam()).await?;
    let record = world.records("PutRolePolicy", name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    incident.request().await?;
    for event in incident.execution.history().await?.into_iter().rev() {
        if let Some(entered) = event.state_entered_event_details
            && entered.name == "AskUser"
        {
            let data = serde_json::from_str(&entered.input.context("no data")?)?;
            return Ok((incident, data));
        }
    }
    bail!("it does not ask")
}

/// The members of all payloads of `notify`, so that only the proof is missing.
fn payload(task: &str, execution: &str, token: Option<&str>, data: &Value) -> Result<Value> {
    let mut verdict = data.get("verdict").context("no verdict")?.clone();
    for part in ["/change/actor/name", "/change/sourceIpAddress"] {
        if let Some(text) = verdict.pointer_mut(part) {
            *text = MARK.into();
        }
    }
    let mut payload = json!({
        "task": task,
        "execution": execution,
        "entered": "2026-03-02T09:15:31Z",
        "askedAt": "2026-03-02T09:15:31Z",
        "timeoutSeconds": 604_800,
        "change": verdict.get("change"),
        "quarantine": data.get("quarantine"),
        "verdict": verdict,
        "decision": {"action": "allow", "reason": MARK},
        "outcome": {"result": "allowed"},
        "failure": {"state": "TempRemove", "error": "AwsRefused", "cause": MARK},
    });
    if let (Some(token), Some(payload)) = (token, payload.as_object_mut()) {
        payload.insert("token".to_owned(), token.into());
    }
    Ok(payload)
}

async fn mails_nothing(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let (open, data) = waiting(&world, "invoked-while-it-waits").await?;
    let (over, _) = waiting(&world, "invoked-after-its-end").await?;
    let link = over.link("deny").await?;
    let link = url::Url::parse(&link)?;
    let used = link.query_pairs().find(|(name, _)| name == "token");
    let used = used.context("no token")?.1.into_owned();
    over.answer("deny").await?;
    ensure!(over.outcome().await? == "denied");
    over.report().await?;
    let foreign = foreign(&world, &data).await?;

    let ours = |mail: &Mail| {
        [&open.name(), &over.name(), &MARK.to_owned()]
            .iter()
            .any(|text| mail.message.contains(*text))
    };
    let before = world.mails_until_now(ours).await?;
    let mut payloads = Vec::new();
    for task in TASKS {
        for (execution, token) in [
            (open.execution.arn(), None),
            (over.execution.arn(), None),
            (over.execution.arn(), Some(used.as_str())),
            (foreign.arn(), None),
            (NOWHERE, None),
        ] {
            payloads.push(payload(task, execution, token, &data)?);
        }
    }
    for token in ["AQCwrongToken==", &used] {
        let token = Some(token);
        payloads.push(payload("ask", open.execution.arn(), token, &data)?);
    }
    let answers = try_join_all(payloads.iter().map(async |payload| {
        let answer = world.answer("NotifyFunction", payload).await?;
        ensure!(answer.get("errorType").is_some(), "{payload}: {answer}");
        anyhow::Ok(())
    }));
    answers.await?;
    let after = world.mails_until_now(ours).await?;
    ensure!(after == before, "{after:?}");

    // The incident that waits is as it was.
    open.answer("deny").await?;
    ensure!(open.outcome().await? == "denied");
    Ok(())
}

/// An execution of another state machine that has a state of the same name, which invokes the
/// function as the guard's own does.
async fn foreign(world: &World, data: &Value) -> Result<Execution> {
    let resources = world.stack.resources().await?;
    let function = resources.get("NotifyFunction").context("no function")?;
    let role = resources.get("PolicyApprovalRole").context("no role")?;
    let arn = "arn:aws:states:us-east-1:000000000000:execution:foreign:unknown";
    let mut sent = payload("reportFailure", arn, None, data)?;
    if let Some(sent) = sent.as_object_mut() {
        sent.insert(
            "execution".to_owned(),
            "{% $states.context.Execution.Id %}".into(),
        );
    }
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "ReportFailure",
        "States": {"ReportFailure": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": function, "Payload": sent},
            "End": true,
        }},
    });
    let states = world.emulator.sfn();
    let create = states.create_state_machine().name("foreign");
    let create = create.definition(definition.to_string());
    let role = format!("arn:aws:iam::{}:role/{role}", local_aws::emulator::ACCOUNT);
    let machine = create.role_arn(role).send().await?.state_machine_arn;
    let started = states.start_execution().state_machine_arn(machine);
    let arn = started.send().await?.execution_arn;
    let execution = Execution::new(states.clone(), arn);
    let closed = execution.wait_until_closed(SOON).await?;
    let error = closed.error.as_deref();
    ensure!(error == Some("PayloadMalformed"), "{closed:?}");
    Ok(execution)
}
