//! A local AWS with the stack of the walkthrough, and what happens on it.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::{Closed, Emulator, Execution, Mail, Mailbox, Stack, StackOptions, poll, report};
use serde_json::Value;
use xtask::walkthrough;

/// The deadline for what the machine does by itself: seconds, or longer on a loaded machine.
const MACHINE: Duration = Duration::from_secs(60);

/// Prints what happens on the stack, with the seconds since the last call of [`Local::begin`].
pub(crate) struct Local<'a> {
    pub(crate) emulator: &'a Emulator,
    stack: Stack,
    mailbox: Mailbox,
    start: Instant,
    mails_shown: usize,
    states_shown: usize,
}

impl<'a> Local<'a> {
    /// Deploys the template with the parameters of the walkthrough.
    pub(crate) async fn deploy(emulator: &'a Emulator) -> Result<Self> {
        let parameters = walkthrough::parameters();
        report::step("sam deploy, with these parameters:");
        for (name, value) in &parameters {
            report::detail(&format!("{name} = {value}"));
        }
        let options = StackOptions {
            parameters,
            ..StackOptions::default()
        };
        let stack = Stack::deploy(emulator, options).await?;
        let mailbox = Mailbox::open(emulator, stack.output("AlertTopicArn")?).await?;
        Ok(Self {
            emulator,
            stack,
            mailbox,
            start: Instant::now(),
            mails_shown: 0,
            states_shown: 0,
        })
    }

    /// Sets the clock to zero.
    pub(crate) fn begin(&mut self) {
        report::gap();
        self.start = Instant::now();
    }

    pub(crate) fn say(&self, text: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        report::line(&format!("{seconds:7.2} s  {text}"));
    }

    /// Waits for the first execution with an input that `wanted` accepts.
    pub(crate) async fn execution(
        &self,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Execution> {
        let found = self.stack.execution_with(what, MACHINE, wanted).await?;
        self.say(&format!("EventBridge starts the execution {}", found.arn()));
        Ok(found)
    }

    /// Shows the states that the execution entered since the last call, and returns whether it ever
    /// entered `name`.
    async fn show_states(&mut self, execution: &Execution, name: &str) -> Result<bool> {
        let entered = execution.states_entered().await?;
        for state in entered.iter().skip(self.states_shown) {
            self.say(&format!("state {state}"));
        }
        self.states_shown = entered.len();
        Ok(entered.iter().any(|state| state == name))
    }

    pub(crate) async fn follow_until_entered(
        &mut self,
        execution: &Execution,
        name: &str,
    ) -> Result<()> {
        poll(&format!("the state `{name}`"), MACHINE, async || {
            if self.show_states(execution, name).await? {
                return Ok(Some(()));
            }
            if let Some(closed) = execution.closed().await? {
                bail!(
                    "the execution ended as {} before `{name}`: {}",
                    closed.status,
                    closed.cause.unwrap_or_default()
                );
            }
            Ok(None)
        })
        .await
    }

    /// Waits for the end of the execution, which has to succeed.
    pub(crate) async fn follow_until_closed(&mut self, execution: &Execution) -> Result<Closed> {
        let closed = poll("the end of the execution", MACHINE, async || {
            // The status is read first, so that the history of a closed execution is complete.
            let closed = execution.closed().await?;
            self.show_states(execution, "").await?;
            Ok(closed)
        })
        .await?;
        self.say(&format!("the execution has ended: {}", closed.status));
        ensure!(
            closed.status == ExecutionStatus::Succeeded,
            "the execution ended as {}, not as SUCCEEDED; see the log of the emulator: {}",
            closed.status,
            self.emulator.log().display()
        );
        Ok(closed)
    }

    /// Waits for an e-mail, and shows every e-mail that arrived until then.
    pub(crate) async fn next_mail(
        &mut self,
        what: &str,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Result<Mail> {
        let mail = self.mailbox.wait_for(what, MACHINE, wanted).await?;
        let mails = self.mailbox.mails().await?.to_vec();
        for mail in mails.iter().skip(self.mails_shown) {
            self.say("an e-mail arrives");
            show_mail(mail);
        }
        self.mails_shown = mails.len();
        Ok(mail)
    }

    /// Deletes the stack after a walkthrough without a fault.
    pub(crate) async fn finish(self) -> Result<()> {
        self.stack.delete().await?;
        report::gap();
        report::step("the walkthrough succeeded");
        Ok(())
    }
}

/// Shows an e-mail as it was received.
pub(crate) fn show_mail(mail: &Mail) {
    report::gap();
    report::detail(&format!("Subject: {}", mail.subject));
    report::detail("");
    for line in mail.message.lines() {
        report::line(&format!("    | {line}"));
    }
    report::gap();
}
