//! An account that held restricted grants before the guard was there.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{
    Owner, SOON, Scenario, Swept, Target, World, Write, commands, document, expect_parts, join,
};
use local_aws::{Execution, Mail, command, functions, poll, stack, workspace};
use serde_json::Value;
use xtask::account::Account;
use xtask::deployed::Deployed;
use xtask::holdings;

use super::{LISTS, deliver, lost, records, restricted};
use crate::reported::{ADMINISTRATOR, HARMLESS};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "sweep::what_stood_before_the_guard_stays",
        old,
    )]
}

/// What the account holds before the first sweep.
pub(super) struct Old {
    pub(super) managed: Target,
    pub(super) inline: Target,
}

async fn old(_: Arc<World>) -> Result<()> {
    let world = World::start(LISTS).await?;
    let played = play(&world).await;
    world.stop().await?;
    played
}

async fn play(world: &World) -> Result<()> {
    world.deliver_by_hand().await?;
    let old = prepare(world).await?;
    let first = first(world, &old).await.context("the first sweep")?;
    deliver(world, false).await?;
    let before = world.stack.executions().await?.len();
    let mut settled: Option<Swept> = None;
    for number in 1..=10 {
        let swept = world.sweep().await?;
        ensure!(
            swept.states == ["Begin", "Survey", "NextStep", "Swept"],
            "{number}: {:?}",
            swept.states
        );
        // What the lists only report stays in the remediation of the proof. It is new once, and its
        // own incident accounts for it.
        let new = u64::from(settled.is_none());
        for count in ["new", "accounted"] {
            ensure!(swept.count(count)? == new, "{number}: {:?}", swept.output);
        }
        let settled = settled.get_or_insert_with(|| swept.clone());
        for member in ["memory", "probedAt", "denials"] {
            let (now, then) = (swept.output.get(member), settled.output.get(member));
            ensure!(now == then, "{number}, {member}: {now:?} was {then:?}");
        }
    }
    ensure!(world.stack.executions().await?.len() == before);
    report(world).await.context("make report")?;
    records::about_what_is_known(world, &old, &first).await?;
    other_rules(world).await.context("other rules")
}

async fn prepare(world: &World) -> Result<Old> {
    let iam = world.emulator.iam();
    let name = |name: &str| [name.to_owned()];
    let managed = lost(world, Write::CreatePolicy, &name("old-managed")).await?;
    let inline = lost(world, Write::PutRolePolicy, &name("old-inline")).await?;
    lost(world, Write::PutUserPolicy, &name("old-of-a-user")).await?;
    lost(world, Write::PutGroupPolicy, &name("old-of-a-group")).await?;
    let [Some(managed), Some(inline)] = [managed, inline].map(|it| it.into_iter().next()) else {
        anyhow::bail!("no policies");
    };
    for (owner, holder) in [
        (Owner::Role, "old-role"),
        (Owner::User, "old-user"),
        (Owner::Group, "old-group"),
    ] {
        owner.create(iam, holder).await?;
        owner.attach(iam, holder, managed.arn()).await?;
    }
    Owner::Role.attach(iam, "old-role", ADMINISTRATOR).await?;
    Owner::Role.attach(iam, "old-role", HARMLESS).await?;
    Owner::User.create(iam, "old-member").await?;
    join(iam, "old-member", "old-group").await?;
    let put = iam.put_user_permissions_boundary().user_name("old-user");
    put.permissions_boundary(HARMLESS).send().await?;
    for (path, reserved) in [
        (
            "/aws-reserved/sso.amazonaws.com/",
            "AWSReservedSSO_Old_0123456789abcdef",
        ),
        (
            "/aws-service-role/example.amazonaws.com/",
            "AWSServiceRoleForExample",
        ),
    ] {
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"example.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let create = iam.create_role().role_name(reserved).path(path);
        create.assume_role_policy_document(trust).send().await?;
        Owner::Role.attach(iam, reserved, ADMINISTRATOR).await?;
        Owner::Role
            .put(iam, reserved, "inline", &restricted())
            .await?;
    }
    Ok(Old { managed, inline })
}

