//! The walkthrough against a deployed stack, with allow and with deny, through the AWS CLI and the public pages.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use iam_policy::{RestrictedActions, judge};
use serde_json::{Value, json};
use url::Url;

use crate::account::Account;
use crate::deployed::Deployed;
use local_aws::{browse, emulator, poll, report};

/// CloudTrail takes its time on AWS.
const ARRIVAL: Duration = Duration::from_secs(900);
/// What the stack does by itself.
const STACK: Duration = Duration::from_secs(180);
/// The document without its restricted action.
const HARMLESS: &str = "s3:GetBucketObjectLockConfiguration";
/// The restricted action of the published walkthrough, where the list has it.
const PUBLISHED: &str = "s3:DeleteBucket";

/// Plays both answers, and takes away what it made, whatever happened. `ask` gives the link of the e-mail where only that
/// can allow.
///
/// # Errors
///
/// Says what is not as it should be.
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
    let document = document(&restricted)?;
    for answer in ["allow", "deny"] {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = seconds.context("the clock is before 1970")?.as_millis();
        let name = format!("guard-smoke-{answer}-{seconds}");
        report::step(&format!("{answer}: somebody creates the policy {name}"));
        let created = account
            .call(&[
                "iam",
                "create-policy",
                "--policy-name",
                &name,
                "--policy-document",
                &document,
            ])
            .await?;
        let arn = text(&created, "/Policy/Arn")?;
        let mut story = Story {
            account,
            stack,
            restricted: &restricted,
            policy: arn.clone(),
            execution: None,
            start: Instant::now(),
        };
        let told = story.play(answer, &mut ask).await;
        let cleaned = story.clean_up().await;
        told.with_context(|| format!("the walkthrough with {answer} failed"))?;
        cleaned.with_context(|| format!("cannot take away what was made for {answer}: {arn}"))?;
    }
    report::step("both answers did what they should, and nothing is left");
    Ok(())
}

