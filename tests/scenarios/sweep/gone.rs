//! What denied something, and is there no more.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Owner, Scenario, Swept, World, expect_parts};
use local_aws::Mail;
use serde_json::{Value, json};

use super::{alone, denying, role};
use crate::reported::HARMLESS;

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "sweep::a_denial_that_went_is_reported_once",
        went,
    )]
}

/// A role with an attached and an inline denial, and a boundary.
async fn prepare(world: &World, name: &str, policy: &str) -> Result<()> {
    let iam = world.emulator.iam();
    role(world, name).await?;
    Owner::Role.attach(iam, name, policy).await?;
    Owner::Role.put(iam, name, "inline", &denying()).await?;
    let put = iam.put_role_permissions_boundary().role_name(name);
    put.permissions_boundary(HARMLESS).send().await?;
    Ok(())
}

async fn take_away(world: &World, name: &str, policy: &str) -> Result<()> {
    let iam = world.emulator.iam();
    Owner::Role.detach(iam, name, policy).await?;
    Owner::Role.delete(iam, name, "inline").await?;
    let delete = iam.delete_role_permissions_boundary().role_name(name);
    delete.send().await?;
    Ok(())
}

fn gone(swept: &Swept) -> Vec<Value> {
    let gone = swept.report().and_then(|report| report.get("gone"));
    gone.and_then(Value::as_array).cloned().unwrap_or_default()
}

async fn went(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let policy = world.create_policy("gone-denying", &denying()).await?;
    for name in ["gone-unseen", "gone-seen", "gone-deleted", "gone-never"] {
        prepare(&world, name, &policy).await?;
    }
    let swept = world.sweep().await?;
    ensure!(swept.report().is_none(), "{:?}", swept.report());
    let denials = swept.output.get("denials").and_then(Value::as_array);
    ensure!(
        denials.is_some_and(|denials| denials.len() >= 12),
        "{denials:?}"
    );

    for name in ["gone-unseen", "gone-seen", "gone-deleted"] {
        take_away(&world, name, &policy).await?;
    }
    Owner::Role
        .remove(world.emulator.iam(), "gone-deleted")
        .await?;
    for event in ["DetachRolePolicy", "DeleteRolePermissionsBoundary"] {
        let record = world.records(event, "gone-seen").await?.pop();
        let incident = world.deliver(&record.context("no record")?).await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == "reported", "{event}: {outcome}");
    }
    let swept = world.sweep().await?;
    ensure!(swept.reason() == Some("gone"), "{:?}", swept.report());
    let owner = |name: &str| json!({"kind": "role", "name": name});
    let inline = json!({"type": "inline", "name": "inline"});
    let expected = [
        json!({"owner": owner("gone-unseen"), "what": {"type": "attached", "policy": policy}}),
        json!({"owner": owner("gone-unseen"), "what": {"type": "boundary", "policy": HARMLESS}}),
        json!({"owner": owner("gone-unseen"), "what": inline}),
        // No event of a deleted inline policy is heard.
        json!({"owner": owner("gone-seen"), "what": inline}),
    ];
    let gone = gone(&swept);
    ensure!(gone.len() == expected.len(), "{gone:?}");
    for one in &expected {
        ensure!(gone.contains(one), "no {one} in {gone:?}");
    }
    let mail = swept.mail(&world).await?;
    ensure!(
        mail.subject
            .starts_with("Gone: 4 things that denied something in the account "),
        "{}",
        mail.subject
    );
    let attached = format!(
        "Role `gone-unseen`: the managed policy `{policy}`, which has a Deny, is not attached any more. Look for DetachRolePolicy\n"
    );
    expect_parts(
        &mail,
        &[
            ", 4 things that denied something are gone since the last sweep of the guard. What they denied may be allowed now.\n",
            "\nNo earlier e-mail of the guard reported this. The guard changed nothing.\n",
            "\nWHAT DENIED SOMETHING AND IS GONE since the sweep before\n1. Role `gone-",
            &attached,
            "Role `gone-unseen`: the inline policy `inline`, which had a Deny, was deleted. Look for DeleteRolePolicy\n",
            "Role `gone-unseen`: the permissions boundary `arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess` is gone. Look for DeleteRolePermissionsBoundary\n",
            "Role `gone-seen`: the inline policy `inline`, which had a Deny, was deleted. Look for DeleteRolePolicy\n",
        ],
    )?;
    for other in ["gone-deleted", "gone-never", "aws iam "] {
        ensure!(!mail.message.contains(other), "{other}: {}", mail.message);
    }
    let next = world.sweep().await?;
    ensure!(next.report().is_none(), "{:?}", next.report());
    let about = |mail: &Mail| mail.message.contains("`gone-unseen`");
    ensure!(world.mails_until_now(about).await?.len() == 1);
    Ok(())
}
