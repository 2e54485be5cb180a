//! Faults at the calls of a sweep: the next one finds what it lost, and no one finds it twice.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::{Closed, Execution, Mail};
use tokio::time::{Instant, sleep};

use super::cases::{self, Points, Story};
use super::found::Named;
use super::matrix::Progress;
use super::place::{Place, name_of};
use super::{Answer, Case, FaultRun, Origin, Point, Response, play};
use crate::faults::{Call, Fault, Injected};
use crate::{Owner, World, Write};

const SURVEY: &str = "ValidatePolicyFunction";
const REPORT: &str = "NotifyFunction";
/// The call with which a sweep reads IAM.
const READ_ALL: &str = "iam:GetAccountAuthorizationDetails";

/// An allow, because the next sweep then has something to take as known.
const STORY: Story = (
    Origin::Sweep,
    Write::PutRolePolicy,
    Response::Contain,
    Answer::Allow,
);
/// When a persistent fault ends, if the sweep has not failed by then.
const LONG_ENOUGH: Duration = Duration::from_secs(60);
/// The longest time for one sweep.
const DEADLINE: Duration = Duration::from_secs(420);
const INTERVAL: Duration = Duration::from_millis(200);
/// The name of an inline policy that denies.
const DENIES: &str = "denies";

/// Plays without a fault, and learns which calls a sweep makes.
pub(super) async fn play_quiet(
    place: &Place,
    progress: &impl Fn(Progress<'_>),
) -> Result<(Vec<FaultRun>, Points)> {
    let mut run = Vec::new();
    let mut points = Points::new();
    let names = [name_of("v", 0), name_of("v", 1)];
    for name in &names {
        prepare(place, name).await?;
    }
    place.world.settle().await?;
    // What the first one allows, the sweep of the second takes as known.
    for name in names {
        let (one, calls) = play(place, cases::quiet(STORY), &name).await?;
        progress(Progress::FaultRun(&one));
        run.push(one);
        points.insert(STORY, calls);
    }
    Ok((run, points))
}

/// Plays the cases one after the other, because a sweep sees the whole account.
pub(super) async fn play_all(
    place: &Place,
    cases: Vec<Named>,
    progress: &impl Fn(Progress<'_>),
) -> Result<Vec<FaultRun>> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let before = name_of("b", 0);
    for name in cases.iter().map(|(name, _)| name).chain([&before]) {
        prepare(place, name).await?;
    }
    place.world.settle().await?;
    // What it allows, the sweep of the first case takes as known, and makes the calls for that.
    let (quiet, _) = play(place, cases::quiet(STORY), &before).await?;
    ensure!(quiet.problems.is_empty(), "{:?}", quiet.problems);
    let mut played = Vec::new();
    for (name, case) in cases {
        let (one, _) = play(place, case, &name).await?;
        progress(Progress::FaultRun(&one));
        played.push((name, one));
    }
    let last = place.world.sweep().await?;
    ensure!(last.hints().is_empty(), "found again: {:?}", last.hints());
    let mut run = Vec::new();
    for (name, mut one) in played {
        let known = one.problems.len();
        expect_one_request(&place.world, &mut one, &name).await?;
        if one.problems.len() > known {
            progress(Progress::Broken(&one));
        }
        run.push(one);
    }
    Ok(run)
}

/// The role that loses what denied it something.
fn denied(name: &str) -> String {
    format!("{name}-denied")
}

/// What the calls for the e-mail of the sweep hold, and those of an incident do not. The e-mail of
/// an incident names the sweep too.
fn mark_of_report(action: &str, sweep: &str, name: &str) -> String {
    match action {
        "sns:Publish" => denied(name),
        _ => sweep.to_owned(),
    }
}

/// Makes a role with a denial, which the next sweep knows.
async fn prepare(place: &Place, name: &str) -> Result<()> {
    const DENIAL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}"#;
    let iam = place.world.emulator.iam();
    Owner::Role.create(iam, &denied(name)).await?;
    Owner::Role.put(iam, &denied(name), DENIES, DENIAL).await
}

