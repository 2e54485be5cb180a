//! What the guard's roles are for: each kind of owner, records that must be looked up, and the guard's own roles, which it leaves alone.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{SOON, Scenario, World, actions, document};
use local::poll;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("roles::an_inline_policy_of_a_role", |world| {
            inline(world, Owner::Role)
        }),
        Scenario::new("roles::an_inline_policy_of_a_user", |world| {
            inline(world, Owner::User)
        }),
        Scenario::new("roles::an_inline_policy_of_a_group", |world| {
            inline(world, Owner::Group)
        }),
        Scenario::new(
            "roles::a_version_without_the_restricted_grants_is_used_again",
            used_again,
        ),
        Scenario::new(
            "roles::after_a_failure_what_is_in_force_is_read_and_told",
            assessed,
        ),
        Scenario::new(
            "roles::the_guard_cannot_rewrite_its_own_roles_and_says_so",
            own_roles,
        ),
    ]
}

#[derive(Clone, Copy)]
enum Owner {
    Role,
    User,
    Group,
}

impl Owner {
    fn event_name(self) -> &'static str {
        match self {
            Self::Role => "PutRolePolicy",
            Self::User => "PutUserPolicy",
            Self::Group => "PutGroupPolicy",
        }
    }

    fn member(self) -> &'static str {
        match self {
            Self::Role => "roleName",
            Self::User => "userName",
            Self::Group => "groupName",
        }
    }

    async fn create(self, iam: &Client, name: &str) -> Result<()> {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        match self {
            Self::Role => {
                let create = iam
                    .create_role()
                    .role_name(name)
                    .assume_role_policy_document(trust);
                create.send().await.context("cannot create a role")?;
            }
            Self::User => {
                let create = iam.create_user().user_name(name);
                create.send().await.context("cannot create a user")?;
            }
            Self::Group => {
                let create = iam.create_group().group_name(name);
                create.send().await.context("cannot create a group")?;
            }
        }
        Ok(())
    }

    async fn put(self, iam: &Client, owner: &str, policy: &str, document: &str) -> Result<()> {
        match self {
            Self::Role => {
                let put = iam.put_role_policy().role_name(owner).policy_name(policy);
                put.policy_document(document).send().await?;
            }
            Self::User => {
                let put = iam.put_user_policy().user_name(owner).policy_name(policy);
                put.policy_document(document).send().await?;
            }
            Self::Group => {
                let put = iam.put_group_policy().group_name(owner).policy_name(policy);
                put.policy_document(document).send().await?;
            }
        }
        Ok(())
    }

    async fn get(self, iam: &Client, owner: &str, policy: &str) -> Result<String> {
        let encoded = match self {
            Self::Role => {
                let get = iam.get_role_policy().role_name(owner).policy_name(policy);
                get.send().await?.policy_document
            }
            Self::User => {
                let get = iam.get_user_policy().user_name(owner).policy_name(policy);
                get.send().await?.policy_document
            }
            Self::Group => {
                let get = iam.get_group_policy().group_name(owner).policy_name(policy);
                get.send().await?.policy_document
            }
        };
        Ok(percent_decode_str(&encoded).decode_utf8()?.into_owned())
    }
}

async fn inline(world: Arc<World>, owner: Owner) -> Result<()> {
    let iam = world.emulator.iam();
    let name = format!("inline-of-{}", owner.member());
    owner.create(iam, &name).await?;

    // A record without its document is looked up.
    owner
        .put(iam, &name, "harmless", &document(&["s3:GetObject"]))
        .await?;
    let request = json!({owner.member(): name, "policyName": "harmless"});
    let closed = judged(&world, owner.event_name(), &request, &json!({})).await?;
    ensure!(closed.0 == ExecutionStatus::Succeeded, "{closed:?}");
    let result = closed.1.pointer("/outcome/result").and_then(Value::as_str);
    ensure!(result == Some("clean"), "{closed:?}");

    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let policy = format!("restricted-by-{}", owner.member());
    owner.put(iam, &name, &policy, &original).await?;
    let incident = world.incident(owner.event_name(), &policy).await?;
    incident.request().await?;
    let remediated = owner.get(iam, &name, &policy).await?;
    ensure!(
        actions(&remediated)? == ["s3:GetObject"],
        "in force: {remediated}"
    );
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    ensure!(owner.get(iam, &name, &policy).await? == original);
    Ok(())
}

