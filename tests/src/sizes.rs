//! The size of the data of executions in their histories.

use anyhow::{Context as _, Result};
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use local_aws::Execution;

use crate::World;

/// The longest data of an event, in bytes. At 256 KB, Step Functions ends an execution with an
/// error that no `Catch` takes (AWS Step Functions Developer Guide, "Service quotas").
const LIMIT: usize = 128 * 1024;

/// The events of all executions that are too long, from the answer of `ValidatePolicy` on. Before
/// that, an execution has its input, which the guard does not choose.
pub(crate) async fn too_long(world: &World) -> Result<Vec<String>> {
    let client = world.emulator.sfn();
    let listed = client.list_executions();
    let listed = listed.state_machine_arn(world.stack.output("StateMachineArn")?);
    let mut pages = listed.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(listed) = pages.next().await {
        let listed = listed.context("cannot list the executions")?;
        let execution = Execution::new(client.clone(), listed.execution_arn);
        let history = execution.history().await?;
        for event in history.iter().skip_while(is_before_the_answer) {
            let size = size(event);
            if size >= LIMIT {
                let (id, kind) = (event.id, &event.r#type);
                let arn = execution.arn();
                found.push(format!("event {id} ({kind}) of {arn} has {size} bytes"));
            }
        }
    }
    Ok(found)
}

fn is_before_the_answer(event: &&HistoryEvent) -> bool {
    event.r#type != HistoryEventType::TaskStateExited
}

/// The bytes of the longest text of an event.
fn size(event: &HistoryEvent) -> usize {
    let entered = event.state_entered_event_details.as_ref();
    let exited = event.state_exited_event_details.as_ref();
    let scheduled = event.task_scheduled_event_details.as_ref();
    let submitted = event.task_submitted_event_details.as_ref();
    let succeeded = event.task_succeeded_event_details.as_ref();
    let failed = event.task_failed_event_details.as_ref();
    let ended = event.execution_succeeded_event_details.as_ref();
    let broken = event.execution_failed_event_details.as_ref();
    let texts = [
        entered.and_then(|details| details.input.as_deref()),
        exited.and_then(|details| details.output.as_deref()),
        scheduled.map(|details| details.parameters.as_str()),
        submitted.and_then(|details| details.output.as_deref()),
        succeeded.and_then(|details| details.output.as_deref()),
        failed.and_then(|details| details.cause.as_deref()),
        ended.and_then(|details| details.output.as_deref()),
        broken.and_then(|details| details.cause.as_deref()),
    ];
    texts.into_iter().flatten().map(str::len).max().unwrap_or(0)
}
