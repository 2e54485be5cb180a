use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, stream};
use local_aws::CloudTrail;

use super::cases::{CHANGES, Points, full, is_delivered_twice, representative, writes};
use super::{Answer, Case, FaultRun, Point, Response, invariants, play};
use crate::faults::Call;
use crate::{Target, World, document};

/// The role of the state machine, in the template.
pub(crate) const MACHINE: &str = "PolicyApprovalRole";
/// The callers by their names in the template: the callers and the state machine.
const CALLERS: [&str; 6] = [
    "ValidatePolicyFunction",
    "RemediateFunction",
    "NotifyFunction",
    "ApproveCallbackFunction",
    "RevertFunction",
    MACHINE,
];

/// How many incidents are under way at once.
const AT_ONCE: usize = 56;
/// The time for a decision in the stack where it runs out.
const SHORT_TIMEOUT: &str = "4";

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
}

/// Two deployed stacks: in one the administrator answers, and in the other the time runs out.
#[derive(Debug)]
pub struct Worlds {
    answered: Arc<Place>,
    expiring: Arc<Place>,
}

/// A deployed stack, and the names of what calls AWS in it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) world: World,
    /// Their real names by those in the template.
    callers: BTreeMap<&'static str, String>,
}

impl Place {
    async fn start(parameters: &[(&str, &str)]) -> Result<Self> {
        let world = World::start(parameters).await?;
        world.shorten_waits().await?;
        let resources = world.stack.resources().await?;
        let mut callers = BTreeMap::new();
        for name in CALLERS {
            let real = resources.get(name);
            let real = real.with_context(|| format!("the stack has no `{name}`"))?;
            callers.insert(name, real.clone());
        }
        Ok(Self { world, callers })
    }

    /// The real name of a caller; empty, which stands for all, stays so.
    pub(crate) fn real_name(&self, caller: &str) -> &str {
        self.callers.get(caller).map_or("", String::as_str)
    }

    fn name_in_template(&self, real: &str) -> Option<&'static str> {
        let found = self
            .callers
            .iter()
            .find(|(_, name)| real.contains(name.as_str()));
        found.map(|(name, _)| *name)
    }
}

impl Worlds {
    /// Deploys both.
    pub async fn start() -> Result<Self> {
        let [contained, asked] = invariants::RESTRICTED;
        let lists = [("restrictedActions", contained), ("askActions", asked)];
        let [contained, asked] = lists;
        let short = [contained, asked, ("ApprovalTimeoutSeconds", SHORT_TIMEOUT)];
        Ok(Self {
            answered: Arc::new(Place::start(&lists).await?),
            expiring: Arc::new(Place::start(&short).await?),
        })
    }

    /// Removes both.
    pub async fn stop(self) -> Result<()> {
        for place in [self.answered, self.expiring] {
            let place = Arc::into_inner(place).context("a case still runs")?;
            place.world.stop().await?;
        }
        Ok(())
    }

    fn of(&self, answer: Answer) -> &Arc<Place> {
        match answer {
            Answer::Allow | Answer::Deny => &self.answered,
            Answer::Expire => &self.expiring,
        }
    }

    async fn set_cloudtrail(&self, settings: CloudTrail) -> Result<()> {
        for place in [&self.answered, &self.expiring] {
            place.world.emulator.set_cloudtrail(settings).await?;
        }
        Ok(())
    }
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
    let quiet: Vec<Case> = Response::ALL
        .into_iter()
        .flat_map(|response| {
            writes(response, choice)
                .iter()
                .map(move |write| (response, *write))
        })
        .flat_map(|(response, write)| {
            Answer::ALL.map(|answer| Case {
                write,
                response,
                answer,
                trouble: None,
            })
        })
        .collect();
    progress(Progress::Part("without a fault", quiet.len()));
    let (mut run, points) = play_quiet(worlds, &quiet, &progress).await?;

    let mut cases = match choice {
        Choice::Full => full(&points),
        Choice::Representative => representative(&points),
    };
    cases.retain(|case| contains(case, only));
    progress(Progress::Part("with a fault", cases.len()));
    run.extend(play_all(worlds, "f", cases.clone(), 1, &progress).await?);

    let quiet = quiet.into_iter().filter(|case| contains(case, only));
    let doubled: Vec<Case> = quiet
        .chain(
            cases
                .into_iter()
                .filter(|case| is_delivered_twice(case, choice)),
        )
        .collect();
    progress(Progress::Part("with every event twice", doubled.len()));
    let twice = CloudTrail {
        copies: Some(2),
        ..CloudTrail::default()
    };
    worlds.set_cloudtrail(twice).await?;
    run.extend(play_all(worlds, "d", doubled, 2, &progress).await?);
    worlds
        .set_cloudtrail(CloudTrail {
            copies: Some(1),
            ..CloudTrail::default()
        })
        .await?;
    check_other_policies(worlds).await?;
    Ok(run)
}

/// Whether a case contains every word, in any letter case.
fn contains(case: &Case, words: &str) -> bool {
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
        let place = worlds.of(case.answer);
        let world = &place.world;
        let mut marks = vec![name_of("q", number)];
        for incident in world
            .incidents(case.write.event_name(), &marks.concat())
            .await?
        {
            marks.push(incident.name());
        }
        points.insert(
            (case.write, case.response, case.answer),
            points_of(place, &world.faults.calls(&marks)),
        );
    }
    Ok((run, points))
}

fn points_of(place: &Place, calls: &[Call]) -> Vec<Point> {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut points = Vec::new();
    for call in calls {
        let caller = place.name_in_template(&call.caller).unwrap_or_default();
        let nth = seen.entry((caller, call.action.as_str())).or_default();
        *nth += 1;
        points.push(Point {
            caller: caller.to_owned(),
            action: call.action.clone(),
            nth: *nth,
        });
    }
    points
}

fn name_of(part: &str, number: usize) -> String {
    format!("chaos-{part}{number:05}x")
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
        let place = Arc::clone(worlds.of(case.answer));
        let name = name_of(part, number);
        let [contained, asked] = invariants::RESTRICTED;
        let restricted = match case.response {
            Response::Contain => contained,
            Response::Ask => asked,
        };
        let original = document(&[restricted, "s3:GetObject"]);
        let target = Target::prepare(&place.world, case.write, &name, original).await?;
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

/// Checks that the guard changed no policies but those of the cases.
async fn check_other_policies(worlds: &Worlds) -> Result<()> {
    for place in [&worlds.answered, &worlds.expiring] {
        for call in place.world.emulator.calls(0).await? {
            let is_ours = place.name_in_template(&call.principal).is_some();
            let changes =
                call.action.starts_with("iam:") && CHANGES.contains(&call.action.as_str());
            ensure!(
                !is_ours || !changes || call.resource.contains("/chaos-"),
                "the guard changed what it was not asked about: {call:?}"
            );
        }
    }
    Ok(())
}
