//! An event names only the policy to read. These scenarios deliver events late, twice or too
//! slowly, and events of changes that are over.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document, expect_parts};
use futures_util::future::try_join_all;
use local_aws::poll;
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("hints::a_version_made_again_and_again", |world| {
            again_and_again(world, Write::CreatePolicyVersion)
        }),
        Scenario::new("hints::an_inline_policy_written_again_and_again", |world| {
            again_and_again(world, Write::PutUserPolicy)
        }),
        Scenario::new("hints::a_short_grant_is_reported", flash),
        Scenario::new("hints::what_is_reported_and_what_is_not", outcomes),
        Scenario::new("hints::a_record_that_comes_late_and_once_more", late),
    ]
}

fn restricted() -> String {
    document(&["s3:DeleteBucket", "s3:GetObject"])
}

fn harmless() -> String {
    document(&["ec2:DescribeVpcs"])
}

/// The newest record of a write.
async fn record_of(world: &World, event_name: &str, name: &str) -> Result<Value> {
    let record = world.records(event_name, name).await?.pop();
    record.with_context(|| format!("no record of {event_name} of {name}"))
}

/// How many mails ask about an incident, and how many report it.
async fn mails_about(world: &World, incident: &Incident<'_>) -> Result<(usize, usize)> {
    let name = incident.name();
    let mails = world.mails_until_now(|mail| mail.message.contains(&name));
    let mails = mails.await?;
    let asking = mails.iter().filter(|mail| mail.link_to("allow").is_some());
    let asking = asking.count();
    Ok((asking, mails.len() - asking))
}

/// The outcome of an incident without a request, and the number of mails about it.
async fn unasked(world: &World, incident: &Incident<'_>) -> Result<(String, usize)> {
    let outcome = incident.outcome().await?;
    let (asking, reporting) = mails_about(world, incident).await?;
    ensure!(asking == 0, "{outcome}, with a request for a decision");
    Ok((outcome, reporting))
}

/// How many writes come before the next event.
const WRITES: usize = 3;
/// How many events arrive while the writer writes.
const EVENTS: usize = 6;

/// A writer puts restricted documents in force faster than events arrive, and stops in the end.
async fn again_and_again(world: Arc<World>, write: Write) -> Result<()> {
    world.deliver_by_hand().await?;
    let name = format!("again-and-again-{}", write.event_name());
    let target = Target::prepare(&world, write, &name, restricted()).await?;
    let mut incidents = Vec::new();
    for round in 0..EVENTS {
        for number in 0..WRITES {
            write_one(&world, &target, round * WRITES + number).await?;
        }
        let records = world.records(write.event_name(), &name).await?;
        let next = records.get(incidents.len()).context("no record")?;
        // The writer goes on while the guard works, so this does not wait.
        incidents.push(world.deliver(next).await?);
    }
    let records = world.records(write.event_name(), &name).await?;
    let missing = records.iter().skip(incidents.len());
    incidents.extend(try_join_all(missing.map(async |record| world.deliver(record).await)).await?);

    let mut asked = Vec::new();
    for incident in &incidents {
        if rests_asking(incident).await? {
            incident.request().await?;
            asked.push(incident);
        }
    }
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(!in_force.contains("DeleteBucket"), "in force: {in_force}");
    ensure!(
        actions(&in_force)?
            .iter()
            .all(|action| action.starts_with("s3:Get")),
        "in force is what the guard made: {in_force}"
    );
    ensure!(!asked.is_empty(), "no incident asks");
    for incident in &incidents {
        let mails = mails_about(&world, incident).await?;
        let expected = match incident.execution.closed().await? {
            // The reports of those that join it name it, too.
            None => (1, mails.1),
            Some(closed) => match result(&closed.output)? {
                "alreadyContained" => (0, 0),
                // It reports the versions that it deleted to make room.
                "joined" => (0, mails.1.min(1)),
                "withdrawn" | "superseded" => (0, 1),
                other => bail!("{}: {other}", incident.name()),
            },
        };
        ensure!(mails == expected, "{}: {mails:?}", incident.name());
    }
    // A denial of all of them does not change what is in force.
    for incident in asked {
        incident.answer("deny").await?;
        let outcome = incident.outcome().await?;
        ensure!(
            ["denied", "superseded"].contains(&outcome.as_str()),
            "{outcome}"
        );
    }
    ensure!(target.in_force(&world).await? == Some(in_force));
    Ok(())
}

