//! Input that the workflow cannot use.

use std::sync::Arc;

use anyhow::{Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{SOON, Scenario, World, expect_parts};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "failures::a_malformed_record_fails_by_name_and_is_reported",
            |world| {
                fails_by_name(
                    world,
                    r#"{"account":"000000000000","region":"us-east-1","detail":{"eventName":"CreatePolicy"}}"#,
                    "RecordMalformed",
                )
            },
        ),
        Scenario::new(
            "failures::an_input_that_is_not_an_object_fails_by_name_and_is_reported",
            |world| fails_by_name(world, "[1]", "RecordMalformed"),
        ),
        Scenario::new(
            "failures::a_record_without_its_parameters_needs_a_person",
            |world| {
                let record =
                    include_str!("../../events/create-policy-version-request-omitted.json");
                fails_by_name(world, record, "RecordNamesNoPolicy")
            },
        ),
    ]
}

async fn fails_by_name(world: Arc<World>, input: &'static str, error: &'static str) -> Result<()> {
    let execution = world.start_by_hand(input).await?;
    let closed = execution.wait_until_closed(SOON).await?;
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
        .mail("the failure", |mail| mail.message.contains(execution.arn()))
        .await?;
    expect_parts(&mail, &[error])?;
    Ok(())
}
