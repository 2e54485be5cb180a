//! Records about what a sweep knew: made up, repeated, real.

use anyhow::{Context as _, Result, ensure};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use end_to_end::{Swept, Target, World};
use local_aws::CloudTrail;
use serde_json::{Value, json};

use super::old::Old;
use super::{expect_contained, restricted};

/// How late CloudTrail's own record is, in seconds: after the first question on a busy machine, and
/// before the last one.
const LATE: f64 = 1.5;

/// `first` is the sweep whose e-mail lists what is known.
pub(super) async fn about_what_is_known(world: &World, old: &Old, first: &Swept) -> Result<()> {
    // Half an hour takes seconds.
    world.scale_waits(0.001).await?;
    made_up(world, &old.managed, "CreatePolicy").await?;
    made_up(world, &old.inline, "PutRolePolicy").await?;
    real(world, &old.managed).await?;
    by_hand(world, &old.inline, first).await?;
    world.shorten_waits().await
}

/// A record that nobody wrote, the same once more, and the one of long ago.
async fn made_up(world: &World, target: &Target, event: &str) -> Result<()> {
    let before = target.documents(world).await?;
    let old = world.records(event, &target.name).await?.pop();
    let old = old.context("no record")?;
    let mut made_up = old.clone();
    for (member, value) in [
        (
            "eventID",
            json!(format!("00000000-0000-0000-0000-{event:0>12.12}")),
        ),
        (
            "eventTime",
            json!(DateTime::from(std::time::SystemTime::now()).fmt(Format::DateTime)?),
        ),
    ] {
        *made_up.get_mut(member).context("no such member")? = value;
    }
    for (record, asks_cloudtrail) in [(&made_up, true), (&made_up, true), (&old, false)] {
        let incident = world.deliver(record).await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == "unconfirmed", "{event}: {outcome}");
        let states = incident.states().await?;
        let lookups = states
            .iter()
            .filter(|state| *state == "LookupEvents")
            .count();
        ensure!(
            lookups == if asks_cloudtrail { 30 } else { 0 },
            "{event}: {states:?}"
        );
        ensure!(target.documents(world).await? == before, "{event}");
        ensure!(!states.contains(&"TempRemove".to_owned()), "{states:?}");
    }
    let first = world.incidents(event, &target.name).await?;
    let mut mailed = 0;
    for incident in &first {
        let name = incident.name();
        let mails = world
            .mails_until_now(|mail| mail.message.contains(&name))
            .await?;
        mailed += mails.len();
        ensure!(
            mails.iter().all(|mail| mail.link_to("allow").is_none()),
            "it asks"
        );
    }
    ensure!(mailed >= 1, "nobody hears of it");
    Ok(())
}

/// Somebody writes what is in force already once more.
async fn real(world: &World, target: &Target) -> Result<()> {
    let late = |seconds| CloudTrail {
        history_delay_seconds: Some(seconds),
        ..CloudTrail::default()
    };
    world.emulator.set_cloudtrail(late(LATE)).await?;
    world
        .create_version(target.arn(), &restricted(), true)
        .await?;
    let record = world
        .records("CreatePolicyVersion", &target.name)
        .await?
        .pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    incident.request().await?;
    let states = incident.states().await?;
    let lookups = states
        .iter()
        .filter(|state| *state == "LookupEvents")
        .count();
    ensure!(lookups > 1, "it waits for the record: {states:?}");
    expect_contained(world, target).await?;
    world.emulator.set_cloudtrail(late(0.0)).await?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    Ok(())
}

/// The command of the report's e-mail: it asks, and changes nothing before the answer.
async fn by_hand(world: &World, target: &Target, first: &Swept) -> Result<()> {
    let grants = first.report().and_then(|report| report.get("grants"));
    let mut grants = grants.and_then(Value::as_array).into_iter().flatten();
    let mark = format!("\"{}\"", target.name);
    let listed = grants.find(|grant| grant["subject"].to_string().contains(&mark));
    let hint = listed.and_then(|grant| grant.get("hint"));
    let hint = hint.context("the report has no command")?;
    let incident = world.incident_of(world.start_by_hand(&hint.to_string()).await?);
    incident.request().await?;
    ensure!(target.in_force(world).await? == Some(restricted()));
    let states = incident.states().await?;
    ensure!(!states.contains(&"TempRemove".to_owned()), "{states:?}");
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "takenBack");
    expect_contained(world, target).await
}
