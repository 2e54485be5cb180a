//! Trust policies in the form that IAM shows, which is not the form that the caller wrote.

use incident::Record;
use incident::message::{Reason, VerdictResult};
use incident::subject::ReportedState;
use serde_json::json;

use super::*;

fn trusting(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

fn shown(principal: &str) -> ReportedState {
    ReportedState {
        trust: Some(trusting(principal)),
        ..state(true, &[])
    }
}

fn written(principal: &str) -> Record {
    let mut event = event("update-trust-account-number");
    let document = event.pointer_mut("/detail/requestParameters/policyDocument");
    *document.unwrap() = json!(trusting(principal));
    Record::parse(&event).unwrap()
}

#[track_caller]
fn reasons(record: &Record, state: &ReportedState, waited: bool) -> Vec<Reason> {
    let verdict = judge(record, state, waited).unwrap();
    assert_eq!(verdict.result, VerdictResult::Reported);
    verdict.report.unwrap().reasons
}

#[test]
fn an_account_number_is_the_arn_of_the_account() {
    let other = record("update-trust-account-number");
    let arn = shown(r#""arn:aws:iam::444455556666:root""#);
    assert!(matches!(
        reasons(&other, &arn, false).as_slice(),
        [Reason::ExternalPrincipal { .. }]
    ));
    let own = record("update-trust-account-number-own");
    let arn = shown(r#""arn:aws:iam::111122223333:root""#);
    assert_eq!(result(&own, &arn, false), VerdictResult::Clean);
    // No account of the partition has this ARN.
    let arn = shown(r#""arn:aws-cn:iam::111122223333:root""#);
    assert_eq!(judge(&own, &arn, false), None);
}

#[test]
fn a_principal_that_was_deleted_since_is_judged_by_its_name() {
    let own = written(r#""arn:aws:iam::111122223333:role/deploy""#);
    let id = shown(r#"["AROACKCEVSQ6C2EXAMPLE"]"#);
    assert_eq!(result(&own, &id, false), VerdictResult::Clean);
    let other = written(r#""arn:aws:iam::444455556666:user/eve""#);
    let id = shown(r#"["AIDACKCEVSQ6C2EXAMPLE"]"#);
    let found = reasons(&other, &id, false);
    assert!(
        matches!(found.as_slice(), [Reason::ExternalPrincipal { principal }]
        if principal.to_string().contains("user/eve"))
    );
}

/// IAM resolves the unique id of a principal that exists, so a caller can write an outsider that
/// the record does not name.
#[test]
fn a_unique_id_in_a_record_hides_no_outsider() {
    let by_id = written(r#""AROACKCEVSQ6C2EXAMPLE""#);
    let outsider = shown(r#""arn:aws:iam::444455556666:role/eve""#);
    assert!(matches!(
        reasons(&by_id, &outsider, false).as_slice(),
        [Reason::ExternalPrincipal { .. }]
    ));
    // By now it is a principal of the account, and it may have been another one.
    let own = shown(r#""arn:aws:iam::111122223333:role/deploy""#);
    assert_eq!(judge(&by_id, &own, false), None);
    assert_eq!(result(&by_id, &own, true), VerdictResult::Withdrawn);
    // What another call wrote is said to be so.
    let everybody = shown(r#""*""#);
    assert_eq!(judge(&by_id, &everybody, false), None);
    let found = reasons(&by_id, &everybody, true);
    assert!(found.contains(&Reason::OtherCall), "{found:?}");
}

/// CloudTrail leaves out the parameters of a padded policy, and the answer names the role.
#[test]
fn a_role_whose_parameters_are_left_out_is_judged_as_iam_shows_it() {
    let record = record("create-role-request-omitted");
    assert_eq!(
        record.change.subject.to_string(),
        "trust policy of role `backdoor`"
    );
    let outsider = shown(r#""arn:aws:iam::444455556666:root""#);
    assert!(matches!(
        reasons(&record, &outsider, false).as_slice(),
        [Reason::ExternalPrincipal { .. }]
    ));
}
