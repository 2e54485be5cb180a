use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use local_aws::policies::{self, InForce};
use local_aws::{
    Emulator, EmulatorOptions, Execution, Mail, Mailbox, Stack, StackOptions, poll, stack,
};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::chat::{Chat, ChatMessage};
use crate::faults::FaultProxy;
use crate::index::Index;
use crate::mails::{self, Mails};
use crate::{Command, Incident, SOON, Write};

/// A local AWS with the template deployed, and the administrator's mailbox.
#[derive(Debug)]
pub struct World {
    pub emulator: Emulator,
    pub stack: Stack,
    /// The proxy between the functions and the local AWS.
    pub faults: FaultProxy,
    mails: Mutex<Mails>,
    chat: Option<Chat>,
    index: Mutex<Index>,
}

impl World {
    /// Deploys the template with these parameters, besides an e-mail address.
    pub async fn start(parameters: &[(&str, &str)]) -> Result<Self> {
        let faults = FaultProxy::start().await?;
        let options = EmulatorOptions {
            function_endpoint: Some(faults.endpoint()?),
            ..EmulatorOptions::default()
        };
        let emulator = Emulator::start(options).await?;
        faults.forward_to(&emulator)?;
        let mut all = vec![("EmailAddress", "security@example.com")];
        all.extend_from_slice(parameters);
        let options = StackOptions {
            parameters: stack::parameters(&all),
            ..StackOptions::default()
        };
        let stack = Stack::deploy(&emulator, options).await?;
        let mailbox = Mailbox::open(&emulator, stack.output("AlertTopicArn")?).await?;
        let chat = match stack.output("ChatTopicArn") {
            Ok(topic) => Some(Chat::of(Mailbox::open(&emulator, topic).await?)),
            Err(_) => None,
        };
        Ok(Self {
            emulator,
            stack,
            faults,
            mails: Mutex::new(Mails::of(mailbox)),
            chat,
            index: Mutex::default(),
        })
    }

    /// Deletes the stack and stops the emulator.
    pub async fn stop(self) -> Result<()> {
        self.stack.delete().await?;
        self.emulator.stop().await
    }

    /// Shortens the delays between retries to a tenth. Their number and order stay.
    pub async fn shorten_waits(&self) -> Result<()> {
        self.scale_waits(0.1).await
    }

    /// Makes each delay this part of itself.
    pub async fn scale_waits(&self, scale: f64) -> Result<()> {
        let url = format!("{}/_ministack/config", self.emulator.endpoint());
        let scale = serde_json::json!({"stepfunctions._SFN_WAIT_SCALE": scale});
        let answer = local_aws::http::post_json(&url, &scale).await?;
        ensure!(
            answer.status == 200,
            "the delays cannot be scaled: {}",
            answer.body
        );
        Ok(())
    }

    /// Creates a managed policy as the root user; answers with its ARN.
    pub async fn create_policy(&self, name: &str, document: &str) -> Result<String> {
        policies::create(self.emulator.iam(), name, document).await
    }

    /// Makes a version of a managed policy as the root user; answers with its identifier.
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
    pub async fn in_force(&self, arn: &str) -> Result<InForce> {
        policies::in_force(self.emulator.iam(), arn).await
    }

    /// The document of a version, in force or not.
    pub async fn version(&self, arn: &str, version: &str) -> Result<String> {
        policies::document(self.emulator.iam(), arn, version).await
    }

    /// The identifiers of all versions of a managed policy.
    pub async fn versions(&self, arn: &str) -> Result<Vec<String>> {
        policies::versions(self.emulator.iam(), arn).await
    }

    /// Starts an execution with this input by a call of the API.
    pub async fn start_by_hand(&self, input: &str) -> Result<Execution> {
        self.start_execution(None, input).await
    }

    /// Starts an execution with this name by a call of the API.
    pub async fn start_named(&self, name: &str, input: &Value) -> Result<Execution> {
        self.start_execution(Some(name), &input.to_string()).await
    }

