//! `coldstart containment`: from the write of a policy to its containment, on the local stack, and what an incident costs.
//!
//! The emulator's own share is large: it starts processes, plays CloudTrail, EventBridge and Step Functions, and answers IAM, all in Python.
//! So the functions are measured by themselves in the same run, and what is left is the emulator's.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_sfn::types::HistoryEventType;
use local::{
    Call, Emulator, EmulatorOptions, Execution, Mailbox, Stack, StackOptions, browse, functions,
    report, stack,
};
use serde::Serialize;

use crate::cost::Cost;
use crate::measure::{self, median};
use crate::subject::Subject;

/// What a machine does by itself takes seconds; a loaded one takes longer.
const MACHINE: Duration = Duration::from_secs(120);
/// Policies written to a stack whose functions are warm.
const WARM: usize = 3;

const RESTRICTED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteBucket"],"Resource":"*"}]}"#;
const CLEAN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

/// All that is measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    /// Functions that were not running.
    cold: Times,
    /// Functions that were running.
    warm: Times,
    /// A policy without restricted grants.
    clean: Cost,
    /// A restricted policy, up to the administrator's answer and the last mail.
    restricted: Cost,
}

/// Milliseconds from the policy's write to the version that contains it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Times {
    /// All of it.
    total_ms: f64,
    /// What `validate-policy` and `remediate` take by themselves, against a stub of AWS that answers at once.
    ours_ms: f64,
    /// The rest: the emulator.
    emulator_ms: f64,
}

/// Measures and prints.
pub(crate) async fn run(rounds: usize, as_json: bool) -> Result<()> {
    functions::build().await?;
    let (mut cold, mut warm, mut costs) = (Vec::new(), Vec::new(), None);
    let mut ours = Vec::new();
    for round in 1..=rounds {
        report_progress(as_json, &format!("round {round} of {rounds}"));
        // A new emulator has no function running.
        let emulator = Emulator::start(EmulatorOptions::default()).await?;
        let deployed = Stack::deploy(
            &emulator,
            StackOptions {
                parameters: stack::parameters(&[
                    ("EmailAddress", "security@example.com"),
                    ("restrictedActions", "s3:DeleteBucket,s3:DeleteObject"),
                ]),
                ..StackOptions::default()
            },
        )
        .await?;
        cold.push(contain(&emulator, &deployed, "first").await?);
        for number in 0..WARM {
            warm.push(contain(&emulator, &deployed, &format!("warm-{number}")).await?);
        }
        if costs.is_none() {
            costs = Some((
                clean(&emulator, &deployed).await?,
                answered(&emulator, &deployed).await?,
            ));
        }
        deployed.delete().await?;
        emulator.stop().await?;
        ours.push(ours_now().await?);
    }
    let (clean, restricted) = costs.context("nothing was measured")?;
    let findings = Findings {
        cold: Times::new(median(cold)?, median(ours.iter().map(|it| it.0).collect())?),
        warm: Times::new(median(warm)?, median(ours.iter().map(|it| it.1).collect())?),
        clean,
        restricted,
    };
    if as_json {
        report::line(&serde_json::to_string_pretty(&findings)?);
    } else {
        findings.print();
    }
    Ok(())
}

/// Writes a restricted policy, and gives the time until another version was in force.
async fn contain(emulator: &Emulator, stack: &Stack, name: &str) -> Result<Duration> {
    let since = emulator.calls(0).await?.len();
    let (arn, execution) = write(emulator, stack, name, RESTRICTED).await?;
    execution.wait_until_entered("AskUser", MACHINE).await?;
    let calls = emulator.calls(since).await?;
    let at = |action: &str, wanted: &dyn Fn(&Call) -> bool| {
        calls
            .iter()
            .find(|call| call.action == action && call.status == 200 && wanted(call))
            .map(|call| call.time)
            .with_context(|| format!("nobody called `{action}` for `{name}`"))
    };
    let written = at("iam:CreatePolicy", &|_| true)?;
    let contained = at("iam:CreatePolicyVersion", &|call| call.resource == arn)?;
    Duration::try_from_secs_f64(contained - written)
        .context("the containment is older than the policy")
}

