//! What `validate-policy` and `remediate` do with the memory. Their own code reads Step Functions;
//! these are the same steps, in the same order, on the executions of the model.

use incident::judgement::GuardConfig;
use incident::memory::{Before, ClaimName, Memory, MemoryKey, Standing, Wanted};
use incident::message::{
    Contained, DecisionAction, ObservedPolicy, OutcomeResult, Response, Settled, Verdict,
    VerdictResult,
};
use incident::{Observed, Record};

use crate::claims::{Shown, Taken};
use crate::gaps::Gap;
use crate::judge::key;
use crate::setting::Setting;
use crate::situation::{Execution, Situation, Stage};
use crate::steps::Sight;

/// A verdict with a memory.
pub(crate) enum Recalled {
    /// `None` if IAM may not show the change yet.
    Verdict(Option<Box<Verdict>>),
    /// Another incident has no judgement yet, and this one waits for it.
    NotYet,
}

/// What earlier executions say about a verdict (`validate-policy`, `remember.rs`).
pub(crate) fn recall(
    setting: &Setting,
    situation: &mut Situation,
    me: usize,
    record: &Record,
    look: Option<&Observed>,
    verdict: Verdict,
) -> Result<Recalled, String> {
    let Some(waited) = situation.executions[me].stage.judging() else {
        return Err("a verdict outside of the judgement".to_owned());
    };
    let history = &situation.executions[me].history;
    let (lapsed, own) = (history.lapsed, history.lapsed_claim.clone());
    let now = |verdict| Ok(Recalled::Verdict(Some(Box::new(verdict))));
    if !verdict.asks() {
        if lapsed {
            // No event follows, so an answer from IAM's past must not be believed.
            let verdict = waited.then(|| Box::new(verdict.lapsed()));
            return Ok(Recalled::Verdict(verdict));
        }
        return now(silent(setting, situation, verdict));
    }
    let (in_force, response) = (verdict.in_force.as_ref(), verdict.response);
    let subject = &verdict.change.subject;
    let wanted = in_force.and_then(|it| Wanted::document(subject, it, response, &setting.analysis));
    let Some(wanted) = wanted else {
        return now(verdict);
    };
    if lapsed {
        match situation.find(setting, &wanted, me) {
            None => return Ok(Recalled::NotYet),
            // This execution allowed the document for a time, and is over with it.
            Some(Taken::Mine(found))
                if setting.has(Gap::LapsesOther) || own.as_ref() == Some(&found) =>
            {
                return now(lapse(situation, me, &wanted, &found, verdict));
            }
            Some(_) => {}
        }
    }
    let memory = match claim(setting, situation, me, &wanted, response) {
        Claimed::NotYet => return Ok(Recalled::NotYet),
        Claimed::Unknown | Claimed::It(Taken::Unnamed) => Memory::default(),
        Claimed::It(taken) => memory(taken),
    };
    let is_believed = |verdict| {
        Ok(Recalled::Verdict(
            Some(Box::new(verdict)).filter(|_| waited),
        ))
    };
    if !is(memory.before.as_ref(), Standing::Allowed) {
        let verdict = verdict.remembering(memory);
        // What stays in force unasked must not be what IAM shows of a former policy.
        return match verdict.result {
            VerdictResult::Joined => is_believed(verdict),
            _ => now(verdict),
        };
    }
    if lapsed {
        return is_believed(verdict.remembering(memory).lapsed());
    }
    let rules: &GuardConfig = setting.rules;
    let verdict = rules.judge_allowed(&setting.analysis, record, look, waited);
    let verdict = verdict.map(|verdict| match verdict.result {
        VerdictResult::AllowedBefore => Verdict { memory, ..verdict },
        // It is about another document than the one that was allowed.
        _ => verdict,
    });
    Ok(Recalled::Verdict(verdict.map(Box::new)))
}

fn memory(taken: Taken) -> Memory {
    match taken {
        Taken::Unnamed => Memory::default(),
        Taken::Mine(name) => Memory {
            claim: Some(name),
            ..Memory::default()
        },
        Taken::Earlier(before) => Memory {
            before: Some(before),
            ..Memory::default()
        },
    }
}

