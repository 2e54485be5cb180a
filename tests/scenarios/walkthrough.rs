//! The published walkthrough, for both answers.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Incident, SOON, STATES_ALLOWED, STATES_FOR_CHAT, Scenario, World, document};
use local_aws::Execution;
use local_aws::policies::InForce;
use xtask::walkthrough::{self, Answer, Policy, Stage};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("walkthrough::allow_brings_the_original_back", |world| {
            play(world, "my-bad-policy-aws-5-mins", Answer::Allow)
        }),
        Scenario::new("walkthrough::deny_keeps_the_remediation", |world| {
            play(world, "my-bad-policy-aws-6-mins", Answer::Deny)
        }),
    ]
}

/// The walkthrough on the world that the scenarios share.
struct Shared<'w> {
    world: &'w World,
    name: &'static str,
    answer: Answer,
    incident: Option<Incident<'w>>,
}

impl Shared<'_> {
    fn incident(&self) -> Result<&Incident<'_>> {
        self.incident.as_ref().context("no incident yet")
    }
}

impl Stage for Shared<'_> {
    fn iam(&self) -> &aws_sdk_iam::Client {
        self.world.emulator.iam()
    }

    async fn request(&mut self, _: &Policy) -> Result<Execution> {
        let incident = self.world.incident("CreatePolicy", self.name).await?;
        let execution = incident.execution.clone();
        execution.wait_until_entered("AskUser", SOON).await?;
        self.incident = Some(incident);
        Ok(execution)
    }

    async fn decide(&mut self, _: &Execution, _: &InForce) -> Result<Answer> {
        self.incident()?.answer(self.answer.name()).await?;
        Ok(self.answer)
    }

    async fn outcome(&mut self, _: &Execution) -> Result<String> {
        self.incident()?.outcome().await
    }
}

async fn play(world: Arc<World>, name: &'static str, answer: Answer) -> Result<()> {
    let document = document(&[
        "s3:GetBucketObjectLockConfiguration",
        "s3:DeleteObjectVersion",
        "s3:DeleteBucket",
    ]);
    let policy = Policy {
        arn: world.create_policy(name, &document).await?,
        document,
    };
    let mut shared = Shared {
        world: &world,
        name,
        answer,
        incident: None,
    };
    walkthrough::play(&mut shared, &policy, &walkthrough::RESTRICTED.parse()?).await?;
    let incident = shared.incident()?;
    let mut expected = vec!["ValidatePolicy", "ChooseAction"];
    reconciled(&mut expected, "TempRemove", &["CreatePolicyVersion"]);
    expected.extend(["PublishOpened", "AskUser", "UsersChoice"]);
    // The stack has a chat.
    expected.extend(STATES_FOR_CHAT);
    let calls: &[&str] = match answer {
        Answer::Allow => &["SetDefaultPolicyVersion", "DeletePolicyVersion"],
        Answer::Deny => &["DeletePolicyVersion"],
    };
    reconciled(&mut expected, answer.state(), calls);
    expected.extend(["PublishDecided", "ReportOutcome", "Ended", "PublishEnded"]);
    let states = incident.states().await?;
    ensure!(states == expected, "{states:?}");
    let most = STATES_ALLOWED + STATES_FOR_CHAT.len();
    ensure!(states.len() <= most, "{} states", states.len());
    let report = incident.report().await?;
    ensure!(
        report.message.contains(&policy.arn),
        "the report names the policy: {}",
        report.message
    );
    Ok(())
}

/// Adds the states of a task that makes these calls.
fn reconciled(states: &mut Vec<&'static str>, task: &'static str, calls: &[&'static str]) {
    for call in calls {
        states.extend([task, "NextAction", call, "RunAgain"]);
    }
    states.extend([task, "NextAction"]);
}