/// Writes a policy and removes a denial, lets a sweep with a fault find both, and then sweeps
/// without a fault. Answers also with the calls of the first sweep.
async fn play(place: &Place, case: Case, name: &str) -> Result<(FaultRun, Vec<Point>)> {
    let world = &place.world;
    let iam = world.emulator.iam();
    let target = play::prepare(world, &case, name).await?;
    Owner::Role.delete(iam, &denied(name), DENIES).await?;
    target.carry_out(iam).await?;

    let every_call = [String::new()];
    let before = world.faults.calls(&every_call).len();
    let sweep = world.start_sweep().await?;
    let mark = match &case.trouble {
        Some(trouble) if trouble.point.caller == REPORT => {
            mark_of_report(&trouble.point.action, sweep.name(), name)
        }
        _ => String::new(),
    };
    let rule = play::inject(place, &case, &mark);
    let closed = see_through(&sweep, rule.as_ref()).await?;
    let calls = world.faults.calls(&every_call).split_off(before);
    let points = points_of(place, &calls, sweep.name(), name);

    let mut problems = problems_of(&closed, &case);
    let is_missed = rule.as_ref().is_some_and(|rule| rule.hits() == 0);
    drop(rule);
    if closed.status == ExecutionStatus::Succeeded {
        // The next sweep is an hour later. A fault can delay a containment for some seconds, in
        // which another sweep finds the same, and an allow that comes then is asked about again.
        world.swept(sweep).await?.settled(world).await?;
    }
    world.sweep().await?;
    let mut run = play::finish(place, case, &target, 1, None).await?;
    run.problems.append(&mut problems);
    if is_missed {
        run.missed();
    }
    check_report(world, &mut run, name).await?;
    Ok((run, points))
}

/// Waits for the end of a sweep and of its fault.
async fn see_through(sweep: &Execution, rule: Option<&Injected>) -> Result<Closed> {
    let start = Instant::now();
    loop {
        let is_pending = rule.is_some_and(Injected::is_pending);
        if let Some(closed) = sweep.closed().await?
            && !is_pending
        {
            return Ok(closed);
        }
        if let Some(rule) = rule.filter(|_| start.elapsed() > LONG_ENOUGH) {
            rule.lift();
        }
        ensure!(start.elapsed() < DEADLINE, "{} does not end", sweep.arn());
        sleep(INTERVAL).await;
    }
}

fn problems_of(closed: &Closed, case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let passes = case
        .trouble
        .as_ref()
        .is_none_or(|trouble| trouble.times == crate::faults::Times::Once);
    match closed.status {
        ExecutionStatus::Succeeded => {}
        ExecutionStatus::Failed if closed.error.as_ref().is_none_or(String::is_empty) => {
            problems.push("the sweep failed without a name".to_owned());
        }
        ExecutionStatus::Failed if passes => {
            let why = format!("{:?} {:?}", closed.error, closed.cause);
            problems.push(format!("the sweep failed, though the fault passed: {why}"));
        }
        ExecutionStatus::Failed => {}
        ref other => problems.push(format!("the sweep ended as {other}")),
    }
    problems
}

/// No sweep asks again about what one has asked about.
async fn expect_one_request(world: &World, run: &mut FaultRun, name: &str) -> Result<()> {
    let now = std::time::Instant::now();
    let asks = |mail: &Mail| mail.link_to("allow").is_some();
    let requests = world.mails_with(now, name, asks).await?.len();
    if requests != 1 {
        run.problems
            .push(format!("{requests} mails ask for a decision"));
    }
    Ok(())
}

/// Somebody learns that a denial went, and once.
async fn check_report(world: &World, run: &mut FaultRun, name: &str) -> Result<()> {
    let now = std::time::Instant::now();
    let denied = denied(name);
    let reports = world.mails_with(now, &denied, |_| true).await?.len();
    if reports == 0 {
        run.problems
            .push("nobody learns that a denial went".to_owned());
    }
    if reports > 1 && !is_in_doubt(&run.case) {
        run.problems
            .push(format!("{reports} mails say that a denial went"));
    }
    Ok(())
}

/// Whether nobody can know if the mail was sent.
fn is_in_doubt(case: &Case) -> bool {
    case.trouble.as_ref().is_some_and(|trouble| {
        trouble.point.action == "sns:Publish"
            && !matches!(
                trouble.fault,
                Fault::Throttle | Fault::ServerError | Fault::Drop | Fault::KillBefore
            )
    })
}

/// The calls of the survey and of the mail. Once incidents have begun, the function that judges
/// works for them too. Step Functions starts them without a call that the proxy sees.
fn points_of(place: &Place, calls: &[Call], sweep: &str, name: &str) -> Vec<Point> {
    let mut has_started = false;
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut points = Vec::new();
    for call in calls {
        let is_of_report = call
            .parameters
            .contains(&mark_of_report(&call.action, sweep, name));
        let reads_iam = call.action.starts_with("iam:Get") && call.action != READ_ALL;
        has_started |= place.is_of(call, SURVEY) && reads_iam;
        let caller = if place.is_of(call, SURVEY) && !has_started {
            SURVEY
        } else if place.is_of(call, REPORT) && is_of_report {
            REPORT
        } else {
            continue;
        };
        let nth = seen.entry((caller, call.action.as_str())).or_default();
        *nth += 1;
        points.push(Point {
            in_sweep: true,
            caller: caller.to_owned(),
            action: call.action.clone(),
            nth: *nth,
        });
    }
    points
}