async fn first(world: &World, old: &Old) -> Result<Swept> {
    deliver(world, true).await?;
    let swept = world.sweep().await?;
    ensure!(swept.reason() == Some("first"), "{:?}", swept.report());
    ensure!(swept.hints().is_empty());
    let restricted = swept.output.pointer("/counts/restricted");
    let of_kind = |kind: &str| restricted.and_then(|counts| counts.get(kind)?.as_u64());
    for (kind, count) in [
        ("managed", 1),
        // Of a role, a user, a group, and of the two that are reserved.
        ("inline", 5),
        // Three of the customer's policy, and three of AWS's.
        ("attachments", 6),
        ("memberships", 1),
        // Those of the service-linked role.
        ("reserved", 2),
    ] {
        ensure!(of_kind(kind) == Some(count), "{kind}: {restricted:?}");
    }
    let report = swept.report().context("no report")?;
    let grants = report.get("grants").and_then(Value::as_array);
    let grants = grants.context("no grants")?;
    let listed = |mark: &str| {
        grants
            .iter()
            .find(|grant| grant["subject"].to_string().contains(mark))
    };
    let managed = listed("old-managed").context("the managed policy is not listed")?;
    let held = managed.get("heldBy").and_then(Value::as_str);
    ensure!(
        held == Some("held by 1 role, 1 user and 1 group (1 other user)"),
        "{managed}"
    );
    let pattern = report.pointer("/patterns/0/pattern");
    ensure!(pattern.is_some_and(Value::is_string), "{report}");
    ensure!(
        listed("AWSReservedSSO").is_some_and(|it| it.get("hint").is_some()),
        "Identity Center's administrators can be asked about: {grants:?}"
    );
    ensure!(
        listed("AWSServiceRole").is_some_and(|it| it.get("hint").is_none()),
        "nobody can change a service-linked role: {grants:?}"
    );

    let mail = swept.mail(world).await?;
    says_what_is_in_force(&mail, old, managed)?;
    // The only incident is about the proof of life, which came through CloudTrail.
    let probe = world.incident("PutRolePolicy", "proof-of-life").await?;
    probe.answer("deny").await?;
    ensure!(probe.outcome().await? == "denied");
    ensure!(world.stack.executions().await?.len() == 1);
    ensure!(swept.output.get("probedAt").is_some_and(Value::is_string));
    Ok(swept)
}

/// `managed` is what the sweep says about the managed policy.
fn says_what_is_in_force(mail: &Mail, old: &Old, managed: &Value) -> Result<()> {
    let arn = old.managed.arn();
    let entry = format!(
        "\n4. managed policy `{arn}`\nRestricted: s3:DeleteBucket. Held by 1 role, 1 user and 1 group (1 other user). With the command, the guard asks you.\n  https://console.aws.amazon.com/iam/home#/policies/details/"
    );
    expect_parts(
        mail,
        &[
            ". It read what is in force, and changed nothing.\n",
            "\nYou do not need to do anything now.",
            "\n- 1 managed policy of this account grants one\n- 5 inline policies grant one\n- 6 times, a policy that grants one is attached to a user, a group or a role\n- 1 time, a user is in a group that has one\n2 of these belong to AWS services, and only the services can change that.\n",
            "\n1. s3:DeleteBucket: 9\n2. s3:DeleteObject: 3\n3. ec2:TerminateInstances: 3\n4. ec2:StopInstances: 3\n",
            "\nTHE POLICIES, with the command for each\n\n1. policy `arn:aws:iam::aws:policy/AdministratorAccess` on role `",
            ". policy `arn:aws:iam::aws:policy/AdministratorAccess` on role `old-role`\nRestricted: s3:DeleteBucket, s3:DeleteObject, ec2:TerminateInstances, ec2:StopInstances. The command takes it away at once, without a question: look first at who relies on it, and at what it denies.\n  https://console.aws.amazon.com/iam/home#/roles/details/old-role\n  aws iam detach-role-policy --role-name 'old-role' --policy-arn 'arn:aws:iam::aws:policy/AdministratorAccess'\n",
            " If IAM Identity Center made the role, change its permission set there instead: no one else can change it.\n",
            "ec2:StopInstances. Only the AWS service that it belongs to can change it.\n  https://console.aws.amazon.com/iam/home#/roles/details/AWSServiceRoleForExample\n",
            &entry,
        ],
    )?;
    let commands = commands(mail, "aws stepfunctions start-execution")?;
    let mut inputs = commands.iter().filter_map(|it| it.option("input"));
    let input = inputs.find(|input| input.contains(&format!("\"{arn}\"")));
    let input: Value = serde_json::from_str(input.context("no command")?)?;
    ensure!(managed.get("hint") == Some(&input), "{input}");
    Ok(())
}

