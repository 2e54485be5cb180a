use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::Execution;
use serde_json::Value;

/// How old an answer may be. Many scenarios ask at once and share one answer.
const FRESH: Duration = Duration::from_millis(200);

/// After this time, all executions are read again.
const LONG_AGO: Duration = Duration::from_secs(3);
/// More executions than start and end in that time.
const NEWEST: i32 = 200;

/// All executions of a state machine, read together.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: BTreeMap<String, Entry>,
    /// When the last reading ended.
    read: Option<Instant>,
    /// When the last reading began. An execution that started since then may have ended too.
    began: Option<Instant>,
}

/// What scenarios look for in an execution.
#[derive(Debug)]
pub(crate) struct Entry {
    event_name: String,
    detail: String,
    /// Whether it still runs.
    pub(crate) is_running: bool,
}

impl Entry {
    fn new(input: &Value) -> Self {
        let detail = input.get("detail");
        let event_name = detail.and_then(|detail| detail.get("eventName"));
        Self {
            event_name: event_name
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            detail: detail.map(Value::to_string).unwrap_or_default(),
            is_running: true,
        }
    }

    /// Whether its record is of the call `event_name` and holds the text `mark`.
    pub(crate) fn is_of(&self, event_name: &str, mark: &str) -> bool {
        self.event_name == event_name && self.detail.contains(mark)
    }
}

impl Index {
    /// The executions by their ARNs.
    pub(crate) async fn fresh(
        &mut self,
        states: &Client,
        machine: &str,
    ) -> Result<&BTreeMap<String, Entry>> {
        if self.read.is_none_or(|read| read.elapsed() >= FRESH) {
            let began = Instant::now();
            self.refresh(states, machine).await?;
            self.began = Some(began);
            self.read = Some(Instant::now());
        }
        Ok(&self.entries)
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
        for (arn, entry) in &mut self.entries {
            entry.is_running = running.contains(arn);
        }
        for execution in listed {
            let arn = execution.execution_arn;
            if let btree_map::Entry::Vacant(place) = self.entries.entry(arn) {
                let execution = Execution::new(states.clone(), place.key().clone());
                let input = execution.input().await?;
                let is_running = running.contains(place.key());
                place.insert(Entry {
                    is_running,
                    ..Entry::new(&input)
                });
            }
        }
        Ok(())
    }
}
