use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::future::try_join;
use futures_util::{StreamExt as _, stream};
use local_aws::CloudTrail;

use super::cases::{self, Points, full, is_delivered_twice, representative, writes};
use super::place::{Worlds, check_other_policies, name_of};
use super::{Answer, Case, FaultRun, Origin, Response, found, play};
use crate::Write;

/// How many incidents are under way at once.
pub(super) const AT_ONCE: usize = 56;
/// Which cases are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A set that has every write, answer, function, changing call and kind of fault.
    Representative,
    /// Every call, with every fault, once and persistently.
    Full,
}

/// How far [`run`] is.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A part begins: what it is, and how many cases it has.
    Part(&'a str, usize),
    /// A case is run.
    FaultRun(&'a FaultRun),
    /// A case that was run before turned out to be broken.
    Broken(&'a FaultRun),
}

/// Plays the cases, and then some of them again with every event delivered twice.
///
/// Cases with a fault or with events twice are played only if their incident and call contain every
/// word of `only`. Cases without a fault always come first, because they show which calls there
/// are.
///
/// # Errors
///
/// If the emulator does not work; what goes wrong with the guard is in the answer.
pub async fn run(
    worlds: &Worlds,
    choice: Choice,
    only: &str,
    progress: impl Fn(Progress<'_>),
) -> Result<Vec<FaultRun>> {
    let (mut run, found) = try_join(
        by_events(worlds, choice, only, &progress),
        found::run(&worlds.swept, choice, only, &progress),
    )
    .await?;
    run.extend(found);
    check_other_policies(worlds).await?;
    Ok(run)
}

/// The incidents that the events of the writes start.
async fn by_events(
    worlds: &Worlds,
    choice: Choice,
    only: &str,
    progress: &impl Fn(Progress<'_>),
) -> Result<Vec<FaultRun>> {
    let stories = Response::ALL.into_iter().flat_map(|response| {
        let of_write = move |write: &Write| {
            Answer::ALL.map(|answer| (Origin::Event, *write, response, answer))
        };
        writes(response).iter().flat_map(of_write)
    });
    let quiet: Vec<Case> = stories.map(cases::quiet).collect();
    progress(Progress::Part("without a fault", quiet.len()));
    let (mut run, points) = play_quiet(worlds, &quiet, progress).await?;

    let mut cases = match choice {
        Choice::Full => full(&points),
        Choice::Representative => representative(&points),
    };
    cases.retain(|case| contains(case, only));
    progress(Progress::Part("with a fault", cases.len()));
    run.extend(play_all(worlds, "f", cases.clone(), 1, progress).await?);

    let quiet = quiet.into_iter().filter(|case| contains(case, only));
    let doubled: Vec<Case> = quiet
        .chain(
            cases
                .into_iter()
                .filter(|case| is_delivered_twice(case, choice)),
        )
        .collect();
    progress(Progress::Part("with every event twice", doubled.len()));
    let copies = |copies| CloudTrail {
        copies: Some(copies),
        ..CloudTrail::default()
    };
    worlds.set_cloudtrail(copies(2)).await?;
    run.extend(play_all(worlds, "d", doubled, 2, progress).await?);
    worlds.set_cloudtrail(copies(1)).await?;
    Ok(run)
}

/// Whether a case contains every word, in any letter case.
pub(super) fn contains(case: &Case, words: &str) -> bool {
    let case = case.to_string().to_lowercase();
    let words = words.to_lowercase();
    words.split_whitespace().all(|word| case.contains(word))
}

/// Plays the cases without a fault, and learns which calls they make.
async fn play_quiet(
    worlds: &Worlds,
    quiet: &[Case],
    progress: &impl Fn(Progress<'_>),
) -> Result<(Vec<FaultRun>, Points)> {
    let run = play_all(worlds, "q", quiet.to_vec(), 1, progress).await?;
    let mut points = Points::new();
    for (number, case) in quiet.iter().enumerate() {
        let place = worlds.of(case.answer, number);
        let world = &place.world;
        let mut marks = vec![name_of("q", number)];
        for incident in world
            .incidents(case.write.event_name(), &marks.concat())
            .await?
        {
            marks.push(incident.name());
        }
        points.insert(case.story(), place.points_of(&world.faults.calls(&marks)));
    }
    Ok((run, points))
}

/// Prepares the policies of all cases, and plays the cases side by side.
async fn play_all(
    worlds: &Worlds,
    part: &'static str,
    cases: Vec<Case>,
    copies: usize,
    progress: &impl Fn(Progress<'_>),
) -> Result<Vec<FaultRun>> {
    let muted = |muted| CloudTrail {
        muted: Some(muted),
        ..CloudTrail::default()
    };
    worlds.set_cloudtrail(muted(true)).await?;
    let mut prepared = Vec::with_capacity(cases.len());
    for (number, case) in cases.into_iter().enumerate() {
        let place = Arc::clone(worlds.of(case.answer, number));
        let name = name_of(part, number);
        let target = play::prepare(&place.world, &case, &name).await?;
        prepared.push((place, case, target));
    }
    worlds.set_cloudtrail(muted(false)).await?;

    // On one task, because a case waits for the emulator most of the time.
    let plays = prepared.into_iter().map(async |(place, case, target)| {
        let what = format!("{case} ({})", target.name);
        play::play(&place, case, &target, copies)
            .await
            .context(what)
    });
    let mut plays = pin!(stream::iter(plays).buffer_unordered(AT_ONCE));
    let mut run = Vec::new();
    while let Some(one) = plays.next().await {
        let one = one?;
        progress(Progress::FaultRun(&one));
        run.push(one);
    }
    // A copy of an event may still be on its way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(run)
}
