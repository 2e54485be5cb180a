//! Judges the policy that a CloudTrail record names, by the document that the record carries.
//!
//! It calls no AWS service and may call none: nearly every change is judged here, and nothing but the judgement can go wrong or be abused.

use incident::Record;
use incident::judgement::Rules;
use incident::message::{JudgeRequest, Verdict};
use lambda_kit::{FailureName, HandlerError};

/// Answers one invocation.
///
/// # Errors
///
/// A record that cannot be judged: it is malformed, names no policy, or has no document. What has no document the state machine sends to `remediate`, which reads IAM.
pub fn handle(rules: &Rules, request: &JudgeRequest) -> Result<Verdict, HandlerError> {
    let record = Record::parse(&request.event)?;
    let span = lambda_kit::incident_span(&request.execution, &record.change);
    span.in_scope(|| {
        let Record { change, document } = record;
        let Some(document) = document else {
            return Err(HandlerError::new(
                FailureName::RecordMalformed,
                format!(
                    "record `{}` of a {} call has no document, and this function reads none from IAM; such a record is for `remediate`, so look at how `ValidatePolicy` chooses the function",
                    change.event_id, change.event_name
                ),
            ));
        };
        let verdict = rules.judge(&request.execution, change, &document);
        lambda_kit::report_verdict(&request.execution, &verdict);
        Ok(verdict)
    })
}
