//! Executions of the state machine: which states they entered and how they ended.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionOutput;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use serde_json::Value;

use crate::poll;

#[derive(Clone, Debug)]
pub struct Execution {
    client: aws_sdk_sfn::Client,
    arn: String,
}

#[derive(Clone, Debug)]
pub struct Closed {
    /// `Succeeded`, `Failed`, `TimedOut` or `Aborted`.
    pub status: ExecutionStatus,
    /// The output, or `Null` if the execution did not succeed.
    pub output: Value,
    /// The name of the error, if the execution failed.
    pub error: Option<String>,
    /// The cause, if the execution failed.
    pub cause: Option<String>,
}

impl Execution {
    pub fn new(client: aws_sdk_sfn::Client, arn: String) -> Self {
        Self { client, arn }
    }

    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The last part of the ARN.
    pub fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }

    /// The event that started the execution.
    pub async fn input(&self) -> Result<Value> {
        let described = self.describe().await?;
        let input = described.input.unwrap_or_default();
        serde_json::from_str(&input)
            .with_context(|| format!("the input of `{}` is not JSON", self.arn))
    }

    /// How the execution ended, or `None` while it runs.
    pub async fn closed(&self) -> Result<Option<Closed>> {
        let described = self.describe().await?;
        if described.status == ExecutionStatus::Running {
            return Ok(None);
        }
        let output = match described.output.as_deref() {
            Some(text) => serde_json::from_str(text)
                .with_context(|| format!("the output of `{}` is not JSON", self.arn))?,
            None => Value::Null,
        };
        Ok(Some(Closed {
            status: described.status,
            output,
            error: described.error,
            cause: described.cause,
        }))
    }

    async fn describe(&self) -> Result<DescribeExecutionOutput> {
        let describe = self.client.describe_execution().execution_arn(&self.arn);
        let described = describe.send().await;
        described.with_context(|| format!("cannot describe the execution `{}`", self.arn))
    }

    /// The whole history, the oldest event first.
    pub async fn history(&self) -> Result<Vec<HistoryEvent>> {
        let read = self.client.get_execution_history();
        let mut pages = read.execution_arn(&self.arn).into_paginator().send();
        let reading = || format!("cannot read the history of `{}`", self.arn);
        let mut events = Vec::new();
        while let Some(page) = pages.next().await {
            events.extend(page.with_context(reading)?.events);
        }
        Ok(events)
    }

    /// The names of the states that the execution entered, in order.
    pub async fn states_entered(&self) -> Result<Vec<String>> {
        let events = self.history().await?.into_iter();
        let names = events.filter_map(|event| Some(event.state_entered_event_details?.name));
        Ok(names.collect())
    }

    /// Waits until the execution has entered the state `name`.
    pub async fn wait_until_entered(&self, name: &str, deadline: Duration) -> Result<()> {
        poll(&format!("the state `{name}`"), deadline, async || {
            let entered = self.states_entered().await?;
            Ok(entered.iter().any(|it| it == name).then_some(()))
        })
        .await
    }

    /// Waits until the execution has ended, in any way.
    pub async fn wait_until_closed(&self, deadline: Duration) -> Result<Closed> {
        poll("the end of the execution", deadline, async || {
            self.closed().await
        })
        .await
    }
}
