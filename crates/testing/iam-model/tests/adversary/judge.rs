//! The moves of `validate-policy`: a look, and the verdict on what it shows.

use std::rc::Rc;

use incident::memory::{MemoryKey, Wanted};
use incident::message::{Contained, ObservedPolicy, Proposal, Quarantine, Response, Verdict};
use incident::subject::ObservedManaged;
use incident::{Actor, Observed, PolicyChange, Record};

use crate::remember::{Recalled, recall};
use crate::setting::{Setting, time, version_id};
use crate::situation::{Execution, Hint, Proposed, Situation, Stage};
use crate::steps::{History, Status};

/// One look of the judgement. Returns the stage that follows.
pub(crate) fn judge(
    setting: &Setting,
    situation: &mut Situation,
    index: usize,
    execution: &mut Execution,
    look: Option<Rc<Observed>>,
) -> Result<Stage, String> {
    let Stage::Judging { waited } = execution.stage else {
        return Err("not judging".to_owned());
    };
    let record = record(setting, &execution.hint);
    // Of a managed policy the judgement reads the default and the named version only.
    let look = look.map(|look| match &*look {
        Observed::Managed(look) => {
            let named = record.change.version.as_ref();
            let versions = look
                .versions()
                .filter(|version| version.id == look.default.id || Some(&version.id) == named);
            let identity = look.identity.clone();
            let narrowed =
                ObservedManaged::new(identity, &look.default.id, versions.cloned().collect());
            Observed::Managed(narrowed.unwrap())
        }
        Observed::Inline(look) => Observed::Inline(look.clone()),
    });
    let mut verdict = setting
        .rules
        .judge(&setting.analysis, &record, look.as_ref(), waited);
    if setting.remembers
        && let Some(judged) = verdict
    {
        verdict = match recall(setting, situation, index, &record, look.as_ref(), judged)? {
            Recalled::Verdict(verdict) => verdict.map(|it| *it),
            Recalled::NotYet => return Ok(execution.stage.clone()),
        };
    }
    let Some(verdict) = verdict else {
        situation.settle_down();
        return Ok(Stage::Judging { waited: true });
    };
    execution.asked = None;
    let stage = stage(setting, execution, &verdict)?;
    if !setting.remembers {
        return Ok(stage);
    }
    let history = judged(setting, execution, &stage, verdict);
    if let Stage::Ended(..) = stage {
        execution.history = Rc::new(history);
        return Ok(stage);
    }
    // The claim is there before the history shows the judgement.
    execution.answer = Some(Rc::new((stage, history)));
    Ok(Stage::Judging { waited })
}

/// What `ChooseAction` makes of a verdict.
fn stage(setting: &Setting, execution: &mut Execution, verdict: &Verdict) -> Result<Stage, String> {
    Ok(match verdict.response {
        Response::Ask => {
            let proposal = Proposal::of(verdict, &setting.analysis);
            let proposal = proposal.ok_or("the guard asks without a proposal")?;
            execution.asked = Some(Rc::new(Proposed(proposal)));
            Stage::Proposing
        }
        Response::Contain => Stage::Containing {
            judged: Rc::new(verdict.in_force.clone().unwrap()),
            waited: false,
            memory: Rc::default(),
        },
        Response::Report | Response::None => Stage::Ended(verdict.result.as_str(), None),
    })
}

/// The key of what an execution asks about.
pub(crate) fn key(setting: &Setting, contained: &Contained) -> Option<MemoryKey> {
    let observed = ObservedPolicy {
        identity: contained.identity.clone(),
        version: None,
        document: contained.original.clone(),
    };
    // The key is the same for every response.
    let response = Response::Contain;
    let wanted = Wanted::document(&setting.subject, &observed, response, &setting.analysis)?;
    Some(wanted.key)
}

/// What the history shows once the verdict is in it.
fn judged(setting: &Setting, execution: &Execution, stage: &Stage, verdict: Verdict) -> History {
    let history = History::clone(&execution.history);
    let proposal = execution.asked.as_ref();
    let proposal = proposal.filter(|_| matches!(stage, Stage::Proposing));
    let in_force = verdict.in_force.clone().filter(|_| proposal.is_none());
    History {
        status: match stage {
            Stage::Ended(..) => Status::Succeeded,
            _ => Status::Running,
        },
        state: match stage {
            Stage::Proposing => "AskUser",
            Stage::Containing { .. } => "TempRemove",
            _ => "AllowSilently",
        },
        verdict: Some(Rc::new(Verdict {
            in_force,
            ..verdict
        })),
        asks: proposal.and_then(|it| key(setting, &it.0.contained)),
        met: proposal.map_or_else(Vec::new, |it| {
            setting.analysis.met(&it.0.contained.original)
        }),
        quarantine: proposal.map(|it| Rc::new(Quarantine::Proposed(it.0.clone()))),
        ..history
    }
}

pub(crate) fn record(setting: &Setting, hint: &Hint) -> Record {
    Record {
        change: PolicyChange {
            event_id: String::new(),
            event_name: hint.call,
            event_time: time(hint.second),
            account: String::new(),
            region: String::new(),
            actor: Actor {
                kind: String::new(),
                name: String::new(),
                arn: None,
                issuer_arn: None,
                account: None,
                invoked_by: None,
                source_identity: None,
                delegate: None,
                on_behalf_of: None,
            },
            source_ip_address: None,
            user_agent: None,
            subject: setting.subject.clone(),
            version: hint.version.map(version_id),
            in_force: hint.in_force,
            lost_denials: Vec::new(),
        },
        document: hint.document.as_deref().map(str::to_owned),
    }
}
