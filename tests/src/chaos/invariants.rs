use anyhow::{Context as _, Result};
use aws_sdk_sfn::types::ExecutionStatus;
use iam_policy::RestrictedActions;
use local_aws::Mail;
use serde_json::Value;

use super::{Answer, FaultRun, Response};
use crate::faults::{Fault, Times};
use crate::{Incident, Target, World};

/// What the stacks of the matrix contain, and what they ask about.
pub(crate) const RESTRICTED: [&str; 2] = ["s3:DeleteBucket", "s3:DeleteObject"];

/// Adds each invariant that does not hold after the case to its problems.
pub(crate) async fn check(world: &World, run: &mut FaultRun, target: &Target) -> Result<()> {
    let restricted = RESTRICTED
        .join(",")
        .parse::<RestrictedActions>()
        .context("the restricted list")?;
    let documents = target.documents(world).await?;
    let Some(in_force) = target.in_force(world).await? else {
        run.problems.push("the policy is gone".to_owned());
        return Ok(());
    };
    let is_original = |document: &str| same(document, &target.original);
    let is_live = !iam_policy::judge(&in_force, &restricted).is_clean();
    let is_kept = documents.iter().any(|(_, document)| is_original(document));

    let incidents = world
        .incidents(run.case.write.event_name(), &target.name)
        .await?;
    let mut is_in_execution = false;
    let mut is_reported = false;
    for incident in &incidents {
        let end = End::of(incident, run, &mut is_reported).await?;
        is_in_execution = is_in_execution || end.holds(incident, &target.original).await?;
        run.ends.push(end.name);
    }

    let ended_as = |name: &str| run.ends.iter().any(|end| end == name);
    // These ends are mailed, with what is in force.
    let stays = ended_as("allowed")
        || ended_as("kept")
        || run.case.response == Response::Ask && ended_as("expired");
    if is_live && !is_reported && !stays {
        run.problems
            .push("restricted actions are in force without a mail".to_owned());
    }
    if !is_kept && !is_in_execution {
        run.problems.push("the original is lost".to_owned());
    }
    let quarantined = documents
        .iter()
        .filter(|(_, document)| is_quarantine(document, target));
    // The guard cannot see a call that is carried out after its incident has ended.
    let spare = usize::from(carried_out_late(run));
    if quarantined.count() > 1 + spare {
        run.problems
            .push(format!("more than one quarantine version: {documents:?}"));
    }
    if target.write.is_managed()
        && target.write != crate::Write::CreatePolicy
        && !documents.iter().any(|(version, _)| version == "v1")
    {
        run.problems
            .push("a version that has nothing to do with it is gone".to_owned());
    }
    let decided = run.case.answer.outcome(run.case.response);
    for end in run.ends.clone() {
        let is_managed = target.write.is_managed();
        let expected = match (run.case.answer, end.as_str()) {
            _ if end.starts_with("failed: ") => Ok(()),
            (Answer::Allow, "allowed") if is_original(&in_force) => Ok(()),
            (Answer::Allow, "allowed") if carried_out_late(run) && !is_live => Ok(()),
            (Answer::Allow, "kept") if is_original(&in_force) => Ok(()),
            (Answer::Expire, "expired")
                if run.case.response == Response::Ask && is_original(&in_force) =>
            {
                Ok(())
            }
            // An inline policy has no version that could stay or go.
            (Answer::Deny, "denied" | "takenBack") if !is_live && (!is_managed || !is_kept) => {
                Ok(())
            }
            (Answer::Expire, "expired") if !is_live && (!is_managed || is_kept) => Ok(()),
            // Of two incidents of one write, a fault can hold one back until the other is decided.
            (
                _,
                "superseded" | "alreadyContained" | "withdrawn" | "joined" | "deniedBefore"
                | "allowedBefore",
            ) if ended_as(decided) => Ok(()),
            (_, other) => Err(format!(
                "it ended as {other} where {decided} was the answer; in force: {in_force}; versions: {documents:?}"
            )),
        };
        run.problems.extend(expected.err());
    }
    let passes = run
        .case
        .trouble
        .as_ref()
        .is_none_or(|trouble| trouble.times == Times::Once);
    // A containment goes on until it succeeds.
    if (passes || run.case.is_at_containment())
        && run.ends.iter().any(|end| end.starts_with("failed"))
    {
        run.problems
            .push("the incident failed, though the fault passed".to_owned());
    }
    Ok(())
}

fn carried_out_late(run: &FaultRun) -> bool {
    run.case
        .trouble
        .as_ref()
        .is_some_and(|trouble| trouble.fault == Fault::Late)
}

fn is_quarantine(document: &str, target: &Target) -> bool {
    !same(document, &target.original) && document.contains("s3:GetObject")
}

fn same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    read(one).is_some_and(|one| read(other) == Some(one))
}

/// How one execution ended.
struct End {
    name: String,
}

impl End {
    async fn of(
        incident: &Incident<'_>,
        run: &mut FaultRun,
        is_reported: &mut bool,
    ) -> Result<Self> {
        let closed = incident.closed().await?;
        let reports = incident.reports().await?;
        if closed.status == ExecutionStatus::Succeeded {
            let outcome = closed.output.pointer("/outcome/result");
            let name = outcome.and_then(Value::as_str).map(str::to_owned);
            if name.is_none() {
                run.problems
                    .push(format!("an end without a name: {}", closed.output));
            }
            // Another execution asks, or its decision counts, which a mail has reported.
            let silent = [
                "alreadyContained",
                "joined",
                "allowedBefore",
                "deniedBefore",
            ];
            let is_silent = name.as_deref().is_some_and(|name| silent.contains(&name));
            if reports.is_empty() && !is_silent {
                run.problems.push("the outcome was not mailed".to_owned());
            }
            return Ok(Self {
                name: name.unwrap_or_default(),
            });
        }
        let error = closed.error.unwrap_or_default();
        if closed.status != ExecutionStatus::Failed || error.is_empty() {
            run.problems
                .push(format!("a failure without a name: {}", closed.status));
        }
        let reports_it = |mail: &Mail| {
            // No name in a mail may become a link, `Runtime.ExitError` neither.
            mail.message.replace("[.]", ".").contains(&error)
                && (mail.message.contains("In force now:")
                    || mail.message.contains("could not be read"))
        };
        let says_live = |mail: &Mail| {
            mail.message.contains("GRANTS RESTRICTED ACTIONS")
                || mail.message.contains("could not be read")
        };
        if !reports.iter().any(reports_it) {
            run.problems.push("the failure was not mailed".to_owned());
        }
        *is_reported = *is_reported || reports.iter().any(says_live);
        Ok(Self {
            name: format!("failed: {error}"),
        })
    }

    /// Whether the execution holds the document, in its input or in any of its steps.
    async fn holds(&self, incident: &Incident<'_>, document: &str) -> Result<bool> {
        let is_inside = |value: &Value| texts(value).iter().any(|text| same(text, document));
        if is_inside(&incident.execution.input().await?) {
            return Ok(true);
        }
        let events = incident.execution.history().await?;
        let inputs = events
            .iter()
            .filter_map(|event| event.state_entered_event_details.as_ref()?.input.as_deref());
        Ok(inputs
            .filter_map(|input| serde_json::from_str(input).ok())
            .any(|input| is_inside(&input)))
    }
}

/// All texts in a JSON value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
