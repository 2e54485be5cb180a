use iam_policy::RestrictedActions;
use incident::message::{AssessRequest, Assessment};
use incident::{PolicyRef, Record, mail};
use lambda_kit::HandlerError;
use policy_store::{PolicyStore, StoreError, StoreErrorKind};

/// Says what is in force after a task failed, as read from IAM now, and writes the mail that asks for a person.
pub(crate) async fn assess(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: &AssessRequest,
) -> Result<Assessment, HandlerError> {
    let AssessRequest {
        execution,
        event,
        failure,
    } = request;
    let (policy, in_force) = match Record::parse(event) {
        Ok(record) => {
            let policy = &record.change.policy;
            let in_force = in_force(restricted, store, policy).await?;
            (policy.to_string(), in_force)
        }
        Err(error) => (
            "no policy could be read from the record".to_owned(),
            format!("unknown, because {error}"),
        ),
    };
    tracing::error!(
        execution = %execution,
        state = failure.state,
        error_name = failure.error,
        policy,
        in_force,
        "the workflow failed"
    );
    Ok(Assessment {
        mail: mail::failure(&policy, failure, &in_force, execution),
        in_force,
    })
}

async fn in_force(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    policy: &PolicyRef,
) -> Result<String, StoreError> {
    let (what, document) = match policy {
        PolicyRef::Managed { arn, .. } => match store.snapshot(arn, None).await {
            Ok(snapshot) => match snapshot.default_version() {
                Some(version) => (format!("version {}", version.id), version.document.clone()),
                None => return Ok("unknown: IAM shows no default version".to_owned()),
            },
            Err(error) => return gone(error),
        },
        PolicyRef::Inline { owner, name } => match store.inline_document(owner, name).await {
            Ok(document) => ("the inline policy".to_owned(), document),
            Err(error) => return gone(error),
        },
    };
    let findings = iam_policy::judge(&document, restricted);
    if findings.is_empty() {
        return Ok(format!("{what}, which grants nothing restricted"));
    }
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Ok(format!(
        "{what}, which GRANTS RESTRICTED ACTIONS; take them out by hand: {}",
        list.join("; ")
    ))
}

fn gone(error: StoreError) -> Result<String, StoreError> {
    if error.kind == StoreErrorKind::NotFound {
        Ok("nothing: IAM shows no such policy".to_owned())
    } else {
        Err(error)
    }
}
