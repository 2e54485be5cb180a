//! The calls of an ordinary day, such as a Terraform apply, a rotation of keys and a pipeline that
//! makes things for a minute. None of them causes a mail or a failed invocation.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::Client;
use aws_sdk_iam::config::Credentials;
use aws_sdk_iam::types::StatusType;
use aws_sdk_sfn::types::HistoryEventType;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use local_aws::{CloudTrail, Mail, poll};

use crate::{Incident, Owner, World, document, join, without_mfa};

/// Policies that are often attached and grant nothing restricted.
const READ_ONLY: [&str; 2] = [
    "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess",
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
];
const FOR_LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
/// How many calls are made at the same moment.
const AT_ONCE: usize = 16;

/// The names of the calls that are made, each of which starts an execution.
const CALLS: [&str; 18] = [
    "AttachGroupPolicy",
    "CreateRole",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "CreateAccessKey",
    "AddUserToGroup",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "PutUserPolicy",
    "CreatePolicy",
    "UpdateAssumeRolePolicy",
    "AddRoleToInstanceProfile",
    "UpdateAccessKey",
    "CreateServiceSpecificCredential",
    "ResetServiceSpecificCredential",
    "UploadSSHPublicKey",
    "UploadSigningCertificate",
    "DeactivateMFADevice",
];

/// How many watched calls one round makes: a role of instances with a policy that comes and goes,
/// and a user with a policy, two keys and other credentials in a group.
const CALLS_OF_ONE: usize = 15;

/// How many rounds make `calls` watched calls.
#[must_use]
pub fn rounds(calls: usize) -> usize {
    calls.div_ceil(CALLS_OF_ONE)
}

/// How many watched calls `count` rounds make, with the group that they share.
#[must_use]
pub fn calls_of_rounds(count: usize) -> usize {
    count * CALLS_OF_ONE + 1
}

/// Makes `count` rounds of these calls, about things whose names begin with `prefix`.
pub async fn day(world: &World, prefix: &str, count: usize) -> Result<()> {
    let iam = world.emulator.iam();
    let group = format!("{prefix}-readers");
    Owner::Group.create(iam, &group).await?;
    let [first, second] = READ_ONLY;
    Owner::Group.attach(iam, &group, first).await?;
    stream::iter(0..count)
        .map(anyhow::Ok)
        .try_for_each_concurrent(AT_ONCE, async |number| {
            let name = format!("{prefix}-{number:04}");
            let role = iam.create_role().role_name(&name);
            role.assume_role_policy_document(FOR_LAMBDA).send().await?;
            Owner::Role.attach(iam, &name, second).await?;
            Owner::Role.detach(iam, &name, second).await?;
            let trust = iam.update_assume_role_policy().role_name(&name);
            trust.policy_document(FOR_LAMBDA).send().await?;
            let create = iam.create_instance_profile();
            create.instance_profile_name(&name).send().await?;
            let add = iam.add_role_to_instance_profile().role_name(&name);
            add.instance_profile_name(&name).send().await?;
            Owner::User.create(iam, &name).await?;
            join(iam, &name, &group).await?;
            credentials(iam, &name).await?;
            rotate(world, &name).await
        })
        .await
}

/// An administrator looks after the credentials of a user.
async fn credentials(iam: &Client, name: &str) -> Result<()> {
    let create = iam.create_service_specific_credential().user_name(name);
    let create = create.service_name("codecommit.amazonaws.com");
    let credential = create.send().await?.service_specific_credential;
    let id = credential
        .context("no credential")?
        .service_specific_credential_id;
    let reset = iam.reset_service_specific_credential().user_name(name);
    reset.service_specific_credential_id(id).send().await?;
    let upload = iam.upload_ssh_public_key().user_name(name);
    upload
        .ssh_public_key_body("ssh-ed25519 AAAA")
        .send()
        .await?;
    let upload = iam.upload_signing_certificate().user_name(name);
    upload.certificate_body("-----BEGIN").send().await?;
    without_mfa(iam, name).await
}

/// A user rotates the access key: creates a new one with the old one, and deletes the old one.
async fn rotate(world: &World, name: &str) -> Result<()> {
    let iam = world.emulator.iam();
    let allow = document(&["iam:CreateAccessKey"]);
    Owner::User.put(iam, name, "own-keys", &allow).await?;
    let old = iam.create_access_key().user_name(name).send().await?;
    let old = old.access_key.context("no key")?;
    let update = iam.update_access_key().user_name(name);
    let update = update.access_key_id(&old.access_key_id);
    update.status(StatusType::Active).send().await?;
    let own = Credentials::new(
        old.access_key_id,
        old.secret_access_key,
        None,
        None,
        "its own",
    );
    let new = world.emulator.clients_of(own).iam.create_access_key();
    new.send().await.context("the user cannot rotate its key")?;
    Ok(())
}

/// What a pipeline makes and removes before the records of its calls arrive.
#[derive(Clone, Copy, Debug)]
enum Pair {
    Role,
    Attachment,
    User,
    InlinePolicy,
    ManagedPolicy,
}

impl Pair {
    const ALL: [Self; 5] = [
        Self::Role,
        Self::Attachment,
        Self::User,
        Self::InlinePolicy,
        Self::ManagedPolicy,
    ];

