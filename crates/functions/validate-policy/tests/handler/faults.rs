use iam_model::{Fault, IamError};
use lambda_kit::FailureName;
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn throttling_is_transient_and_a_refusal_is_not() {
    let (iam, managed) = created(RESTRICTED);
    let inline = put(&iam, RESTRICTED);
    for (status, code, name) in [
        (400, "Throttling", FailureName::Throttled),
        (503, "ServiceUnavailable", FailureName::TransientAwsError),
        (500, "ServiceFailure", FailureName::TransientAwsError),
        (403, "AccessDenied", FailureName::AwsRefused),
    ] {
        for (event, names) in [
            (&managed, ARN),
            (&inline, "inline policy `inline` of role `app`"),
        ] {
            for call in 0..2 {
                iam.fail(call, Fault::Refused(IamError::other(code, status)));
                let error = judge(&iam, event, false).unwrap_err();
                assert_eq!(error.name(), name, "{error}");
                for word in ["app", code] {
                    assert!(
                        error.to_string().contains(word),
                        "{error} should say {word}"
                    );
                }
                if call == 0 {
                    assert!(error.to_string().contains(names), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_record_that_names_no_subject_fails_by_name() {
    let (iam, mut event) = created(RESTRICTED);
    let error = judge(&iam, &Value::Null, false).unwrap_err();
    assert_eq!(error.name(), FailureName::RecordMalformed);
    event["detail"]["requestParameters"] = json!({"omitted": true});
    event["detail"]["responseElements"] = Value::Null;
    let error = judge(&iam, &event, false).unwrap_err();
    assert_eq!(error.name(), FailureName::RecordNamesNoPolicy);
}

#[test]
fn an_owner_or_version_that_goes_while_it_is_read_is_not_clean() {
    let (iam, event) = created(RESTRICTED);
    // The policy goes between the read of it and the read of its version.
    iam.before(1, |account| account.delete_policy(ARN).unwrap());
    assert_not_visible(&iam, &event);

    let (iam, _) = created(HARMLESS);
    let event = put(&iam, RESTRICTED);
    iam.before(1, |account| {
        let kind = iam_model::OwnerKind::Role;
        account.delete_inline(kind, "app", "inline").unwrap();
        account.delete_owner(kind, "app").unwrap();
    });
    assert_not_visible(&iam, &event);
}
