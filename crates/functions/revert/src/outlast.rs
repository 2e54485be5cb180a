//! An older decision must not outlive a newer one, least of all an allow a deny.
//!
//! Only the newest claim of a key counts. It can be that of another execution, which was decided
//! before: where this one asked without a memory, or where someone started a claim while it asked.
//! One more claim takes its place. No incident names that claim, so it counts for nothing, and the
//! next write is asked about.

use iam_policy::RestrictedActions;
use incident::memory::Wanted;
use incident::message::{Question, Response, RestoreRequest};
use incident::{Analysis, Document as _, Subject};
use lambda_kit::{Claims, HandlerError};

/// Takes the place of older decisions, once this one has been carried out.
///
/// # Errors
///
/// If Step Functions may answer later: then the task is tried again.
pub(crate) async fn outlast(
    restricted: &RestrictedActions,
    claims: &Claims,
    request: &RestoreRequest,
) -> Result<(), HandlerError> {
    let Some(wanted) = wanted(restricted, request) else {
        return Ok(());
    };
    match claims.replace(&wanted, &request.execution).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_passing() => Err(error.into()),
        // Without the claims, nothing is remembered at all.
        Err(error) => {
            tracing::warn!(%error, "an older decision may outlive this one");
            Ok(())
        }
    }
}

/// What the decision is about; `None` for what is not remembered, or what an earlier deny decided.
fn wanted(restricted: &RestrictedActions, request: &RestoreRequest) -> Option<Wanted> {
    let change = &request.change;
    let quota = match (&change.subject, &request.quarantine) {
        (Subject::Managed(policy), _) => policy.quota(),
        (Subject::Inline(policy), _) => policy.quota(),
        (Subject::Reported(_), Question::Added(addition)) => {
            return Some(Wanted::addition(change, addition));
        }
        (Subject::Reported(_), _) => return None,
    };
    let contained = request.quarantine.contained()?;
    if contained.settled.is_some() {
        return None;
    }
    let analysis = Analysis::new(restricted, quota);
    Wanted::document(
        &change.subject,
        &contained.observed(),
        Response::Contain,
        &analysis,
    )
}

#[cfg(test)]
mod tests {
    use fixtures::{EXECUTION, block_on, claims, event, restricted};
    use iam_model::StepFunctions;
    use incident::{ExecutionArn, Record, Work};
    use serde_json::json;

    use super::*;

    /// What a call added has a key of its own.
    #[test]
    fn an_addition_has_one_claim_more_too() {
        let record = Record::parse(&event("attach-user-policy")).unwrap();
        let id = |id: &str| json!({"id": id, "created": "2026-03-02T09:00:00Z"});
        let question = json!({
            "status": "added", "report": {"reasons": []}, "restricted": ["iam:*"],
            "identity": {"owner": id("AIDAEXAMPLE"), "added": id("ANPAEXAMPLE")},
        });
        let request = RestoreRequest {
            execution: ExecutionArn::parse(EXECUTION).unwrap(),
            state: "Denied".to_owned(),
            change: record.change,
            quarantine: serde_json::from_value(question).unwrap(),
            decision: json!({"action": "deny"}),
            work: Work::after_waiting(false),
            done: None,
        };
        let wanted = wanted(&restricted(), &request).unwrap();
        let step_functions = StepFunctions::default();
        let memory = claims(&step_functions);
        for _ in 0..2 {
            block_on(outlast(&restricted(), &memory, &request)).unwrap();
        }
        let names: Vec<String> = step_functions.claims().into_keys().collect();
        assert_eq!(names, [format!("{}-1", wanted.key)]);
    }
}
