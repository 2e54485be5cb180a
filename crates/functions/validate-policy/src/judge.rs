use incident::judgement::GuardConfig;
use incident::message::{JudgeRequest, Judged, Verdict, VerdictResult};
use incident::{Analysis, Changeable as _, ExecutionArn, Observed, Record, Subject, trim_event};
use lambda_kit::{Executions, FailureName, HandlerError};
use policy_store::PolicyStore;
use tracing::Instrument as _;

/// Judges what is in force of the subject that the record names.
pub(crate) async fn judge(
    rules: &GuardConfig,
    executions: &Executions,
    store: &PolicyStore,
    request: &JudgeRequest,
) -> Result<Judged, HandlerError> {
    let execution = &request.execution;
    let event = executions.event(execution, &request.event).await?;
    let record = Record::parse(&event)?;
    let span = lambda_kit::incident_span(execution, &record.change);
    async {
        let mut verdict = match rules.judge_not_in_force(&record) {
            Some(verdict) => verdict,
            None => look(rules, store, request, &record).await?,
        };
        verdict.notify = rules.notifies(&verdict);
        report(execution, &verdict);
        Ok(Judged {
            event: trim_event(&event),
            verdict,
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
) -> Result<Verdict, HandlerError> {
    let change = &record.change;
    let judge = |quota, observed: Option<Observed>| {
        let analysis = Analysis::new(&rules.restricted, quota);
        rules.judge(&analysis, record, observed.as_ref(), request.waited)
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
            let state = store.reported(call).await?;
            rules.judge_reported(record, call, &state, request.waited)
        }
    };
    verdict.ok_or_else(|| {
        HandlerError::new(
            FailureName::ChangeNotVisible,
            format!(
                "IAM does not show the result of {} on {} yet; IAM is eventually consistent, so the state machine tries again a few times",
                change.event_name, change.subject
            ),
        )
    })
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
