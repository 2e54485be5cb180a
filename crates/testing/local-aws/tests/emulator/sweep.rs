//! Tests with a stack like that of the guard's sweep, deployed by the SAM CLI.

use anyhow::{Context as _, Result};
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::{CloudTrail, Emulator, Execution, Stack, StackOptions, poll, stack, workspace};
use serde_json::json;

use crate::support::{DOCUMENT, SOON, emulator};

/// With a schedule, or as tests deploy without one.
async fn deploy(emulator: &Emulator, parameters: &[(&str, &str)]) -> Result<Stack> {
    let template = workspace::own("tests/emulator/sweep/template.yaml");
    let options = StackOptions {
        name: "guard".to_owned(),
        parameters: stack::parameters(parameters),
    };
    Stack::deploy_from(&template, emulator, options).await
}

/// The executions of a state machine, the newest first.
async fn executions(emulator: &Emulator, machine: &str) -> Result<Vec<Execution>> {
    let list = emulator.sfn().list_executions().state_machine_arn(machine);
    let found = list.send().await?.executions.into_iter();
    let execution = |arn| Execution::new(emulator.sfn().clone(), arn);
    Ok(found.map(|it| execution(it.execution_arn)).collect())
}

/// The document of the probe, percent-encoded.
async fn probe(emulator: &Emulator, role: &str) -> Result<String> {
    let read = emulator.iam().get_role_policy().role_name(role);
    let read = read.policy_name("probe").send().await?;
    Ok(read.policy_document)
}

#[tokio::test]
async fn the_rule_takes_the_sweeps_write_and_refuses_that_of_the_incidents() -> Result<()> {
    let emulator = emulator().await?;
    let stack = deploy(&emulator, &[]).await?;
    // The roles of the template itself.
    let before = emulator.cloudtrail_records(0).await?.len();
    let (incidents, role) = (stack.output("StateMachineArn")?, stack.output("ProbeRole")?);
    assert!(executions(&emulator, incidents).await?.is_empty());

    let start = emulator.sfn().start_execution();
    let started = start.state_machine_arn(stack.output("SweepArn")?).send();
    let sweep = Execution::new(emulator.sfn().clone(), started.await?.execution_arn);
    let closed = sweep.wait_until_closed(SOON).await?;
    assert_eq!(closed.status, ExecutionStatus::Succeeded, "{closed:?}");
    let hints = closed.output.pointer("/hints");
    assert_eq!(hints, Some(&json!(["started", "was there", "started"])));

    // Two hints, and the sweep's own write.
    let caught = poll("the incident of the sweep's write", SOON, async || {
        for incident in executions(&emulator, incidents).await? {
            if incident.input().await?.get("detail").is_some() {
                return Ok(Some(incident));
            }
        }
        Ok(None)
    })
    .await?;
    caught.wait_until_closed(SOON).await?;
    assert!(probe(&emulator, role).await?.contains("Contained"));
    // The write of the incident has been delivered when this one has been.
    let put = emulator.iam().put_role_policy().role_name(role);
    put.policy_name("last")
        .policy_document(DOCUMENT)
        .send()
        .await?;
    poll("the incident of the last write", SOON, async || {
        Ok((executions(&emulator, incidents).await?.len() >= 4).then_some(()))
    })
    .await?;
    assert_eq!(executions(&emulator, incidents).await?.len(), 4);

    let event = caught.input().await?;
    let records = emulator.cloudtrail_records(before).await?;
    let issuer = "/userIdentity/sessionContext/sessionIssuer/arn";
    let writes: Vec<_> = records
        .iter()
        .map(|it| (it.pointer("/eventName"), it.pointer(issuer)))
        .take(2)
        .collect();
    let name = json!("PutRolePolicy");
    let (own, incident) = (
        json!(stack.output("SweepRoleArn")?),
        json!(stack.output("IncidentsRoleArn")?),
    );
    let expected = [(Some(&name), Some(&own)), (Some(&name), Some(&incident))];
    assert_eq!(writes, expected);
    assert_eq!(event.get("detail"), records.first());
    let states = json!("states.amazonaws.com");
    for path in ["/userIdentity/invokedBy", "/sourceIPAddress", "/userAgent"] {
        let found = event.get("detail").and_then(|it| it.pointer(path));
        assert_eq!(found, Some(&states), "{path}");
    }
    let kind = event.pointer("/detail/userIdentity/type");
    assert_eq!(kind, Some(&json!("AssumedRole")));
    emulator.stop().await
}

#[tokio::test]
async fn a_schedule_starts_the_sweep_and_an_empty_one_does_not() -> Result<()> {
    let emulator = emulator().await?;
    let mut stack = deploy(&emulator, &[("SweepSchedule", "rate(1 hour)")]).await?;
    let sweep = stack.output("SweepArn")?.to_owned();
    assert!(executions(&emulator, &sweep).await?.is_empty());
    assert_eq!(emulator.fire_schedules().await?, ["guard-sweep"]);
    let started = poll("the sweep", SOON, async || {
        Ok(executions(&emulator, &sweep).await?.pop())
    })
    .await?;
    let kind = started.input().await?.get("detail-type").cloned();
    assert_eq!(kind, Some(json!("Scheduled Event")));
    let closed = started.wait_until_closed(SOON).await?;
    assert_eq!(closed.status, ExecutionStatus::Succeeded, "{closed:?}");

    stack.update(&stack::parameters(&[])).await?;
    let none: [&str; 0] = [];
    assert_eq!(emulator.fire_schedules().await?, none);
    assert_eq!(executions(&emulator, &sweep).await?.len(), 1);
    emulator.stop().await
}

#[tokio::test]
async fn a_stack_goes_whatever_was_written_to_its_probe() -> Result<()> {
    let emulator = emulator().await?;
    let quiet = CloudTrail {
        muted: Some(true),
        ..CloudTrail::default()
    };
    emulator.set_cloudtrail(quiet).await?;
    for deleted in [false, true] {
        let stack = deploy(&emulator, &[]).await?;
        let role = stack.output("ProbeRole")?.to_owned();
        let machine = stack.output("SweepArn")?.to_owned();
        assert!(probe(&emulator, &role).await?.contains("Deny"));
        let iam = emulator.iam();
        if deleted {
            let delete = iam.delete_role_policy().role_name(&role);
            delete.policy_name("probe").send().await?;
        } else {
            let put = iam.put_role_policy().role_name(&role);
            let put = put.policy_name("probe").policy_document(DOCUMENT);
            put.send().await?;
        }
        stack.delete().await?;
        let gone = iam.get_role().role_name(&role).send().await;
        let gone = gone.err().context("the role is still there")?;
        assert!(gone.into_service_error().is_no_such_entity_exception());
        let left = emulator.sfn().list_state_machines().send().await?;
        let left = left.state_machines.into_iter();
        assert!(!left.map(|it| it.state_machine_arn).any(|it| it == machine));
    }
    emulator.stop().await
}

/// A session of the role cannot be had.
#[tokio::test]
async fn nobody_can_assume_the_role_of_the_probe() -> Result<()> {
    let emulator = emulator().await?;
    let stack = deploy(&emulator, &[]).await?;
    let role = stack.output("ProbeRole")?;
    let arn = format!("arn:aws:iam::000000000000:role/{role}");
    assert!(emulator.assume_role(&arn, "somebody").await.is_err());
    emulator.stop().await
}