async fn used_again(world: Arc<World>) -> Result<()> {
    let harmless = document(&["s3:GetObject"]);
    let arn = world.create_policy("used-again", &harmless).await?;
    let restricted = document(&["s3:GetObject", "s3:DeleteBucket"]);
    world.create_version(&arn, &restricted, true).await?;
    let incident = world.incident("CreatePolicyVersion", &arn).await?;
    incident.request().await?;
    ensure!(world.in_force(&arn).await?.version == "v1");
    ensure!(world.versions(&arn).await? == ["v1", "v2"]);
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    ensure!(world.versions(&arn).await? == ["v1"]);
    Ok(())
}

async fn assessed(world: Arc<World>) -> Result<()> {
    let arn = world
        .create_policy("assessed", &document(&["s3:GetObject"]))
        .await?;
    let request = json!({"policyArn": arn, "policyDocument": document(&["s3:DeleteBucket"]), "setAsDefault": true});
    // What no state writes there makes the task fail.
    let broken = json!({"quarantine": {"evicted": "no list"}});
    let closed = judged(&world, "CreatePolicyVersion", &request, &broken).await?;
    ensure!(closed.0 == ExecutionStatus::Failed, "{closed:?}");
    let mail = world
        .mail("the failure", |mail| {
            mail.message.contains("policy/assessed") && mail.message.contains("PayloadMalformed")
        })
        .await?;
    ensure!(
        mail.message.contains("version v1") && mail.message.contains("nothing restricted"),
        "the mail says what is in force: {}",
        mail.message
    );
    Ok(())
}

async fn own_roles(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    let resources = world.stack.resources().await?;
    for logical in ["RemediateRole", "ValidatePolicyRole"] {
        let role = resources.get(logical).context("no such role")?;
        let original = document(&["s3:DeleteBucket"]);
        Owner::Role.put(iam, role, "sneaked-in", &original).await?;
        let incident = world.incident("PutRolePolicy", role).await?;
        let closed = incident.closed().await?;
        ensure!(closed.status == ExecutionStatus::Failed, "{closed:?}");
        ensure!(closed.error.as_deref() == Some("AwsRefused"), "{closed:?}");
        let mail = incident.report().await?;
        ensure!(
            mail.message.contains("GRANTS RESTRICTED ACTIONS"),
            "the mail asks for a person: {}",
            mail.message
        );
        ensure!(
            Owner::Role.get(iam, role, "sneaked-in").await? == original,
            "the guard rewrote a role of its own"
        );
        let delete = iam.delete_role_policy().role_name(role);
        delete.policy_name("sneaked-in").send().await?;
    }
    Ok(())
}

/// Starts an execution by hand with a record of `event_name`, and waits for its end: status and output.
async fn judged(
    world: &World,
    event_name: &str,
    request: &Value,
    besides: &Value,
) -> Result<(ExecutionStatus, Value)> {
    let mut input = json!({
        "account": local::emulator::ACCOUNT,
        "region": local::emulator::REGION,
        "detail": {
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::000000000000:user/alice", "userName": "alice"},
            "eventTime": "2026-03-02T09:15:29Z",
            "eventSource": "iam.amazonaws.com",
            "eventName": event_name,
            "eventID": "7d3c4c0e-5f9f-4f5e-9f5a-2b1f8e6f0c11",
            "requestParameters": request,
            "responseElements": {"policyVersion": {"versionId": "v1", "isDefaultVersion": true}},
        },
    });
    if let (Value::Object(input), Value::Object(besides)) = (&mut input, besides) {
        input.extend(besides.clone());
    }
    let states = world.emulator.sfn();
    let start = states
        .start_execution()
        .state_machine_arn(world.stack.output("StateMachineArn")?)
        .input(input.to_string());
    let arn = start.send().await?.execution_arn;
    let closed = poll("the end of the execution", SOON, async || {
        let described = states.describe_execution().execution_arn(&arn).send();
        let described = described.await?;
        Ok((described.status != ExecutionStatus::Running).then_some(described))
    });
    let closed = closed.await?;
    let output = serde_json::from_str(closed.output.as_deref().unwrap_or("null"))?;
    Ok((closed.status, output))
}
