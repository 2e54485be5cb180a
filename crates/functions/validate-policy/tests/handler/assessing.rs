use lambda_kit::FailureName;
use serde_json::Value;

use crate::support::*;

#[test]
fn a_failure_is_assessed_by_what_iam_shows_now() {
    let (iam, event) = created(HARMLESS);
    let assessment = assess(&iam, &event).unwrap();
    assert_eq!(assessment["inForce"]["state"], "clean");
    version(&iam, RESTRICTED);
    let assessment = assess(&iam, &event).unwrap();
    assert_eq!(assessment["inForce"]["state"], "restricted");
    assert_eq!(assessment["inForce"]["version"], "v2");
    assert_eq!(assessment["change"]["subject"]["arn"], ARN);
    set_default(&iam, "v1");
    iam.change(|account| account.delete_policy_version(ARN, 2))
        .unwrap();
    iam.change(|account| account.delete_policy(ARN)).unwrap();
    let assessment = assess(&iam, &event).unwrap();
    assert_eq!(assessment["inForce"]["state"], "gone");
}

#[test]
fn a_failure_of_a_record_that_names_nothing_is_assessed_without_iam() {
    let (iam, _) = created(HARMLESS);
    let before = iam.calls().len();
    let assessment = assess(&iam, &Value::Null).unwrap();
    assert_eq!(assessment["inForce"]["state"], "unknown");
    assert_eq!(assessment.get("change"), None);
    assert_eq!(iam.calls().len(), before);
}

#[test]
fn an_assessment_fails_by_name_if_iam_does_not_answer() {
    let (iam, event) = created(HARMLESS);
    iam.fail_all(Some(iam_model::Fault::Refused(iam_model::IamError::other(
        "AccessDenied",
        403,
    ))));
    let error = assess(&iam, &event).unwrap_err();
    assert_eq!(error.name(), FailureName::AwsRefused);
}

#[test]
fn a_record_that_cannot_be_read_still_says_who_called_what_and_when() {
    let (iam, mut event) = created(HARMLESS);
    event["detail"]["responseElements"] = Value::Null;
    let time = event["detail"]["eventTime"].as_str().unwrap().to_owned();
    let assessment = assess(&iam, &event).unwrap();
    let reason = assessment["inForce"]["reason"].as_str().unwrap();
    for part in ["CreatePolicy by IAM user mallory", &time] {
        assert!(reason.contains(part), "{reason}");
    }
}
