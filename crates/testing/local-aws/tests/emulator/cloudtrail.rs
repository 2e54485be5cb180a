//! Tests of the emulated CloudTrail: which calls become events, and which shape and caller the
//! events have.

use anyhow::{Context as _, Result};
use local_aws::{CloudTrail, policies};
use serde_json::{Value, json};

use crate::support::{
    DOCUMENT, EVERYTHING, Rule, create_policy, emulator, role_credentials, user_credentials,
};

#[tokio::test]
async fn a_write_becomes_an_event_in_cloudtrails_shape() -> Result<()> {
    let emulator = emulator().await?;
    let rule = Rule::put(&emulator, json!({"source": ["aws.iam"]})).await?;
    let arn = create_policy(&emulator, "shape").await?;
    let event = rule.next(&emulator).await?;
    let expected = [
        ("/detail-type", json!("AWS API Call via CloudTrail")),
        ("/region", json!("us-east-1")),
        ("/resources", json!([])),
        ("/detail/eventSource", json!("iam.amazonaws.com")),
        ("/detail/eventName", json!("CreatePolicy")),
        (
            "/detail/requestParameters",
            json!({"policyName": "shape", "policyDocument": DOCUMENT}),
        ),
        ("/detail/responseElements/policy/arn", json!(arn)),
        (
            "/detail/responseElements/policy/defaultVersionId",
            json!("v1"),
        ),
        ("/detail/responseElements/policy/isAttachable", json!(true)),
        ("/detail/userIdentity/type", json!("Root")),
        (
            "/detail/userIdentity/sessionContext/sessionIssuer",
            json!({}),
        ),
        ("/detail/sourceIPAddress", json!("127.0.0.1")),
        ("/detail/readOnly", json!(false)),
        ("/detail/managementEvent", json!(true)),
    ];
    for (path, value) in expected {
        assert_eq!(event.pointer(path), Some(&value), "{path}");
    }
    assert_eq!(event.pointer("/detail/errorCode"), None);
    assert_eq!(event.pointer("/detail/responseElements/policy/tags"), None);
    emulator.stop().await
}

#[tokio::test]
async fn records_name_who_called_and_what_failed() -> Result<()> {
    let emulator = emulator().await?;
    let user = emulator.clients_of(user_credentials(&emulator, "alice").await?);
    let role = emulator.clients_of(role_credentials(&emulator, "writer").await?);
    let before = emulator.cloudtrail_records(0).await?.len();

    assert!(policies::create(&user.iam, "p", DOCUMENT).await.is_err());
    policies::create(&role.iam, "p", DOCUMENT).await?;
    assert!(policies::create(&role.iam, "p", DOCUMENT).await.is_err());
    assert!(policies::create(&role.iam, "q", "{").await.is_err());
    role.iam.list_policies().send().await?;
    let padded = DOCUMENT.to_owned() + &" ".repeat(120_000);
    policies::create(&role.iam, "padded", &padded).await?;

    let records = emulator.cloudtrail_records(before).await?;
    let seen: Vec<_> = records
        .iter()
        .map(|record| {
            let text = |path: &str| {
                record
                    .pointer(path)
                    .and_then(Value::as_str)
                    .unwrap_or("-")
                    .to_owned()
            };
            (
                text("/userIdentity/arn"),
                text("/userIdentity/sessionContext/sessionIssuer/arn"),
                text("/errorCode"),
                text("/requestParameters/policyName"),
                record
                    .pointer("/requestParameters/omitted")
                    .and_then(Value::as_bool)
                    .unwrap_or_default(),
                record.pointer("/responseElements/policy/arn").is_some(),
            )
        })
        .collect();
    let by_user = ("arn:aws:iam::000000000000:user/team/alice", "-");
    let by_role = (
        "arn:aws:sts::000000000000:assumed-role/writer/tester",
        "arn:aws:iam::000000000000:role/own/writer",
    );
    let expected = [
        // The call was refused before IAM looked at the request, so the record does not have the
        // request.
        (by_user, "AccessDenied", "-", false, false),
        (by_role, "-", "p", false, true),
        (by_role, "EntityAlreadyExistsException", "p", false, false),
        (
            by_role,
            "MalformedPolicyDocumentException",
            "q",
            false,
            false,
        ),
        (by_role, "-", "-", true, true),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|((arn, issuer), error, name, omitted, answered)| {
            (
                arn.to_owned(),
                issuer.to_owned(),
                error.to_owned(),
                name.to_owned(),
                omitted,
                answered,
            )
        })
        .collect();
    assert_eq!(seen, expected);

    let calls = emulator.calls(0).await?;
    let listed = calls
        .iter()
        .find(|call| call.action == "iam:ListPolicies")
        .context("the read is not in the list")?;
    assert_eq!(
        listed.role.as_deref(),
        Some("arn:aws:iam::000000000000:role/own/writer")
    );
    emulator.stop().await
}

#[tokio::test]
async fn the_rule_sees_every_caller_but_the_excluded_roles() -> Result<()> {
    let emulator = emulator().await?;
    let user = emulator.clients_of(user_credentials(&emulator, "alice").await?);
    let own = emulator.clients_of(role_credentials(&emulator, "guard").await?);
    let other = emulator.clients_of(role_credentials(&emulator, "other").await?);
    emulator
        .iam()
        .put_user_policy()
        .user_name("alice")
        .policy_name("all")
        .policy_document(EVERYTHING)
        .send()
        .await?;
    let left_out = json!([{"exists": false}, {"anything-but": ["arn:aws:iam::000000000000:role/own/guard", "arn:x"]}]);
    let pattern = json!({
        "source": ["aws.iam"],
        "detail": {
            "eventName": ["CreatePolicy"],
            "errorCode": [{"exists": false}],
            "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": left_out}}},
        },
    });
    let rule = Rule::put(&emulator, pattern).await?;
    let cases = [
        ("root", emulator.clients(), DOCUMENT, true),
        ("a user", &user, DOCUMENT, true),
        ("another role", &other, DOCUMENT, true),
        ("the role left out", &own, DOCUMENT, false),
        ("a failed call", emulator.clients(), "{", false),
    ];
    let mut expected = 0;
    for (index, (who, clients, document, is_seen)) in cases.into_iter().enumerate() {
        let create = clients
            .iam
            .create_policy()
            .policy_name(format!("p{index}"))
            .policy_document(document);
        assert_eq!(create.send().await.is_ok(), document == DOCUMENT, "{who}");
        expected += usize::from(is_seen);
        rule.wait_for(&emulator, expected)
            .await
            .with_context(|| format!("after {who}"))?;
    }
    emulator.stop().await
}

#[tokio::test]
async fn deliveries_can_be_muted_and_doubled() -> Result<()> {
    let emulator = emulator().await?;
    let rule = Rule::put(&emulator, json!({"source": ["aws.iam"]})).await?;
    emulator
        .set_cloudtrail(CloudTrail {
            muted: Some(true),
            ..CloudTrail::default()
        })
        .await?;
    create_policy(&emulator, "muted").await?;
    emulator
        .set_cloudtrail(CloudTrail {
            muted: Some(false),
            copies: Some(2),
            ..CloudTrail::default()
        })
        .await?;
    create_policy(&emulator, "doubled").await?;
    rule.wait_for(&emulator, 2).await?;
    assert_eq!(emulator.cloudtrail_records(0).await?.len(), 2);
    for _ in 0..2 {
        let event = rule.next(&emulator).await?;
        assert_eq!(
            event.pointer("/detail/requestParameters/policyName"),
            Some(&json!("doubled"))
        );
    }
    emulator.stop().await
}
