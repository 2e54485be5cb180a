use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::http::Response;
use local_aws::{Closed, Execution, Mail, browse, poll};
use serde_json::Value;

use crate::mails::lately;
use crate::{SOON, World};

/// One execution of the state machine, and the mails about it.
#[derive(Debug)]
pub struct Incident<'w> {
    world: &'w World,
    pub execution: Execution,
}

impl<'w> Incident<'w> {
    pub(crate) fn new(world: &'w World, execution: Execution) -> Self {
        Self { world, execution }
    }

    /// The request for a decision; waits until it has arrived.
    pub async fn request(&self) -> Result<Mail> {
        poll("the request for a decision", SOON, async || {
            // In this order, because an execution sends its mails before it ends.
            let closed = self.execution.closed().await?;
            let request = self.requests(Instant::now()).await?.into_iter().next();
            if let (None, Some(closed)) = (&request, closed) {
                bail!(
                    "it ended without a request for a decision: {} {:?} {:?} {}",
                    closed.status,
                    closed.error,
                    closed.cause,
                    closed.output
                );
            }
            Ok(request)
        })
        .await
        .with_context(|| format!("execution {}", self.execution.arn()))
    }

    /// A mail other than the request whose text names the execution.
    pub async fn report(&self) -> Result<Mail> {
        let name = self.name();
        let report = self.world.mail("a report", |mail| {
            mail.link_to("allow").is_none() && mail.message.contains(&name)
        });
        report
            .await
            .with_context(|| format!("execution {}", self.execution.arn()))
    }

    /// Whether the guard asked the administrator.
    pub(crate) async fn is_asked(&self) -> Result<bool> {
        Ok(!self.requests(lately()).await?.is_empty())
    }

    /// Whether the execution waits for a decision at this moment.
    pub async fn is_waiting(&self) -> Result<bool> {
        let states = self.states().await?;
        Ok(states.last().is_some_and(|state| state == "AskUser")
            && self.execution.closed().await?.is_none())
    }

    /// The mails until `since` that ask for a decision on this execution, which their links name.
    async fn requests(&self, since: Instant) -> Result<Vec<Mail>> {
        let asks = |mail: &Mail| mail.link_to("allow").is_some();
        let name = self.execution.name();
        self.world.mails_with(since, name, asks).await
    }

    /// The mails until now that name this execution, and ask for nothing.
    pub(crate) async fn reports(&self) -> Result<Vec<Mail>> {
        let asks = |mail: &Mail| mail.link_to("allow").is_some();
        let name = self.execution.name();
        let now = Instant::now();
        self.world.mails_with(now, name, |mail| !asks(mail)).await
    }

    pub fn name(&self) -> String {
        self.execution.name().to_owned()
    }

    /// The link of the newest request to `allow` or `deny`, as it works on this machine.
    pub async fn link(&self, answer: &str) -> Result<String> {
        let first = self.request().await?;
        let newest = self.requests(Instant::now()).await?.pop();
        let link = newest.as_ref().unwrap_or(&first).link_to(answer);
        let link = link.with_context(|| format!("no link to {answer}"))?;
        Ok(self.world.emulator.local_link(link))
    }

    /// Opens the link of the request and presses the button.
    pub async fn answer(&self, answer: &str) -> Result<Response> {
        let page = browse::open_and_confirm(&self.link(answer).await?).await?;
        ensure!(
            page.status == 200,
            "status {} for {answer}: {}",
            page.status,
            page.body
        );
        Ok(page)
    }

    /// How the execution ended.
    pub async fn closed(&self) -> Result<Closed> {
        self.closed_within(SOON).await
    }

    /// How the execution ended, with a longer limit than [`Self::ended`] has.
    pub async fn closed_within(&self, deadline: Duration) -> Result<Closed> {
        let arn = self.execution.arn();
        let what = format!("the end of {arn}");
        poll(&what, deadline, async || {
            Ok((!self.world.is_running(arn).await?).then_some(()))
        })
        .await?;
        let closed = self.execution.closed().await?;
        closed.with_context(|| format!("{arn} runs again"))
    }

    /// The outcome of an execution that succeeded.
    pub async fn outcome(&self) -> Result<String> {
        let closed = self.closed().await?;
        ensure!(
            closed.status == ExecutionStatus::Succeeded,
            "the execution ended as {}: {:?} {:?}",
            closed.status,
            closed.error,
            closed.cause
        );
        let outcome = closed.output.pointer("/outcome/result");
        let outcome = outcome.and_then(Value::as_str).map(str::to_owned);
        outcome.with_context(|| format!("no outcome in {}", closed.output))
    }

    /// The states that were entered, in order.
    pub async fn states(&self) -> Result<Vec<String>> {
        self.execution.states_entered().await
    }
}
