//! Incidents that a sweep starts, because the events of their writes are lost.

use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, stream};

use super::cases::{self, Points, full, representative};
use super::matrix::{AT_ONCE, Choice, Progress, contains};
use super::place::{Place, name_of};
use super::{Case, FaultRun, play, surveyed};
use crate::faults::Fault;

/// A case and the name of its policy.
pub(super) type Named = (String, Case);

/// Plays incidents with a fault at one of their calls, and with a fault at a call of the sweep that
/// starts them.
pub(super) async fn run(
    places: &[Arc<Place>],
    choice: Choice,
    only: &str,
    progress: &impl Fn(Progress<'_>),
) -> Result<Vec<FaultRun>> {
    let first = places.first().context("no stack for the sweeps")?;
    // The proof of life is found too, because its event is lost.
    try_join_all(places.iter().map(async |place| place.world.settle().await)).await?;
    let quiet: Vec<Case> = cases::found(choice).map(cases::quiet).collect();
    progress(Progress::Part("found by a sweep", quiet.len()));
    let (mut run, points) = play_quiet(first, &quiet, progress).await?;
    let mut found = chosen(choice, &points);
    // A fault at every call would be one of the sweep too.
    found.retain(|case| case.trouble.as_ref().is_some_and(has_caller) && contains(case, only));
    progress(Progress::Part(
        "found by a sweep, with a fault",
        found.len(),
    ));

    let (quiet, points) = surveyed::play_quiet(first, progress).await?;
    run.extend(quiet);
    let mut in_sweep = chosen(choice, &points);
    in_sweep.retain(|case| case.trouble.as_ref().is_some_and(has_caller) && contains(case, only));
    if choice == Choice::Representative {
        // They are played one after the other, and a call that is late takes half a minute.
        in_sweep.retain(is_quick);
    }
    progress(Progress::Part("with a fault in the sweep", in_sweep.len()));

    let found = shares(named("f", found), places.len());
    let in_sweep = shares(named("w", in_sweep), places.len());
    let all = places.iter().zip(found).zip(in_sweep);
    let all = all.map(async |((place, found), in_sweep)| {
        let mut run = Vec::new();
        for batch in found.chunks(AT_ONCE) {
            run.extend(play_batch(place, batch.to_vec(), progress).await?);
        }
        run.extend(surveyed::play_all(place, in_sweep, progress).await?);
        anyhow::Ok(run)
    });
    run.extend(try_join_all(all).await?.into_iter().flatten());
    Ok(run)
}

fn has_caller(trouble: &super::Trouble) -> bool {
    !trouble.point.caller.is_empty()
}

fn is_quick(case: &Case) -> bool {
    case.trouble.as_ref().is_some_and(|trouble| {
        trouble.point.nth == 1 && ![Fault::Delay, Fault::Late].contains(&trouble.fault)
    })
}

fn chosen(choice: Choice, points: &Points) -> Vec<Case> {
    match choice {
        Choice::Full => full(points),
        Choice::Representative => representative(points),
    }
}

fn named(part: &str, cases: Vec<Case>) -> Vec<Named> {
    let numbered = cases.into_iter().enumerate();
    numbered
        .map(|(number, case)| (name_of(part, number), case))
        .collect()
}

/// Deals the cases out.
fn shares(cases: Vec<Named>, count: usize) -> Vec<Vec<Named>> {
    let mut shares = vec![Vec::new(); count];
    for (number, case) in cases.into_iter().enumerate() {
        if let Some(share) = shares.get_mut(number % count) {
            share.push(case);
        }
    }
    shares
}

/// Plays the cases without a fault, and learns which calls they make.
async fn play_quiet(
    place: &Place,
    quiet: &[Case],
    progress: &impl Fn(Progress<'_>),
) -> Result<(Vec<FaultRun>, Points)> {
    let cases = named("q", quiet.to_vec());
    let run = play_batch(place, cases.clone(), progress).await?;
    let world = &place.world;
    let mut points = Points::new();
    for (name, case) in cases {
        let mut marks = vec![name.clone()];
        for incident in world.incidents(case.write.event_name(), &name).await? {
            marks.push(incident.name());
        }
        let calls = world.faults.calls(&marks);
        points.insert(case.story(), place.points_of(&calls));
    }
    Ok((run, points))
}

/// Writes the policies of all cases, lets one sweep find them, and sees their incidents through
/// side by side.
async fn play_batch(
    place: &Place,
    cases: Vec<Named>,
    progress: &impl Fn(Progress<'_>),
) -> Result<Vec<FaultRun>> {
    let world = &place.world;
    let mut written = Vec::with_capacity(cases.len());
    for (name, case) in cases {
        let target = play::prepare(world, &case, &name).await?;
        let rule = play::inject(place, &case, &name);
        target.carry_out(world.emulator.iam()).await?;
        written.push((case, target, rule));
    }
    let swept = world.sweep().await?;
    ensure!(
        swept.hints().len() == written.len(),
        "{} policies are new, and the sweep says {}",
        written.len(),
        swept.output
    );
    let plays = written.into_iter().map(async |(case, target, rule)| {
        let what = format!("{case} ({})", target.name);
        let run = play::finish(place, case, &target, 1, rule.as_ref()).await;
        // What a failed incident left in force would be new for the next sweep.
        if target.in_force(world).await?.is_some() {
            target.delete(world).await?;
        }
        run.context(what)
    });
    let mut plays = pin!(stream::iter(plays).buffer_unordered(AT_ONCE));
    let mut run = Vec::new();
    while let Some(one) = plays.next().await {
        let one = one?;
        progress(Progress::FaultRun(&one));
        run.push(one);
    }
    Ok(run)
}
