//! What the history of an execution shows after a step.

use std::rc::Rc;

use incident::memory::Before;
use incident::message::{Contained, DecisionAction, OutcomeResult, Quarantine};

use crate::guard::holding;
use crate::judge::key;
use crate::remember::{Settling, settle, settled_as};
use crate::setting::Setting;
use crate::situation::{Execution, Holding, Situation, Stage};
use crate::steps::{History, Status};

/// How long an allow for a time is good.
pub(crate) const HOUR: i64 = 3600;

/// The history of an execution that has ended with this step, or whose allow is for a time.
pub(crate) fn after(setting: &Setting, execution: &Execution) -> Option<History> {
    let Stage::Ended(word, held) = &execution.stage else {
        return None;
    };
    let history = History::clone(&execution.history);
    if history.status != Status::Running || history.outcome.is_some() {
        return Some(history);
    }
    if *word == "failed" {
        let status = Status::Failed;
        return Some(History { status, ..history });
    }
    let action = history.decision.unwrap_or(DecisionAction::Expire);
    let is_asked = execution.asked.is_some();
    let settled = history
        .quarantine
        .as_ref()
        .and_then(|it| it.contained()?.settled.clone());
    let outcome = match *word {
        "superseded" => OutcomeResult::Superseded,
        "gone" => OutcomeResult::Gone,
        _ => settled.map_or(OutcomeResult::of(action, is_asked), |it| it.result),
    };
    let quarantine = match held {
        Some(held) => Some(in_place(setting, held)),
        None if history.decision.is_none() && outcome == OutcomeResult::Gone => {
            Some(Rc::new(Quarantine::Gone))
        }
        None if history.decision.is_none() => Some(Rc::new(Quarantine::Superseded)),
        None => history.quarantine.clone(),
    };
    let until = history.ends.filter(|_| outcome == OutcomeResult::Allowed);
    Some(History {
        status: match until {
            Some(_) => Status::Running,
            None => Status::Succeeded,
        },
        state: "Ended",
        until,
        outcome: Some(outcome),
        quarantine,
        ..history
    })
}

/// With what only mails show, which is part of the proof.
fn in_place(setting: &Setting, held: &Rc<Holding>) -> Rc<Quarantine> {
    Rc::new(Quarantine::InPlace(Contained {
        restricted: setting.analysis.restricted(&held.0.original),
        ..held.0.clone()
    }))
}

/// What comes after a containment.
pub(crate) enum Comes {
    Stage(Stage),
    /// Another execution asks, and what it asks about may be there twice.
    Joining(Before),
}

/// What `NextAction` makes of a containment.
pub(crate) fn contained(
    setting: &Setting,
    situation: &mut Situation,
    execution: &mut Execution,
    me: usize,
    contained: Contained,
) -> Result<Comes, String> {
    Ok(Comes::Stage(
        match settle(setting, situation, me, contained)? {
            Settling::NotYet => execution.stage.clone(),
            Settling::Joined(before) => return Ok(Comes::Joining(before)),
            Settling::Ask(contained) => {
                let stage = Stage::Asking(Rc::new(holding(contained.clone())));
                let asks = key(setting, &contained);
                let met = setting.analysis.met(&contained.original);
                let kept = answer(execution, stage, "AskUser", None, contained);
                if let Some(answer) = &mut execution.answer {
                    let history = &mut Rc::make_mut(answer).1;
                    (history.asks, history.met) = (asks, met);
                }
                kept
            }
            Settling::Settled(contained) => {
                let settled = contained.settled.as_ref();
                if settled.is_some_and(|it| it.result == OutcomeResult::Joined) {
                    let stage = Stage::Ended("joined", None);
                    return Ok(Comes::Stage(answer(
                        execution,
                        stage,
                        "Succeeded",
                        None,
                        contained,
                    )));
                }
                let result = contained.settled.as_ref().map(|settled| settled.result);
                let action = match result {
                    Some(OutcomeResult::Lapsed) => DecisionAction::Expire,
                    _ => DecisionAction::Deny,
                };
                let stage = Stage::Reverting {
                    held: Rc::new(holding(contained.clone())),
                    action,
                    waited: false,
                    memory: Rc::default(),
                };
                answer(execution, stage, "Denied", Some(action), contained)
            }
        },
    ))
}

/// The end of an execution that joins another one.
pub(crate) fn joined(
    execution: &mut Execution,
    contained: Contained,
    before: Option<Before>,
) -> Stage {
    let contained = settled_as(contained, OutcomeResult::Joined, before);
    let stage = Stage::Ended("joined", None);
    answer(execution, stage, "Succeeded", None, contained)
}

/// A function has answered, and the history does not show it yet.
fn answer(
    execution: &mut Execution,
    stage: Stage,
    state: &'static str,
    decision: Option<DecisionAction>,
    contained: Contained,
) -> Stage {
    let history = History::clone(&execution.history);
    let has_ended = matches!(stage, Stage::Ended(..));
    let history = History {
        status: match has_ended {
            true => Status::Succeeded,
            false => Status::Running,
        },
        state,
        verdict: history.verdict.as_ref().map(|verdict| {
            let mut verdict = verdict.as_ref().clone();
            if state == "AskUser" {
                verdict.in_force = None;
            }
            Rc::new(verdict)
        }),
        quarantine: Some(Rc::new(Quarantine::InPlace(contained))),
        decision,
        outcome: has_ended.then_some(OutcomeResult::Joined),
        ..history
    };
    execution.answer = Some(Rc::new((stage, history)));
    execution.stage.clone()
}
