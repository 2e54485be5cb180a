//! Tests of what the guard keeps in executions: their names, their order and their size.

use anyhow::{Context as _, Result};
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::{Emulator, Execution};
use serde_json::{Value, json};

use crate::support::{SOON, machine_role};

/// A state machine that waits for `seconds` of its input and passes the input on.
async fn machine(emulator: &Emulator) -> Result<String> {
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Waits",
        "States": {
            "Waits": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "Passes"},
            "Passes": {"Type": "Pass", "Output": {"input": "{% $states.input %}"}, "End": true},
        },
    });
    let create = emulator.sfn().create_state_machine().name("waits");
    let create = create.definition(definition.to_string());
    let role = machine_role(emulator, "waits").await?;
    Ok(create.role_arn(role).send().await?.state_machine_arn)
}

async fn start(emulator: &Emulator, machine: &str, name: &str, input: &Value) -> Result<String> {
    let start = emulator.sfn().start_execution().state_machine_arn(machine);
    let started = start.name(name).input(input.to_string()).send().await;
    Ok(started
        .map_err(|error| {
            anyhow::anyhow!(error.into_service_error().code().unwrap_or("-").to_owned())
        })?
        .execution_arn)
}

#[tokio::test]
async fn executions_are_listed_newest_first_and_by_status() -> Result<()> {
    let emulator = emulator_with_machine().await?;
    let (emulator, machine) = (&emulator.0, emulator.1.as_str());
    for name in ["one", "two", "three"] {
        let arn = start(emulator, machine, name, &json!({"seconds": 0})).await?;
        let execution = Execution::new(emulator.sfn().clone(), arn);
        execution.wait_until_closed(SOON).await?;
    }
    start(emulator, machine, "runs", &json!({"seconds": 60})).await?;

    let list = async |status: Option<ExecutionStatus>, most: i32, from: Option<String>| {
        let list = emulator.sfn().list_executions().state_machine_arn(machine);
        let list = list.set_status_filter(status).max_results(most);
        let page = list.set_next_token(from).send().await?;
        let names = page.executions.iter().map(|it| it.name.clone());
        anyhow::Ok((names.collect::<Vec<_>>(), page.next_token))
    };
    let succeeded = Some(ExecutionStatus::Succeeded);
    let (newest, next) = list(succeeded.clone(), 1, None).await?;
    assert_eq!(newest, ["three"]);
    let (rest, end) = list(succeeded, 2, next).await?;
    assert_eq!(rest, ["two", "one"]);
    assert_eq!(end, None);
    let (running, _) = list(Some(ExecutionStatus::Running), 10, None).await?;
    assert_eq!(running, ["runs"]);
    let (all, _) = list(None, 10, None).await?;
    assert_eq!(all, ["runs", "three", "two", "one"]);
    Ok(())
}

#[tokio::test]
async fn a_name_is_taken_once_and_its_running_execution_is_found_again() -> Result<()> {
    let emulator = emulator_with_machine().await?;
    let (emulator, machine) = (&emulator.0, emulator.1.as_str());
    let arn = start(emulator, machine, "once", &json!({"seconds": 2})).await?;
    let again = start(emulator, machine, "once", &json!({"seconds": 2})).await?;
    assert_eq!(again, arn);
    let long = "x".repeat(81);
    let text = "x".repeat(262_144);
    let cases = [
        ("once", json!({"seconds": 3}), "ExecutionAlreadyExists"),
        ("with space", json!({"seconds": 0}), "InvalidName"),
        (&long, json!({"seconds": 0}), "InvalidName"),
        (
            "big",
            json!({"seconds": 0, "text": text}),
            "InvalidExecutionInput",
        ),
    ];
    for (name, input, expected) in &cases {
        let refused = start(emulator, machine, name, input).await;
        assert_eq!(refused.unwrap_err().to_string(), *expected, "{name}");
    }
    let execution = Execution::new(emulator.sfn().clone(), arn);
    execution.wait_until_closed(SOON).await?;
    let refused = start(emulator, machine, "once", &json!({"seconds": 2})).await;
    assert_eq!(refused.unwrap_err().to_string(), "ExecutionAlreadyExists");
    Ok(())
}

#[tokio::test]
async fn an_execution_carries_nearly_256_kilobytes() -> Result<()> {
    let emulator = emulator_with_machine().await?;
    let (emulator, machine) = (&emulator.0, emulator.1.as_str());
    let text = "x".repeat(262_000);
    let arn = start(
        emulator,
        machine,
        "big",
        &json!({"seconds": 0, "text": text}),
    )
    .await?;
    let execution = Execution::new(emulator.sfn().clone(), arn);
    let closed = execution.wait_until_closed(SOON).await?;
    assert_eq!(closed.status, ExecutionStatus::Succeeded);
    let carried = closed.output.pointer("/input/text").and_then(Value::as_str);
    assert_eq!(carried.context("no text")?.len(), 262_000);
    assert_eq!(
        execution.input().await?.pointer("/text"),
        Some(&json!(text))
    );
    Ok(())
}

async fn emulator_with_machine() -> Result<(Emulator, String)> {
    let emulator = crate::support::emulator().await?;
    let machine = machine(&emulator).await?;
    Ok((emulator, machine))
}
