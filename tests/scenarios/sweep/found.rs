//! What is new and was reported by no event.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use end_to_end::{Command, Owner, Scenario, Target, World, Write, commands, expect_parts, join};
use local_aws::Mail;

use super::{alone, expect_contained, lost, restricted};
use crate::reported::{ADMINISTRATOR, HARMLESS};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("sweep::fifty_lost_events_are_fifty_incidents", fifty),
        Scenario::new("sweep::more_than_the_most_are_for_a_person", over),
        Scenario::new("sweep::an_exempt_write_that_was_seen_stays", exempt),
    ]
}

/// AWS's own policies. Nobody had the last two before.
const OF_AWS: [&str; 3] = [
    ADMINISTRATOR,
    "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    "arn:aws:iam::aws:policy/PowerUserAccess",
];
/// How many documents there are of each write: 30, with 12 attachments and 8 memberships.
const OF_EACH: usize = 5;
const MEMBERS: usize = 8;
const GROUP: &str = "lost-administrators";

/// One of the fifty, and the words that only its hint has.
struct Lost {
    name: String,
    target: Option<Target>,
}

async fn fifty(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let iam = world.emulator.iam();
    // A group that is known, and so is what it gives.
    Owner::Group.create(iam, GROUP).await?;
    Owner::Group.attach(iam, GROUP, ADMINISTRATOR).await?;
    let swept = world.sweep().await?;
    let [known] = &swept.settled(&world).await?[..] else {
        anyhow::bail!("{:?}", swept.hints());
    };
    known.answer("allow").await?;
    ensure!(known.outcome().await? == "kept");
    world.settle().await?;

    let all = write_fifty(&world).await?;
    // With so many, the history of the sweep begins on another page than its e-mail.
    let swept = world.sweep_and_report().await?;
    ensure!(swept.count("started")? == 50, "{:?}", swept.output);
    ensure!(swept.reason() == Some("asked"), "{:?}", swept.report());
    swept.mail(&world).await?;
    let incidents = swept.settled(&world).await?;
    let mut found = Vec::new();
    for lost in &all {
        let mark = format!("\"{}\"", lost.name);
        let path = format!("/{}\"", lost.name);
        let mut hints = swept.hints().into_iter().map(ToString::to_string);
        let place = hints.position(|hint| hint.contains(&mark) || hint.contains(&path));
        let place = place.with_context(|| format!("no incident about {}", lost.name))?;
        let incident = incidents.get(place).context("no such incident")?;
        let is_waiting = incident.is_waiting().await?;
        ensure!(is_waiting, "{}: {:?}", lost.name, incident.states().await?);
        if let Some(target) = &lost.target {
            expect_contained(&world, target).await?;
        }
        found.push(incident);
    }

    // They wait for a decision, so nothing is new.
    let next = world.sweep().await?;
    ensure!(next.count("started")? == 0, "{:?}", next.output);
    ensure!(next.count("pending")? >= 20, "{:?}", next.output);

    let mut denied = Vec::new();
    for (lost, incident) in all.iter().zip(found) {
        let Some(target) = &lost.target else {
            continue;
        };
        let (answer, outcome) = match lost.name.chars().last() {
            Some('0') => ("allow", "allowed"),
            Some('1') => ("deny", "denied"),
            _ => continue,
        };
        incident.answer(answer).await?;
        ensure!(incident.outcome().await? == outcome, "{}", lost.name);
        if outcome == "denied" {
            denied.push(target);
        }
    }
    let next = world.sweep().await?;
    ensure!(next.count("started")? == 0, "{:?}", next.output);
    ensure!(next.count("accounted")? == 6, "{:?}", next.output);
    let known = next.output.pointer("/memory").cloned();

    // An incident of the last minutes may still be at work on what the sweep sees, so it leaves
    // that to the next one; it does not take it as known.
    for target in &denied {
        target.overwrite(iam, &restricted()).await?;
    }
    let next = world.sweep().await?;
    ensure!(next.count("started")? == 0, "{:?}", next.output);
    ensure!(next.count("new")? == 20 + 6, "{:?}", next.output);
    ensure!(next.output.pointer("/memory").cloned() == known);
    for target in denied {
        let event = target.write.event_name();
        let event = match target.write {
            Write::CreatePolicy | Write::SetDefaultPolicyVersion => "CreatePolicyVersion",
            _ => event,
        };
        let record = world.records(event, &target.name).await?.pop();
        let incident = world.deliver(&record.context("no record")?).await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == "deniedBefore", "{}: {outcome}", target.name);
        expect_contained(&world, target).await?;
    }
    Ok(())
}

async fn write_fifty(world: &World) -> Result<Vec<Lost>> {
    let iam = world.emulator.iam();
    let mut all = Vec::new();
    for write in Write::ALL {
        let names = (0..OF_EACH).map(|number| format!("lost-{}-{number}", write.event_name()));
        let names: Vec<String> = names.collect();
        for target in lost(world, write, &names).await? {
            all.push(Lost {
                name: target.name.clone(),
                target: Some(target),
            });
        }
    }
    for owner in [Owner::Role, Owner::User, Owner::Group] {
        for number in 0..4 {
            let name = format!("lost-attached-{owner:?}-{number}");
            owner.create(iam, &name).await?;
            let policy = OF_AWS.iter().cycle().nth(number).context("no policy")?;
            owner.attach(iam, &name, policy).await?;
            all.push(Lost { name, target: None });
        }
    }
    for number in 0..MEMBERS {
        let name = format!("lost-member-{number}");
        Owner::User.create(iam, &name).await?;
        join(iam, &name, GROUP).await?;
        all.push(Lost { name, target: None });
    }
    ensure!(all.len() == 50);
    Ok(all)
}

