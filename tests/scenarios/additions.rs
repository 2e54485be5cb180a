//! What a call added: attachments, memberships, keys, credentials, passwords. The guard asks, and a
//! deny takes away what the event added and nothing else.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::browser::{Look, with_browser};
use end_to_end::{
    Incident, Owner, STATES_KEPT, STATES_TAKEN_BACK, Scenario, World, expect_parts, join,
};
use local_aws::{CloudTrail, Execution, poll};
use serde_json::{Value, json};

mod kinds;

use kinds::{KINDS, Kind};

use crate::reported::{ADMINISTRATOR, HARMLESS};

/// On the stack with three lists.
pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("additions::a_deny_takes_back_what_was_added", taken_back),
        Scenario::new("additions::an_allow_keeps_it", kept),
        Scenario::new("additions::what_holds_a_deny_has_no_button", denials),
        Scenario::new(
            "additions::another_thing_of_the_same_name_stays",
            made_again,
        ),
        Scenario::new(
            "additions::a_record_of_another_call_takes_nothing",
            other_record,
        ),
        Scenario::new("additions::the_page_says_who_and_since_when", page),
    ]
}

/// On a stack of its own, whose waits are as good as none.
pub(crate) fn forged() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "additions::an_event_that_cloudtrail_does_not_know_takes_nothing",
            unknown,
        ),
        Scenario::new(
            "additions::a_record_that_comes_late_is_waited_for",
            late_record,
        ),
    ]
}

/// The newest incident of the call.
async fn newest<'w>(world: &'w World, kind: Kind, name: &str) -> Result<Incident<'w>> {
    poll("an incident that asks", end_to_end::SOON, async || {
        for incident in world.incidents(kind.call(), name).await? {
            let states = incident.states().await?;
            let asks = states.last().is_some_and(|state| state == "AskUser");
            if asks && incident.execution.closed().await?.is_none() {
                return Ok(Some(incident));
            }
        }
        Ok(None)
    })
    .await
}

async fn asked<'w>(world: &'w World, kind: Kind, name: &str) -> Result<Incident<'w>> {
    kind.carry_out(world.emulator.iam(), name).await?;
    let incident = newest(world, kind, name).await?;
    let request = incident.request().await?;
    ensure!(
        request.subject.starts_with("Decide: "),
        "{}",
        request.subject
    );
    expect_parts(
        &request,
        &[
            "IN FORCE",
            " ago)",
            "changes nothing before you decide",
            "s3:DeleteBucket",
        ],
    )?;
    Ok(incident)
}

async fn taken_back(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    for kind in KINDS {
        let name = format!("added-back-{}", kind.call());
        kind.prepare(&world, &name).await?;
        let before = kind.state(iam, &name).await?;
        let incident = asked(&world, kind, &name).await?;
        ensure!(
            kind.state(iam, &name).await? != before,
            "{kind:?} added nothing"
        );
        incident.answer("deny").await?;
        let outcome = incident.outcome().await?;
        ensure!(outcome == "takenBack", "{kind:?}: {outcome}");
        let after = kind.state(iam, &name).await?;
        ensure!(after == before, "{kind:?}: {before:?} became {after:?}");
        let states = incident.states().await?;
        ensure!(
            states.len() <= STATES_TAKEN_BACK,
            "{kind:?}: {} {states:?}",
            states.len()
        );
        let looked_up = states.iter().position(|state| state == "LookupEvents");
        ensure!(looked_up.is_some(), "{states:?}");
        let report = incident.report().await?;
        ensure!(
            report.subject.starts_with("Taken back: "),
            "{}",
            report.subject
        );
    }
    Ok(())
}

async fn kept(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    for kind in [Kind::Attach(Owner::Role), Kind::Password] {
        let name = format!("added-kept-{}", kind.call());
        kind.prepare(&world, &name).await?;
        let incident = asked(&world, kind, &name).await?;
        let during = kind.state(iam, &name).await?;
        incident.answer("allow").await?;
        ensure!(incident.outcome().await? == "kept");
        ensure!(kind.state(iam, &name).await? == during);
        let states = incident.states().await?;
        ensure!(states.len() <= STATES_KEPT, "{} {states:?}", states.len());
    }
    Ok(())
}

async fn denials(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    let name = "added-denies";
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;
    let arn = world.create_policy(name, document).await?;
    let written = world.incident("CreatePolicy", name).await?;
    written.answer("allow").await?;
    written.outcome().await?;
    Owner::Role.create(iam, name).await?;
    Owner::Role.attach(iam, name, &arn).await?;
    Owner::User.create(iam, name).await?;
    let group = format!("{name}-group");
    Owner::Group.create(iam, &group).await?;
    Owner::Group.attach(iam, &group, &arn).await?;
    join(iam, name, &group).await?;
    for (call, mark, command) in [
        ("AttachRolePolicy", name, "aws iam detach-role-policy"),
        ("AddUserToGroup", name, "aws iam remove-user-from-group"),
    ] {
        let incident = world.incident(call, mark).await?;
        ensure!(incident.outcome().await? == "reported");
        let report = incident.report().await?;
        expect_parts(&report, &["contains a Deny", "IN FORCE", command])?;
        ensure!(report.link_to("deny").is_none());
    }
    Ok(())
}

