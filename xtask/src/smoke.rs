//! The walkthrough against a deployed stack, with allow and with deny, on AWS's own API and the
//! public pages.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use iam_policy::RestrictedActions;
use local_aws::emulator;
use local_aws::policies::{self, InForce};
use local_aws::wait::poll_every;
use local_aws::{Clients, Execution, browse, report};
use serde_json::Value;
use url::Url;

use crate::account::Account;
use crate::deployed::Deployed;
use crate::walkthrough::{self, Answer, Policy, Stage};

/// CloudTrail takes its time on AWS.
const ARRIVAL: Duration = Duration::from_secs(900);
/// The deadline for what the stack does by itself.
const STACK: Duration = Duration::from_secs(180);
/// Step Functions answers few reads a second, and the guard needs most of them.
const INTERVAL: Duration = Duration::from_secs(1);

/// Plays both answers, and deletes what it created, whatever happens. If only the e-mail can allow,
/// `ask` gives its link.
pub async fn run(
    account: &Account,
    stack: &Deployed,
    mut ask: impl AsyncFnMut(&str) -> Result<String>,
) -> Result<()> {
    let setting = |name: &str| stack.parameters.get(name).map_or("", String::as_str);
    ensure!(
        setting("Mode") == "Enforce",
        "`Mode` is `{}`, so the guard would change nothing: deploy with `Enforce`",
        setting("Mode")
    );
    let restricted: RestrictedActions = setting("restrictedActions")
        .parse()
        .context("cannot read the restricted list of the stack")?;
    let document = walkthrough::document_for(&restricted)?;
    for answer in Answer::BOTH {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = seconds.context("the clock is before 1970")?.as_millis();
        let name = format!("guard-smoke-{}-{seconds}", answer.name());
        // Credentials of a session can end soon, so each answer gets its own.
        let clients = account.clients().await?;
        report::step(&format!("{}: the policy {name} is created", answer.name()));
        let arn = policies::create(&clients.iam, &name, &document).await?;
        let policy = Policy {
            arn,
            document: document.clone(),
        };
        let mut place = Place {
            account,
            stack,
            clients,
            answer,
            policy: policy.arn.clone(),
            ask: &mut ask,
            execution: None,
            token: String::new(),
            start: Instant::now(),
        };
        let played = walkthrough::play(&mut place, &policy, &restricted).await;
        if let Ok((_, finally)) = &played {
            place.say(&format!(
                "{}: {} is in force, and no other version is left",
                answer.outcome(),
                finally.version
            ));
        }
        let cleaned = place.clean_up().await;
        played.with_context(|| format!("the walkthrough with {} failed", answer.name()))?;
        cleaned.with_context(|| format!("cannot delete what was created: {}", policy.arn))?;
    }
    report::step("both answers did what they should, and nothing is left");
    Ok(())
}

/// A deployed stack, with one policy on its way.
struct Place<'a, F> {
    account: &'a Account,
    stack: &'a Deployed,
    clients: Clients,
    answer: Answer,
    /// The ARN of the policy.
    policy: String,
    ask: &'a mut F,
    execution: Option<Execution>,
    token: String,
    start: Instant,
}

impl<F: AsyncFnMut(&str) -> Result<String>> Stage for Place<'_, F> {
    fn iam(&self) -> &aws_sdk_iam::Client {
        &self.clients.iam
    }

    async fn request(&mut self, _: &Policy) -> Result<Execution> {
        let execution = self.find().await?;
        self.say(&format!("the execution {} has started", execution.arn()));
        self.execution = Some(execution.clone());
        self.token = wait_for_token(&execution).await?;
        self.say("the policy is contained, and the request is sent");
        Ok(execution)
    }

    async fn decide(&mut self, execution: &Execution, _: &InForce) -> Result<Answer> {
        let decides_by = self.stack.parameters.get("DecideBy");
        let link = if self.answer == Answer::Allow && decides_by.is_some_and(|it| it == "Mail") {
            let question = format!("paste the allow link of the e-mail about {}: ", self.policy);
            checked((self.ask)(&question).await?.trim(), &self.token)?
        } else {
            self.link(execution)?
        };
        let local = self.account.endpoint();
        let local = local.and_then(|endpoint| emulator::local_link(&endpoint, &link));
        let page = browse::open_and_decide(&local.unwrap_or(link)).await?;
        ensure!(
            page.status == 200,
            "the page answers with status {}: {}",
            page.status,
            page.body
        );
        self.say(&format!("the page took the answer: {}", self.answer.name()));
        Ok(self.answer)
    }

    async fn outcome(&mut self, execution: &Execution) -> Result<String> {
        let ended = async || outcome(execution).await;
        poll_every(INTERVAL, "the end of the execution", STACK, ended).await
    }
}

