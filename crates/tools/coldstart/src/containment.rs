//! `coldstart containment`: what the functions add to the time from a write to its containment, and what an incident costs.
//!
//! The time to containment in an account is CloudTrail's and IAM's, which no local AWS has; so the functions are measured by themselves.
//! What an incident costs is counted in the histories of executions on a local AWS.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_sfn::types::HistoryEventType;
use coldstart::cost::Cost;
use local::{
    Emulator, EmulatorOptions, Execution, Mailbox, Stack, StackOptions, browse, functions, report,
    stack,
};
use serde::Serialize;

use crate::measure::{self, median};
use crate::subject::Subject;

/// What a machine does by itself takes seconds; a loaded one takes longer.
const MACHINE: Duration = Duration::from_secs(120);
/// The functions from a write to its containment.
const ON_THE_WAY: [&str; 2] = ["validate-policy", "remediate"];

const RESTRICTED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteBucket"],"Resource":"*"}]}"#;
const CLEAN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

/// All that is measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    /// Milliseconds that the functions take to contain a policy when none of them is running.
    cold_ms: f64,
    /// Milliseconds that they take when all of them are.
    warm_ms: f64,
    /// A policy without restricted grants.
    clean: Cost,
    /// A restricted policy, up to the administrator's answer and the last mail.
    restricted: Cost,
}

pub(crate) async fn run(rounds: usize, as_json: bool) -> Result<()> {
    functions::build().await?;
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
    let clean = clean(&emulator, &deployed).await?;
    let restricted = answered(&emulator, &deployed).await?;
    deployed.delete().await?;
    emulator.stop().await?;

    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (first, later) = contain().await?;
        cold.push(first);
        warm.push(later);
    }
    let ms = |times| -> Result<f64> { Ok(median::<Duration>(times)?.as_secs_f64() * 1e3) };
    let findings = Findings {
        cold_ms: ms(cold)?,
        warm_ms: ms(warm)?,
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
    let states = events
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
    Ok(Cost::new(states, invocations + pages))
}

/// What the functions on the way take by themselves, against a stub of AWS that answers at once: cold and warm.
async fn contain() -> Result<(Duration, Duration)> {
    let (mut cold, mut warm) = (Duration::ZERO, Duration::ZERO);
    for subject in Subject::all()? {
        if ON_THE_WAY.contains(&subject.name) {
            let life = measure::live(&subject).await?;
            cold += life.init + life.first;
            warm += life.warm;
        }
    }
    Ok((cold, warm))
}

impl Findings {
    fn print(&self) {
        report::line("\n| containment | the functions' own time, ms |");
        report::line("| --- | ---: |");
        report::line(&format!("| cold | {:.1} |", self.cold_ms));
        report::line(&format!("| warm | {:.1} |", self.warm_ms));
        report::line("");
        report::line(&Cost::table(&[
            ("clean change", self.clean),
            ("restricted change, decided", self.restricted),
        ]));
    }
}
