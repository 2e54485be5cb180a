//! `local demo`: plays the walkthrough from end to end, shows every step and checks the outcome.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::policies::InForce;
use local_aws::{
    Emulator, EmulatorOptions, Execution, Mail, Mailbox, Stack, StackOptions, browse, functions,
    http, policies, report,
};
use serde_json::Value;
use similar::TextDiff;

use crate::{Answer, Case, demo_attach, walkthrough};

/// The deadline for what the machine does by itself: seconds, or longer on a loaded machine.
pub(crate) const MACHINE: Duration = Duration::from_secs(60);
/// The deadline for what a person does.
const PERSON: Duration = Duration::from_secs(3600);

/// Plays the walkthrough, and fails if the outcome is wrong.
pub(crate) async fn run(case: Case, answer: Option<Answer>) -> Result<()> {
    let answer = match answer {
        None if case == Case::Attach => None,
        None if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() => {
            report::step("there is no terminal, so the demo answers by itself: allow");
            Some(Answer::Allow)
        }
        answer => answer,
    };
    functions::build().await?;

    report::step("starting the local AWS");
    let emulator = Emulator::start(EmulatorOptions::default()).await?;
    report::detail(&format!("on {}", emulator.endpoint()));
    let outcome = match case {
        Case::Policy => play(&emulator, answer).await,
        Case::Attach => demo_attach::play(&emulator).await,
    };
    let stopped = emulator.stop().await;
    outcome.and(stopped)
}

/// Deploys the template with the parameters of the walkthrough.
pub(crate) async fn deploy(emulator: &Emulator) -> Result<Stack> {
    let parameters = walkthrough::parameters();
    report::step("sam deploy, with these parameters:");
    for (name, value) in &parameters {
        report::detail(&format!("{name} = {value}"));
    }
    let options = StackOptions {
        parameters,
        ..StackOptions::default()
    };
    Stack::deploy(emulator, options).await
}

async fn play(emulator: &Emulator, answer: Option<Answer>) -> Result<()> {
    let stack = deploy(emulator).await?;
    let mailbox = Mailbox::open(emulator, stack.output("AlertTopicArn")?).await?;

    report::step(&format!(
        "somebody creates the policy {}",
        walkthrough::POLICY_NAME
    ));
    report::detail(walkthrough::POLICY_DOCUMENT);
    let policy_arn = policies::create(
        emulator.iam(),
        walkthrough::POLICY_NAME,
        walkthrough::POLICY_DOCUMENT,
    )
    .await?;
    let mut timeline = Timeline::new(mailbox);
    let execution = stack
        .execution_with("the new policy", MACHINE, |input| {
            input
                .pointer("/detail/responseElements/policy/arn")
                .and_then(Value::as_str)
                == Some(&policy_arn)
        })
        .await?;
    timeline.tell(&format!(
        "EventBridge starts the execution {}",
        execution.arn()
    ));

    timeline.follow_until_entered(&execution, "AskUser").await?;
    let remediated = policies::in_force(emulator.iam(), &policy_arn).await?;
    show_difference(&remediated);
    check_remediated(&remediated)?;
    let request = timeline
        .next_mail("the request for a decision", |mail| {
            mail.link_to("allow").is_some()
        })
        .await?;

    let given = decide(emulator, &request, answer, &execution, &mut timeline).await?;
    let closed = timeline.follow_until_closed(&execution).await?;
    ensure!(
        closed == ExecutionStatus::Succeeded,
        "the execution ended as {closed}, not as SUCCEEDED; see the log of the emulator: {}",
        emulator.log().display()
    );
    timeline
        .next_mail("the outcome", |mail| *mail != request)
        .await?;

    let finally = policies::in_force(emulator.iam(), &policy_arn).await?;
    check_outcome(emulator, &execution, given, &remediated, &finally).await?;

    report::step("deleting the policy and the stack");
    policies::delete(emulator.iam(), &policy_arn).await?;
    stack.delete().await?;
    report::gap();
    report::step("the walkthrough succeeded");
    Ok(())
}

/// Gives the answer, or waits until somebody gives one in a browser.
async fn decide(
    emulator: &Emulator,
    request: &Mail,
    answer: Option<Answer>,
    execution: &Execution,
    timeline: &mut Timeline,
) -> Result<Answer> {
    let local_link = |name: &str| -> Result<String> {
        let link = request
            .link_to(name)
            .with_context(|| format!("the e-mail has no link to {name}"))?;
        Ok(emulator.local_link(link))
    };
    let (allow, deny) = (local_link("allow")?, local_link("deny")?);
    report::gap();
    report::step("the links of the e-mail, as they work on this machine:");
    report::detail(&format!("allow: {allow}"));
    report::detail(&format!("deny:  {deny}"));
    if let Some(answer) = answer {
        let link = if answer == Answer::Allow { allow } else { deny };
        timeline.tell(&format!(
            "the administrator opens the link ({answer:?}) and presses the button"
        ));
        let page = browse::open_and_confirm(&link).await?;
        ensure!(
            page.status == 200,
            "the page did not accept the answer (status {}): {}",
            page.status,
            page.body
        );
        return Ok(answer);
    }
    report::gap();
    report::step(
        "open one of the links in a browser; the demo continues when you have decided (Ctrl-C ends it)",
    );
    let history = || async { execution.states_entered().await };
    local_aws::poll("a decision", PERSON, async || {
        Ok(history()
            .await?
            .iter()
            .find_map(|state| match state.as_str() {
                "Approved" => Some(Answer::Allow),
                "Denied" => Some(Answer::Deny),
                _ => None,
            }))
    })
    .await
}

