//! What a sweep asks about: a deny takes it back, because that sweep says that it found it. A hint
//! that somebody wrote has no sweep that says so.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::Client;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use end_to_end::{Incident, Owner, Scenario, Swept, World, entered, expect_parts, join};
use incident::ExecutionArn;
use incident::subject::AddedIdentity;
use incident::survey::{GrantId, hint_name};
use local_aws::Execution;
use serde_json::{Value, json};

use super::alone;
use super::held::{Held, held};
use crate::reported::{ADMINISTRATOR, HARMLESS};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("sweep::a_deny_takes_back_what_it_asks_about", taken_back),
        Scenario::new("sweep::what_was_denied_and_comes_again", again),
        Scenario::new("sweep::a_hint_of_somebody_takes_nothing_back", forged),
    ]
}

/// The group that everyone knows, and that holds something restricted.
const GROUP: &str = "taken-administrators";

/// What somebody adds, and whose event gets lost.
#[derive(Clone, Copy, Debug)]
enum Lost {
    Attached(Owner),
    Joined,
}

impl Lost {
    const ALL: [Self; 4] = [
        Self::Attached(Owner::Role),
        Self::Attached(Owner::User),
        Self::Attached(Owner::Group),
        Self::Joined,
    ];

    fn name(self, prefix: &str) -> String {
        match self {
            Self::Attached(owner) => format!("{prefix}-attached-{owner:?}"),
            Self::Joined => format!("{prefix}-joined"),
        }
    }

    /// The call that takes it back.
    fn undone_by(self) -> &'static str {
        match self {
            Self::Attached(Owner::Role) => "DetachRolePolicy",
            Self::Attached(Owner::User) => "DetachUserPolicy",
            Self::Attached(Owner::Group) => "DetachGroupPolicy",
            Self::Joined => "RemoveUserFromGroup",
        }
    }

    /// A holder with something else, which must stay.
    async fn prepare(self, iam: &Client, prefix: &str) -> Result<()> {
        let name = self.name(prefix);
        let owner = match self {
            Self::Attached(owner) => owner,
            Self::Joined => Owner::User,
        };
        owner.create(iam, &name).await?;
        owner.attach(iam, &name, HARMLESS).await?;
        if let Self::Joined = self {
            let readers = format!("{name}-readers");
            Owner::Group.create(iam, &readers).await?;
            join(iam, &name, &readers).await?;
        }
        Ok(())
    }

    async fn add(self, iam: &Client, prefix: &str) -> Result<()> {
        let name = self.name(prefix);
        match self {
            Self::Attached(owner) => owner.attach(iam, &name, ADMINISTRATOR).await,
            Self::Joined => join(iam, &name, GROUP).await,
        }
    }
}

/// Makes the account that the sweeps know: others hold the same, by an allow of the administrator.
async fn prepare(world: &World, prefix: &str) -> Result<()> {
    let iam = world.emulator.iam();
    if !held(iam).await?.iter().any(|held| held.contains(GROUP)) {
        Owner::Group.create(iam, GROUP).await?;
        Owner::Group.attach(iam, GROUP, ADMINISTRATOR).await?;
        let member = format!("{GROUP}-member");
        Owner::User.create(iam, &member).await?;
        join(iam, &member, GROUP).await?;
    }
    let other = format!("{prefix}-other");
    Owner::Role.create(iam, &other).await?;
    Owner::Role.attach(iam, &other, ADMINISTRATOR).await?;
    for lost in Lost::ALL {
        lost.prepare(iam, prefix).await?;
    }
    let swept = world.sweep().await?;
    for incident in swept.settled(world).await? {
        incident.answer("allow").await?;
        ensure!(incident.outcome().await? == "kept");
    }
    world.settle().await
}

/// The incident that a sweep started about this holder, which asks.
fn about<'i, 'w>(swept: &Swept, all: &'i [Incident<'w>], name: &str) -> Result<&'i Incident<'w>> {
    let mark = format!("\"{name}\"");
    let mut hints = swept.hints().into_iter();
    let place = hints.position(|hint| hint.to_string().contains(&mark));
    place
        .and_then(|place| all.get(place))
        .with_context(|| format!("no incident about {name}: {:?}", swept.hints()))
}

/// What the sweep says that it asks about.
fn asked(swept: &Swept) -> Vec<GrantId> {
    let asked = swept.output.get("asked").cloned().unwrap_or_default();
    serde_json::from_value(asked).unwrap_or_default()
}

