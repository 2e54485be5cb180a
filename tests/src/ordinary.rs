//! The calls of an ordinary day, such as a Terraform apply and a rotation of keys. None of them
//! causes a mail.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use local_aws::{Mail, poll};

use crate::{Owner, World, document, join};

/// Policies that are often attached and grant nothing restricted.
const READ_ONLY: [&str; 2] = [
    "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess",
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
];
const FOR_LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
/// How many calls are made at the same moment.
const AT_ONCE: usize = 16;

/// The names of the calls that are made, each of which starts an execution.
pub const CALLS: [&str; 6] = [
    "AttachGroupPolicy",
    "CreateRole",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "CreateAccessKey",
    "AddUserToGroup",
];

/// How many watched calls one round makes: a role with a policy that comes and goes, and a user
/// with two keys in a group.
pub const CALLS_OF_ONE: usize = 6;

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
            Owner::User.create(iam, &name).await?;
            join(iam, &name, &group).await?;
            rotate(world, &name).await
        })
        .await
}

/// A user rotates the access key: creates a new one with the old one, and deletes the old one.
async fn rotate(world: &World, name: &str) -> Result<()> {
    let iam = world.emulator.iam();
    let allow = document(&["iam:CreateAccessKey"]);
    Owner::User.put(iam, name, "own-keys", &allow).await?;
    let old = iam.create_access_key().user_name(name).send().await?;
    let old = old.access_key.context("no key")?;
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

/// Waits until each of these calls has ended its execution, and answers with the mails about them.
pub async fn mails(
    world: &World,
    prefix: &str,
    count: usize,
    deadline: Duration,
) -> Result<Vec<Mail>> {
    let expected = count * CALLS_OF_ONE + 1;
    poll("the ends of ordinary calls", deadline, async || {
        let mut incidents = Vec::new();
        for call in CALLS {
            incidents.extend(world.incidents(call, prefix).await?);
        }
        if incidents.len() < expected {
            return Ok(None);
        }
        for incident in &incidents {
            let Some(closed) = incident.execution.closed().await? else {
                return Ok(None);
            };
            let outcome = closed.output.pointer("/outcome/result");
            ensure!(
                outcome.is_some_and(|it| it == "clean"),
                "it ended as {outcome:?}"
            );
        }
        Ok(Some(()))
    })
    .await?;
    world
        .mails_until_now(|mail| mail.message.contains(prefix))
        .await
}
