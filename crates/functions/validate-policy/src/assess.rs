use incident::judgement::GuardConfig;
use incident::message::{AssessRequest, AssessedState, Assessment, VerdictResult};
use incident::{Analysis, Record, Subject};
use lambda_kit::{Executions, HandlerError};
use policy_store::PolicyStore;

/// Says what is in force after a task failed, as IAM shows it now.
pub(crate) async fn assess(
    rules: &GuardConfig,
    executions: &Executions,
    store: &PolicyStore,
    request: &AssessRequest,
) -> Result<Assessment, HandlerError> {
    let assessment = match Record::parse(&executions.input(&request.execution).await?) {
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
    let subject = &record.change.subject;
    if let Subject::Reported(told) = subject {
        let look = store.told(told).await?;
        let verdict = rules.judge_reported(record, told, &look, true);
        return Ok(match verdict {
            Some(verdict) if verdict.result == VerdictResult::Reported => {
                AssessedState::Restricted {
                    version: None,
                    restricted: verdict.restricted,
                }
            }
            Some(verdict) if verdict.result == VerdictResult::Gone => AssessedState::Unknown {
                reason: "IAM has no user or group of that name any more; it may have another name"
                    .to_owned(),
            },
            _ => AssessedState::Clean { version: None },
        });
    }
    let look = store.in_force(subject, None).await?;
    let shown = look.and_then(|look| Some((look.version().cloned(), look.document().cloned()?)));
    let Some((version, document)) = shown else {
        return Ok(AssessedState::Gone);
    };
    let restricted = Analysis::new(&rules.restricted, subject.quota()).restricted(&document);
    Ok(if restricted.is_empty() {
        AssessedState::Clean { version }
    } else {
        AssessedState::Restricted {
            version,
            restricted,
        }
    })
}