async fn made_again(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    let kind = Kind::Attach(Owner::Role);
    let name = "added-made-again";
    kind.prepare(&world, name).await?;
    let incident = asked(&world, kind, name).await?;
    for policy in [ADMINISTRATOR, HARMLESS] {
        Owner::Role.detach(iam, name, policy).await?;
    }
    Owner::Role.remove(iam, name).await?;
    kind.prepare(&world, name).await?;
    // Its own record asks about it.
    kind.carry_out(iam, name).await?;
    incident.answer("deny").await?;
    let outcome = incident.outcome().await?;
    ensure!(outcome == "superseded", "{outcome}");
    ensure!(kind.state(iam, name).await?.len() == 2);

    let name = "added-gone";
    kind.prepare(&world, name).await?;
    let incident = asked(&world, kind, name).await?;
    Owner::Role.detach(iam, name, ADMINISTRATOR).await?;
    incident.answer("deny").await?;
    let outcome = incident.outcome().await?;
    ensure!(outcome == "gone", "{outcome}");
    Ok(())
}

/// A record that somebody made from one of `name`, which holds `ADMINISTRATOR` for good reasons.
async fn made_up(world: &World, name: &str, change: impl FnOnce(&mut Value)) -> Result<Execution> {
    let kind = Kind::Attach(Owner::Role);
    kind.prepare(world, name).await?;
    // Its request stays open: it does not stand for one about another event.
    asked(world, kind, name).await?;
    let mut detail = world
        .records("AttachRolePolicy", name)
        .await?
        .pop()
        .context("no record")?;
    change(&mut detail);
    let event = json!({
        "version": "0", "id": "made-up", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.iam", "account": detail.get("recipientAccountId"), "time": detail.get("eventTime"),
        "region": "us-east-1", "resources": [], "detail": detail,
    });
    world.start_by_hand(&event.to_string()).await
}

async fn other_record(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    // The id of a real event, that of the harmless attachment.
    let name = "added-other-record";
    let kind = Kind::Attach(Owner::Role);
    kind.prepare(&world, "added-other-of").await?;
    let other = world
        .records("AttachRolePolicy", "added-other-of")
        .await?
        .pop()
        .context("no record")?;
    let execution = made_up(&world, name, |detail| {
        for member in ["eventID", "eventTime"] {
            detail[member] = other.get(member).cloned().unwrap_or_default();
        }
    })
    .await?;
    let incident = world.incident_of(execution);
    incident.answer("deny").await?;
    let outcome = incident.outcome().await?;
    ensure!(outcome == "unconfirmed", "{outcome}");
    ensure!(kind.state(iam, name).await?.len() == 2);
    let report = incident.report().await?;
    ensure!(
        report.subject.starts_with("In force: not confirmed, "),
        "{}",
        report.subject
    );
    expect_parts(&report, &["CloudTrail does not know", &incident.name()])?;
    Ok(())
}

async fn late_record(world: Arc<World>) -> Result<()> {
    world.scale_waits(0.005).await?;
    let iam = world.emulator.iam();
    let kind = Kind::Attach(Owner::Group);
    let name = "added-late";
    kind.prepare(&world, name).await?;
    let before = kind.state(iam, name).await?;
    let incident = asked(&world, kind, name).await?;
    let history = |seconds| CloudTrail {
        history_delay_seconds: Some(seconds),
        ..CloudTrail::default()
    };
    world.emulator.set_cloudtrail(history(3600.0)).await?;
    incident.answer("deny").await?;
    poll("the wait for CloudTrail", end_to_end::SOON, async || {
        let states = incident.states().await?;
        Ok(states.contains(&"WaitForIam".to_owned()).then_some(()))
    })
    .await?;
    ensure!(
        kind.state(iam, name).await? != before,
        "it is taken back too early"
    );
    world.emulator.set_cloudtrail(history(0.0)).await?;
    ensure!(incident.outcome().await? == "takenBack");
    ensure!(kind.state(iam, name).await? == before);
    Ok(())
}

async fn unknown(world: Arc<World>) -> Result<()> {
    world.scale_waits(0.005).await?;
    let iam = world.emulator.iam();
    let name = "added-unknown";
    let execution = made_up(&world, name, |detail| {
        detail["eventID"] = json!("00000000-0000-4000-8000-000000000000");
    })
    .await?;
    let incident = world.incident_of(execution);
    incident.answer("deny").await?;
    let outcome = incident.outcome().await?;
    ensure!(outcome == "unconfirmed", "{outcome}");
    ensure!(Kind::Attach(Owner::Role).state(iam, name).await?.len() == 2);
    let states = incident.states().await?;
    let lookups = states
        .iter()
        .filter(|state| *state == "LookupEvents")
        .count();
    ensure!(lookups == 30, "{lookups} look-ups");
    ensure!(!states.contains(&"DetachRolePolicy".to_owned()));
    Ok(())
}

async fn page(world: Arc<World>) -> Result<()> {
    let kind = Kind::Join;
    let name = "added-page";
    kind.prepare(&world, name).await?;
    let incident = asked(&world, kind, name).await?;
    let link = incident.link("deny").await?;
    with_browser(Look::DESK, async |browser| {
        browser.goto(&link).await?;
        let page = browser.text("main").await?;
        for shown in [
            "It is in force now.",
            "removes the user added-page from the group added-page",
            "Nothing else changes",
            "Was this there before? Then keep it",
            "Why the guard asks",
            "AdministratorAccess",
            "Called by",
            "AddUserToGroup",
            "Deny: take it away",
        ] {
            ensure!(page.contains(shown), "the page shows no `{shown}`: {page}");
        }
        browser.check_accessibility().await?;
        browser.click("form button").await?;
        browser.expect_heading("Denied").await?;
        Ok(())
    })
    .await?;
    ensure!(incident.outcome().await? == "takenBack");
    Ok(())
}
