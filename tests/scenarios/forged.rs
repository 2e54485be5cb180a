//! Attempts to make the guard write for an attacker: forged payloads, executions, members of an
//! input, and names that are taken again.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document};
use futures_util::future::try_join_all;
use local_aws::Execution;
use local_aws::emulator::{ACCOUNT, REGION};
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("forged::an_invocation_by_hand_changes_nothing", payloads),
        Scenario::new(
            "forged::a_document_that_was_never_written_and_members_that_no_state_made",
            never_written,
        ),
        Scenario::new("forged::members_do_not_survive_a_failure", failing),
        Scenario::new("forged::a_target_that_was_made_again", made_again),
    ]
}

/// The document that the attacker wants in force.
const WANTED: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Wanted","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
/// A text in every member that the attacker adds.
const MARK: &str = "forged-member";

fn restricted() -> String {
    document(&["s3:DeleteBucket", "s3:GetObject"])
}

/// A target that is contained, and its incident, which waits for a decision.
async fn contained<'w>(
    world: &'w World,
    write: Write,
    name: &str,
) -> Result<(Target, Incident<'w>)> {
    let target = Target::prepare(world, write, name, restricted()).await?;
    target.carry_out(world.emulator.iam()).await?;
    let record = world.records(write.event_name(), name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    incident.request().await?;
    Ok((target, incident))
}

/// Members as an earlier version of the guard handed them on, and as its states have them.
fn forged_members(change: &Value) -> Value {
    let seen = json!({"identity": {"id": "ANPAFORGED", "created": "2026-01-01T00:00:00Z"}, "version": "v1", "document": WANTED});
    json!({
        "mark": MARK,
        "state": "Approved",
        "change": change,
        "document": WANTED,
        "original": WANTED,
        "verdict": {"response": "contain", "notify": true, "action": "remedy", "result": "restricted", "change": change, "inForce": seen, "findings": [], "mark": MARK},
        "quarantine": {
            "status": "inPlace", "mark": MARK,
            "original": WANTED, "document": WANTED, "findings": [], "edits": [], "losses": [],
            "identity": {"id": "ANPAFORGED", "created": "2026-01-01T00:00:00Z"},
            "evicted": [{"version": "v1", "created": "2026-01-01T00:00:00Z", "document": MARK}],
        },
        "evicted": [{"version": "v1", "document": MARK}],
        "decision": {"action": "allow", "reason": MARK},
        "work": {"action": {"call": "DeletePolicyVersion", "version": "v1"}, "mark": MARK},
        "tries": {"count": 99, "reported": true, "told": true, "mark": MARK},
        "asked": {"times": 3, "mark": MARK},
    })
}

/// One value with the members of both.
fn merged(one: &Value, other: &Value) -> Value {
    let mut all = one.clone();
    if let (Value::Object(all), Value::Object(other)) = (&mut all, other) {
        all.extend(other.clone());
    }
    all
}

/// An answer to a caller other than the state machine has no effect.
async fn payloads(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let (managed, of_managed) = contained(
        &world,
        Write::CreatePolicyVersion,
        "payload-of-a-managed-policy",
    )
    .await?;
    let (inline, of_inline) =
        contained(&world, Write::PutUserPolicy, "payload-of-an-inline-policy").await?;
    let before = (
        managed.documents(&world).await?,
        inline.documents(&world).await?,
    );
    for (incident, call) in [
        (&of_managed, "SetDefaultPolicyVersion"),
        (&of_inline, "PutUserPolicy"),
    ] {
        let data = entered_with(&incident.execution, "AskUser").await?;
        let forged = json!({
            "execution": incident.execution.arn(),
            "state": "Approved",
            "change": data.pointer("/verdict/change"),
            "quarantine": data.get("quarantine"),
            "decision": {"action": "allow"},
            "work": {"pace": {"looks": 1}},
        });
        let answer = world.answer("RevertFunction", &forged).await?;
        ensure!(
            answer.pointer("/action/call") == Some(&call.into()),
            "{answer}"
        );
        // As the version before asked: the functions read the history, and change nothing either.
        let former = json!({"execution": incident.execution.arn()});
        let answer = world.answer("RemediateFunction", &former).await?;
        ensure!(
            answer.get("errorType") == Some(&"PayloadMalformed".into()),
            "{answer}"
        );
        let answer = world.answer("RevertFunction", &former).await?;
        // Where nothing is left to do, the execution does not show the task that would end.
        ensure!(
            answer.get("errorType") == Some(&"AwsRefused".into())
                || answer.get("errorType") == Some(&"TransientAwsError".into()),
            "{answer}"
        );
    }
    ensure!(
        before
            == (
                managed.documents(&world).await?,
                inline.documents(&world).await?
            ),
        "IAM is untouched"
    );
    for target in [managed, inline] {
        let in_force = target.in_force(&world).await?.context("no policy")?;
        ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");
    }
    Ok(())
}

/// The input of the last entry of a state.
async fn entered_with(execution: &Execution, state: &str) -> Result<Value> {
    let mut inputs = execution.history().await?.into_iter().filter_map(|event| {
        let entered = event.state_entered_event_details?;
        (entered.name == state).then_some(entered.input)?
    });
    let input = inputs.next_back();
    Ok(serde_json::from_str(
        &input.with_context(|| format!("`{state}` was not entered"))?,
    )?)
}

/// An input with the record of a write that never happened, and with members of later states.
fn forged_input(write: Write, owner: &str, policy: &str) -> Result<Value> {
    let member = match write {
        Write::PutUserPolicy => "userName",
        _ => "roleName",
    };
    let event = json!({
        "account": ACCOUNT,
        "region": REGION,
        "detail": {
            "userIdentity": {"type": "Root", "arn": format!("arn:aws:iam::{ACCOUNT}:root"), "accountId": ACCOUNT},
            "eventTime": "2026-03-02T09:15:29Z",
            "eventSource": "iam.amazonaws.com",
            "eventName": write.event_name(),
            "eventID": format!("never-happened-{policy}"),
            "requestParameters": {member: owner, "policyName": policy, "policyDocument": WANTED},
            "responseElements": null,
        },
    });
    Ok(merged(&event, &forged_members(&json!({}))))
}

/// What the states handed on, from the first output: of the input, only the trimmed event.
async fn check_members(execution: &Execution) -> Result<()> {
    let mut outputs = Vec::new();
    for event in execution.history().await? {
        if let Some(exited) = event.state_exited_event_details {
            outputs.extend(exited.output);
        } else if let Some(entered) = event.state_entered_event_details
            && entered.name != "ValidatePolicy"
        {
            outputs.extend(entered.input);
        }
    }
    let first: Value = serde_json::from_str(outputs.first().context("nothing was handed on")?)?;
    let members: BTreeSet<&str> = first
        .as_object()
        .context("no object")?
        .keys()
        .map(String::as_str)
        .collect();
    ensure!(
        members.is_subset(&BTreeSet::from(["event", "verdict", "look"])),
        "the first state hands on {members:?}"
    );
    for output in &outputs {
        ensure!(!output.contains(MARK), "a member survived: {output}");
    }
    Ok(())
}

async fn never_written(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let plays = [Write::PutRolePolicy, Write::PutUserPolicy]
        .into_iter()
        .flat_map(|write| [None, Some("harmless"), Some("restricted")].map(|held| (write, held)))
        .map(async |(write, held)| -> Result<()> {
            let name = format!("never-{}-{}", write.event_name(), held.unwrap_or("absent"));
            let original = match held {
                Some("restricted") => restricted(),
                _ => document(&["ec2:DescribeVpcs"]),
            };
            let target = Target::prepare(&world, write, &name, original.clone()).await?;
            if held.is_some() {
                target.carry_out(world.emulator.iam()).await?;
            }
            let input = forged_input(write, &target.owner(), &name)?;
            let execution = world.start_by_hand(&input.to_string()).await?;
            let incident = world
                .incident(write.event_name(), &format!("never-happened-{name}"))
                .await?;
            if held == Some("restricted") {
                // The guard contains what is in force, and an allow restores what the guard read.
                incident.request().await?;
                let in_force = target.in_force(&world).await?.context("no policy")?;
                ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");
                incident.answer("allow").await?;
            }
            let outcome = incident.outcome().await?;
            let (expected, in_force) = match held {
                None => ("gone", None),
                Some("harmless") => ("withdrawn", Some(original)),
                Some(_) => ("allowed", Some(original)),
            };
            ensure!(outcome == expected, "{name}: {outcome}");
            ensure!(target.in_force(&world).await? == in_force, "{name}");
            check_members(&execution).await
        });
    try_join_all(plays).await?;
    // The forged document was never in force.
    for event_name in ["PutRolePolicy", "PutUserPolicy"] {
        for record in world.records(event_name, "never-").await? {
            ensure!(!record.to_string().contains("Wanted"), "{record}");
        }
    }
    Ok(())
}

/// The first state fails for good. Its `Catch` hands on a new object too.
async fn failing(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let name = "fails-at-once";
    let target = Target::prepare(&world, Write::PutRolePolicy, name, restricted()).await?;
    target.carry_out(world.emulator.iam()).await?;
    let mut input = forged_input(Write::PutRolePolicy, &target.owner(), name)?;
    let parameters = input.pointer_mut("/detail/requestParameters");
    *parameters.context("no parameters")? = json!({"policyDocument": WANTED, "mark": MARK});
    let execution = world.start_by_hand(&input.to_string()).await?;
    let closed = execution.wait_until_closed(SOON).await?;
    ensure!(closed.status == ExecutionStatus::Failed, "{closed:?}");
    ensure!(
        closed.error.as_deref() == Some("RecordMalformed"),
        "{closed:?}"
    );
    let states = execution.states_entered().await?;
    ensure!(
        states
            == [
                "ValidatePolicy",
                "CountTries",
                "AssessFailure",
                "ReportFailure",
                "TryAgainOrFail",
                "PublishFailed",
                "Failed"
            ],
        "{states:?}"
    );
    check_members(&execution).await?;
    world
        .mail("the failure", |mail| mail.message.contains(execution.arn()))
        .await?;
    ensure!(target.in_force(&world).await? == Some(restricted()));
    Ok(())
}

/// An incident waits while its target, or the owner of its target, is deleted and made again.
async fn made_again(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    // The document of the guard, so that only the unique id differs.
    let look_alike = [restricted(), document(&["s3:GetObject"])];
    let replacements = [
        ("wanted", vec![WANTED.to_owned()]),
        ("look-alike", look_alike.to_vec()),
    ];
    let mut cases = Vec::new();
    for write in [
        Write::CreatePolicy,
        Write::PutRolePolicy,
        Write::PutUserPolicy,
    ] {
        for answer in ["allow", "deny"] {
            for (what, documents) in &replacements {
                cases.push((write, answer, *what, documents));
            }
        }
    }
    let plays = cases.into_iter().map(async |(write, answer, what, new)| {
        let name = format!("again-{}-{answer}-{what}", write.event_name());
        let (target, incident) = contained(&world, write, &name).await?;
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        target.make_again(&world, &new).await?;
        let before = target.documents(&world).await?;
        let in_force = target.in_force(&world).await?;
        ensure!(in_force.as_deref() == new.last().copied(), "{name}");
        incident.answer(answer).await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == "superseded", "{name}: {outcome}");
        ensure!(
            target.documents(&world).await? == before && target.in_force(&world).await? == in_force,
            "{name}: nothing is touched"
        );
        incident.report().await?;
        Ok(())
    });
    try_join_all(plays).await?;
    Ok(())
}