async fn over(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let names: Vec<String> = (0..51).map(|number| format!("over-{number:02}")).collect();
    let targets = lost(&world, Write::CreatePolicy, &names).await?;
    let before = world.stack.executions().await?.len();
    let swept = world.sweep().await?;
    ensure!(swept.reason() == Some("overMost"), "{:?}", swept.report());
    ensure!(swept.count("started")? == 0 && swept.hints().is_empty());
    let mail = swept.mail(&world).await?;
    let next = world.sweep().await?;
    ensure!(next.count("started")? == 0 && next.hints().is_empty());
    ensure!(next.report().is_none(), "once a day: {:?}", next.report());
    let about = "Too many at once: 51 new restricted permissions in the account ";
    let mails = world.mails_until_now(|mail| mail.subject.starts_with(about));
    ensure!(mails.await?.len() == 1);
    ensure!(world.stack.executions().await?.len() == before);
    let commands = lists_all(&mail, &targets)?;

    // An administrator looks at one of them, and fifty are few enough.
    let [(first, command), rest @ ..] = &commands[..] else {
        anyhow::bail!("no policies");
    };
    let incident = world.run(command).await?;
    let request = incident.request().await?;
    expect_parts(&request, &[&first.name, "s3:DeleteBucket"])?;
    expect_contained(&world, first).await?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    let swept = world.sweep().await?;
    ensure!(swept.count("started")? == 50, "{:?}", swept.output);
    ensure!(swept.report().is_none(), "{:?}", swept.report());
    swept.settled(&world).await?;
    for (target, _) in rest {
        expect_contained(&world, target).await?;
    }
    Ok(())
}

/// Checks that the mail lists all of them, and answers with the command of each.
fn lists_all<'t>(mail: &Mail, targets: &'t [Target]) -> Result<Vec<(&'t Target, Command)>> {
    expect_parts(
        mail,
        &[
            " which ARE IN FORCE. The guard changed nothing about them.\n",
            " A sweep starts incidents for 50 at most (the parameter SweepMost), so it started none for these.\n",
            "\n3. If the guard should deal with all of them, deploy it with a SweepMost of 51 or more. The next sweep then starts an incident for each.\n",
            "\nWHAT IS NEW, with the command for each\n\n1. managed policy `",
            "\nRestricted: s3:DeleteBucket. Held by no principal. With the command, the guard takes it out and asks you.\n",
        ],
    )?;
    ensure!(!mail.message.contains("\nand "), "{}", mail.message);
    let mut commands = commands(mail, "aws stepfunctions start-execution")?;
    ensure!(commands.len() == targets.len(), "{}", mail.message);
    let mut listed = Vec::new();
    for target in targets {
        let entry = format!(". managed policy `{}`\n", target.arn());
        expect_parts(mail, &[&entry])?;
        let quoted = format!("\"{}\"", target.arn());
        let mut inputs = commands.iter().map(|command| command.option("input"));
        let place = inputs.position(|input| input.is_some_and(|input| input.contains(&quoted)));
        let place = place.with_context(|| format!("no command for {quoted}"))?;
        listed.push((target, commands.swap_remove(place)));
    }
    Ok(listed)
}

async fn exempt(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let iam = world.emulator.iam();
    let user = "exempt-sweeper";
    let create = iam.create_user().user_name(user).path("/rollout/");
    create.send().await.context("cannot create a user")?;
    let may = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:PutRolePolicy","iam:AttachRolePolicy"],"Resource":"*"}]}"#;
    let put = iam.put_user_policy().user_name(user).policy_name("writer");
    put.policy_document(may).send().await?;
    let key = iam.create_access_key().user_name(user).send().await?;
    let key = key.access_key.context("no access key")?;
    let (id, secret) = (key.access_key_id, key.secret_access_key);
    let own = world
        .emulator
        .clients_of(Credentials::new(id, secret, None, None, "scenario"));

    let seen = Target::prepare(&world, Write::PutRolePolicy, "exempt-seen", restricted()).await?;
    let unseen = "exempt-unseen";
    let unseen = Target::prepare(&world, Write::PutRolePolicy, unseen, restricted()).await?;
    Owner::Role.attach(iam, &seen.owner(), HARMLESS).await?;
    seen.carry_out(&own.iam).await?;
    Owner::Role
        .attach(&own.iam, &seen.owner(), ADMINISTRATOR)
        .await?;
    unseen.carry_out(&own.iam).await?;
    let records = world.emulator.cloudtrail_records(0).await?;
    for (event, result) in [
        ("PutRolePolicy", "exempt"),
        ("AttachRolePolicy", "reported"),
    ] {
        let mut of_seen = records.iter().filter(|record| {
            record.get("eventName") == Some(&event.into())
                && record.to_string().contains(&seen.owner())
                && record.to_string().contains(user)
        });
        let incident = world.deliver(of_seen.next().context("no record")?).await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == result, "{event}: {outcome}");
    }
    let swept = world.sweep().await?;
    ensure!(swept.count("accounted")? == 2, "{:?}", swept.output);
    ensure!(swept.count("started")? == 1, "{:?}", swept.hints());
    swept.settled(&world).await?;
    expect_contained(&world, &unseen).await?;
    ensure!(seen.in_force(&world).await? == Some(restricted()));
    let next = world.sweep().await?;
    ensure!(next.hints().is_empty() && next.count("accounted")? == 0);
    Ok(())
}
