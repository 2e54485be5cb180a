//! Records that are no everyday ones: of the root user, of things that have gone since, and of
//! roles that IAM protects.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use end_to_end::{Owner, Scenario, World, access_key, document, join};
use serde_json::{Value, json};

use crate::reported::{ADMINISTRATOR, HARMLESS, deliver, deliver_record, user};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("records::trust_as_iam_shows_it", trust),
        Scenario::new("records::credentials_of_the_root_user", root),
        Scenario::new("records::credentials_of_a_key_for_its_own_user", own),
        Scenario::new("records::what_cannot_be_read_any_more", not_read),
        Scenario::new("records::roles_that_iam_protects", reserved),
    ]
}

/// The newest record of `call` that holds `mark`.
async fn record(world: &World, call: &str, mark: &str) -> Result<Value> {
    let record = world.records(call, mark).await?.pop();
    record.with_context(|| format!("no record of {call}"))
}

/// IAM shows the ARN of an account where the caller wrote its number. The emulator does not, so the
/// role has the ARN and the record the number.
async fn trust(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let name = "records-trusting";
    Owner::Role.create(iam, name).await?;
    for (account, is_reported) in [("444455556666", true), ("000000000000", false)] {
        let trusting = |principal: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"sts:AssumeRole"}}]}}"#
            )
        };
        let shown = trusting(&format!(r#"["arn:aws:iam::{account}:root"]"#));
        let update = iam.update_assume_role_policy().role_name(name);
        update.policy_document(shown).send().await?;
        let mut record = record(&world, "UpdateAssumeRolePolicy", name).await?;
        let recorded = record.pointer_mut("/requestParameters/policyDocument");
        *recorded.context("no document")? = json!(trusting(&format!(r#""{account}""#)));
        let incident = deliver_record(&world, &record).await?;
        if is_reported {
            incident.expect_report(&[account]).await?;
            for mail in incident.mails().await? {
                ensure!(!mail.message.contains("another call"), "{}", mail.message);
            }
        } else {
            incident.silent().await?;
        }
    }
    Ok(())
}

async fn root(world: Arc<World>) -> Result<()> {
    let name = "records-root";
    let iam = user(&world, name).await?;
    let id = access_key(&iam, name).await?;
    let mut key = record(&world, "CreateAccessKey", &id).await?;
    set(&mut key, "/requestParameters", Value::Null)?;
    set(
        &mut key,
        "/responseElements/accessKey/userName",
        json!("Root"),
    )?;
    let incident = deliver_record(&world, &key).await?;
    let parts = [id.as_str(), "the root user", "no policy limits it"];
    incident.expect_report(&parts).await?;

    let create = iam.create_login_profile().user_name(name);
    create.password("a-long-Passw0rd").send().await?;
    let mut password = record(&world, "CreateLoginProfile", name).await?;
    set(
        &mut password,
        "/requestParameters",
        json!({"passwordResetRequired": false}),
    )?;
    set(
        &mut password,
        "/responseElements",
        json!({"loginProfile": {"passwordResetRequired": false}}),
    )?;
    set(
        &mut password,
        "/userIdentity/sessionContext",
        json!({"assumedRoot": "true"}),
    )?;
    let incident = deliver_record(&world, &password).await?;
    incident.expect_report(&["password of the root user"]).await
}

/// Whoever has stolen a key makes another way in, and keeps it when the key is deleted.
async fn own(world: Arc<World>) -> Result<()> {
    for (name, policy) in [
        ("records-own-administrator", ADMINISTRATOR),
        ("records-own-reader", HARMLESS),
    ] {
        let iam = user(&world, name).await?;
        Owner::User.attach(&iam, name, policy).await?;
        let own = document(&["iam:CreateAccessKey", "iam:CreateLoginProfile"]);
        Owner::User.put(&iam, name, "own", &own).await?;
        let key = iam.create_access_key().user_name(name).send().await?;
        let key = key.access_key.context("no key")?;
        let key = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "own");
        let own = world.emulator.clients_of(key).iam;
        own.create_access_key().user_name(name).send().await?;
        let password = own.create_login_profile().user_name(name);
        password.password("a-long-Passw0rd").send().await?;
        let of_user = |record: &&Value| {
            record.pointer("/userIdentity/userName") == Some(&json!(name))
                && record.get("errorCode").is_none()
        };
        let all = world.emulator.cloudtrail_records(0).await?;
        let made: Vec<&Value> = all.iter().filter(of_user).collect();
        ensure!(made.len() == 2, "{made:?}");
        for record in made {
            let incident = deliver_record(&world, record).await?;
            if policy == ADMINISTRATOR {
                incident.expect_report(&["A key of the user made"]).await?;
            } else {
                incident.silent().await?;
            }
            // A person in the console renews them.
            let mut console = record.clone();
            set(&mut console, "/sessionCredentialFromConsole", json!("true"))?;
            let id = record["eventID"].as_str().context("no eventID")?;
            set(&mut console, "/eventID", json!(format!("{id}-console")))?;
            deliver_record(&world, &console).await?.silent().await?;
        }
    }
    Ok(())
}

async fn not_read(world: Arc<World>) -> Result<()> {
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    for (name, policy, is_reported) in [
        ("records-gone-holder", ADMINISTRATOR, true),
        ("records-gone-reader", HARMLESS, false),
    ] {
        let iam = user(&world, name).await?;
        let group = format!("{name}-group");
        Owner::Group.create(&iam, &group).await?;
        Owner::Role.create(&iam, name).await?;
        for owner in [Owner::User, Owner::Role] {
            owner.attach(&iam, name, policy).await?;
        }

        // The policy with the `Deny` goes, and a harmless one takes its name.
        for again in [false, true] {
            let denying = format!("{name}-denies-{again}");
            let arn = world.create_policy(&denying, deny).await?;
            Owner::Role.attach(&iam, name, &arn).await?;
            Owner::Role.detach(&iam, name, &arn).await?;
            iam.delete_policy().policy_arn(&arn).send().await?;
            if again {
                // IAM's dates have whole seconds.
                tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
                let harmless = document(&["ec2:DescribeVpcs"]);
                world.create_policy(&denying, &harmless).await?;
            }
            let incident = deliver(&world, "DetachRolePolicy", &denying).await?;
            let parts = ["could not be read", "AdministratorAccess"];
            if is_reported {
                incident.expect_report(&parts).await?;
            } else {
                incident.silent().await?;
            }
        }

        // The group gets another name.
        join(&iam, name, &group).await?;
        let remove = iam.remove_user_from_group().group_name(&group);
        remove.user_name(name).send().await?;
        let rename = iam.update_group().group_name(&group);
        rename.new_group_name(format!("{group}-too")).send().await?;
        for call in ["AddUserToGroup", "RemoveUserFromGroup"] {
            let incident = deliver(&world, call, &group).await?;
            if is_reported {
                incident.expect_report(&["could not be read"]).await?;
            } else {
                ensure!(incident.outcome().await? == "clean");
                ensure!(incident.mails().await?.is_empty());
            }
        }

        // So does the user.
        let id = access_key(&iam, name).await?;
        let rename = iam.update_user().user_name(name);
        rename.new_user_name(format!("{name}-too")).send().await?;
        let incident = deliver(&world, "CreateAccessKey", &id).await?;
        let parts = ["Renamed or deleted", "could not be read"];
        incident.ends_as("gone", &parts).await?;
    }
    Ok(())
}

async fn reserved(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let restricted = document(&["s3:DeleteBucket"]);
    let create = async |name: &str, path: &str| -> Result<()> {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let create = iam.create_role().role_name(name).path(path);
        create.assume_role_policy_document(trust).send().await?;
        Owner::Role.put(iam, name, "inline", &restricted).await
    };
    let set = "AWSReservedSSO_Records_0123456789abcdef";
    create(set, "/aws-reserved/sso.amazonaws.com/eu-west-1/").await?;
    let incident = deliver(&world, "PutRolePolicy", set).await?;
    let parts = [
        "In force: ",
        "ARE IN FORCE",
        "permission set",
        "s3:DeleteBucket",
    ];
    incident.ends_as("reported", &parts).await?;
    let kept = Owner::Role.get(iam, set, "inline").await?;
    ensure!(kept.as_deref() == Some(&*restricted), "{kept:?}");
    Owner::Role.attach(iam, set, ADMINISTRATOR).await?;
    let incident = deliver(&world, "AttachRolePolicy", set).await?;
    incident.expect_report(&["permission set"]).await?;

    // A caller can choose such a name, and not such a path.
    let own = "AWSReservedSSO_Own_0123456789abcdef";
    create(own, "/").await?;
    let record = record(&world, "PutRolePolicy", own).await?;
    world.deliver(&record).await?.request().await?;
    let left = Owner::Role.get(iam, own, "inline").await?;
    ensure!(left.is_some_and(|left| !left.contains("DeleteBucket")));
    Owner::Role.attach(iam, own, ADMINISTRATOR).await?;
    let incident = deliver(&world, "AttachRolePolicy", own).await?;
    incident
        .expect_asked(&["DENY: detaches the policy AdministratorAccess"])
        .await
}

/// Puts a value into a record.
fn set(record: &mut Value, path: &str, value: Value) -> Result<()> {
    let (parent, name) = path.rsplit_once('/').context("no path")?;
    let parent = record.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.context("no object")?.insert(name.to_owned(), value);
    Ok(())
}
