use incident::message::{Verdict, VerdictAction, VerdictResult};
use incident::{ExecutionArn, KeptDocument, PolicyChange, PolicyRef, Record, mail};
use lambda_kit::HandlerError;
use policy_store::StoreErrorKind;
use serde_json::Value;

use crate::{LazyStore, Mode, Settings};

pub(crate) fn read_record(event: &Value) -> Result<Record, HandlerError> {
    Record::parse(event).map_err(|error| HandlerError::new(error.name(), error.to_string()))
}

/// Judges the document of a record, read from IAM where the record has none.
pub(crate) async fn judge(
    settings: &Settings,
    store: &LazyStore,
    execution: &ExecutionArn,
    record: Record,
    waited: bool,
) -> Result<Verdict, HandlerError> {
    let Record { change, document } = record;
    let (text, read) = match document {
        Some(text) => (text, None),
        None => match read(store, &change, waited).await? {
            Some(text) => (text.as_str().to_owned(), Some(text)),
            None => {
                return Ok(alert(
                    VerdictResult::Gone,
                    mail::gone(&change, execution),
                    change,
                    Vec::new(),
                ));
            }
        },
    };
    let findings = iam_policy::judge(&text, &settings.restricted);
    tracing::info!(
        findings = findings.len(),
        in_force = change.in_force,
        "judged"
    );
    if findings.is_empty() || !change.in_force {
        let mail = mail::clean_change(&change, &findings, execution);
        let result = if change.in_force {
            VerdictResult::Clean
        } else {
            VerdictResult::NotInForce
        };
        return Ok(alert(result, mail, change, findings));
    }
    if let Some(pattern) = settings.exempt.covering(&change.actor) {
        tracing::warn!(pattern, "exempt: restricted actions stay in force");
        let mail = mail::exempt(&change, &findings, &pattern, execution);
        return Ok(alert(VerdictResult::Exempt, mail, change, findings));
    }
    if settings.mode == Mode::Monitor {
        tracing::warn!("monitoring only: restricted actions stay in force");
        let mail = mail::monitored(&change, &findings, execution);
        return Ok(alert(VerdictResult::Monitored, mail, change, findings));
    }
    Ok(Verdict {
        action: VerdictAction::Remedy,
        result: VerdictResult::Restricted,
        change,
        findings,
        document: read,
        mail: None,
    })
}

fn alert(
    result: VerdictResult,
    mail: mail::Mail,
    change: PolicyChange,
    findings: Vec<iam_policy::Finding>,
) -> Verdict {
    Verdict {
        action: VerdictAction::Alert,
        result,
        change,
        findings,
        document: None,
        mail: Some(mail),
    }
}

/// The document that the change put in force, from IAM; `None` where the policy is gone for good.
async fn read(
    store: &LazyStore,
    change: &PolicyChange,
    waited: bool,
) -> Result<Option<KeptDocument>, HandlerError> {
    let store = store.get().await;
    let text = match &change.policy {
        PolicyRef::Managed { arn, version } => store.version_document(arn, version).await,
        PolicyRef::Inline { owner, name } => store.inline_document(owner, name).await,
    };
    match text {
        Ok(text) => Ok(Some(KeptDocument::new(&text))),
        Err(error) if error.kind == StoreErrorKind::NotFound && waited => Ok(None),
        Err(error) => Err(error.into()),
    }
}
