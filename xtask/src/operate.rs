//! Pauses, resumes and removes a deployed stack, in an order that loses no event silently.

use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::account::Account;
use crate::deployed::Deployed;
use local_aws::{command, report, tools};

/// The rule that starts incidents, by its name in the template.
const RULE: &str = "PolicyWriteRule";
/// The schedule of the sweep, which starts incidents too. A stack can be without it.
const SCHEDULE: &str = "SweepRule";
/// How many incidents are read one by one: Step Functions answers few such calls a second.
const SHOWN: usize = 25;

/// An incident that has not ended.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub arn: String,
    /// The call and the policy, for the newest incidents only.
    pub about: Option<String>,
}

/// Disables the rules, so that no new incident starts. Incidents that wait for a decision go on.
pub async fn pause(account: &Account, stack: &Deployed) -> Result<()> {
    if let Ok(schedule) = stack.physical(SCHEDULE) {
        let name = ["--name", schedule];
        account.call("events disable-rule", &name).await?;
        report::step(&format!("the rule {schedule} is disabled: no sweep starts"));
    }
    let rule = stack.physical(RULE)?;
    let name = ["--name", rule];
    account.call("events disable-rule", &name).await?;
    report::step(&format!("the rule {rule} is disabled: no incident starts"));
    show(&waiting(account, stack).await?);
    Ok(())
}

/// Enables the rules again.
pub async fn resume(account: &Account, stack: &Deployed) -> Result<()> {
    let rule = stack.physical(RULE)?;
    let name = ["--name", rule];
    account.call("events enable-rule", &name).await?;
    report::step(&format!(
        "the rule {rule} is enabled: changes from now on are judged"
    ));
    if let Ok(schedule) = stack.physical(SCHEDULE) {
        let name = ["--name", schedule];
        account.call("events enable-rule", &name).await?;
        report::step(&format!(
            "the rule {schedule} is enabled: the next sweep finds the restricted permissions that came in between"
        ));
    }
    report::detail(
        "EventBridge kept nothing for the time in between. Judge the calls that the guard missed then, as in\n\
         docs/operations.md#lost-events.",
    );
    Ok(())
}

/// Deletes the stack after the last incident has ended, because the deletion would wait for it.
/// `ask` answers questions.
///
/// # Errors
///
/// Fails if AWS refuses, or if an answer says to stop here.
pub async fn remove(
    account: &Account,
    stack: &Deployed,
    mut ask: impl AsyncFnMut(&str) -> Result<String>,
) -> Result<()> {
    pause(account, stack).await?;
    loop {
        let open = waiting(account, stack).await?;
        if open.is_empty() {
            break;
        }
        report::detail(
            "Step Functions deletes a state machine when its last execution has ended, and these wait for up to 30 days.",
        );
        let answer = ask(
            "decide them and press Enter to look again, or type `stop` to end them as they are: ",
        )
        .await?;
        match answer.trim() {
            "" => show(&waiting(account, stack).await?),
            "stop" => stop(account, &open).await?,
            other => bail!("`{other}` is neither: nothing is deleted, and the rule stays disabled"),
        }
    }
    let left = undelivered(account, stack).await?;
    if left != "0" {
        report::step(&format!(
            "{left} events that could not be delivered are in the queue; the queue is deleted with the stack"
        ));
        let answer = ask("type `lose` if they need no judgement: ").await?;
        ensure!(
            answer.trim() == "lose",
            "nothing is deleted, and the rule stays disabled"
        );
    }
    let name = &stack.name;
    let answer = ask(&format!(
        "type the name of the stack to delete it ({name}): "
    ))
    .await?;
    ensure!(
        answer.trim() == name,
        "that is not its name: nothing is deleted, and the rule stays disabled"
    );
    delete(account, stack).await?;
    report::step("the stack is deleted; the log groups stay until their retention ends:");
    for resource in &stack.resources {
        if resource.kind == "AWS::Logs::LogGroup" {
            report::detail(&resource.physical);
        }
    }
    if let Ok(bucket) = stack.physical("TrailBucket") {
        report::detail(&format!("and the bucket of the trail: {bucket}"));
    }
    Ok(())
}