fn show_difference(remediated: &InForce) {
    report::gap();
    report::step(&format!(
        "the policy in force is now {}; removed lines (-) and added lines (+):",
        remediated.version
    ));
    let (before, after) = (
        pretty(walkthrough::POLICY_DOCUMENT),
        pretty(&remediated.document),
    );
    // A comma that is there only because something follows does not count as a difference.
    let [before, after] = [&before, &after].map(|text| {
        text.lines()
            .map(|line| line.trim_end_matches(','))
            .collect::<Vec<_>>()
    });
    for change in TextDiff::from_slices(&before, &after).iter_all_changes() {
        report::detail(&format!("{} {}", change.tag(), change.value()));
    }
    report::gap();
}

/// The document with one member on each line, in its own order.
fn pretty(document: &str) -> String {
    let mut indented = Vec::new();
    let mut from = serde_json::Deserializer::from_str(document);
    let written = serde_transcode::transcode(
        &mut from,
        &mut serde_json::Serializer::pretty(&mut indented),
    );
    match (written, String::from_utf8(indented)) {
        (Ok(()), Ok(indented)) => indented,
        // A document that is not JSON is shown as it is.
        _ => document.to_owned(),
    }
}

fn check_remediated(remediated: &InForce) -> Result<()> {
    let mut expected = policies::actions(walkthrough::POLICY_DOCUMENT)?;
    expected.retain(|action| action != walkthrough::RESTRICTED_ACTION);
    let found = policies::actions(&remediated.document)?;
    ensure!(
        found == expected,
        "the policy in force grants {found:?} instead of {expected:?}"
    );
    Ok(())
}

async fn check_outcome(
    emulator: &Emulator,
    execution: &Execution,
    answer: Answer,
    remediated: &InForce,
    finally: &InForce,
) -> Result<()> {
    let state = match answer {
        Answer::Allow => {
            let original = InForce {
                version: "v1".to_owned(),
                document: walkthrough::POLICY_DOCUMENT.to_owned(),
            };
            ensure!(
                *finally == original,
                "the original is not back in force; this is in force: {finally:?}"
            );
            report::step(
                "the original policy is back in force, in the same version that was written",
            );
            "Approved"
        }
        Answer::Deny => {
            ensure!(
                finally == remediated,
                "the remediation did not stay in force; this is in force: {finally:?}"
            );
            report::step("the remediated policy stays in force");
            "Denied"
        }
    };
    let entered = execution.states_entered().await?;
    let expected = [
        "ValidatePolicy",
        "ChooseAction",
        "TempRemove",
        "AskUser",
        "UsersChoice",
        state,
    ];
    let mut left = expected.iter().peekable();
    for name in &entered {
        left.next_if(|wanted| *wanted == name);
    }
    if let Some(missing) = left.next() {
        bail!(
            "the execution did not enter `{missing}` in the expected order; it entered {entered:?}"
        );
    }
    let ready = http::get(&format!("{}/_ministack/ready", emulator.endpoint())).await?;
    ensure!(ready.status == 200, "the local AWS no longer works");
    Ok(())
}

/// Prints what happens, with the seconds since somebody wrote the policy.
pub(crate) struct Timeline {
    start: Instant,
    mailbox: Mailbox,
    mails_shown: usize,
    states_shown: usize,
}

impl Timeline {
    pub(crate) fn new(mailbox: Mailbox) -> Self {
        report::gap();
        Self {
            start: Instant::now(),
            mailbox,
            mails_shown: 0,
            states_shown: 0,
        }
    }

    pub(crate) fn tell(&self, text: &str) {
        report::line(&format!(
            "{:7.2} s  {text}",
            self.start.elapsed().as_secs_f64()
        ));
    }

    /// Shows the states that the execution entered since the last call; returns whether it ever entered `name`.
    async fn show_states(&mut self, execution: &Execution, name: &str) -> Result<bool> {
        let entered = execution.states_entered().await?;
        for state in entered.iter().skip(self.states_shown) {
            self.tell(&format!("state {state}"));
        }
        self.states_shown = entered.len();
        Ok(entered.iter().any(|state| state == name))
    }

    async fn follow_until_entered(&mut self, execution: &Execution, name: &str) -> Result<()> {
        local_aws::poll(&format!("the state `{name}`"), MACHINE, async || {
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

    pub(crate) async fn follow_until_closed(
        &mut self,
        execution: &Execution,
    ) -> Result<ExecutionStatus> {
        let status = local_aws::poll("the end of the execution", MACHINE, async || {
            let closed = execution.closed().await?;
            self.show_states(execution, "").await?;
            Ok(closed.map(|closed| closed.status))
        })
        .await?;
        self.tell(&format!("the execution has ended: {status}"));
        Ok(status)
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
            self.tell("an e-mail arrives");
            show_mail(mail);
        }
        self.mails_shown = mails.len();
        Ok(mail)
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
