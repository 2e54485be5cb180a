use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use local_aws::{browse, http};
use tokio::time::{Instant, sleep};

use super::place::Place;
use super::{Answer, Case, FaultRun, Response, invariants};
use crate::faults::{Injected, Rule, Times};
use crate::{Incident, Target, World, document};

/// The longest time for an incident: six runs of two tasks with a persistent fault that only a
/// timeout ends.
const DEADLINE: Duration = Duration::from_secs(420);
const INTERVAL: Duration = Duration::from_millis(200);
/// How often a decision is tried before a persistent fault that prevents it is lifted.
const TRIES_UNDER_FAULT: usize = 3;
/// How often a decision is tried in all. A function that was killed runs again after some seconds.
const MOST_TRIES: usize = 100;

/// Plays one case: the write, the fault, the answer, and what is true in the end.
///
/// # Errors
///
/// If the emulator does not work; what goes wrong with the guard is in the answer.
pub(crate) async fn play(
    place: &Place,
    case: Case,
    target: &Target,
    copies: usize,
) -> Result<FaultRun> {
    let rule = inject(place, &case, &target.name);
    target.carry_out(place.world.emulator.iam()).await?;
    finish(place, case, target, copies, rule.as_ref()).await
}

/// Creates what the write of a case needs.
pub(crate) async fn prepare(world: &World, case: &Case, name: &str) -> Result<Target> {
    let [contained, asked] = invariants::RESTRICTED;
    let restricted = match case.response {
        Response::Contain => contained,
        Response::Ask => asked,
    };
    let original = document(&[restricted, "s3:GetObject"]);
    Target::prepare(world, case.write, name, original).await
}

/// Makes the call of the case fail, if its parameters hold this text.
pub(crate) fn inject(place: &Place, case: &Case, mark: &str) -> Option<Injected> {
    let trouble = case.trouble.as_ref()?;
    Some(place.world.faults.inject(Rule {
        caller: place.real_name(&trouble.point.caller).to_owned(),
        action: trouble.point.action.clone(),
        marks: vec![mark.to_owned()],
        nth: trouble.point.nth,
        times: trouble.times,
        fault: trouble.fault,
    }))
}

/// Sees the incidents of a write through, and checks what is true in the end.
///
/// # Errors
///
/// If the emulator does not work; what goes wrong with the guard is in the answer.
pub(crate) async fn finish(
    place: &Place,
    case: Case,
    target: &Target,
    copies: usize,
    rule: Option<&Injected>,
) -> Result<FaultRun> {
    let world = &place.world;
    let mut run = FaultRun::new(case);
    if let Err(error) = see_through(world, &mut run, target, copies, rule).await {
        run.problems.push(format!("{error:#}"));
        return Ok(run);
    }
    if run.case.trouble.is_some() && rule.is_some_and(|rule| rule.hits() == 0) {
        run.missed();
    }
    invariants::check(world, &mut run, target).await?;
    Ok(run)
}

/// Waits for the incidents of the write, answers where the guard asks, and waits for their ends.
async fn see_through(
    world: &World,
    run: &mut FaultRun,
    target: &Target,
    copies: usize,
    rule: Option<&Injected>,
) -> Result<()> {
    let event_name = run.case.write.event_name();
    let end = Instant::now() + DEADLINE;
    let mut answered = BTreeSet::new();
    loop {
        let incidents = world.incidents(event_name, &target.name).await?;
        let mut open = copies.saturating_sub(incidents.len());
        for incident in &incidents {
            if let Some(rule) = rule {
                rule.mark(&incident.name());
            }
            if !world.is_running(incident.execution.arn()).await? {
                continue;
            }
            open += 1;
            if let Some(rule) = rule.filter(|_| is_persistent(run)) {
                lift_between_tries(incident, rule).await?;
            }
            let arn = incident.execution.arn().to_owned();
            let wanted = run.case.answer != Answer::Expire && !answered.contains(&arn);
            // A late call has ended before a person has read the mail.
            let settled = rule.is_none_or(|rule| !rule.is_pending());
            if wanted && settled && incident.is_asked().await? {
                decide(run, incident, target, rule).await?;
                answered.insert(arn);
            }
        }
        if open == 0 && rule.is_none_or(|rule| !rule.is_pending()) {
            return Ok(());
        }
        if Instant::now() >= end {
            bail!("{open} executions do not end");
        }
        sleep(INTERVAL).await;
    }
}

fn is_persistent(run: &FaultRun) -> bool {
    let trouble = run.case.trouble.as_ref();
    trouble.is_some_and(|trouble| trouble.times == Times::Persistently)
}

fn is_killed(run: &FaultRun) -> bool {
    let trouble = run.case.trouble.as_ref();
    trouble.is_some_and(|trouble| trouble.fault.is_kill())
}

/// Ends a persistent fault once the incident waits for its next try. So the hundred tries of a day
/// are not played, but the next one is, and it succeeds.
async fn lift_between_tries(incident: &Incident<'_>, rule: &Injected) -> Result<()> {
    let states = incident.states().await?;
    if states.last().is_some_and(|state| state == "WaitForNextTry") {
        rule.lift();
    }
    Ok(())
}

/// Opens the link and presses the button until the page says that the decision is recorded.
async fn decide(
    run: &mut FaultRun,
    incident: &Incident<'_>,
    target: &Target,
    rule: Option<&Injected>,
) -> Result<()> {
    let answer = match run.case.answer {
        Answer::Allow => "allow",
        Answer::Deny | Answer::Expire => "deny",
    };
    let name = &target.name;
    for tries in 1.. {
        // A function that is killed after its mail runs again, and its second mail has the link
        // that counts.
        let link = incident.link(answer).await?;
        let page = http::get(&link).await?;
        let page = match browse::form_of(&link, &page.body)? {
            Some(form) => http::post_form(&form.action, &form.fields).await?,
            None => page,
        };
        match page.status {
            200 => return Ok(()),
            // An earlier try recorded the decision, and its answer was lost.
            409 | 410 if !incident.is_waiting().await? => return Ok(()),
            // Many cases decide at once, and the stage of the pages takes few requests a second.
            429 if tries < MOST_TRIES => {}
            409 | 410 | 500.. if tries < MOST_TRIES => {}
            status => bail!(
                "the decision on {name} is answered with {status}: {}",
                page.body
            ),
        }
        if is_persistent(run)
            && page.status >= 500
            && tries >= TRIES_UNDER_FAULT
            && let Some(rule) = rule
        {
            // The page of a function that was killed comes from API Gateway, and says nothing.
            if !is_killed(run) && !incident.is_waiting().await? {
                run.problems
                    .push("a decision counts although the page said that it does not".to_owned());
            }
            rule.lift();
        }
        sleep(INTERVAL).await;
    }
    Ok(())
}