/// The incidents that have not ended, the newest first.
pub async fn waiting(account: &Account, stack: &Deployed) -> Result<Vec<Waiting>> {
    let machine = stack.output("StateMachineArn")?;
    let running = "--status-filter=RUNNING";
    let options = ["--state-machine-arn", machine, running];
    let listed = account.call("stepfunctions list-executions", &options);
    let listed = listed.await?;
    let executions = listed.get("executions").and_then(Value::as_array);
    let mut open = Vec::new();
    for execution in executions.into_iter().flatten() {
        let arn = execution.get("executionArn").and_then(Value::as_str);
        let arn = arn.context("an execution has no ARN")?.to_owned();
        let about = match open.len() {
            0..SHOWN => Some(about(account, &arn).await?),
            _ => None,
        };
        open.push(Waiting { arn, about });
    }
    Ok(open)
}

/// The call that an incident is about, and the policy, as its event has them.
async fn about(account: &Account, arn: &str) -> Result<String> {
    let options = ["--execution-arn", arn];
    let described = account.call("stepfunctions describe-execution", &options);
    let described = described.await?;
    let input = described.get("input").and_then(Value::as_str);
    let event: Value = serde_json::from_str(input.unwrap_or("null")).unwrap_or_default();
    let text = |path: &str| event.pointer(path).and_then(Value::as_str);
    let mut words = vec![text("/detail/eventName").unwrap_or("an event without a name")];
    for member in "policyArn roleName userName groupName policyName".split(' ') {
        words.extend(text(&format!("/detail/requestParameters/{member}")));
    }
    Ok(words.join(" "))
}

fn show(open: &[Waiting]) {
    if open.is_empty() {
        report::step("no incident is open");
        return;
    }
    report::step(&format!(
        "{} incidents are open; they go on, and their links work:",
        open.len()
    ));
    for incident in open {
        if let Some(about) = &incident.about {
            let name = incident.arn.rsplit(':').next().unwrap_or_default();
            report::detail(&format!("{name}  {about}"));
        }
    }
    if open.len() > SHOWN {
        report::detail(&format!("and {} more", open.len() - SHOWN));
    }
}

async fn stop(account: &Account, open: &[Waiting]) -> Result<()> {
    for incident in open {
        let error = "--error=StackRemoved";
        let cause = "--cause=The stack of the guard is removed. The remediation stays in force.";
        let options = ["--execution-arn", &incident.arn, error, cause];
        account
            .call("stepfunctions stop-execution", &options)
            .await?;
    }
    report::step(&format!(
        "{} incidents are stopped: their policies stay as they are now",
        open.len()
    ));
    Ok(())
}

/// How many messages the queue holds, as SQS counts them.
async fn undelivered(account: &Account, stack: &Deployed) -> Result<String> {
    let queue = stack.physical("UndeliveredEventsQueue")?;
    let name = "ApproximateNumberOfMessages";
    let options = ["--queue-url", queue, "--attribute-names", name];
    let attributes = account.call("sqs get-queue-attributes", &options).await?;
    let count = attributes.pointer(&format!("/Attributes/{name}"));
    let count = count
        .and_then(Value::as_str)
        .context("the queue does not say how much it holds")?;
    Ok(count.to_owned())
}

async fn delete(account: &Account, stack: &Deployed) -> Result<()> {
    let mut sam = tools::sam()?;
    account.lead(&mut sam);
    sam.args(["delete", "--no-prompts", "--stack-name", &stack.name])
        .args(["--region", account.region()])
        .stdin(Stdio::null());
    command::run_shown(sam, "sam delete").await
}