async fn taken_back(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let iam = world.emulator.iam();
    prepare(&world, "taken").await?;
    let before = held(iam).await?;
    for lost in Lost::ALL {
        lost.add(iam, "taken").await?;
    }
    let during = held(iam).await?;
    ensure!(during.difference(&before).count() == Lost::ALL.len());

    let swept = world.sweep().await?;
    ensure!(swept.count("started")? == 4, "{:?}", swept.output);
    ensure!(asked(&swept).len() == 4, "{:?}", swept.output);
    ensure!(swept.report().is_none(), "{:?}", swept.report());
    let incidents = swept.settled(&world).await?;
    ensure!(held(iam).await? == during, "it changes nothing before");
    let next = world.sweep().await?;
    ensure!(next.hints().is_empty(), "they wait: {:?}", next.hints());

    let mut expected = during;
    for lost in Lost::ALL {
        let name = lost.name("taken");
        let incident = about(&swept, &incidents, &name)?;
        deny(incident, &swept, lost, &name).await?;
        expected.retain(|it| before.contains(it) || !it.contains(&name));
        let now = held(iam).await?;
        ensure!(now == expected, "{name}: {:?}", changes(&now, &expected));
    }
    ensure!(expected == before);
    let next = world.sweep().await?;
    ensure!(next.hints().is_empty() && next.report().is_none());
    ensure!(held(iam).await? == before);
    Ok(())
}

/// Denies what a sweep asks about, as its administrator does.
async fn deny(incident: &Incident<'_>, swept: &Swept, lost: Lost, name: &str) -> Result<()> {
    let request = incident.request().await?;
    ensure!(request.subject.starts_with("Decide: "), "{request:?}");
    let deny = match lost {
        Lost::Attached(owner) => {
            let owner = format!("{owner:?}").to_lowercase();
            format!("DENY: detaches the policy AdministratorAccess from the {owner} {name}.")
        }
        Lost::Joined => format!("DENY: removes the user {name} from the group {GROUP}."),
    };
    expect_parts(
        &request,
        &["ARE IN FORCE", "The guard's sweep found it", &deny],
    )?;
    incident.answer("deny").await?;
    let outcome = incident.outcome().await?;
    ensure!(outcome == "takenBack", "{name}: {outcome}");
    let states = incident.states().await?;
    let confirms = ["LookupEvents", "DescribeExecution"];
    let called = states.iter().map(String::as_str);
    let called: Vec<&str> = called
        .filter(|state| confirms.contains(state) || *state == lost.undone_by())
        .collect();
    ensure!(
        called == ["DescribeExecution", lost.undone_by()],
        "{name}: {states:?}"
    );
    let asked = entered(&incident.execution, "DescribeExecution").await?;
    let of = asked
        .first()
        .and_then(|data| data.pointer("/verdict/change/actor/arn"));
    ensure!(of == Some(&swept.execution.arn().into()), "{name}: {of:?}");
    let report = incident.report().await?;
    ensure!(report.subject.starts_with("Taken back: "), "{report:?}");
    Ok(())
}

/// What is held more or less than expected.
fn changes<'h>(now: &'h Held, expected: &'h Held) -> Vec<&'h String> {
    now.symmetric_difference(expected).collect()
}

/// After a denial, the guard asks about the next one who adds the same, and an allow then counts.
async fn again(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let iam = world.emulator.iam();
    prepare(&world, "again").await?;
    let before = held(iam).await?;
    let all = [Lost::Attached(Owner::Role), Lost::Joined];
    for (round, answer, outcome) in [
        (1, "deny", "takenBack"),
        (2, "deny", "takenBack"),
        (3, "allow", "kept"),
    ] {
        for lost in all {
            lost.add(iam, "again").await?;
        }
        let swept = world.sweep().await?;
        ensure!(swept.count("started")? == 2, "{round}: {:?}", swept.output);
        let incidents = swept.settled(&world).await?;
        let next = world.sweep().await?;
        ensure!(next.hints().is_empty(), "{round}: {:?}", next.hints());
        for incident in incidents {
            incident.answer(answer).await?;
            let ended = incident.outcome().await?;
            ensure!(ended == outcome, "{round}: {ended}");
        }
        ensure!((held(iam).await? == before) == (answer == "deny"));
        let next = world.sweep().await?;
        ensure!(next.hints().is_empty(), "{round}: {:?}", next.hints());
    }
    Ok(())
}

