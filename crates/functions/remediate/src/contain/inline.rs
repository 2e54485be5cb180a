use iam_policy::{Quota, RestrictedActions};
use incident::message::{ContainRequest, Quarantine};
use incident::quarantine::{InlineStep, next_inline_step};
use incident::{InlineOwner, KeptDocument, OwnerKind, mail};
use lambda_kit::{FailureName, HandlerError};
use policy_store::{PolicyStore, StoreErrorKind};

use super::candidates::Candidates;

/// One write for each candidate, and a look after the last.
const MAX_LOOKS: usize = 5;

/// Writes the remediated document over an inline policy; the original is in the execution.
pub(super) async fn contain(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: &ContainRequest,
    owner: &InlineOwner,
    name: &str,
) -> Result<Quarantine, HandlerError> {
    let change = &request.change;
    let quota = match owner.kind {
        OwnerKind::Role => Quota::ROLE_INLINE,
        OwnerKind::User => Quota::USER_INLINE,
        OwnerKind::Group => Quota::GROUP_INLINE,
    };
    let mut candidates = Candidates::new(request.document.as_str(), restricted, quota);
    let mut written = false;
    for _ in 0..MAX_LOOKS {
        let current = match store.inline_document(owner, name).await {
            Ok(document) => KeptDocument::new(&document),
            Err(error) if error.kind == StoreErrorKind::NotFound && request.waited => {
                return Ok(Quarantine::Gone {
                    mail: mail::gone(change, &request.execution),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let step = next_inline_step(
            &request.document,
            candidates.documents(),
            current.as_str(),
            request.waited,
        );
        tracing::debug!(?step, "next step");
        match step {
            InlineStep::Put if written => break,
            InlineStep::Put => match store.put_inline(owner, name, candidates.document()).await {
                Ok(()) => written = true,
                Err(error) => match error.kind {
                    StoreErrorKind::TooLarge | StoreErrorKind::DocumentRefused
                        if candidates.next() => {}
                    _ => return Err(error.into()),
                },
            },
            InlineStep::InPlace => return candidates.contained(request, None, current, !written),
            InlineStep::Superseded => {
                return Ok(Quarantine::Superseded {
                    mail: mail::superseded(change, &request.execution),
                });
            }
            InlineStep::NotVisible => break,
        }
    }
    Err(HandlerError::new(
        FailureName::ChangeNotVisible,
        format!(
            "IAM does not show the document that was written to {}; it may not show it yet, so this is tried again",
            change.policy
        ),
    ))
}
