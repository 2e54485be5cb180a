//! What the workflow does with input it cannot use.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{SOON, Scenario, World};
use local::poll;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "failures::a_malformed_record_fails_by_name_and_is_told",
            |world| {
                fails_by_name(
                    world,
                    "malformed",
                    r#"{"account":"000000000000","region":"us-east-1","detail":{"eventName":"CreatePolicy"}}"#,
                    "RecordMalformed",
                )
            },
        ),
        Scenario::new(
            "failures::an_input_that_is_no_object_fails_by_name_and_is_told",
            |world| fails_by_name(world, "no-object", "[1]", "RecordMalformed"),
        ),
        Scenario::new(
            "failures::a_record_without_its_parameters_needs_a_person",
            |world| {
                let record =
                    include_str!("../../events/create-policy-version-request-omitted.json");
                fails_by_name(world, "omitted", record, "RecordNamesNoPolicy")
            },
        ),
    ]
}

async fn fails_by_name(
    world: Arc<World>,
    name: &'static str,
    input: &'static str,
    error: &'static str,
) -> Result<()> {
    let machine = world.stack.output("StateMachineArn")?;
    let started = world
        .emulator
        .sfn()
        .start_execution()
        .state_machine_arn(machine)
        .name(name)
        .input(input);
    let arn = started
        .send()
        .await
        .context("cannot start the execution")?
        .execution_arn;
    let closed = poll("the end of the execution", SOON, async || {
        let described = world
            .emulator
            .sfn()
            .describe_execution()
            .execution_arn(&arn)
            .send()
            .await?;
        Ok((described.status != ExecutionStatus::Running).then_some(described))
    });
    let closed = closed.await?;
    ensure!(
        closed.status == ExecutionStatus::Failed,
        "status {}",
        closed.status
    );
    ensure!(
        closed.error.as_deref() == Some(error),
        "error {:?}, cause {:?}",
        closed.error,
        closed.cause
    );
    let mail = world
        .mail("the failure", |mail| mail.message.contains(&arn))
        .await?;
    ensure!(
        mail.message.contains(error),
        "the mail says why: {}",
        mail.message
    );
    Ok(())
}
