use std::borrow::Cow;

use incident::judgement::GuardConfig;
use incident::message::{Found, JudgeRequest, Judged, Look, Verdict, VerdictResult};
use incident::{
    Analysis, Changeable as _, ExecutionArn, Hint, Observed, Record, Subject, Target, trim_event,
};
use lambda_kit::{Executions, HandlerError};
use policy_store::PolicyStore;
use tracing::Instrument as _;

use crate::find::{self, Sought};

/// Judges what is in force of the subject that the record names.
pub(crate) async fn judge(
    rules: &GuardConfig,
    executions: &Executions,
    store: &PolicyStore,
    request: &JudgeRequest,
) -> Result<Judged, HandlerError> {
    let execution = &request.execution;
    let event = executions.event(execution, &request.event).await?;
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
                    hints: Vec::new(),
                });
            }
        },
    };
    let span = lambda_kit::incident_span(execution, &record.change);
    async {
        let (verdict, renamed) = look(rules, store, request, &record).await?;
        let mut targets = targets;
        targets.extend(renamed);
        let found = match verdict {
            Some(mut verdict) => {
                verdict.notify = rules.notifies(&verdict);
                report(execution, &verdict);
                Found::Verdict(verdict)
            }
            None => not_visible(request, &record)?,
        };
        Ok(Judged {
            event: trim_event(&event),
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

async fn look(
    rules: &GuardConfig,
    store: &PolicyStore,
    request: &JudgeRequest,
    record: &Record,
) -> Result<(Option<Verdict>, Vec<Target>), HandlerError> {
    let change = &record.change;
    let has_waited = request.has_waited();
    let judge = |quota, observed: Option<Observed>| {
        let analysis = Analysis::new(&rules.restricted, quota);
        rules.judge(&analysis, record, observed.as_ref(), has_waited)
    };
    let verdict = match &change.subject {
        Subject::Managed(policy) => {
            let observed = store.managed(policy, change.version.as_ref()).await?;
            judge(policy.quota(), observed.map(Observed::Managed))
        }
        Subject::Inline(policy) => {
            let observed = store.inline(policy).await?;
            judge(policy.quota(), observed.map(Observed::Inline))
        }
        Subject::Reported(call) => {
            let state = store.reported(call, change.event_time).await?;
            let verdict = rules.judge_reported(record, call, &state, has_waited);
            let renamed = verdict
                .as_ref()
                .map_or_else(Vec::new, |verdict| rules.renamed(verdict, call, &state));
            return Ok((verdict, renamed));
        }
    };
    Ok((verdict, Vec::new()))
}

/// The answer if IAM does not show the result of the call yet.
fn not_visible(request: &JudgeRequest, record: &Record) -> Result<Found, HandlerError> {
    let change = &record.change;
    if request.waited.is_some() {
        return Err(HandlerError::not_visible(&format!(
            "the result of {} on {}",
            change.event_name, change.subject
        )));
    }
    let look = Look::after(request.look.as_ref());
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
                "restricted actions are in force by a call that the guard does not revert"
            );
        }
        VerdictResult::Restricted
        | VerdictResult::Clean
        | VerdictResult::NotInForce
        | VerdictResult::Gone
        | VerdictResult::Overwritten
        | VerdictResult::AlreadyContained => tracing::info!(result, findings, "judged"),
    }
    lambda_kit::metrics::judged(execution, verdict.result);
}
