use incident::judgement::{self, Rules};
use incident::message::{JudgeRequest, Verdict, VerdictAction};
use incident::{KeptDocument, PolicyChange, PolicyRef, Record};
use lambda_kit::HandlerError;
use policy_store::{PolicyStore, StoreError, StoreErrorKind};
use tracing::Instrument as _;

/// Judges what a record without a document put in force, by the document that IAM has.
pub(crate) async fn judge(
    rules: &Rules,
    store: &PolicyStore,
    request: &JudgeRequest,
) -> Result<Verdict, HandlerError> {
    // Whoever sent the record here, what counts is what IAM has.
    let Record { change, .. } = Record::parse(&request.event)?;
    let execution = &request.execution;
    let span = lambda_kit::incident_span(execution, &change);
    async {
        let verdict = match read(store, &change).await {
            Ok(document) => {
                let mut verdict = rules.judge(execution, change, document.as_str());
                if verdict.action == VerdictAction::Remedy {
                    verdict.document = Some(document);
                }
                verdict
            }
            Err(error) if error.kind == StoreErrorKind::NotFound && request.waited => {
                judgement::gone(execution, change)
            }
            Err(error) => return Err(error.into()),
        };
        lambda_kit::report_verdict(execution, &verdict);
        Ok(verdict)
    }
    .instrument(span)
    .await
}

async fn read(store: &PolicyStore, change: &PolicyChange) -> Result<KeptDocument, StoreError> {
    let document = match &change.policy {
        PolicyRef::Managed { arn, version } => store.version_document(arn, version).await,
        PolicyRef::Inline { owner, name } => store.inline_document(owner, name).await,
    };
    document.map(|text| KeptDocument::new(&text))
}
