use incident::message::{InForce, OutcomeResult, RevertRequest};
use incident::restore::{RestoreStep, Restoring};
use incident::{KeptDocument, ManagedSnapshot, PolicyArn, VersionId};
use lambda_kit::{FailureName, HandlerError};
use policy_store::{PolicyStore, StoreErrorKind};

use crate::{Rest, Settings};

/// More steps than any way to rest has.
const MAX_STEPS: usize = 12;

/// Looks at the policy and takes one step at a time, until the decision is in force or nothing is left to do.
pub(crate) async fn settle(
    settings: &Settings,
    store: &PolicyStore,
    request: &RevertRequest,
    arn: &PolicyArn,
) -> Result<Rest, HandlerError> {
    let Some(versions) = &request.quarantine.versions else {
        return Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "the quarantine of `{arn}` names no versions; look at the state `TempRemove` of the execution"
            ),
        ));
    };
    let is_clean = |document: &str| iam_policy::judge(document, &settings.restricted).is_empty();
    let mut first_seen: Option<Vec<VersionId>> = None;
    let mut snapshot: Option<ManagedSnapshot> = None;
    for _ in 0..MAX_STEPS {
        let seen = match store.snapshot(arn, snapshot.as_ref()).await {
            Ok(seen) => seen,
            Err(error) if error.kind == StoreErrorKind::NotFound && request.waited => {
                return Ok((OutcomeResult::Gone, None));
            }
            Err(error) => return Err(error.into()),
        };
        let first_seen =
            first_seen.get_or_insert_with(|| seen.versions.iter().map(|v| v.id.clone()).collect());
        let step = Restoring {
            action: request.decision.action,
            original: &versions.original,
            quarantine: &versions.quarantine,
            remediated: &request.quarantine.document,
            created: versions.created,
            event_time: request.change.event_time,
            first_seen: first_seen.as_slice(),
            waited: request.waited,
        }
        .next_step(&seen, is_clean);
        tracing::debug!(?step, "next step");
        match step {
            RestoreStep::Activate(version) => store.set_default_version(arn, &version).await?,
            RestoreStep::Delete(version) => match store.delete_version(arn, &version).await {
                Ok(()) => {}
                // Somebody made it the default in the meantime: the next look shows what to do.
                Err(error) if error.kind == StoreErrorKind::DefaultVersion => {}
                Err(error) => return Err(error.into()),
            },
            RestoreStep::Settled => {
                return Ok((request.decision.action.into(), in_force(&seen)));
            }
            RestoreStep::Superseded => {
                return Ok((OutcomeResult::Superseded, in_force(&seen)));
            }
            RestoreStep::NotVisible => {
                return Err(HandlerError::new(
                    FailureName::ChangeNotVisible,
                    format!(
                        "IAM does not show version {} of `{arn}` as the default; it may not show it yet, so this is tried again",
                        versions.quarantine
                    ),
                ));
            }
        }
        snapshot = Some(seen);
    }
    Err(HandlerError::new(
        FailureName::PolicyUnsettled,
        format!(
            "`{arn}` did not come to rest in {MAX_STEPS} steps; find out who else is changing it, then change the policy by hand"
        ),
    ))
}

fn in_force(snapshot: &ManagedSnapshot) -> Option<InForce> {
    snapshot.default_version().map(|version| InForce {
        version: Some(version.id.clone()),
        document: KeptDocument::new(&version.document),
    })
}