/// What is contained needs no new question. What the guard asks about first by now, it asks about.
fn lapse(
    situation: &mut Situation,
    me: usize,
    wanted: &Wanted,
    own: &ClaimName,
    verdict: Verdict,
) -> Verdict {
    if verdict.response == Response::Contain {
        return verdict.remembering(Memory {
            lapsed: true,
            ..Memory::default()
        });
    }
    let next = situation.take_next(Some(own), &wanted.key, me);
    verdict.remembering(memory(next))
}

fn is(before: Option<&Before>, standing: Standing) -> bool {
    before.is_some_and(|before| before.standing == standing)
}

enum Claimed {
    It(Taken),
    /// A containment does not wait for the memory.
    Unknown,
    NotYet,
}

/// Who asks about it.
fn claim(
    setting: &Setting,
    situation: &mut Situation,
    me: usize,
    wanted: &Wanted,
    response: Response,
) -> Claimed {
    let execution = &situation.executions[me];
    let sight = execution.sight;
    if response == Response::Contain {
        if sight == Sight::Blind {
            return Claimed::Unknown;
        }
        return match situation.take_once(setting, wanted, me, sight) {
            Shown::It(taken) => Claimed::It(taken),
            Shown::NotYet | Shown::Nothing => Claimed::Unknown,
        };
    }
    match situation.take(setting, wanted, me, sight) {
        None => Claimed::NotYet,
        // Only what is contained is taken away without a question.
        Some(Taken::Earlier(before)) if before.standing == Standing::Denied => {
            Claimed::It(situation.take_next(Some(&before.claim), &wanted.key, me))
        }
        Some(taken) => Claimed::It(taken),
    }
}

/// A verdict that asks nothing.
fn silent(setting: &Setting, situation: &Situation, verdict: Verdict) -> Verdict {
    let is_contained = verdict.result == VerdictResult::AlreadyContained;
    if !is_contained && verdict.result != VerdictResult::Withdrawn {
        return verdict;
    }
    let (Some(named), Some(in_force)) = (&verdict.named, &verdict.in_force) else {
        return verdict;
    };
    let change = &verdict.change;
    let written = ObservedPolicy {
        identity: in_force.identity.clone(),
        version: change.version.clone(),
        document: named.clone(),
    };
    let response = Response::Contain;
    let wanted = Wanted::document(&change.subject, &written, response, &setting.analysis);
    let Some(wanted) = wanted else {
        return verdict.withdrawn(None);
    };
    match situation.contained_by(setting, &wanted, change.event_time.as_second()) {
        Err(_) if is_contained => verdict,
        Err(_) => verdict.withdrawn(None),
        Ok(Some(before)) if before.standing == Standing::Allowed => verdict.remembering(Memory {
            before: Some(before),
            ..Memory::default()
        }),
        Ok(before) => verdict.withdrawn(before),
    }
}

/// What comes after a containment.
pub(crate) enum Settling {
    Ask(Contained),
    /// Another execution asks.
    Joined(Before),
    /// No one is asked.
    Settled(Contained),
    NotYet,
}

