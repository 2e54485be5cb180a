use anyhow::{Context as _, Result};
use local::{Emulator, EmulatorOptions, Mail, Mailbox, Stack, StackOptions, poll, stack};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{InForce, Incident, SOON};

/// A local AWS with the template deployed, and the administrator's mailbox.
#[derive(Debug)]
pub struct World {
    /// The local AWS.
    pub emulator: Emulator,
    /// The deployed template.
    pub stack: Stack,
    mailbox: Mutex<Mailbox>,
}

impl World {
    /// Deploys the template with these parameters, besides an e-mail address.
    ///
    /// # Errors
    ///
    /// Where the emulator does not start or the deployment fails.
    pub async fn start(parameters: &[(&str, &str)]) -> Result<Self> {
        let emulator = Emulator::start(EmulatorOptions::default()).await?;
        let mut all = vec![("EmailAddress", "security@example.com")];
        all.extend_from_slice(parameters);
        let options = StackOptions {
            parameters: stack::parameters(&all),
            ..StackOptions::default()
        };
        let stack = Stack::deploy(&emulator, options).await?;
        let mailbox = Mailbox::open(&emulator, stack.output("AlertTopicArn")?).await?;
        Ok(Self {
            emulator,
            stack,
            mailbox: Mutex::new(mailbox),
        })
    }

    /// Deletes the stack and stops the emulator.
    ///
    /// # Errors
    ///
    /// Where something is left.
    pub async fn stop(self) -> Result<()> {
        self.stack.delete().await?;
        self.emulator.stop().await
    }

    /// Creates a managed policy as the root user; answers with its ARN.
    ///
    /// # Errors
    ///
    /// Where IAM refuses.
    pub async fn create_policy(&self, name: &str, document: &str) -> Result<String> {
        let create = self
            .emulator
            .iam()
            .create_policy()
            .policy_name(name)
            .policy_document(document);
        let policy = create
            .send()
            .await
            .with_context(|| format!("cannot create {name}"))?
            .policy;
        policy
            .and_then(|policy| policy.arn)
            .context("the policy has no ARN")
    }

    /// Makes a version of a managed policy as the root user; answers with its identifier.
    ///
    /// # Errors
    ///
    /// Where IAM refuses.
    pub async fn create_version(&self, arn: &str, document: &str, default: bool) -> Result<String> {
        let create = self.emulator.iam().create_policy_version().policy_arn(arn);
        let create = create.policy_document(document).set_as_default(default);
        let version = create
            .send()
            .await
            .context("cannot create a version")?
            .policy_version;
        version
            .and_then(|version| version.version_id)
            .context("the version has no identifier")
    }

    /// The version of a managed policy that is in force.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub async fn in_force(&self, arn: &str) -> Result<InForce> {
        InForce::of(self.emulator.iam(), arn).await
    }

    /// The document of a version, in force or not.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub async fn version(&self, arn: &str, version: &str) -> Result<String> {
        crate::policies::version_document(self.emulator.iam(), arn, version).await
    }

    /// The identifiers of all versions of a managed policy.
    ///
    /// # Errors
    ///
    /// Where they cannot be listed.
    pub async fn versions(&self, arn: &str) -> Result<Vec<String>> {
        let listed = self
            .emulator
            .iam()
            .list_policy_versions()
            .policy_arn(arn)
            .send()
            .await?;
        let mut ids: Vec<_> = listed
            .versions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|v| v.version_id)
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// The incident that the write `event_name` of a policy started; `mark` is a text that only this write's record holds, as a policy's name.
    ///
    /// # Errors
    ///
    /// Where no execution starts in time.
    pub async fn incident(&self, event_name: &str, mark: &str) -> Result<Incident<'_>> {
        let execution = self
            .stack
            .execution_with(&format!("{event_name} of {mark}"), SOON, |input| {
                is_of(input, event_name, mark)
            })
            .await?;
        Ok(Incident::new(self, execution))
    }

    /// All executions whose record is of `event_name` and holds `mark`.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub async fn incidents(&self, event_name: &str, mark: &str) -> Result<Vec<Incident<'_>>> {
        let mut incidents = Vec::new();
        for execution in self.stack.executions().await? {
            if is_of(&execution.input().await?, event_name, mark) {
                incidents.push(Incident::new(self, execution));
            }
        }
        Ok(incidents)
    }

    /// The first mail that `wanted` accepts, once there is one.
    ///
    /// # Errors
    ///
    /// Where none comes in time.
    pub async fn mail(&self, what: &str, wanted: impl Fn(&Mail) -> bool) -> Result<Mail> {
        poll(&format!("a mail: {what}"), SOON, async || {
            let mut mailbox = self.mailbox.lock().await;
            Ok(mailbox
                .mails()
                .await?
                .iter()
                .find(|mail| wanted(mail))
                .cloned())
        })
        .await
    }

    /// How many mails so far `wanted` accepts.
    ///
    /// # Errors
    ///
    /// Where the mailbox cannot be read.
    pub async fn count_mails(&self, wanted: impl Fn(&Mail) -> bool) -> Result<usize> {
        let mut mailbox = self.mailbox.lock().await;
        Ok(mailbox
            .mails()
            .await?
            .iter()
            .filter(|mail| wanted(mail))
            .count())
    }
}

fn is_of(input: &Value, event_name: &str, mark: &str) -> bool {
    let named = input.pointer("/detail/eventName").and_then(Value::as_str) == Some(event_name);
    named
        && input
            .get("detail")
            .is_some_and(|detail| detail.to_string().contains(mark))
}
