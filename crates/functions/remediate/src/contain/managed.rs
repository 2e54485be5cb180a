use iam_policy::{Quota, RestrictedActions};
use incident::message::{ContainRequest, ContainedVersions, Quarantine};
use incident::quarantine::{QuarantineStep, Quarantining};
use incident::{KeptDocument, ManagedSnapshot, PolicyArn, VersionId, mail};
use lambda_kit::{FailureName, HandlerError};
use policy_store::{PolicyStore, StoreError, StoreErrorKind};

use super::candidates::Candidates;

/// More steps than any way to rest has; a policy that needs more is being changed by somebody else all the time.
const MAX_STEPS: usize = 16;

/// One version must go to make room; a second one only if somebody fills the place in the meantime.
const MAX_EVICTED: usize = 4;

/// Looks at the policy and takes one step at a time, until the remediated document is in force or nothing is left to do.
pub(super) async fn contain(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: &ContainRequest,
    arn: &PolicyArn,
    judged: &VersionId,
) -> Result<Quarantine, HandlerError> {
    let change = &request.change;
    let original = match store.version_document(arn, judged).await {
        Ok(document) => KeptDocument::new(&document),
        // The policy is gone, or only the version: the look below tells which.
        Err(error) if error.kind == StoreErrorKind::NotFound => request.document.clone(),
        Err(error) => return Err(error.into()),
    };
    let mut candidates = Candidates::new(original.as_str(), restricted, Quota::MANAGED);
    let is_clean = |document: &str| iam_policy::judge(document, restricted).is_empty();

    let mut first_seen: Option<Vec<VersionId>> = None;
    let mut made: Vec<VersionId> = Vec::new();
    let mut steps_taken = 0;
    let mut snapshot: Option<ManagedSnapshot> = None;
    while steps_taken < MAX_STEPS {
        let seen = match store.snapshot(arn, snapshot.as_ref()).await {
            Ok(seen) => seen,
            Err(error) if error.kind == StoreErrorKind::NotFound && request.waited => {
                return Ok(Quarantine::Gone {
                    mail: mail::gone(change, &request.execution),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let first_seen =
            first_seen.get_or_insert_with(|| seen.versions.iter().map(|v| v.id.clone()).collect());
        let step = Quarantining {
            judged,
            event_time: change.event_time,
            remediated: candidates.documents(),
            evicted: &request.evicted,
            first_seen: first_seen.as_slice(),
            made: &made,
            waited: request.waited,
        }
        .next_step(&seen, is_clean);
        tracing::debug!(?step, "next step");
        match step {
            QuarantineStep::Create => {
                match store
                    .create_default_version(arn, candidates.document())
                    .await
                {
                    Ok(version) => made.push(version),
                    Err(error) => look_again_or_fail(error, &mut candidates)?,
                }
            }
            QuarantineStep::Activate(version) => store.set_default_version(arn, &version).await?,
            QuarantineStep::Delete(version) => {
                if let Err(error) = store.delete_version(arn, &version).await {
                    look_again_or_fail(error, &mut candidates)?;
                }
            }
            QuarantineStep::KeepFirst(_) if request.evicted.len() >= MAX_EVICTED => break,
            QuarantineStep::KeepFirst(oldest) => {
                let mut evicted = request.evicted.clone();
                evicted.push(oldest);
                return Ok(Quarantine::RoomNeeded { evicted });
            }
            QuarantineStep::InPlace {
                quarantine,
                created,
            } => {
                let versions = ContainedVersions {
                    original: judged.clone(),
                    quarantine,
                    created,
                };
                let document = seen
                    .version(&versions.quarantine)
                    .map_or("", |v| v.document.as_str());
                let in_force = KeptDocument::new(document);
                return candidates.contained(request, Some(versions), in_force, steps_taken == 0);
            }
            QuarantineStep::Superseded => {
                return Ok(Quarantine::Superseded {
                    mail: mail::superseded(change, &request.execution),
                });
            }
            QuarantineStep::NotVisible => {
                return Err(HandlerError::new(
                    FailureName::ChangeNotVisible,
                    format!(
                        "IAM does not show version {judged} of `{arn}` as the default; it may not show the change yet, so this is tried again"
                    ),
                ));
            }
        }
        snapshot = Some(seen);
        steps_taken += 1;
    }
    Err(HandlerError::new(
        FailureName::PolicyUnsettled,
        format!(
            "`{arn}` did not come to rest after {steps_taken} steps; find out who else is changing it, then change the policy by hand"
        ),
    ))
}

/// Some errors only say that the last look is out of date, or that a plainer document is needed; the others end the run.
fn look_again_or_fail(error: StoreError, candidates: &mut Candidates) -> Result<(), HandlerError> {
    match error.kind {
        StoreErrorKind::VersionLimit | StoreErrorKind::DefaultVersion => Ok(()),
        StoreErrorKind::TooLarge | StoreErrorKind::DocumentRefused if candidates.next() => Ok(()),
        _ => Err(error.into()),
    }
}
