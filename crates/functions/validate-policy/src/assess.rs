use incident::judgement::GuardConfig;
use incident::message::{AssessRequest, AssessedState, Assessment, VerdictResult};
use incident::subject::ReportedCall;
use incident::{Analysis, Document as _, Observed, Record, RecordError, Subject};
use lambda_kit::{Executions, HandlerError};
use policy_store::PolicyStore;

/// Reads what is in force after a task failed.
pub(crate) async fn assess(
    rules: &GuardConfig,
    executions: &Executions,
    store: &PolicyStore,
    request: &AssessRequest,
) -> Result<Assessment, HandlerError> {
    let event = executions.event(&request.execution, &request.event).await?;
    let record = match (Record::parse(&event), &request.change) {
        // The judgement found what the call wrote.
        (Err(RecordError::NamesNoPolicy { .. }), Some(change)) => Ok(Record {
            change: change.clone(),
            document: None,
        }),
        (parsed, _) => parsed,
    };
    let assessment = match record {
        Ok(record) => Assessment {
            in_force: in_force(rules, store, &record).await?,
            change: Some(record.change),
        },
        Err(error) => Assessment {
            change: None,
            in_force: AssessedState::Unknown {
                reason: error.to_string(),
            },
        },
    };
    tracing::error!(
        execution = %request.execution,
        policy = assessment.change.as_ref().map(|change| change.subject.to_string()),
        is_restricted = matches!(assessment.in_force, AssessedState::Restricted { .. }),
        "the workflow failed"
    );
    Ok(assessment)
}

async fn in_force(
    rules: &GuardConfig,
    store: &PolicyStore,
    record: &Record,
) -> Result<AssessedState, HandlerError> {
    let (observed, quota) = match &record.change.subject {
        Subject::Managed(policy) => {
            let observed = store.managed(policy, None).await?;
            (observed.map(Observed::Managed), policy.quota())
        }
        Subject::Inline(policy) => {
            let observed = store.inline(policy).await?;
            (observed.map(Observed::Inline), policy.quota())
        }
        Subject::Reported(call) => return assess_reported(rules, store, record, call).await,
    };
    let Some(in_force) = observed.as_ref().and_then(Observed::in_force) else {
        return Ok(AssessedState::Gone);
    };
    let version = in_force.version;
    let restricted = Analysis::new(&rules.restricted, quota).restricted(&in_force.document);
    Ok(if restricted.is_empty() {
        AssessedState::Clean { version }
    } else {
        AssessedState::Restricted {
            version,
            restricted,
        }
    })
}

async fn assess_reported(
    rules: &GuardConfig,
    store: &PolicyStore,
    record: &Record,
    call: &ReportedCall,
) -> Result<AssessedState, HandlerError> {
    let state = store.reported(call, record.change.event_time).await?;
    let verdict = rules.judge_reported(record, call, &state, true);
    Ok(match verdict {
        Some(verdict) if verdict.result == VerdictResult::Reported => AssessedState::Restricted {
            version: None,
            restricted: verdict.restricted,
        },
        Some(verdict) if verdict.result == VerdictResult::Gone => AssessedState::Unknown {
            reason: "IAM has no user or group of that name any more; it may have another name"
                .to_owned(),
        },
        _ => AssessedState::Clean { version: None },
    })
}
