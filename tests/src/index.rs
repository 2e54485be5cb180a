use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::Execution;
use serde_json::Value;

use crate::seen::Seen;

/// How old an answer may be. Many scenarios ask at once and share one answer.
const FRESH: Duration = Duration::from_millis(200);

/// After this time, all executions are read again.
const LONG_AGO: Duration = Duration::from_secs(3);
/// More executions than start and end in that time.
const NEWEST: i32 = 200;

/// All executions of a state machine, read together.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: Seen<Entry>,
    /// Their ARNs.
    known: BTreeSet<String>,
    /// The ARNs of those that still run.
    running: BTreeSet<String>,
    /// When the last reading ended.
    read: Option<Instant>,
    /// When the last reading began. An execution that started since then may have ended too.
    began: Option<Instant>,
}

/// What scenarios look for in an execution.
#[derive(Debug)]
struct Entry {
    arn: String,
    event_name: String,
    detail: String,
}

impl Entry {
    fn new(arn: String, input: &Value) -> Self {
        let detail = input.get("detail");
        let event_name = detail.and_then(|detail| detail.get("eventName"));
        Self {
            arn,
            event_name: event_name
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            detail: detail.map(Value::to_string).unwrap_or_default(),
        }
    }

    /// Whether its record is of the call `event_name` and holds the text `mark`.
    fn is_of(&self, event_name: &str, mark: &str) -> bool {
        self.event_name == event_name && self.detail.contains(mark)
    }
}

impl Index {
    /// The ARNs of the executions whose record is of the call `event_name` and holds the text
    /// `mark`.
    pub(crate) async fn of(
        &mut self,
        states: &Client,
        machine: &str,
        event_name: &str,
        mark: &str,
    ) -> Result<Vec<String>> {
        self.make_fresh(states, machine).await?;
        let text = format!("{event_name} {mark}");
        let is_of = |entry: &Entry| entry.is_of(event_name, mark);
        let found = self.entries.holding(&text, is_of).into_iter();
        let mut arns: Vec<String> = found.map(|entry| entry.arn.clone()).collect();
        arns.sort();
        Ok(arns)
    }

    /// Whether an execution still runs, or is not known yet.
    pub(crate) async fn is_running(
        &mut self,
        states: &Client,
        machine: &str,
        arn: &str,
    ) -> Result<bool> {
        self.make_fresh(states, machine).await?;
        Ok(!self.known.contains(arn) || self.running.contains(arn))
    }

    async fn make_fresh(&mut self, states: &Client, machine: &str) -> Result<()> {
        if self.read.is_none_or(|read| read.elapsed() >= FRESH) {
            let began = Instant::now();
            self.refresh(states, machine).await?;
            self.began = Some(began);
            self.read = Some(Instant::now());
        }
        Ok(())
    }

    /// Reads the newest executions and those that run. An execution that has ended does not change.
    async fn refresh(&mut self, states: &Client, machine: &str) -> Result<()> {
        let list = || states.list_executions().state_machine_arn(machine);
        let mut listed = Vec::new();
        if self.began.is_some_and(|began| began.elapsed() < LONG_AGO) {
            let newest = list().max_results(NEWEST).send().await;
            listed.extend(newest.context("cannot list the executions")?.executions);
        } else {
            let mut pages = list().into_paginator().send();
            while let Some(page) = pages.next().await {
                listed.extend(page.context("cannot list the executions")?.executions);
            }
        }
        let mut pages = list()
            .status_filter(ExecutionStatus::Running)
            .into_paginator()
            .send();
        let mut running = BTreeSet::new();
        while let Some(page) = pages.next().await {
            for execution in page.context("cannot list the executions")?.executions {
                running.insert(execution.execution_arn.clone());
                listed.push(execution);
            }
        }
        // The first list is older, so an execution that runs only in it has ended in between.
        self.running = running;
        let mut entries = Vec::new();
        for execution in listed {
            let arn = execution.execution_arn;
            if self.known.insert(arn.clone()) {
                let input = Execution::new(states.clone(), arn.clone()).input().await?;
                entries.push(Entry::new(arn, &input));
            }
        }
        self.entries.extend(entries);
        Ok(())
    }
}