    /// Runs the command of a mail that starts an execution.
    pub async fn run(&self, command: &Command) -> Result<Incident<'_>> {
        let option = |name| command.option(name).with_context(|| format!("no --{name}"));
        let machine = option("state-machine-arn")?;
        ensure!(
            machine == self.stack.output("StateMachineArn")?,
            "{machine}"
        );
        ensure!(machine.split(':').nth(3) == Some(option("region")?));
        let started = self.start_execution(command.option("name"), option("input")?);
        Ok(self.incident_of(started.await?))
    }

    async fn start_execution(&self, name: Option<&str>, input: &str) -> Result<Execution> {
        let states = self.emulator.sfn();
        let machine = self.stack.output("StateMachineArn")?;
        let start = states.start_execution().state_machine_arn(machine);
        let start = start.set_name(name.map(str::to_owned)).input(input);
        let started = start.send().await.context("cannot start an execution")?;
        Ok(Execution::new(states.clone(), started.execution_arn))
    }

    /// The incident that the write `event_name` started. `mark` is a text that stands in no other
    /// record, such as the name of the policy.
    pub async fn incident(&self, event_name: &str, mark: &str) -> Result<Incident<'_>> {
        let what = format!("an execution for {event_name} of {mark}");
        poll(&what, SOON, async || {
            Ok(self.incidents(event_name, mark).await?.into_iter().next())
        })
        .await
    }

    /// The incident that asks about a target, whichever of its writes started it; waits for the
    /// request.
    pub async fn asking(&self, mark: &str) -> Result<Incident<'_>> {
        let what = format!("a request about {mark}");
        let incident = poll(&what, SOON, async || {
            for write in Write::ALL {
                for incident in self.incidents(write.event_name(), mark).await? {
                    if incident.is_waiting().await? {
                        return Ok(Some(incident));
                    }
                }
            }
            Ok(None)
        })
        .await?;
        incident.request().await?;
        Ok(incident)
    }

    /// The incident of an execution.
    #[must_use]
    pub fn incident_of(&self, execution: Execution) -> Incident<'_> {
        Incident::new(self, execution)
    }

    /// All executions whose record is of `event_name` and holds `mark`.
    pub async fn incidents(&self, event_name: &str, mark: &str) -> Result<Vec<Incident<'_>>> {
        let states = self.emulator.sfn();
        let machine = self.stack.output("StateMachineArn")?;
        let mut index = self.index.lock().await;
        let arns = index.of(states, machine, event_name, mark).await?;
        let incident = |arn| Incident::new(self, Execution::new(states.clone(), arn));
        Ok(arns.into_iter().map(incident).collect())
    }

    /// Whether an execution still runs.
    pub(crate) async fn is_running(&self, arn: &str) -> Result<bool> {
        let machine = self.stack.output("StateMachineArn")?;
        let mut index = self.index.lock().await;
        index.is_running(self.emulator.sfn(), machine, arn).await
    }

    /// The first mail that `wanted` accepts; waits for it.
    pub async fn mail(&self, what: &str, wanted: impl Fn(&Mail) -> bool) -> Result<Mail> {
        poll(&format!("a mail: {what}"), SOON, async || {
            Ok(self.mails(&wanted).await?.into_iter().next())
        })
        .await
    }

    /// The messages for a chat in one thread; waits until there are so many.
    ///
    /// # Errors
    ///
    /// If the stack has no topic for a chat, or if the messages do not come in time.
    pub async fn chat(&self, thread: &str, count: usize) -> Result<Vec<ChatMessage>> {
        let chat = self.chat.as_ref().context("no topic for a chat")?;
        poll(&format!("{count} messages in {thread}"), SOON, async || {
            let messages = chat.thread(thread).await?;
            Ok((messages.len() >= count).then_some(messages))
        })
        .await
    }

    /// The mails so far that `wanted` accepts. The newest may be missing.
    pub async fn mails(&self, wanted: impl Fn(&Mail) -> bool) -> Result<Vec<Mail>> {
        self.mails_since(mails::lately(), wanted).await
    }

    /// All mails until `since` whose text holds `mark`, and that `wanted` accepts; perhaps some
    /// that arrived later.
    pub(crate) async fn mails_with(
        &self,
        since: Instant,
        mark: &str,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Result<Vec<Mail>> {
        let mut mails = self.mails.lock().await;
        let all = mails.with(since, mark).await?.into_iter();
        Ok(all.filter(|mail| wanted(mail)).cloned().collect())
    }

    /// All mails until now that `wanted` accepts.
    pub async fn mails_until_now(&self, wanted: impl Fn(&Mail) -> bool) -> Result<Vec<Mail>> {
        self.mails_since(Instant::now(), wanted).await
    }

    async fn mails_since(
        &self,
        since: Instant,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Result<Vec<Mail>> {
        let mut mails = self.mails.lock().await;
        let all = mails.since(since).await?;
        Ok(all.iter().filter(|mail| wanted(mail)).cloned().collect())
    }
}