    /// The watched calls, each of which starts an execution.
    fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Role => &["CreateRole"],
            Self::Attachment => &["CreateRole", "AttachRolePolicy", "DetachRolePolicy"],
            Self::User => &["AttachUserPolicy", "DetachUserPolicy"],
            Self::InlinePolicy => &["PutUserPolicy"],
            Self::ManagedPolicy => &["CreatePolicy"],
        }
    }

    async fn play(self, world: &World, name: &str) -> Result<()> {
        let iam = world.emulator.iam();
        let harmless = document(&["ec2:DescribeVpcs"]);
        let [policy, _] = READ_ONLY;
        let owner = match self {
            Self::Role | Self::Attachment => Owner::Role,
            Self::User | Self::InlinePolicy => Owner::User,
            Self::ManagedPolicy => {
                let arn = world.create_policy(name, &harmless).await?;
                return local_aws::policies::delete(iam, &arn).await;
            }
        };
        owner.create(iam, name).await?;
        match self {
            Self::Attachment | Self::User => {
                owner.attach(iam, name, policy).await?;
                owner.detach(iam, name, policy).await?;
            }
            Self::InlinePolicy => {
                owner.put(iam, name, "own", &harmless).await?;
                owner.delete(iam, name, "own").await?;
            }
            Self::Role | Self::ManagedPolicy => {}
        }
        owner.remove(iam, name).await
    }
}

/// How many watched calls `count` pairs make.
#[must_use]
pub fn calls_of_pairs(count: usize) -> usize {
    pairs(count).map(|(_, pair)| pair.calls().len()).sum()
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, Pair)> {
    Pair::ALL.into_iter().cycle().enumerate().take(count)
}

/// Makes and removes `count` things. The records arrive when all of it is gone.
pub async fn pipeline(world: &World, prefix: &str, count: usize, late: Duration) -> Result<()> {
    deliver_after(world, late).await?;
    let played = stream::iter(pairs(count))
        .map(anyhow::Ok)
        .try_for_each_concurrent(AT_ONCE, async |(number, pair)| {
            let name = format!("{prefix}-{number:04}x");
            pair.play(world, &name).await.with_context(|| name)
        })
        .await;
    deliver_after(world, Duration::ZERO).await.and(played)
}

async fn deliver_after(world: &World, late: Duration) -> Result<()> {
    let settings = CloudTrail {
        delay_seconds: Some(late.as_secs_f64()),
        ..CloudTrail::default()
    };
    world.emulator.set_cloudtrail(settings).await
}

/// What came of ordinary calls. Nobody is to notice any of them.
#[derive(Clone, Debug, Default)]
pub struct Noticed {
    /// The mails about them.
    pub mails: Vec<Mail>,
    /// The errors of the invocations that failed, which ring the alarm on errors.
    pub failed: Vec<String>,
    /// How many invocations Lambda put off. They do not count as errors (AWS Lambda Developer
    /// Guide, "Types of metrics for Lambda functions").
    pub throttled: usize,
}

impl Noticed {
    pub fn add(&mut self, other: Self) {
        self.mails.extend(other.mails);
        self.failed.extend(other.failed);
        self.throttled += other.throttled;
    }

    /// Whether nobody notices anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mails.is_empty() && self.failed.is_empty()
    }
}

/// Waits until `expected` calls have ended their executions, and answers with what came of them.
pub async fn noticed(
    world: &World,
    prefix: &str,
    expected: usize,
    deadline: Duration,
) -> Result<Noticed> {
    let incidents = poll("the ends of ordinary calls", deadline, async || {
        let mut incidents = Vec::new();
        for call in CALLS {
            incidents.extend(world.incidents(call, prefix).await?);
        }
        if incidents.len() < expected {
            return Ok(None);
        }
        for incident in &incidents {
            if world.is_running(incident.execution.arn()).await? {
                return Ok(None);
            }
        }
        Ok(Some(incidents))
    })
    .await?;
    ensure!(incidents.len() == expected, "{} ended", incidents.len());
    let mut noticed = Noticed::default();
    for incident in &incidents {
        let failed = failed_invocations(incident).await?;
        let (throttled, failed): (Vec<_>, Vec<_>) = failed
            .into_iter()
            .partition(|error| error.starts_with("Lambda.TooManyRequestsException"));
        noticed.throttled += throttled.len();
        noticed.failed.extend(failed);
        let closed = incident.execution.closed().await?.context("it runs")?;
        let outcome = closed.output.pointer("/outcome/result");
        let is_ordinary = outcome.is_some_and(|it| it == "clean" || it == "gone");
        ensure!(is_ordinary, "{} ended as {outcome:?}", incident.name());
    }
    let of_these = |mail: &Mail| mail.message.contains(prefix);
    noticed.mails = world.mails_until_now(of_these).await?;
    Ok(noticed)
}

/// The name and the cause of the error, for each invocation of a function that failed.
async fn failed_invocations(incident: &Incident<'_>) -> Result<Vec<String>> {
    let mut failed = Vec::new();
    for event in incident.execution.history().await? {
        let (error, cause) = match event.r#type {
            HistoryEventType::TaskFailed | HistoryEventType::TaskTimedOut => {
                match event.task_failed_event_details {
                    Some(details) => (details.error, details.cause),
                    None => (None, None),
                }
            }
            HistoryEventType::LambdaFunctionFailed | HistoryEventType::LambdaFunctionTimedOut => {
                (None, None)
            }
            _ => continue,
        };
        let error = error.unwrap_or_else(|| event.r#type.to_string());
        failed.push(format!("{error}: {}", cause.unwrap_or_default()));
    }
    Ok(failed)
}
