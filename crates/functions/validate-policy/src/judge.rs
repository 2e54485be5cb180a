use incident::judgement::GuardConfig;
use incident::message::{JudgeRequest, Judged, Verdict};
use incident::{Analysis, Record, Subject, trim_event};
use lambda_kit::{Executions, FailureName, HandlerError};
use policy_store::PolicyStore;
use tracing::Instrument as _;

/// Judges what is in force where the record points.
pub(crate) async fn judge(
    rules: &GuardConfig,
    executions: &Executions,
    store: &PolicyStore,
    request: &JudgeRequest,
) -> Result<Judged, HandlerError> {
    let execution = &request.execution;
    let event = executions.input(execution).await?;
    let record = Record::parse(&event)?;
    let span = lambda_kit::incident_span(execution, &record.change);
    async {
        let verdict = match rules.judge_not_in_force(&record) {
            Some(verdict) => verdict,
            None => look(rules, store, request, &record).await?,
        };
        lambda_kit::report_verdict(execution, &verdict);
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
    let verdict = if let Subject::Reported(told) = &change.subject {
        let look = store.told(told).await?;
        rules.judge_reported(record, told, &look, request.waited)
    } else {
        let look = store
            .in_force(&change.subject, change.version.as_ref())
            .await?;
        let analysis = Analysis::new(&rules.restricted, change.subject.quota());
        rules.judge(&analysis, record, look.as_ref(), request.waited)
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