/// A document that the list restricts in part: that of the walkthrough, or one with a pattern of the list itself.
fn document(restricted: &RestrictedActions) -> Result<String> {
    let granting = |action: &str| {
        let statement = json!({"Sid": "VisualEditor0", "Effect": "Allow", "Action": [HARMLESS, action], "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let published = granting(PUBLISHED);
    if !judge(&published, restricted).is_clean() {
        return Ok(published);
    }
    let pattern = restricted.patterns().first();
    let pattern = pattern.context("the restricted list of the stack is empty")?;
    Ok(granting(pattern.as_str()))
}

/// One policy on its way.
#[derive(Debug)]
struct Story<'a> {
    account: &'a Account,
    stack: &'a Deployed,
    restricted: &'a RestrictedActions,
    /// The ARN of the policy.
    policy: String,
    /// The ARN of the execution, once there is one.
    execution: Option<String>,
    start: Instant,
}

impl Story<'_> {
    async fn play(
        &mut self,
        answer: &str,
        ask: &mut impl AsyncFnMut(&str) -> Result<String>,
    ) -> Result<()> {
        let execution = self.wait_for_the_execution().await?;
        self.tell(&format!("the execution {execution} has started"));
        self.execution = Some(execution.clone());

        let token = self.wait_for_the_token(&execution).await?;
        self.tell("the policy is contained, and the request is sent");
        let (version, remediated) = self.in_force().await?;
        ensure!(
            judge(&remediated, self.restricted).is_clean() && remediated.contains(HARMLESS),
            "this is in force: {remediated}"
        );
        ensure!(
            self.versions().await? == ["v1", version.as_str()],
            "the original version is not kept: {:?}",
            self.versions().await?
        );

        let by_mail = self
            .stack
            .parameters
            .get("DecideBy")
            .is_some_and(|it| it == "Mail");
        let link = if by_mail && answer == "allow" {
            let question = format!("paste the allow link of the e-mail about {}: ", self.policy);
            checked(ask(&question).await?.trim(), &token)?
        } else {
            self.link(answer, &token, &execution)?
        };
        self.press(&link).await?;
        self.tell(&format!("the page took the answer: {answer}"));

        let outcome = self.wait_for_the_outcome(&execution).await?;
        let expected = if answer == "allow" {
            "allowed"
        } else {
            "denied"
        };
        ensure!(
            outcome == expected,
            "the outcome is `{outcome}`, not `{expected}`"
        );
        let (finally, _) = self.in_force().await?;
        let versions = self.versions().await?;
        let is_right = if answer == "allow" {
            finally == "v1" && versions == ["v1"]
        } else {
            finally == version && versions == [version]
        };
        ensure!(
            is_right,
            "{finally} is in force, and there are {versions:?}"
        );
        self.tell(&format!(
            "{expected}: {finally} is in force, and no other version is left"
        ));
        Ok(())
    }

    fn tell(&self, text: &str) {
        report::line(&format!(
            "{:7.1} s  {text}",
            self.start.elapsed().as_secs_f64()
        ));
    }

    async fn wait_for_the_execution(&self) -> Result<String> {
        let machine = self.stack.output("StateMachineArn")?;
        let what = "an execution for the policy (is there a trail, and is the rule enabled?)";
        // Each is looked at once: Step Functions answers few such calls a second.
        let mut others = BTreeSet::new();
        poll(what, ARRIVAL, async || {
            let list = [
                "stepfunctions",
                "list-executions",
                "--state-machine-arn",
                machine,
                "--max-items",
                "100",
            ];
            let listed = self.account.call(&list).await?;
            let executions = listed.get("executions").and_then(Value::as_array);
            for execution in executions.into_iter().flatten() {
                let arn = text(execution, "/executionArn")?;
                if others.contains(&arn) {
                    continue;
                }
                let described = self.describe(&arn).await?;
                if text(&described, "/input")?.contains(&self.policy) {
                    return Ok(Some(arn));
                }
                others.insert(arn);
            }
            Ok(None)
        })
        .await
    }

    async fn describe(&self, execution: &str) -> Result<Value> {
        let describe = [
            "stepfunctions",
            "describe-execution",
            "--execution-arn",
            execution,
        ];
        self.account.call(&describe).await
    }

    /// The token that the execution waits with, as its history shows it.
    async fn wait_for_the_token(&self, execution: &str) -> Result<String> {
        poll("the request for a decision", STACK, async || {
            let read = [
                "stepfunctions",
                "get-execution-history",
                "--execution-arn",
                execution,
            ];
            let history = self.account.call(&read).await?;
            let events = history.get("events").and_then(Value::as_array);
            for event in events.into_iter().flatten() {
                if let Some(output) = event.pointer("/taskSubmittedEventDetails/output") {
                    let output: Value = serde_json::from_str(output.as_str().unwrap_or_default())
                        .context("cannot read the event TaskSubmitted")?;
                    return Ok(Some(text(&output, "/Payload/token")?));
                }
            }
            if let Some(outcome) = self.outcome(execution).await? {
                bail!("the execution ended without a request: {outcome}");
            }
            Ok(None)
        })
        .await
    }

    async fn wait_for_the_outcome(&self, execution: &str) -> Result<String> {
        poll("the end of the execution", STACK, async || {
            self.outcome(execution).await
        })
        .await
    }

    /// How the execution ended, in one word, or `None` while it runs.
    async fn outcome(&self, execution: &str) -> Result<Option<String>> {
        let described = self.describe(execution).await?;
        let status = text(&described, "/status")?;
        if status == "RUNNING" {
            return Ok(None);
        }
        let output = described.get("output").and_then(Value::as_str);
        let output: Value = serde_json::from_str(output.unwrap_or("null")).unwrap_or_default();
        Ok(Some(text(&output, "/outcome/result").unwrap_or(status)))
    }

    fn link(&self, answer: &str, token: &str, execution: &str) -> Result<String> {
        let output = if answer == "allow" {
            "AllowUrl"
        } else {
            "DenyUrl"
        };
        let mut url = Url::parse(self.stack.output(output)?).context("the link is not a URL")?;
        let name = execution.rsplit(':').next().unwrap_or_default();
        url.query_pairs_mut()
            .append_pair("token", token)
            .append_pair("execution", name);
        Ok(url.into())
    }

    /// Opens the link, and presses the button if there is one.
    async fn press(&self, link: &str) -> Result<()> {
        let local = self.account.endpoint();
        let local = local.and_then(|endpoint| emulator::local_link(&endpoint, link));
        let page = browse::open_and_decide(&local.unwrap_or_else(|| link.to_owned())).await?;
        ensure!(
            page.status == 200,
            "the page answers with status {}: {}",
            page.status,
            page.body
        );
        Ok(())
    }

    /// The default version of the policy, and its document.
    async fn in_force(&self) -> Result<(String, String)> {
        let policy = self
            .account
            .call(&["iam", "get-policy", "--policy-arn", &self.policy])
            .await?;
        let version = text(&policy, "/Policy/DefaultVersionId")?;
        let read = [
            "iam",
            "get-policy-version",
            "--policy-arn",
            &self.policy,
            "--version-id",
            &version,
        ];
        let read = self.account.call(&read).await?;
        let document = read.pointer("/PolicyVersion/Document");
        let document = document.context("the version has no document")?;
        // The AWS CLI decodes it.
        let document = document
            .as_str()
            .map_or_else(|| document.to_string(), str::to_owned);
        Ok((version, document))
    }

    async fn versions(&self) -> Result<Vec<String>> {
        let list = ["iam", "list-policy-versions", "--policy-arn", &self.policy];
        let listed = self.account.call(&list).await?;
        let versions = listed.get("Versions").and_then(Value::as_array);
        let versions = versions.into_iter().flatten();
        let mut ids = versions
            .map(|it| text(it, "/VersionId"))
            .collect::<Result<Vec<_>>>()?;
        ids.sort();
        Ok(ids)
    }

    /// Ends the execution if it still runs, and deletes the policy with all its versions.
    async fn clean_up(&self) -> Result<()> {
        if let Some(execution) = &self.execution
            && self.outcome(execution).await?.is_none()
        {
            let stop = [
                "stepfunctions",
                "stop-execution",
                "--execution-arn",
                execution,
            ];
            self.account.call(&stop).await?;
        }
        let (default, _) = self.in_force().await?;
        for version in self.versions().await?.iter().filter(|it| **it != default) {
            let delete = [
                "iam",
                "delete-policy-version",
                "--policy-arn",
                &self.policy,
                "--version-id",
                version,
            ];
            self.account.call(&delete).await?;
        }
        self.account
            .call(&["iam", "delete-policy", "--policy-arn", &self.policy])
            .await?;
        Ok(())
    }
}

/// A pasted link, if it is the allow link of this request.
fn checked(link: &str, token: &str) -> Result<String> {
    let url = Url::parse(link).context("that is not a link")?;
    ensure!(
        url.path().ends_with("/allow"),
        "that is not an allow link: {link}"
    );
    // A `+` of a token stands in the link as it is.
    let query = url.query().unwrap_or_default();
    let is_of_it = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("token="))
        .any(|it| percent_encoding::percent_decode_str(it).decode_utf8_lossy() == token);
    ensure!(is_of_it, "that is the link of another request");
    Ok(link.to_owned())
}

fn text(value: &Value, path: &str) -> Result<String> {
    let found = value.pointer(path).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("no `{path}` in {value}"))?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::{checked, document};

    #[test]
    fn the_document_fits_the_list_of_the_stack() -> anyhow::Result<()> {
        for (list, action) in [
            ("s3:DeleteBucket,s3:DeleteObject", "s3:DeleteBucket"),
            ("s3:Delete*", "s3:DeleteBucket"),
            ("iam:*,kms:Schedule*", "iam:*"),
        ] {
            let made = document(&list.parse()?)?;
            assert!(made.contains(&format!("\"{action}\"")), "{list}: {made}");
        }
        Ok(())
    }

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