/// `make report` names who holds what.
async fn report(world: &World) -> Result<()> {
    let mut cargo = command::program("cargo");
    cargo.args(["build", "--quiet", "--workspace", "--bin", "iam-guard"]);
    functions::as_from_a_shell(&mut cargo);
    command::run_shown(cargo, "cargo build").await?;
    let program = workspace::root().join("target/debug/iam-guard");
    let account = Account::of_emulator(&world.emulator).await?;
    let deployed = Deployed::read(&account, world.stack.name()).await?;
    let written = holdings::write(&account, &deployed, &program).await?;
    let page = std::fs::read_to_string(&written.page)?;
    for name in [
        "old-role",
        "old-group",
        "old-managed",
        "old-inline",
        "s3:DeleteBucket",
    ] {
        ensure!(written.text.contains(name), "no {name} in {}", written.text);
        ensure!(page.contains(name), "no {name} in the page");
    }
    let bounded = "old-user ";
    ensure!(
        !written.text.contains(bounded),
        "its boundary leaves nothing"
    );
    Ok(())
}

/// What a deployment makes restricted, and what it says is known, starts no incident.
async fn other_rules(world: &World) -> Result<()> {
    let before = world.stack.executions().await?.len();
    world
        .create_policy("old-by-another-list", &document(&["s3:PutBucketAcl"]))
        .await?;
    let mut all = vec![("EmailAddress", "security@example.com")];
    all.extend_from_slice(LISTS);
    all.retain(|(name, _)| *name != "restrictedActions");
    all.push((
        "restrictedActions",
        "s3:DeleteBucket,s3:DeleteObject,s3:PutBucketAcl",
    ));
    let mut stack = world.stack.clone();
    stack.update(&stack::parameters(&all)).await?;
    let swept = world.sweep().await?;
    ensure!(swept.reason() == Some("otherRules"), "{:?}", swept.report());
    ensure!(swept.hints().is_empty());
    ensure!(world.sweep().await?.report().is_none());

    lost(world, Write::CreatePolicy, &["old-and-blessed".to_owned()]).await?;
    all.extend([
        ("SweepBaseline", "reviewed"),
        ("SweepSchedule", "rate(1 hour)"),
    ]);
    stack.update(&stack::parameters(&all)).await?;
    let known = sweeps(world).await?;
    let fired = world.emulator.fire_schedules().await?;
    ensure!(
        fired.iter().any(|rule| rule.ends_with("-sweep")),
        "{fired:?}"
    );
    let scheduled = poll("the scheduled sweep", SOON, async || {
        Ok(sweeps(world).await?.difference(&known).next().cloned())
    });
    let scheduled = Execution::new(world.emulator.sfn().clone(), scheduled.await?);
    let swept = world.swept(scheduled).await?;
    ensure!(swept.reason() == Some("otherRules"), "{:?}", swept.report());
    ensure!(swept.hints().is_empty());
    let next = world.sweep().await?;
    ensure!(next.hints().is_empty() && next.report().is_none());
    ensure!(world.stack.executions().await?.len() == before);
    Ok(())
}

async fn sweeps(world: &World) -> Result<BTreeSet<String>> {
    let list = world.emulator.sfn().list_executions();
    let list = list.state_machine_arn(world.stack.output("SweepStateMachineArn")?);
    let listed = list.send().await?.executions.into_iter();
    Ok(listed.map(|it| it.execution_arn).collect())
}
