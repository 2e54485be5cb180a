use std::borrow::Cow;

use iam_policy::Quota;
use incident::judgement::{GuardConfig, lost_denials};
use incident::message::{
    Found, JudgeRequest, Judged, Look, Proposal, Quarantine, Response, Verdict, VerdictResult,
};
use incident::subject::{AddedIdentity, Addition, ManagedPolicy, OwnerKind, ReportedCall};
use incident::{
    Analysis, Confirming, Document as _, ExecutionArn, Hint, Observed, Record, Subject, Target,
    WatchedCall, trim_event,
};
use lambda_kit::{Claims, HandlerError, Sweeps};
use policy_store::PolicyStore;
use tracing::Instrument as _;

use crate::find::{self, Sought};
use crate::remember::{Remembering, Seen};

/// Judges what is in force of the subject that the record names.
pub(crate) async fn judge(
    rules: &GuardConfig,
    claims: &Claims,
    sweeps: &Sweeps,
    store: &PolicyStore,
    request: &JudgeRequest,
) -> Result<Judged, HandlerError> {
    let execution = &request.execution;
    let event = claims.executions().event(execution, &request.event).await?;
    let (event, record, targets) = match Record::parse(&event) {
        Ok(record) => (event, record, Vec::new()),
        Err(unnamed) => match find::find(rules, store, request, unnamed).await? {
            Sought::Named(target, others) => {
                let named = target.named_in(&event);
                let record = Record::parse(&named)?;
                tracing::info!(subject = %record.change.subject, others = others.len(), "found");
                (Cow::Owned(named), record, others)
            }
            Sought::Look(look) => {
                return Ok(Judged {
                    event: trim_event(&event),
                    found: Found::Look(look),
                    proposal: None,
                    hints: Vec::new(),
                });
            }
        },
    };
    let span = lambda_kit::incident_span(execution, &record.change);
    async {
        let memory = Remembering {
            rules,
            claims,
            sweeps,
            execution,
            confirming: request
                .look
                .as_ref()
                .and_then(|look| look.confirming.as_ref()),
            done: request.done.as_ref(),
            lapsed: request.lapsed.as_ref(),
            failed_tries: request.failed_tries,
        };
        let looked = look(&memory, store, request, &record).await?;
        let mut targets = targets;
        targets.extend(looked.renamed);
        let proposal = looked.proposal;
        let found = match looked.verdict {
            Some(mut verdict) => {
                let added = looked.added.as_ref();
                memory.report(&event, &mut verdict, added).await;
                memory.make_known(&mut verdict, added).await;
                report(execution, &verdict);
                Found::Verdict(verdict)
            }
            None => match looked.confirming {
                Some((seconds, confirming)) => {
                    let before = request.look.as_ref();
                    Found::Look(Look::confirming(before, seconds, confirming))
                }
                None => not_visible(request, &record, looked.trust)?,
            },
        };
        Ok(Judged {
            event: trim_event(&event),
            proposal,
            hints: match found {
                // The next look finds them again.
                Found::Look(_) => Vec::new(),
                Found::Verdict(_) => targets
                    .into_iter()
                    .map(|target| Hint::new(&record.change.event_id, target))
                    .collect(),
            },
            found,
        })
    }
    .instrument(span)
    .await
}

/// The longest trust policy that an execution carries from one look to the next, in bytes.
const MAX_TRUST: usize = 8 * 1024;

#[derive(Default)]
struct Looked {
    verdict: Option<Verdict>,
    /// What the guard would do, where the verdict asks first.
    proposal: Option<Quarantine>,
    /// The inline policies that have a new name.
    renamed: Vec<Target>,
    /// What a call added, and to whom.
    added: Option<AddedIdentity>,
    /// The trust policy that IAM still shows, where the call wrote another one.
    trust: Option<String>,
    /// The wait for CloudTrail.
    confirming: Option<(u32, Confirming)>,
}

async fn look(
    memory: &Remembering<'_>,
    store: &PolicyStore,
    request: &JudgeRequest,
    record: &Record,
) -> Result<Looked, HandlerError> {
    let change = &record.change;
    let has_waited = request.has_waited();
    let judge = async |quota, observed: Option<Observed>| {
        let analysis = Analysis::new(&memory.rules.restricted, quota);
        let seen = memory
            .document(&analysis, record, observed.as_ref(), has_waited)
            .await?;
        let verdict = match seen {
            Seen::Verdict(verdict) => Some(*verdict),
            Seen::NotYet => None,
            Seen::Unconfirmed {
                seconds,
                confirming,
            } => {
                return Ok(Looked {
                    confirming: Some((seconds, confirming)),
                    ..Looked::default()
                });
            }
        };
        let proposal = verdict
            .as_ref()
            .and_then(|verdict| Proposal::of(verdict, &analysis))
            .map(Quarantine::Proposed);
        Ok::<_, HandlerError>(Looked {
            verdict,
            proposal,
            ..Looked::default()
        })
    };
    let mut looked = match &change.subject {
        Subject::Managed(policy) => {
            let observed = store.managed(policy, change.version.as_ref()).await?;
            let mut looked = judge(policy.quota(), observed.map(Observed::Managed)).await?;
            if let Some(verdict) = &mut looked.verdict {
                compare_denials(store, policy, verdict).await?;
            }
            looked
        }
        Subject::Inline(policy) => {
            let observed = store.inline(policy).await?;
            judge(policy.quota(), observed.map(Observed::Inline)).await?
        }
        Subject::Reported(call) => {
            return reported(memory, store, request, record, call).await;
        }
    };
    if let Some(Quarantine::Proposed(proposal)) = &mut looked.proposal {
        store
            .add_holders(&change.subject, &mut proposal.contained)
            .await;
    }
    Ok(looked)
}

