//! A `Deny` that goes by a new version.

use incident::message::VerdictResult;

use crate::support::*;

#[test]
fn a_version_that_denied_more_is_named_and_mailed() {
    let denying =
        |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let allow = r#"{"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#;
    let (iam, first) = created(&denying(&format!("{allow},{deny}")));
    let verdict = judge(&iam, &first, false).unwrap();
    assert!(verdict.change.lost_denials.is_empty());
    for (document, is_lost) in [
        (denying(&format!("{deny},{allow}")), false),
        (denying(allow), true),
    ] {
        let event = call(
            &iam,
            "CreatePolicyVersion",
            &[
                ("PolicyArn", ARN),
                ("PolicyDocument", &document),
                ("SetAsDefault", "true"),
            ],
        );
        let silent = incident::judgement::GuardConfig {
            notify_on_allowed: false,
            ..rules()
        };
        let verdict = verdict_of(judged(&silent, &iam, &event, false).unwrap());
        assert_eq!(verdict.result, VerdictResult::Clean);
        assert_eq!(verdict.notify, is_lost);
        assert_eq!(!verdict.change.lost_denials.is_empty(), is_lost);
    }
    // Back to the first version, nothing is lost.
    let event = set_default(&iam, "v1");
    let verdict = judge(&iam, &event, false).unwrap();
    assert!(verdict.change.lost_denials.is_empty());
}