/// Puts a new restricted document in force. The oldest version of a managed policy makes room.
async fn write_one(world: &World, target: &Target, number: usize) -> Result<()> {
    let document = document(&["s3:DeleteBucket", &format!("s3:Get{number}*")]);
    let iam = world.emulator.iam();
    poll("a restricted write", SOON, async || {
        if target.write.is_managed() {
            let versions = world.versions(target.arn()).await?;
            let default = world.in_force(target.arn()).await?.version;
            let mut others = versions.iter().filter(|version| **version != default);
            if let (5.., Some(oldest)) = (versions.len(), others.next()) {
                let delete = iam.delete_policy_version().policy_arn(target.arn());
                // The guard may have been faster.
                drop(delete.version_id(oldest).send().await);
            }
        }
        Ok(target.overwrite(iam, &document).await.ok())
    })
    .await
}

/// Whether an incident waits for a decision; otherwise it ends.
async fn rests_asking(incident: &Incident<'_>) -> Result<bool> {
    poll("a question or an end", SOON, async || {
        if incident.execution.closed().await?.is_some() {
            return Ok(Some(false));
        }
        let states = incident.states().await?;
        let is_asking = states.last().is_some_and(|state| state == "AskUser");
        Ok(is_asking.then_some(true))
    })
    .await
}

fn result(output: &Value) -> Result<&str> {
    let result = output.pointer("/outcome/result").and_then(Value::as_str);
    result.with_context(|| format!("no outcome in {output}"))
}

/// A restricted grant that is over before its event arrives is reported, because it was in force.
async fn flash(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let managed = async {
        let iam = world.emulator.iam();
        let name = "flash-of-a-version";
        let write = Write::CreatePolicyVersion;
        let target = Target::prepare(&world, write, name, restricted()).await?;
        target.carry_out(iam).await?;
        let back = iam.set_default_policy_version().policy_arn(target.arn());
        back.version_id("v1").send().await?;
        let before = target.documents(&world).await?;
        let record = record_of(&world, "CreatePolicyVersion", name).await?;
        let incident = world.deliver(&record).await?;
        ensure!(unasked(&world, &incident).await? == ("withdrawn".to_owned(), 1));
        let report = incident.report().await?;
        expect_parts(&report, &["s3:DeleteBucket"])?;
        let back = record_of(&world, "SetDefaultPolicyVersion", name).await?;
        let incident = world.deliver(&back).await?;
        ensure!(unasked(&world, &incident).await? == ("clean".to_owned(), 1));
        ensure!(target.documents(&world).await? == before);
        Ok(())
    };
    let inline = [
        (Write::PutRolePolicy, restricted(), "withdrawn"),
        (Write::PutUserPolicy, restricted(), "withdrawn"),
        (Write::PutGroupPolicy, restricted(), "withdrawn"),
        (
            Write::PutRolePolicy,
            document(&["sqs:ListQueues"]),
            "overwritten",
        ),
    ]
    .into_iter()
    .map(async |(write, first, expected)| -> Result<()> {
        let iam = world.emulator.iam();
        let name = format!("flash-{}-{expected}", write.event_name());
        let target = Target::prepare(&world, write, &name, first).await?;
        target.carry_out(iam).await?;
        let record = record_of(&world, write.event_name(), &name).await?;
        target.overwrite(iam, &harmless()).await?;
        let incident = world.deliver(&record).await?;
        let ended = unasked(&world, &incident).await?;
        ensure!(ended == (expected.to_owned(), 1), "{name}: {ended:?}");
        ensure!(target.in_force(&world).await? == Some(harmless()));
        Ok(())
    });
    let (managed, inline) = futures_util::join!(managed, try_join_all(inline));
    inline?;
    managed
}

/// The outcomes without a request, with a mail or without one.
async fn outcomes(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let gone = Write::ALL
        .into_iter()
        .filter(|write| *write != Write::SetDefaultPolicyVersion)
        .map(async |write| -> Result<()> {
            let name = format!("reported-gone-{}", write.event_name());
            let target = Target::prepare(&world, write, &name, restricted()).await?;
            target.carry_out(iam).await?;
            target.delete(&world).await?;
            let record = record_of(&world, write.event_name(), &name).await?;
            let incident = world.deliver(&record).await?;
            let ended = unasked(&world, &incident).await?;
            ensure!(ended == ("gone".to_owned(), 1), "{name}: {ended:?}");
            let report = incident.report().await?.message;
            let names_rename = report.contains("renamed");
            let can_be_renamed = [Write::PutUserPolicy, Write::PutGroupPolicy].contains(&write);
            ensure!(names_rename == can_be_renamed, "{name}: {report}");
            Ok(())
        });
    let not_in_force = async {
        let name = "reported-not-in-force";
        let arn = world.create_policy(name, &harmless()).await?;
        world.create_version(&arn, &restricted(), false).await?;
        let record = record_of(&world, "CreatePolicyVersion", name).await?;
        let incident = world.deliver(&record).await?;
        ensure!(unasked(&world, &incident).await? == ("notInForce".to_owned(), 1));
        ensure!(world.in_force(&arn).await?.document == harmless());
        ensure!(world.versions(&arn).await?.len() == 2);
        Ok(())
    };
    let (gone, not_in_force) = futures_util::join!(try_join_all(gone), not_in_force);
    gone?;
    not_in_force
}