/// Whether anyone is asked about what was contained (`remediate`, `settle.rs`).
pub(crate) fn settle(
    setting: &Setting,
    situation: &mut Situation,
    me: usize,
    mut contained: Contained,
) -> Result<Settling, String> {
    let execution = &situation.executions[me];
    let verdict = execution.history.verdict.clone();
    let verdict = verdict.ok_or("a containment without a verdict")?;
    let memory = &verdict.memory;
    let is_judged = verdict.in_force.as_ref().is_some_and(|judged| {
        judged.identity == contained.identity
            && setting
                .analysis
                .is_equivalent(&judged.document, &contained.original)
    });
    if is_judged && memory.lapsed {
        return Ok(settled(contained, OutcomeResult::Lapsed, None));
    }
    let key = key(setting, &contained);
    let is_judged = is_judged && (setting.has(Gap::OtherLists) || memory.key() == key.as_ref());
    if is_judged && memory.claim.is_some() {
        return Ok(Settling::Ask(contained));
    }
    if let Some(before) = memory.before.as_ref().filter(|_| is_judged)
        && before.standing == Standing::Denied
        && setting.has(Gap::OldDeny)
    {
        return Ok(settled(
            contained,
            OutcomeResult::DeniedBefore,
            Some(before.clone()),
        ));
    }
    let observed = contained.observed();
    let subject = &verdict.change.subject;
    let response = Response::Contain;
    let Some(wanted) = Wanted::document(subject, &observed, response, &setting.analysis) else {
        return Ok(Settling::Ask(contained));
    };
    if execution.sight == Sight::Blind {
        // Its task has failed once, and now asks without a memory.
        situation.loosen(&wanted.key);
        return Ok(Settling::Ask(contained));
    }
    let taken = match situation.take(setting, &wanted, me, Sight::Settling) {
        None => return Ok(Settling::NotYet),
        Some(Taken::Earlier(before)) if before.standing == Standing::Allowed => {
            // The allow came in the meantime, and put the document in force again.
            if is_in_force(setting, situation, &contained) {
                return Ok(settled(contained, OutcomeResult::Joined, Some(before)));
            }
            // It is contained all the same, and an administrator should know it.
            situation.take_next(Some(&before.claim), &wanted.key, me)
        }
        Some(taken) => taken,
    };
    Ok(match taken {
        Taken::Mine(name) => {
            contained.claim = Some(name);
            Settling::Ask(contained)
        }
        Taken::Unnamed => Settling::Ask(contained),
        Taken::Earlier(before) => match before.standing {
            Standing::Pending => Settling::Joined(before),
            Standing::Denied => settled(contained, OutcomeResult::DeniedBefore, Some(before)),
            Standing::Allowed => return Err("an allow that was passed over".to_owned()),
        },
    })
}

/// What `revert` does before its answer leads to `stage`; `false` where its task fails
/// (`outlast.rs`).
pub(crate) fn outlast(
    setting: &Setting,
    situation: &mut Situation,
    me: usize,
    execution: &Execution,
    stage: &Stage,
) -> bool {
    let contained = match (&execution.stage, &execution.asked) {
        (Stage::Reverting { held, .. }, _) => &held.0,
        (Stage::Answering { .. }, Some(asked)) => &asked.0.contained,
        _ => return true,
    };
    let history = &execution.history;
    let is_answered = history.decision != Some(DecisionAction::Expire)
        && matches!(stage, Stage::Ended(word, _) if *word != "failed");
    let known = history.quarantine.as_ref().and_then(|it| it.contained());
    let is_settled = known.is_some_and(|known| known.settled.is_some());
    if !is_answered || is_settled || setting.has(Gap::LeavesOlder) {
        return true;
    }
    if execution.sight == Sight::Blind {
        return false;
    }
    if let Some(key) = key(setting, contained) {
        situation.replace(&key, me);
    }
    true
}

/// Whether the original is in force again.
fn is_in_force(setting: &Setting, situation: &Situation, contained: &Contained) -> bool {
    let look = setting.look(&situation.iam);
    let shown = look.and_then(|look| look.in_force());
    shown.is_some_and(|shown| {
        shown.identity == contained.identity
            && setting
                .analysis
                .is_equivalent(&shown.document, &contained.original)
    })
}

trait Keyed {
    fn key(&self) -> Option<&MemoryKey>;
}

impl Keyed for Memory {
    /// The key of its claim, or of that of the earlier incident.
    fn key(&self) -> Option<&MemoryKey> {
        let before = self.before.as_ref().map(|before| &before.claim);
        self.claim.as_ref().or(before).map(ClaimName::key)
    }
}

fn settled(contained: Contained, result: OutcomeResult, before: Option<Before>) -> Settling {
    Settling::Settled(settled_as(contained, result, before))
}

/// What was contained, with the reason why no one is asked.
pub(crate) fn settled_as(
    contained: Contained,
    result: OutcomeResult,
    before: Option<Before>,
) -> Contained {
    Contained {
        settled: Some(Settled {
            result,
            before,
            notify: true,
            report: None,
        }),
        ..contained
    }
}
