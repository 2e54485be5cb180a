//! Sweeps, which a scenario starts by hand.

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use futures_util::future::try_join_all;
use local_aws::{Execution, Mail, poll};
use serde_json::Value;

use crate::{Incident, SOON, World};

/// A sweep that succeeded.
#[derive(Clone, Debug)]
pub struct Swept {
    pub execution: Execution,
    /// What the next sweep compares the account with.
    pub output: Value,
    /// The states that it entered, in order.
    pub states: Vec<String>,
    /// The answer of the survey.
    survey: Value,
}

impl World {
    /// Starts a sweep, whatever the schedule is.
    pub async fn start_sweep(&self) -> Result<Execution> {
        self.start_sweep_with("{}").await
    }

    async fn start_sweep_with(&self, input: &str) -> Result<Execution> {
        let states = self.emulator.sfn();
        let machine = self.stack.output("SweepStateMachineArn")?;
        let start = states.start_execution().state_machine_arn(machine);
        let started = start.input(input).send().await;
        let started = started.context("cannot start a sweep")?;
        Ok(Execution::new(states.clone(), started.execution_arn))
    }

    /// The same as [`World::sweep`], and asks for a report.
    pub async fn sweep_and_report(&self) -> Result<Swept> {
        self.swept(self.start_sweep_with(r#"{"report": true}"#).await?)
            .await
    }

    /// Starts a sweep, and waits until it has succeeded.
    pub async fn sweep(&self) -> Result<Swept> {
        self.swept(self.start_sweep().await?).await
    }

    /// Sweeps until nothing is new, the proof of life included.
    pub async fn settle(&self) -> Result<()> {
        for _ in 0..5 {
            let swept = self.sweep().await?;
            let has_written = swept.states.iter().any(|state| state == "WriteProbe");
            if swept.settled(self).await?.is_empty() && !has_written {
                return Ok(());
            }
        }
        bail!("each of five sweeps starts incidents")
    }

    /// Waits until a sweep has succeeded.
    pub async fn swept(&self, execution: Execution) -> Result<Swept> {
        let closed = execution.wait_until_closed(SOON).await?;
        ensure!(
            closed.status == ExecutionStatus::Succeeded,
            "the sweep ended as {}: {:?} {:?}",
            closed.status,
            closed.error,
            closed.cause
        );
        let survey = entered(&execution, "NextStep").await?;
        let survey = survey.into_iter().find(|data| data.get("sweep").is_some());
        Ok(Swept {
            survey: survey.context("no answer of the survey")?,
            states: execution.states_entered().await?,
            output: closed.output,
            execution,
        })
    }
}

/// The data with which an execution entered a state, oldest first.
pub async fn entered(execution: &Execution, state: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for event in execution.history().await? {
        let Some(entered) = event.state_entered_event_details else {
            continue;
        };
        if entered.name == state {
            all.push(serde_json::from_str(&entered.input.unwrap_or_default())?);
        }
    }
    Ok(all)
}

impl Swept {
    /// A number of the output's counts.
    pub fn count(&self, name: &str) -> Result<u64> {
        let count = self.output.pointer(&format!("/counts/{name}"));
        let count = count.and_then(Value::as_u64);
        count.with_context(|| format!("no count `{name}` in {}", self.output))
    }

    /// The facts of its e-mail, if it sent one.
    #[must_use]
    pub fn report(&self) -> Option<&Value> {
        let is_sent = self.states.iter().any(|state| state == "ReportSweep");
        self.survey.get("report").filter(|_| is_sent)
    }

    /// Why it sent an e-mail, if it did.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.report()?.get("reason")?.as_str()
    }

    /// Its own e-mail, which must be the only one.
    pub async fn mail(&self, world: &World) -> Result<Mail> {
        let name = self.execution.name();
        let links = format!("/executions/details/{}\n", self.execution.arn());
        let own = |mail: &Mail| mail.message.contains(&links);
        world.mail(&format!("one of the sweep {name}"), own).await?;
        let mails = world.mails_until_now(own).await?;
        let [mail] = <[Mail; 1]>::try_from(mails)
            .map_err(|mails| anyhow::anyhow!("{} mails: {mails:#?}", mails.len()))?;
        Ok(mail)
    }

    /// The inputs of the incidents that it started.
    #[must_use]
    pub fn hints(&self) -> Vec<&Value> {
        let hints = self.survey.get("hints").and_then(Value::as_array);
        let hints = hints.into_iter().flatten();
        hints.filter_map(|hint| hint.get("input")).collect()
    }

    /// The incidents that it started, in the order of [`Swept::hints`], once each of them asks or
    /// has ended.
    pub async fn settled<'w>(&self, world: &'w World) -> Result<Vec<Incident<'w>>> {
        let machine = world.stack.output("StateMachineArn")?;
        let prefix = machine.replacen(":stateMachine:", ":execution:", 1);
        let hints = self.survey.get("hints").and_then(Value::as_array);
        let names = hints.into_iter().flatten();
        let names = names.filter_map(|hint| hint.get("name")?.as_str());
        let incidents = names.map(async |name| -> Result<Incident<'w>> {
            let arn = format!("{prefix}:{name}");
            let execution = Execution::new(world.emulator.sfn().clone(), arn);
            let incident = world.incident_of(execution);
            poll(
                &format!("a question or an end of {name}"),
                SOON,
                async || {
                    let is_over = incident.execution.closed().await?.is_some();
                    Ok((is_over || incident.is_waiting().await?).then_some(()))
                },
            )
            .await?;
            Ok(incident)
        });
        try_join_all(incidents).await
    }
}