impl<F> Place<'_, F> {
    fn say(&self, text: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        report::line(&format!("{seconds:7.1} s  {text}"));
    }

    async fn find(&self) -> Result<Execution> {
        let what = "an execution for the policy (is there a trail, and is the rule enabled?)";
        let machine = self.stack.output("StateMachineArn")?;
        let mut others = Vec::new();
        poll_every(INTERVAL, what, ARRIVAL, async || {
            let list = self.clients.sfn.list_executions();
            let listed = list.state_machine_arn(machine).max_results(100).send();
            for found in listed
                .await
                .context("cannot list the executions")?
                .executions
            {
                // An input never changes, so each execution is read once.
                if !others.contains(&found.execution_arn) {
                    others.push(found.execution_arn.clone());
                    let found = Execution::new(self.clients.sfn.clone(), found.execution_arn);
                    if found.input().await?.to_string().contains(&self.policy) {
                        return Ok(Some(found));
                    }
                }
            }
            Ok(None)
        })
        .await
    }

    fn link(&self, execution: &Execution) -> Result<String> {
        let output = match self.answer {
            Answer::Allow => "AllowUrl",
            Answer::Deny => "DenyUrl",
        };
        let mut url = Url::parse(self.stack.output(output)?).context("the link is not a URL")?;
        url.query_pairs_mut()
            .append_pair("token", &self.token)
            .append_pair("execution", execution.name());
        Ok(url.into())
    }

    /// Ends the execution if it still runs, and deletes the policy with all its versions.
    async fn clean_up(&self) -> Result<()> {
        if let Some(execution) = &self.execution
            && execution.closed().await?.is_none()
        {
            let stop = self.clients.sfn.stop_execution();
            let stopped = stop.execution_arn(execution.arn()).send().await;
            stopped.context("cannot stop the execution")?;
        }
        policies::delete(&self.clients.iam, &self.policy).await
    }
}

/// The token that the execution waits with, as its history shows it.
async fn wait_for_token(execution: &Execution) -> Result<String> {
    poll_every(INTERVAL, "the request for a decision", STACK, async || {
        for event in execution.history().await? {
            if let Some(submitted) = event.task_submitted_event_details {
                let output: Value = serde_json::from_str(&submitted.output.unwrap_or_default())
                    .context("cannot read the event TaskSubmitted")?;
                let token = output.pointer("/Payload/token").and_then(Value::as_str);
                let token = token.with_context(|| format!("no token in {output}"))?;
                return Ok(Some(token.to_owned()));
            }
        }
        if let Some(outcome) = outcome(execution).await? {
            bail!("the execution ended without a request: {outcome}");
        }
        Ok(None)
    })
    .await
}

/// How the execution ended, in one word, or `None` while it runs.
async fn outcome(execution: &Execution) -> Result<Option<String>> {
    Ok(execution.closed().await?.map(|closed| {
        let outcome = closed.output.pointer("/outcome/result");
        let outcome = outcome.and_then(Value::as_str).map(str::to_owned);
        outcome.unwrap_or_else(|| closed.status.to_string())
    }))
}

/// A pasted link, if it is the allow link of this request.
fn checked(link: &str, token: &str) -> Result<String> {
    let url = Url::parse(link).context("that is not a link")?;
    ensure!(
        url.path().ends_with("/allow"),
        "that is not an allow link: {link}"
    );
    // A `+` of a token stands in the link as it is, so this is not decoded as a form.
    let query = url.query().unwrap_or_default();
    let is_of_it = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("token="))
        .any(|it| percent_encoding::percent_decode_str(it).decode_utf8_lossy() == token);
    ensure!(is_of_it, "that is the link of another request");
    Ok(link.to_owned())
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn only_the_allow_link_of_this_request_is_taken() {
        let link = "https://a.example/Prod/allow?token=AQC+x/y==&execution=one&key=k";
        assert!(checked(link, "AQC+x/y==").is_ok());
        assert!(checked(&link.replace('+', "%2B"), "AQC+x/y==").is_ok());
        for (wrong, token) in [
            (link, "AQCother"),
            ("https://a.example/Prod/deny?token=t", "t"),
            ("allow", "t"),
        ] {
            assert!(checked(wrong, token).is_err(), "{wrong}");
        }
    }
}
