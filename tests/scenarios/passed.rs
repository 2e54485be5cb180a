//! Calls that are taken back, or hidden behind another name, before the guard reads IAM.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::Client;
use end_to_end::{Owner, Scenario, World, access_key, join};

use crate::reported::{ADMINISTRATOR, HARMLESS, deliver_oldest, user};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("passed::attached_and_detached", attached_and_detached),
        Scenario::new("passed::trusted_for_a_while", trusted),
        Scenario::new("passed::unbounded_for_a_while", unbounded),
        Scenario::new("passed::allowed_for_a_while", undenied),
        Scenario::new("passed::renamed_afterwards", renamed),
        Scenario::new("passed::another_user_of_the_same_name", replaced),
    ]
}

async fn attached_and_detached(world: Arc<World>) -> Result<()> {
    let name = "passed-attached";
    let iam = user(&world, name).await?;
    Owner::User.attach(&iam, name, ADMINISTRATOR).await?;
    Owner::User.detach(&iam, name, ADMINISTRATOR).await?;
    let parts = ["Withdrawn: ", "s3:DeleteBucket", "for a while"];
    let attached = deliver_oldest(&world, "AttachUserPolicy", name).await?;
    attached.ends_as("withdrawn", &parts).await?;

    Owner::Role.create(&iam, name).await?;
    Owner::Role.attach(&iam, name, ADMINISTRATOR).await?;
    Owner::Role.detach(&iam, name, ADMINISTRATOR).await?;
    iam.delete_role().role_name(name).send().await?;
    let attached = deliver_oldest(&world, "AttachRolePolicy", name).await?;
    attached.ends_as("withdrawn", &parts).await
}

async fn trusted(world: Arc<World>) -> Result<()> {
    let name = "passed-trusting";
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let trusting = |principal: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    let (outside, service) = (
        trusting(r#"{"AWS":"arn:aws:iam::444455556666:root"}"#),
        trusting(r#"{"Service":"lambda.amazonaws.com"}"#),
    );
    let create = iam.create_role().role_name(name);
    create.assume_role_policy_document(&service).send().await?;
    for document in [&outside, &service] {
        let update = iam.update_assume_role_policy().role_name(name);
        update.policy_document(document).send().await?;
    }
    let parts = ["Withdrawn: ", "444455556666", "for a while"];
    let written = deliver_oldest(&world, "UpdateAssumeRolePolicy", name).await?;
    written.ends_as("withdrawn", &parts).await?;

    let name = "passed-trusting-and-deleted";
    let create = iam.create_role().role_name(name);
    create.assume_role_policy_document(&outside).send().await?;
    iam.delete_role().role_name(name).send().await?;
    let created = deliver_oldest(&world, "CreateRole", name).await?;
    created.ends_as("withdrawn", &parts).await
}

async fn unbounded(world: Arc<World>) -> Result<()> {
    let name = "passed-unbounded";
    let iam = user(&world, name).await?;
    let bound = async |policy: &str| {
        let put = iam.put_user_permissions_boundary().user_name(name);
        put.permissions_boundary(policy).send().await
    };
    bound(HARMLESS).await?;
    let delete = iam.delete_user_permissions_boundary().user_name(name);
    delete.send().await?;
    bound(HARMLESS).await?;
    let deleted = deliver_oldest(&world, "DeleteUserPermissionsBoundary", name).await?;
    let parts = ["Withdrawn: ", "no boundary limited"];
    deleted.ends_as("withdrawn", &parts).await?;

    let name = "passed-bounded-widely";
    Owner::Role.create(&iam, name).await?;
    for policy in [ADMINISTRATOR, HARMLESS] {
        let put = iam.put_role_permissions_boundary().role_name(name);
        put.permissions_boundary(policy).send().await?;
    }
    let put = deliver_oldest(&world, "PutRolePermissionsBoundary", name).await?;
    let parts = ["Withdrawn: ", "s3:DeleteBucket", "the boundary allowed"];
    put.ends_as("withdrawn", &parts).await
}

async fn undenied(world: Arc<World>) -> Result<()> {
    let name = "passed-undenied";
    let iam = user(&world, name).await?;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    let denies = world.create_policy("passed-denies", deny).await?;
    let attach = || iam.attach_user_policy().user_name(name).policy_arn(&denies);
    attach().send().await?;
    Owner::User.detach(&iam, name, &denies).await?;
    attach().send().await?;
    let detached = deliver_oldest(&world, "DetachUserPolicy", name).await?;
    let parts = ["Withdrawn: ", "contains a Deny", "for a while"];
    detached.ends_as("withdrawn", &parts).await
}

/// A rename keeps all permissions, and the record has only the old name.
async fn renamed(world: Arc<World>) -> Result<()> {
    let name = "passed-renamed";
    let iam = user(&world, name).await?;
    Owner::Group.create(&iam, name).await?;
    for owner in [Owner::User, Owner::Group] {
        owner.attach(&iam, name, ADMINISTRATOR).await?;
    }
    rename(&iam, name, "passed-renamed-2").await?;
    let group = iam.update_group().group_name(name);
    group.new_group_name("passed-renamed-2").send().await?;
    for kind in ["User", "Group"] {
        let attached = deliver_oldest(&world, &format!("Attach{kind}Policy"), name).await?;
        let call = format!("an Update{kind} call");
        let parts = [
            "Renamed or deleted: ",
            "STILL IN FORCE",
            &call,
            "s3:DeleteBucket",
        ];
        attached.ends_as("gone", &parts).await.context(kind)?;
        let renamed = deliver_oldest(&world, &format!("Update{kind}"), name).await?;
        let parts = ["AdministratorAccess", "keeps its restricted permissions"];
        renamed.expect_report(&parts).await.context(kind)?;
    }
    Ok(())
}

/// A harmless user that takes the old name does not hide the renamed user, who got a key.
async fn replaced(world: Arc<World>) -> Result<()> {
    let (name, decoy) = ("passed-replaced", "passed-decoy");
    let iam = user(&world, name).await?;
    Owner::User.create(&iam, decoy).await?;
    let group = "passed-administrators";
    Owner::Group.create(&iam, group).await?;
    Owner::Group.attach(&iam, group, ADMINISTRATOR).await?;
    join(&iam, name, group).await?;
    let key = access_key(&iam, name).await?;
    rename(&iam, name, "passed-replaced-2").await?;
    rename(&iam, decoy, name).await?;
    let made = deliver_oldest(&world, "CreateAccessKey", &key).await?;
    let outcome = made.outcome().await?;
    ensure!(outcome == "clean", "{outcome}");
    let renamed = deliver_oldest(&world, "UpdateUser", "passed-replaced-2").await?;
    let parts = ["AdministratorAccess", "credentials that someone made"];
    renamed.expect_report(&parts).await
}

async fn rename(iam: &Client, name: &str, new: &str) -> Result<()> {
    let user = iam.update_user().user_name(name);
    user.new_user_name(new).send().await?;
    Ok(())
}
