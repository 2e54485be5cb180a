//! Each kind of e-mail as its reader sees it, in `testdata/mail`.
//! `UPDATE_EXPECT=1 cargo test -p notice` writes the files again.

use expect_test::expect_file;
use iam_policy::{Quota, RestrictedActions, remove_everything};
use serde_json::{Value, json};

use incident::Snapshot;
use incident::memory::Memory;
use incident::message::{
    AskRequest, AssessedState, Assessment, Decision, DecisionAction, Failure, InForce,
    NotifyRequest, ObservedPolicy, Outcome, OutcomeResult, Quarantine, ReportDecision,
    ReportFailure, ReportOutcome, ReportVerdict, Response, Restricted, Verdict, VerdictResult,
};

use super::*;
use channels::{decision_request, failure, outcome, verdict};

#[path = "hostile_tests.rs"]
mod hostile;

#[path = "addition_tests.rs"]
mod addition;

#[path = "channels_tests.rs"]
mod channels;

#[path = "again_tests.rs"]
mod again;

#[path = "limits_tests.rs"]
mod limits;

#[path = "memory_tests.rs"]
mod memory;

#[path = "asked_tests.rs"]
mod asked;

#[path = "reported_tests.rs"]
mod reported_calls;

#[path = "sweep_tests.rs"]
mod sweep;

#[path = "found_tests.rs"]
mod found;

#[path = "proof_of_life_tests.rs"]
mod proof_of_life;

const ORIGINAL: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Action": ["s3:GetBucketObjectLockConfiguration", "s3:DeleteObjectVersion", "s3:DeleteBucket"],
            "Resource": "*"
        }
    ]
}"#;
const REMEDIATED: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Buckets","Effect":"Allow","Action":["s3:GetBucketObjectLockConfiguration","s3:DeleteObjectVersion"],"Resource":"*"}]}"#;

fn request() -> Value {
    let restricted = "s3:DeleteBucket,s3:DeleteObject"
        .parse::<RestrictedActions>()
        .unwrap();
    let judgement = iam_policy::judge(ORIGINAL, &restricted);
    let remediation = judgement.remediate(Quota::MANAGED);
    json!({
        "token": "AQCEAAAAKgAAAAMAAAAAAAAAAc+/a==",
        "execution": "arn:aws:states:us-east-1:111122223333:execution:guard:3f1c",
        "change": {
            "eventId": "d23f0824-128b-4f33-8c5c-7fd0a6a3a450",
            "eventName": "CreatePolicy",
            "eventTime": "2026-03-02T09:15:27Z",
            "account": "111122223333",
            "region": "us-east-1",
            "actor": {
                "kind": "AssumedRole",
                "name": "ci-4711",
                "arn": "arn:aws:sts::111122223333:assumed-role/DeployRole/ci-4711",
                "issuerArn": "arn:aws:iam::111122223333:role/DeployRole",
                "account": "111122223333"
            },
            "sourceIpAddress": "203.0.113.17",
            "userAgent": "aws-cli/2.27.41 md/command#iam.create-policy",
            "subject": {
                "type": "managed",
                "arn": "arn:aws:iam::111122223333:policy/my-bad-policy-aws-5-mins"
            },
            "version": "v1",
            "inForce": true
        },
        "quarantine": {
            "status": "inPlace",
            "identity": {"id": "ANPAZ3XMPLE1EXAMPLE12", "created": "2026-03-02T09:15:27Z"},
            "original": ORIGINAL,
            "restricted": judgement.restricted_patterns(),
            "findings": judgement.findings(usize::MAX).into_shown(),
            "versions": {"original": "v1", "originalCreated": "2026-03-02T09:15:27Z", "quarantine": "v2", "created": true},
            "document": remediation.document(),
            "edits": remediation.edits(),
            "losses": remediation.losses(),
            "attachedTo": {"first": [{"kind": "role", "name": "app"}, {"kind": "group", "name": "developers"}], "total": 12},
            "foundDone": false
        },
        "askedAt": "2026-03-02T09:15:31.25Z",
        "timeoutSeconds": 604_800
    })
}

fn inline(mut request: Value) -> Value {
    request["change"]["eventName"] = json!("PutRolePolicy");
    request["change"]["version"] = Value::Null;
    request["change"]["subject"] = json!({
        "type": "inline",
        "owner": {"kind": "role", "name": "app"},
        "name": "storage"
    });
    request["quarantine"]["versions"] = Value::Null;
    request["quarantine"]["attachedTo"] = Value::Null;
    request["quarantine"]["losses"] = json!([{
        "statement": 0,
        "element": "Action",
        "pattern": "s3:*",
        "examples": ["s3:GetObject"],
        "total": 120
    }]);
    request
}