async fn reported(
    memory: &Remembering<'_>,
    store: &PolicyStore,
    request: &JudgeRequest,
    record: &Record,
    call: &ReportedCall,
) -> Result<Looked, HandlerError> {
    let mut state = store.reported(call, record.change.event_time).await?;
    state.former_trust = request.look.as_ref().and_then(|look| look.trust.clone());
    let rules = memory.rules;
    let verdict = rules.judge_reported(record, call, &state, request.has_waited());
    let verdict = match verdict {
        Some(verdict) => {
            // Nothing is compared as a document, so the quota does not matter.
            let analysis = Analysis::new(&rules.restricted, Quota::MANAGED);
            let verdict = memory.addition(&analysis, &state, verdict).await?;
            // IAM may show what a former owner of this name had.
            let is_silent = matches!(
                verdict.result,
                VerdictResult::AllowedBefore | VerdictResult::Joined
            );
            (request.has_waited() || !is_silent).then_some(verdict)
        }
        None => None,
    };
    let renamed = verdict
        .as_ref()
        .map_or_else(Vec::new, |verdict| rules.renamed(verdict, call, &state));
    let mut addition = verdict
        .as_ref()
        .and_then(|verdict| Addition::of(verdict, &state));
    if let (Some(addition), ReportedCall::Attachment { owner, .. }) = (&mut addition, call)
        && owner.kind == OwnerKind::Group
    {
        addition.held_by = Some(store.count_of(owner).await);
    }
    let proposal = addition.map(Quarantine::Added);
    let added = state.added.as_ref().map(|added| added.identity.clone());
    let shown = state.former_trust.or(state.trust);
    Ok(Looked {
        renamed,
        added,
        proposal,
        trust: shown.filter(|trust| verdict.is_none() && trust.len() <= MAX_TRUST),
        confirming: None,
        verdict,
    })
}

/// Finds what the version that the call put in force does not deny any more.
async fn compare_denials(
    store: &PolicyStore,
    policy: &ManagedPolicy,
    verdict: &mut Verdict,
) -> Result<(), HandlerError> {
    let change = &verdict.change;
    let is_first = change.event_name == WatchedCall::CreatePolicy;
    let shown = verdict.in_force.as_ref();
    let is_its = shown.is_some_and(|shown| shown.version == change.version);
    if is_first || !is_its {
        return Ok(());
    }
    if let Some(observed) = store.observe(policy).await?
        && Some(&observed.default.id) == change.version.as_ref()
    {
        verdict.change.lost_denials = lost_denials(&observed);
    }
    Ok(())
}

/// The answer if IAM does not show the result of the call yet.
fn not_visible(
    request: &JudgeRequest,
    record: &Record,
    trust: Option<String>,
) -> Result<Found, HandlerError> {
    let change = &record.change;
    if request.waited.is_some() {
        return Err(HandlerError::not_visible(&format!(
            "the result of {} on {}",
            change.event_name, change.subject
        )));
    }
    let look = Look {
        trust,
        ..Look::after(request.look.as_ref())
    };
    tracing::info!(seconds = look.seconds, "IAM does not show the change yet");
    Ok(Found::Look(look))
}

/// Logs and counts a verdict.
fn report(execution: &ExecutionArn, verdict: &Verdict) {
    let result = verdict.result.as_str();
    let findings = verdict.restricted.total();
    match verdict.result {
        VerdictResult::Exempt | VerdictResult::Monitored => {
            tracing::warn!(result, findings, "restricted actions stay in force");
        }
        VerdictResult::Withdrawn => {
            tracing::warn!(
                result,
                findings,
                "restricted actions were in force for a while"
            );
        }
        VerdictResult::Reported => {
            tracing::warn!(
                result,
                response = verdict.response.as_str(),
                "restricted actions are in force"
            );
        }
        VerdictResult::Unconfirmed => {
            tracing::warn!(result, findings, "CloudTrail does not know the event");
        }
        VerdictResult::Restricted
        | VerdictResult::Clean
        | VerdictResult::NotInForce
        | VerdictResult::Gone
        | VerdictResult::Overwritten
        | VerdictResult::AlreadyContained
        | VerdictResult::AllowedBefore
        | VerdictResult::Joined
        | VerdictResult::Lapsed => tracing::info!(result, findings, "judged"),
    }
    let is_dealt_with = matches!(verdict.response, Response::Ask | Response::Report)
        || verdict.result == VerdictResult::Joined;
    if is_dealt_with {
        lambda_kit::metrics::proof_of_life(execution, &verdict.change);
    }
    lambda_kit::metrics::judged(execution, verdict.result);
    lambda_kit::metrics::responded(execution, verdict.response);
}