async fn write(
    emulator: &Emulator,
    stack: &Stack,
    name: &str,
    document: &str,
) -> Result<(String, Execution)> {
    let created = emulator
        .iam()
        .create_policy()
        .policy_name(name)
        .policy_document(document)
        .send()
        .await
        .context("cannot create a policy")?;
    let arn = created
        .policy
        .and_then(|policy| policy.arn)
        .context("the new policy has no ARN")?;
    let execution = stack
        .execution_with("the new policy", MACHINE, |input| {
            input
                .pointer("/detail/responseElements/policy/arn")
                .and_then(serde_json::Value::as_str)
                == Some(&arn)
        })
        .await?;
    Ok((arn, execution))
}

/// What a clean change takes.
async fn clean(emulator: &Emulator, stack: &Stack) -> Result<Cost> {
    let (_, execution) = write(emulator, stack, "clean", CLEAN).await?;
    execution.wait_until_closed(MACHINE).await?;
    cost(&execution, 0).await
}

/// What a restricted change takes, with the page that the administrator opens and the button that is pressed.
async fn answered(emulator: &Emulator, stack: &Stack) -> Result<Cost> {
    let mut mailbox = Mailbox::open(emulator, stack.output("AlertTopicArn")?).await?;
    let (_, execution) = write(emulator, stack, "answered", RESTRICTED).await?;
    let mail = mailbox
        .wait_for("the request for a decision", MACHINE, |mail| {
            mail.link_to("deny").is_some()
        })
        .await?;
    let link = mail.link_to("deny").context("the mail has no link")?;
    browse::open_and_confirm(&emulator.local_link(link)).await?;
    execution.wait_until_closed(MACHINE).await?;
    cost(&execution, 2).await
}

/// Counts what an execution was billed for: states entered, and functions invoked by it and by the pages.
async fn cost(execution: &Execution, pages: usize) -> Result<Cost> {
    let events = execution.history().await?;
    let transitions = events
        .iter()
        .filter(|event| event.state_entered_event_details.is_some())
        .count();
    let invocations = events
        .iter()
        .filter(|event| {
            event.r#type == HistoryEventType::TaskScheduled
                && event
                    .task_scheduled_event_details
                    .as_ref()
                    .is_some_and(|details| {
                        details.resource_type == "lambda" || details.resource.contains("lambda")
                    })
        })
        .count();
    Ok(Cost::new(transitions, invocations + pages))
}

/// The two functions on the way, by themselves: cold and warm.
async fn ours_now() -> Result<(Duration, Duration)> {
    let (mut cold, mut warm) = (Duration::ZERO, Duration::ZERO);
    for subject in Subject::all()? {
        if ["validate-policy", "remediate"].contains(&subject.name) {
            let life = measure::live(&subject).await?;
            cold += life.init + life.first;
            warm += life.warm;
        }
    }
    Ok((cold, warm))
}

impl Times {
    fn new(total: Duration, ours: Duration) -> Self {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            total_ms: ms(total),
            ours_ms: ms(ours),
            emulator_ms: ms(total) - ms(ours),
        }
    }
}

impl Findings {
    fn print(&self) {
        report::line("\n| from the write to the containment | ms | ours | the emulator's |");
        report::line("| --- | ---: | ---: | ---: |");
        for (name, times) in [("cold", &self.cold), ("warm", &self.warm)] {
            report::line(&format!(
                "| {name} | {:.0} | {:.1} | {:.0} |",
                times.total_ms, times.ours_ms, times.emulator_ms
            ));
        }
        report::line("");
        report::line(&Cost::table(&[
            ("clean change", self.clean),
            ("restricted change, decided", self.restricted),
        ]));
    }
}

fn report_progress(as_json: bool, text: &str) {
    if !as_json {
        report::step(text);
    }
}