/// An inline policy that the guard deleted, because the quota had no room.
fn removed() -> Value {
    let mut request = inline(request());
    let original =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let restricted = "s3:DeleteBucket".parse::<RestrictedActions>().unwrap();
    let judgement = iam_policy::judge(original, &restricted);
    let remediation = remove_everything(
        original,
        &restricted,
        "IAM did not accept a document that grants more",
    );
    let quarantine = &mut request["quarantine"];
    quarantine["original"] = json!(original);
    quarantine["restricted"] = json!(judgement.restricted_patterns());
    quarantine["findings"] = json!(judgement.findings(usize::MAX).into_shown());
    quarantine["document"] = json!(remediation.document());
    quarantine["edits"] = json!(remediation.edits());
    quarantine["losses"] = json!(remediation.losses());
    quarantine["removed"] = json!(true);
    request
}

fn read(request: Value) -> AskRequest {
    serde_json::from_value(request).unwrap()
}

fn links(confirmation: LinkConfirmation) -> Links {
    let link = |answer| {
        format!(
            "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/Prod/{answer}?token=AQCEAAAAKgAAAAMAAAAAAAAAAc+/a==&execution=3f1c&key=AAECAwQFBgcICQoLDA0ODw"
        )
    };
    Links {
        allow: link("allow"),
        deny: link("deny"),
        confirmation,
    }
}