/// The same record again: while the guard asks, after a denial, after an allow, and with a time an
/// hour earlier.
async fn late(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let mut cases = Vec::new();
    for write in [
        Write::CreatePolicyVersion,
        Write::SetDefaultPolicyVersion,
        Write::PutRolePolicy,
    ] {
        for answer in ["allow", "deny"] {
            cases.push((write, answer));
        }
    }
    let plays = cases
        .into_iter()
        .map(async |(write, answer)| -> Result<()> {
            let name = format!("late-{}-{answer}", write.event_name());
            let target = Target::prepare(&world, write, &name, restricted()).await?;
            target.carry_out(world.emulator.iam()).await?;
            let record = record_of(&world, write.event_name(), &name).await?;
            let incident = world.deliver(&record).await?;
            incident.request().await?;
            let contained = target.documents(&world).await?;

            // While the first one waits.
            let again = world.deliver(&record).await?;
            let ended = unasked(&world, &again).await?;
            ensure!(
                ended == ("alreadyContained".to_owned(), 0),
                "{name}: {ended:?}"
            );
            ensure!(target.documents(&world).await? == contained, "{name}");

            incident.answer(answer).await?;
            incident.outcome().await?;
            let decided = target.documents(&world).await?;
            let in_force = target.in_force(&world).await?;
            let again = world.deliver(&record).await?;
            if answer == "deny" {
                let ended = unasked(&world, &again).await?;
                // After a denial only the record has the document; the record of a switch of
                // versions has none.
                let expected = match write {
                    Write::SetDefaultPolicyVersion => ("clean".to_owned(), 1),
                    _ => ("alreadyContained".to_owned(), 0),
                };
                ensure!(ended == expected, "{name}: {ended:?}");
            } else {
                let ended = unasked(&world, &again).await?;
                let expected = ("allowedBefore".to_owned(), 0);
                ensure!(ended == expected, "{name}: {ended:?}");
            }
            ensure!(target.in_force(&world).await? == in_force, "{name}");
            ensure!(
                documents(&target, &world).await? == only_documents(&decided),
                "{name}"
            );

            // The document in force is clean, and much newer than the record.
            target.overwrite(world.emulator.iam(), &harmless()).await?;
            let before = target.documents(&world).await?;
            let mut hour_ago = record.clone();
            let time = hour_ago.get_mut("eventTime").context("no eventTime")?;
            *time = an_hour_before(time)?;
            let again = world.deliver(&hour_ago).await?;
            let (outcome, mails) = unasked(&world, &again).await?;
            let expected = match (write, answer) {
                (Write::SetDefaultPolicyVersion, "deny") => ("clean", 1),
                (_, "deny") => ("withdrawn", 1),
                // What was allowed may come and go.
                _ => ("allowedBefore", 0),
            };
            ensure!((outcome.as_str(), mails) == expected, "{name}: {outcome}");
            ensure!(target.documents(&world).await? == before, "{name}");
            Ok(())
        });
    try_join_all(plays).await?;
    Ok(())
}

async fn documents(target: &Target, world: &World) -> Result<Vec<String>> {
    Ok(only_documents(&target.documents(world).await?))
}

fn only_documents(documents: &[(String, String)]) -> Vec<String> {
    documents.iter().map(|(_, it)| it.clone()).collect()
}

/// The same time of another hour, or of the day before.
fn an_hour_before(time: &Value) -> Result<Value> {
    let text = time.as_str().context("the time is not a text")?;
    let (date, hour) = text.split_once('T').context("no time")?;
    let (hour, rest) = hour.split_once(':').context("no hour")?;
    let hour: u32 = hour.parse()?;
    Ok(match hour.checked_sub(1) {
        Some(hour) => json!(format!("{date}T{hour:02}:{rest}")),
        None => json!(format!("2026-01-01T00:{rest}")),
    })
}