async fn forged(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let iam = world.emulator.iam();
    prepare(&world, "forged").await?;
    of_what_was_allowed(&world).await?;

    // It stands there for good reasons, so a sweep knows it, and asks nothing.
    let member = format!("{GROUP}-member");
    let grant = GrantId::of_addition(&membership(iam, &member).await?);
    let known = world.sweep().await?;
    ensure!(asked(&known).is_empty(), "{:?}", known.output);
    let memory = known.output.get("memory").and_then(Value::as_array);
    ensure!(memory.is_some_and(|memory| memory.contains(&grant.as_str().into())));
    let stopped = world.start_sweep().await?;
    let stop = world.emulator.sfn().stop_execution();
    let stop = stop.execution_arn(stopped.arn());
    stop.send().await.context("the sweep is over")?;
    let nobody = known
        .execution
        .arn()
        .replace(known.execution.name(), "nobody");
    let before = held(iam).await?;

    // A sweep that does not run is asked for half an hour.
    world.scale_waits(0.001).await?;
    for (sweep, has_its_name, looks) in [
        (known.execution.arn(), false, 0),
        (known.execution.arn(), true, 1),
        (stopped.arn(), true, 1),
        (&nobody, true, 30),
    ] {
        let sweep = ExecutionArn::parse(sweep)?;
        let name = hint_name(&grant, &sweep);
        let hint = json!({
            "account": sweep.as_str().split(':').nth(4),
            "region": sweep.as_str().split(':').nth(3),
            "detail": {
                "eventSource": "iam.amazonaws.com",
                "eventName": "AddUserToGroup",
                "eventTime": known.output.get("startedAt"),
                "eventID": name,
                "userIdentity": {"type": "Sweep", "arn": sweep},
                "requestParameters": {"userName": member, "groupName": GROUP},
            },
        });
        let execution = match has_its_name {
            true => world.start_named(&name, &hint).await?,
            false => world.start_by_hand(&hint.to_string()).await?,
        };
        let what = format!("{sweep}, {has_its_name}");
        let ended = unconfirmed(&world, execution, looks, &sweep).await;
        ended.context(what.clone())?;
        let now = held(iam).await?;
        ensure!(now == before, "{what}: {:?}", changes(&now, &before));
    }
    world.shorten_waits().await?;
    let next = world.sweep().await?;
    ensure!(next.hints().is_empty() && next.report().is_none());
    Ok(())
}

/// The hint of a sweep once more, after the administrator has allowed what it is about.
async fn of_what_was_allowed(world: &World) -> Result<()> {
    let iam = world.emulator.iam();
    Lost::Attached(Owner::Role).add(iam, "forged").await?;
    let swept = world.sweep().await?;
    let ([hint], [allowed]) = (&swept.hints()[..], &swept.settled(world).await?[..]) else {
        anyhow::bail!("{:?}", swept.hints());
    };
    allowed.answer("allow").await?;
    ensure!(allowed.outcome().await? == "kept");
    let before = held(iam).await?;
    // The name is taken, for longer than the history of the sweep is kept.
    let taken = world.start_named(allowed.execution.name(), hint).await;
    ensure!(taken.is_err(), "{taken:?}");
    let again = world.incident_of(world.start_by_hand(&hint.to_string()).await?);
    let outcome = again.outcome().await?;
    ensure!(outcome == "allowedBefore", "{outcome}");
    ensure!(held(iam).await? == before);
    Ok(())
}

/// What tells a membership from another one of the same names.
async fn membership(iam: &Client, user: &str) -> Result<AddedIdentity> {
    let shown = iam.get_user().user_name(user).send().await?.user;
    let user = shown.context("no user")?;
    let shown = iam.get_group().group_name(GROUP).send().await?.group;
    let group = shown.context("no group")?;
    let unique = |id: &str, created: &DateTime| -> Result<Value> {
        Ok(json!({"id": id, "created": created.fmt(Format::DateTime)?}))
    };
    Ok(serde_json::from_value(json!({
        "owner": unique(user.user_id(), user.create_date())?,
        "added": unique(group.group_id(), group.create_date())?,
    }))?)
}

/// Denies what a forged hint asks about: nothing confirms it, and an e-mail says so.
async fn unconfirmed(
    world: &World,
    forged: Execution,
    looks: usize,
    sweep: &ExecutionArn,
) -> Result<()> {
    let incident = world.incident_of(forged);
    incident.answer("deny").await?;
    let outcome = incident.outcome().await?;
    ensure!(outcome == "unconfirmed", "{outcome}");
    let states = incident.states().await?;
    let described = states.iter().filter(|it| *it == "DescribeExecution");
    ensure!(described.count() == looks, "{states:?}");
    let takes = states.iter().any(|it| it == Lost::Joined.undone_by());
    ensure!(!takes, "{states:?}");
    let report = incident.report().await?;
    ensure!(
        report.subject.starts_with("In force: not confirmed, "),
        "{}",
        report.subject
    );
    let parts = ["does not say that it found this", sweep.as_str()];
    expect_parts(&report, &parts)
}