fn decision(action: DecisionAction) -> Decision {
    Decision {
        action,
        time: Some("2026-03-02T09:21:04Z".parse().unwrap()),
        source_ip_address: Some("198.51.100.7".to_owned()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0".to_owned()),
        reason: Some("Planned clean-up,\nsee the change of this morning.".to_owned()),
        execution: None,
        unproven: false,
        minutes: None,
    }
}

/// The e-mail as the reader sees it.
fn shown(mail: &Mail) -> String {
    format!("Subject: {}\n\n{}", mail.subject(), mail.message())
}

fn outcome_of(request: Value, action: DecisionAction, result: OutcomeResult) -> String {
    let request = read(request);
    let document = match result {
        OutcomeResult::Gone => None,
        OutcomeResult::Denied | OutcomeResult::Expired
            if request.quarantine.contained().unwrap().removed =>
        {
            None
        }
        OutcomeResult::Allowed => Some(Snapshot::new(ORIGINAL)),
        _ => Some(Snapshot::new(REMEDIATED)),
    };
    let versions = request.quarantine.contained().unwrap().versions.as_ref();
    let in_force = document.map(|document| InForce {
        version: versions.map(|versions| match result {
            OutcomeResult::Allowed => versions.original.clone(),
            _ => versions.quarantine.clone(),
        }),
        document,
    });
    shown(&outcome(&ended(
        &request,
        Quarantine::InPlace(request.quarantine.contained().unwrap().clone()),
        Some(decision(action)),
        Some(Outcome {
            result,
            in_force,
            attached_to: (result == OutcomeResult::Allowed)
                .then(|| request.quarantine.contained().unwrap().attached_to.clone())
                .flatten(),
            until: None,
        }),
    )))
}

/// The request to report an outcome.
fn ended(
    request: &AskRequest,
    quarantine: Quarantine,
    decision: Option<Decision>,
    outcome: Option<Outcome>,
) -> ReportOutcome {
    ReportOutcome {
        execution: request.execution.clone(),
        change: request.change.clone(),
        quarantine,
        decision,
        outcome,
        failed_tries: 0,
    }
}

/// The e-mail about a verdict, with findings if `findings`.
fn verdict_of(request: &AskRequest, result: VerdictResult, findings: bool) -> Mail {
    verdict_with(request, result, findings, |_| {})
}

fn verdict_with(
    request: &AskRequest,
    result: VerdictResult,
    findings: bool,
    set: impl FnOnce(&mut Verdict),
) -> Mail {
    let contained = request.quarantine.contained().unwrap();
    let has_named = matches!(
        result,
        VerdictResult::Withdrawn | VerdictResult::Overwritten | VerdictResult::Gone
    );
    let mut about = Verdict {
        response: Response::Report,
        notify: true,
        result,
        change: request.change.clone(),
        in_force: Some(ObservedPolicy {
            identity: contained.identity.clone(),
            version: None,
            document: contained.document.clone(),
        }),
        named: has_named.then(|| contained.original.clone()),
        restricted: if findings {
            contained.restricted.clone()
        } else {
            Restricted::default()
        },
        exemption: Some("arn:aws:iam::111122223333:role/Deploy*".to_owned()),
        report: None,
        memory: Memory::default(),
    };
    set(&mut about);
    verdict(&ReportVerdict {
        execution: request.execution.clone(),
        verdict: about,
        reported_at: None,
        failed_tries: request.failed_tries,
    })
}

#[test]
fn each_mail_matches_its_file() {
    let managed = read(request());
    let mail = decision_request(&managed, &links(LinkConfirmation::Required));
    expect_file!["../../testdata/mail/decision-request.txt"].assert_eq(&shown(&mail));

    let on_role = read(inline(request()));
    let mail = decision_request(&on_role, &links(LinkConfirmation::None));
    expect_file!["../../testdata/mail/decision-request-inline.txt"].assert_eq(&shown(&mail));

    let deleted = read(removed());
    let mail = decision_request(&deleted, &links(LinkConfirmation::Required));
    expect_file!["../../testdata/mail/decision-request-deleted.txt"].assert_eq(&shown(&mail));

    let mail = verdict_of(&managed, VerdictResult::Clean, false);
    expect_file!["../../testdata/mail/clean-change.txt"].assert_eq(&shown(&mail));
    let mail = verdict_of(&managed, VerdictResult::NotInForce, true);
    expect_file!["../../testdata/mail/restricted-but-not-in-force.txt"].assert_eq(&shown(&mail));
    let mail = verdict_of(&managed, VerdictResult::Withdrawn, true);
    expect_file!["../../testdata/mail/withdrawn.txt"].assert_eq(&shown(&mail));
    let mail = verdict_of(&on_role, VerdictResult::Overwritten, false);
    expect_file!["../../testdata/mail/overwritten.txt"].assert_eq(&shown(&mail));
    let mail = verdict_of(&managed, VerdictResult::Exempt, true);
    expect_file!["../../testdata/mail/exempt.txt"].assert_eq(&shown(&mail));
    let mail = verdict_of(&managed, VerdictResult::Monitored, true);
    expect_file!["../../testdata/mail/monitored.txt"].assert_eq(&shown(&mail));
    let mut on_user = inline(request());
    on_user["change"]["subject"]["owner"]["kind"] = json!("user");
    let mail = verdict_of(&read(on_user), VerdictResult::Gone, true);
    expect_file!["../../testdata/mail/gone-with-its-grants.txt"].assert_eq(&shown(&mail));

    let mail = outcome(&ended(&managed, Quarantine::Superseded, None, None));
    expect_file!["../../testdata/mail/superseded.txt"].assert_eq(&shown(&mail));
    let mail = outcome(&ended(&managed, Quarantine::Gone, None, None));
    expect_file!["../../testdata/mail/gone.txt"].assert_eq(&shown(&mail));

    expect_file!["../../testdata/mail/allowed.txt"].assert_eq(&outcome_of(
        request(),
        DecisionAction::Allow,
        OutcomeResult::Allowed,
    ));
    expect_file!["../../testdata/mail/denied.txt"].assert_eq(&outcome_of(
        request(),
        DecisionAction::Deny,
        OutcomeResult::Denied,
    ));
    expect_file!["../../testdata/mail/expired.txt"].assert_eq(&outcome_of(
        request(),
        DecisionAction::Expire,
        OutcomeResult::Expired,
    ));
    expect_file!["../../testdata/mail/expired-inline.txt"].assert_eq(&outcome_of(
        inline(request()),
        DecisionAction::Expire,
        OutcomeResult::Expired,
    ));
    expect_file!["../../testdata/mail/denied-deleted.txt"].assert_eq(&outcome_of(
        removed(),
        DecisionAction::Deny,
        OutcomeResult::Denied,
    ));
    expect_file!["../../testdata/mail/expired-deleted.txt"].assert_eq(&outcome_of(
        removed(),
        DecisionAction::Expire,
        OutcomeResult::Expired,
    ));
    expect_file!["../../testdata/mail/allowed-but-superseded.txt"].assert_eq(&outcome_of(
        request(),
        DecisionAction::Allow,
        OutcomeResult::Superseded,
    ));

    let mut failed = failed(
        &managed,
        r#"{"errorType":"AwsRefused","errorMessage":"could not create a version of `arn:aws:iam::111122223333:policy/my-bad-policy-aws-5-mins` (AccessDenied: not authorized); check the role of the function"}"#,
    );
    expect_file!["../../testdata/mail/failure.txt"].assert_eq(&shown(&failure(&failed)));
    failed.assessment = None;
    expect_file!["../../testdata/mail/failure-without-assessment.txt"]
        .assert_eq(&shown(&failure(&failed)));
}

fn failed(request: &AskRequest, cause: &str) -> ReportFailure {
    ReportFailure {
        execution: request.execution.clone(),
        failure: Failure {
            state: "TempRemove".to_owned(),
            error: "AwsRefused".to_owned(),
            cause: cause.to_owned(),
            tries: 0,
            again: false,
        },
        assessment: Some(Assessment {
            change: Some(request.change.clone()),
            in_force: AssessedState::Restricted {
                version: request.change.version.clone(),
                restricted: request.quarantine.contained().unwrap().restricted.clone(),
            },
        }),
    }
}
