//! A gentle rollout: monitor mode, exempt principals, and an update of the stack that changes them.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use end_to_end::{Scenario, World, document, expect_parts};
use local_aws::{Stack, StackOptions, stack};

/// For the stack that monitors.
pub(crate) const MONITORING: &[(&str, &str)] = &[("Mode", "Monitor"), ("NotifyOnAllowed", "false")];

/// The exempt user of the usual stack, whose writes are reported and stay.
pub(crate) const EXEMPT: &str = "arn:aws:iam::000000000000:user/rollout/exempt-*";

/// On the usual stack.
pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "rollout::an_exempt_write_is_reported_and_stays",
        exempt,
    )]
}

/// On the stack that monitors.
pub(crate) fn monitoring() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "rollout::monitoring_reports_and_an_update_enforces",
            monitor_then_enforce,
        ),
        Scenario::new(
            "rollout::wrong_parameters_are_refused_with_a_sentence",
            wrong_parameters,
        ),
    ]
}

async fn exempt(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    for (path, name, is_exempt) in [
        ("/rollout/", "exempt-deployer", true),
        ("/", "exempt-by-name-only", false),
    ] {
        let create = iam.create_user().user_name(name).path(path);
        create.send().await.context("cannot create a user")?;
        let admin = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:CreatePolicy","Resource":"*"}]}"#;
        let put = iam.put_user_policy().user_name(name).policy_name("writer");
        put.policy_document(admin).send().await?;
        let key = iam.create_access_key().user_name(name).send().await?;
        let key = key.access_key.context("no access key")?;
        let credentials = Credentials::new(
            key.access_key_id,
            key.secret_access_key,
            None,
            None,
            "scenario",
        );

        let original = document(&["s3:DeleteBucket"]);
        let policy = format!("written-by-{name}");
        let clients = world.emulator.clients_of(credentials);
        let create = clients.iam.create_policy().policy_name(&policy);
        let created = create.policy_document(&original).send().await?;
        let arn = created.policy.and_then(|policy| policy.arn);
        let arn = arn.context("the policy has no ARN")?;
        let incident = world.incident("CreatePolicy", &policy).await?;
        if is_exempt {
            ensure!(incident.outcome().await? == "exempt");
            let mail = incident.report().await?;
            expect_parts(&mail, &["ARE IN FORCE", EXEMPT])?;
            ensure!(world.in_force(&arn).await?.document == original);
            ensure!(world.versions(&arn).await? == ["v1"]);
        } else {
            incident.answer("deny").await?;
            ensure!(incident.outcome().await? == "denied");
        }
    }
    Ok(())
}

async fn monitor_then_enforce(world: Arc<World>) -> Result<()> {
    let restricted = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let arn = world.create_policy("monitored", &restricted).await?;
    let incident = world.incident("CreatePolicy", "\"monitored\"").await?;
    ensure!(incident.outcome().await? == "monitored");
    ensure!(
        incident.states().await?
            == [
                "ValidatePolicy",
                "ChooseAction",
                "PublishReported",
                "AllowWithNotification"
            ],
        "a mail reports it although NotifyOnAllowed is false"
    );
    let mail = incident.report().await?;
    expect_parts(&mail, &["ARE IN FORCE", "Monitor"])?;
    ensure!(world.in_force(&arn).await?.document == restricted);
    ensure!(world.versions(&arn).await? == ["v1"]);

    world
        .create_policy("not-worth-a-mail", &document(&["s3:GetObject"]))
        .await?;
    let silent = world.incident("CreatePolicy", "not-worth-a-mail").await?;
    ensure!(silent.outcome().await? == "clean");
    ensure!(silent.states().await?.contains(&"AllowSilently".to_owned()));

    let mut stack = world.stack.clone();
    let enforcing = [
        ("EmailAddress", "security@example.com"),
        ("Mode", "Enforce"),
        ("ApprovalTimeoutSeconds", "3600"),
    ];
    stack.update(&stack::parameters(&enforcing)).await?;
    ensure!(
        stack.outputs() == world.stack.outputs(),
        "an update moves nothing"
    );
    let arn = world.create_policy("enforced", &restricted).await?;
    let incident = world.incident("CreatePolicy", "\"enforced\"").await?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    ensure!(world.versions(&arn).await? == ["v2"]);

    // A decision is about what the list names. Under another list, it is asked again.
    let restricted_more = [
        &enforcing[..],
        &[("restrictedActions", "s3:DeleteBucket,s3:Get*")],
    ]
    .concat();
    stack.update(&stack::parameters(&restricted_more)).await?;
    world.create_version(&arn, &restricted, true).await?;
    let incident = world.asking("policy/enforced").await?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}

async fn wrong_parameters(world: Arc<World>) -> Result<()> {
    let any_role = "arn:aws:iam::111122223333:role/*";
    for (name, value, sentence) in [
        ("Mode", "Sometimes", "Enforce"),
        ("ExemptPrincipals", "*", "list of role or user ARN patterns"),
        (
            "ExemptPrincipals",
            any_role,
            "list of role or user ARN patterns",
        ),
        ("AlarmTopicArn", "on-call", "ARN of an SNS topic"),
        ("AlarmEmailAddress", "on-call", "one e-mail address"),
        (
            "AlarmEmailAddress",
            "security@example.com",
            "another mailbox",
        ),
        (
            "restrictedActions",
            "DeleteBucket",
            "list of action patterns",
        ),
    ] {
        let options = StackOptions {
            name: "never-made".to_owned(),
            parameters: stack::parameters(&[
                ("EmailAddress", "security@example.com"),
                (name, value),
            ]),
        };
        let refused = Stack::deploy(&world.emulator, options).await;
        let message = match refused {
            Ok(_) => anyhow::bail!("{name} may be {value}"),
            // The SAM CLI breaks its lines.
            Err(error) => format!("{error:?}")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        };
        ensure!(message.contains(sentence), "{name} {value}: {message}");
    }
    Ok(())
}
