use incident::message::{InForce, OutcomeResult, RevertRequest};
use incident::quarantine::InlineStep;
use incident::restore::next_inline_step;
use incident::{InlineOwner, KeptDocument};
use lambda_kit::{FailureName, HandlerError};
use policy_store::{PolicyStore, StoreErrorKind};

use crate::Rest;

/// One write, and a look after it.
const MAX_LOOKS: usize = 2;

/// Writes the original inline policy back, or leaves the remediated one.
pub(crate) async fn settle(
    store: &PolicyStore,
    request: &RevertRequest,
    owner: &InlineOwner,
    name: &str,
) -> Result<Rest, HandlerError> {
    for _ in 0..MAX_LOOKS {
        let current = match store.inline_document(owner, name).await {
            Ok(document) => KeptDocument::new(&document),
            Err(error) if error.kind == StoreErrorKind::NotFound && request.waited => {
                return Ok((OutcomeResult::Gone, None));
            }
            Err(error) => return Err(error.into()),
        };
        let step = next_inline_step(
            request.decision.action,
            &request.document,
            &request.quarantine.document,
            current.as_str(),
            request.waited,
        );
        tracing::debug!(?step, "next step");
        match step {
            InlineStep::Put => {
                store
                    .put_inline(owner, name, request.document.as_str())
                    .await?
            }
            InlineStep::InPlace => {
                return Ok((request.decision.action.into(), in_force(current)));
            }
            InlineStep::Superseded => return Ok((OutcomeResult::Superseded, in_force(current))),
            InlineStep::NotVisible => break,
        }
    }
    Err(HandlerError::new(
        FailureName::ChangeNotVisible,
        format!(
            "IAM does not show the document that was written to {}; it may not show it yet, so this is tried again",
            request.change.policy
        ),
    ))
}

fn in_force(document: KeptDocument) -> Option<InForce> {
    Some(InForce {
        version: None,
        document,
    })
}
