use iam_policy::RestrictedActions;
use incident::message::{AssessRequest, AssessedState, Assessment};
use incident::{Analysis, Record};
use lambda_kit::{Executions, HandlerError};
use policy_store::PolicyStore;

/// Says what is in force after a task failed, as IAM shows it now.
pub(crate) async fn assess(
    restricted: &RestrictedActions,
    executions: &Executions,
    store: &PolicyStore,
    request: &AssessRequest,
) -> Result<Assessment, HandlerError> {
    let assessment = match Record::parse(&executions.input(&request.execution).await?) {
        Ok(record) => {
            let target = &record.change.target;
            let analysis = Analysis::new(restricted, target.quota());
            let look = store.in_force(target, None).await?;
            let shown =
                look.and_then(|look| Some((look.version().cloned(), look.document().cloned()?)));
            let in_force = match shown {
                None => AssessedState::Gone,
                Some((version, document)) => {
                    let restricted = analysis.restricted(&document);
                    if restricted.is_empty() {
                        AssessedState::Clean { version }
                    } else {
                        AssessedState::Restricted {
                            version,
                            restricted,
                        }
                    }
                }
            };
            Assessment {
                change: Some(record.change),
                in_force,
            }
        }
        Err(error) => Assessment {
            change: None,
            in_force: AssessedState::Unknown {
                reason: error.to_string(),
            },
        },
    };
    tracing::error!(
        execution = %request.execution,
        policy = assessment.change.as_ref().map(|change| change.target.to_string()),
        is_restricted = matches!(assessment.in_force, AssessedState::Restricted { .. }),
        "the workflow failed"
    );
    Ok(assessment)
}
