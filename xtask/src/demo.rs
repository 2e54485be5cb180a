//! The walkthrough on a local AWS, with every step shown and the answer given or awaited.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result, ensure};
use local_aws::policies::{self, InForce};
use local_aws::{Emulator, EmulatorOptions, Execution, Mail, functions, http, report};
use serde_json::Value;
use similar::TextDiff;
use xtask::walkthrough::{self, Answer, Policy, Stage};

use crate::local::Local;
use crate::{attach, decision};

/// The stories of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Case {
    /// A policy is created that grants a restricted action.
    Policy,
    /// `AdministratorAccess` is attached to a user.
    Attach,
}

/// Plays a story, and fails if the outcome is wrong.
pub(crate) async fn run(case: Case, answer: Option<Answer>) -> Result<()> {
    let has_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let answer = match answer {
        None if !has_terminal => {
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
        Case::Attach => attach::play(&emulator, answer).await,
    };
    let stopped = emulator.stop().await;
    outcome.and(stopped)
}

async fn play(emulator: &Emulator, answer: Option<Answer>) -> Result<()> {
    let local = Local::deploy(emulator).await?;
    report::step(&format!(
        "a principal creates the policy {}",
        walkthrough::POLICY_NAME
    ));
    report::detail(walkthrough::POLICY_DOCUMENT);
    let document = walkthrough::POLICY_DOCUMENT.to_owned();
    let policy = Policy {
        arn: policies::create(emulator.iam(), walkthrough::POLICY_NAME, &document).await?,
        document,
    };
    let mut demo = Demo {
        local,
        answer,
        request: None,
    };
    demo.local.begin();
    let restricted = walkthrough::RESTRICTED.parse();
    let restricted = restricted.context("cannot read the restricted list")?;
    let (answer, _) = walkthrough::play(&mut demo, &policy, &restricted).await?;
    report::step(match answer {
        Answer::Allow => {
            "the original policy is back in force, in the same version that was written"
        }
        Answer::Deny => "the remediated policy stays in force",
    });
    let ready = http::get(&format!("{}/_ministack/ready", emulator.endpoint())).await?;
    ensure!(ready.status == 200, "the local AWS no longer works");

    report::step("deleting the policy and the stack");
    policies::delete(emulator.iam(), &policy.arn).await?;
    demo.local.finish().await
}

/// The walkthrough, as it shows itself to a person.
struct Demo<'a> {
    local: Local<'a>,
    /// The answer, or `None` if a person gives it in a browser.
    answer: Option<Answer>,
    request: Option<Mail>,
}

impl Stage for Demo<'_> {
    fn iam(&self) -> &aws_sdk_iam::Client {
        self.local.emulator.iam()
    }

    async fn request(&mut self, policy: &Policy) -> Result<Execution> {
        let is_of_policy = |input: &Value| {
            let arn = input.pointer("/detail/responseElements/policy/arn");
            arn.and_then(Value::as_str) == Some(&policy.arn)
        };
        let execution = self.local.execution("the new policy", is_of_policy).await?;
        self.local
            .follow_until_entered(&execution, "AskUser")
            .await?;
        Ok(execution)
    }

    async fn decide(&mut self, execution: &Execution, contained: &InForce) -> Result<Answer> {
        show_difference(contained);
        let (given, request) = decision::decide(&mut self.local, execution, self.answer).await?;
        self.request = Some(request);
        Ok(given)
    }

    async fn outcome(&mut self, execution: &Execution) -> Result<String> {
        let closed = self.local.follow_until_closed(execution).await?;
        let request = self.request.take();
        self.local
            .next_mail("the outcome", |mail| Some(mail) != request.as_ref())
            .await?;
        let outcome = closed.output.pointer("/outcome/result");
        let outcome = outcome.and_then(Value::as_str).map(str::to_owned);
        outcome.with_context(|| format!("no outcome in {}", closed.output))
    }
}

fn show_difference(contained: &InForce) {
    report::gap();
    report::step(&format!(
        "the policy in force is now {}; removed lines (-) and added lines (+):",
        contained.version
    ));
    let texts = [walkthrough::POLICY_DOCUMENT, &contained.document].map(pretty);
    // A comma that is there only because something follows does not count as a difference.
    let [before, after] = texts.map(|text| text.replace(",\n", "\n"));
    for change in TextDiff::from_lines(&before, &after).iter_all_changes() {
        report::detail(&format!("{} {}", change.tag(), change.value()));
    }
    report::gap();
}

/// The document with one member on each line, in its own order. `serde_json::Value` would sort the
/// members.
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
