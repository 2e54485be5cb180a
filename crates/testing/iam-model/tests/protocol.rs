//! The model as an SDK client sees it: the rules of IAM's manual, and the errors of its API
//! reference.

#![cfg(test)]

use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use iam_model::{Account, Fault, Iam, IamError, OwnerKind};

const ARN: &str = "arn:aws:iam::111122223333:policy/app";

/// A document with an action of this name; `%`, `+` and `<` must come back as they went in.
fn document(action: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Sid":"","Effect":"Allow","Action":"s3:{action}","Resource":"arn:aws:s3:::a%+<b"}}}}"#
    )
}

/// The code and the sentence of a call's error.
macro_rules! refusal {
    ($call:expr) => {{
        let error = $call.await.unwrap_err();
        (
            error.code().unwrap().to_owned(),
            error.message().unwrap().to_owned(),
        )
    }};
}

async fn with_policy() -> (Iam, Client) {
    let iam = Iam::default();
    let client = iam.client();
    let made = client
        .create_policy()
        .policy_name("app")
        .policy_document(document("Get"))
        .send()
        .await
        .unwrap();
    assert_eq!(made.policy().unwrap().arn(), Some(ARN));
    (iam, client)
}

fn create(client: &Client, action: &str, as_default: bool) -> impl Future<Output = String> {
    let call = client
        .create_policy_version()
        .policy_arn(ARN)
        .policy_document(document(action))
        .set_as_default(as_default)
        .send();
    async {
        call.await
            .unwrap()
            .policy_version
            .unwrap()
            .version_id
            .unwrap()
    }
}

#[tokio::test]
async fn versions_are_numbered_listed_and_read_back() {
    let (_, client) = with_policy().await;
    for index in 2..=5 {
        assert_eq!(
            create(&client, "Put", index == 3).await,
            format!("v{index}")
        );
    }
    let listed = client.list_policy_versions().policy_arn(ARN).max_items(2);
    let listed = listed.into_paginator().items().send();
    let listed: Vec<_> = listed.try_collect().await.unwrap();
    let ids: Vec<_> = listed
        .iter()
        .map(|version| (version.version_id().unwrap(), version.is_default_version()))
        .collect();
    assert_eq!(
        ids,
        [
            ("v5", false),
            ("v4", false),
            ("v3", true),
            ("v2", false),
            ("v1", false)
        ]
    );
    let read = client.get_policy_version().policy_arn(ARN).version_id("v1");
    let read = read.send().await.unwrap().policy_version.unwrap();
    let text = read.document().unwrap();
    assert!(!text.contains(['{', '<', '+']), "percent-encoded: {text}");
    assert_eq!(iam_policy::decode_document(text), document("Get"));
}

#[tokio::test]
async fn the_limits_of_versions_have_the_errors_of_the_manual() {
    let (_, client) = with_policy().await;
    for _ in 2..=5 {
        create(&client, "Put", false).await;
    }
    let sixth = client.create_policy_version().policy_arn(ARN);
    let (code, message) = refusal!(sixth.policy_document(document("Put")).send());
    assert_eq!(code, "LimitExceeded");
    assert!(message.contains("5 versions"), "{message}");
    let long = client.create_policy_version().policy_arn(ARN);
    let (code, message) = refusal!(long.policy_document(document(&"x".repeat(6_144))).send());
    assert_eq!(code, "LimitExceeded");
    assert!(message.contains("PolicySize"), "{message}");
    let default = client
        .delete_policy_version()
        .policy_arn(ARN)
        .version_id("v1");
    assert_eq!(refusal!(default.send()).0, "DeleteConflict");
    let all = client.delete_policy().policy_arn(ARN);
    assert_eq!(refusal!(all.send()).0, "DeleteConflict");
    let unknown = client.set_default_policy_version().policy_arn(ARN);
    assert_eq!(refusal!(unknown.version_id("v9").send()).0, "NoSuchEntity");
    let unreadable = client.create_policy_version().policy_arn(ARN);
    assert_eq!(
        refusal!(unreadable.policy_document("{").send()).0,
        "MalformedPolicyDocument"
    );
}

#[tokio::test]
async fn a_number_is_never_used_again_and_a_policy_made_again_is_another() {
    let (iam, client) = with_policy().await;
    create(&client, "Put", false).await;
    let unwanted = client.delete_policy_version().policy_arn(ARN);
    unwanted.version_id("v2").send().await.unwrap();
    assert_eq!(create(&client, "Put", true).await, "v3");
    let unwanted = client.delete_policy_version().policy_arn(ARN);
    unwanted.version_id("v1").send().await.unwrap();
    let first = iam.account().policy(ARN).unwrap().clone();
    client.delete_policy().policy_arn(ARN).send().await.unwrap();
    iam.change(|account| account.pass(5));
    iam.change(|account| account.create_policy("/", "app", document("Get")))
        .unwrap();
    let again = client.get_policy().policy_arn(ARN).send().await.unwrap();
    let again = again.policy.unwrap();
    assert_ne!(again.policy_id(), Some(first.id.as_str()));
    assert_eq!(again.create_date().unwrap().secs(), first.created + 5);
    assert_eq!(again.default_version_id(), Some("v1"));
}

#[tokio::test]
async fn inline_policies_share_the_quota_of_their_owner() {
    for (kind, limit) in [
        (OwnerKind::Role, 10_240),
        (OwnerKind::User, 2_048),
        (OwnerKind::Group, 5_120),
    ] {
        let mut account = Account::default();
        account.create_owner(kind, "app").unwrap();
        let size = iam_policy::quota_size(&document(""));
        let exact = document(&"x".repeat(limit - size));
        account
            .put_inline(kind, "app", "one", exact.replace(':', ": \n"))
            .unwrap_err();
        account
            .put_inline(kind, "app", "one", exact.replace(",\"", " ,\n\""))
            .unwrap();
        let error = account
            .put_inline(kind, "app", "two", document(""))
            .unwrap_err();
        assert_eq!(error.code, "LimitExceeded");
        assert!(error.message.contains("Maximum policy size"), "{error}");
        account.delete_owner(kind, "app").unwrap_err();
    }
}

#[tokio::test]
async fn every_kind_of_owner_answers_through_the_client() {
    let iam = Iam::default();
    let client = iam.client();
    let trust = r#"{"Version":"2012-10-17"}"#;
    let role = client.create_role().role_name("app");
    role.assume_role_policy_document(trust)
        .send()
        .await
        .unwrap();
    client.create_user().user_name("app").send().await.unwrap();
    client
        .create_group()
        .group_name("app")
        .send()
        .await
        .unwrap();
    let put = client.put_role_policy().role_name("app").policy_name("in");
    put.policy_document(document("Get")).send().await.unwrap();
    let put = client.put_user_policy().user_name("app").policy_name("in");
    put.policy_document(document("Get")).send().await.unwrap();
    let put = client
        .put_group_policy()
        .group_name("app")
        .policy_name("in");
    put.policy_document(document("Get")).send().await.unwrap();
    let read = client.get_role_policy().role_name("app").policy_name("in");
    let text = read.send().await.unwrap().policy_document;
    assert_eq!(iam_policy::decode_document(&text), document("Get"));
    let group = client.get_group().group_name("app").send().await.unwrap();
    assert!(group.group().unwrap().group_id().starts_with("AGPA"));
    let user = client.get_user().user_name("app").send().await.unwrap();
    assert!(user.user().unwrap().user_id().starts_with("AIDA"));
    let role = client.get_role().role_name("app").send().await.unwrap();
    assert!(role.role().unwrap().role_id().starts_with("AROA"));
    assert_eq!(
        refusal!(client.delete_role().role_name("app").send()).0,
        "DeleteConflict"
    );
    let read = client.get_user_policy().user_name("app").policy_name("no");
    assert_eq!(refusal!(read.send()).0, "NoSuchEntity");
}

#[tokio::test]
async fn the_trail_records_what_was_carried_out() {
    let (iam, client) = with_policy().await;
    create(&client, "Put", true).await;
    let refused = client.delete_policy().policy_arn(ARN);
    refusal!(refused.send());
    let trail = iam.trail();
    assert_eq!(trail.len(), 2);
    let detail = &trail[1]["detail"];
    assert_eq!(detail["eventName"], "CreatePolicyVersion");
    assert_eq!(detail["requestParameters"]["policyArn"], ARN);
    assert_eq!(detail["requestParameters"]["setAsDefault"], true);
    assert_eq!(
        detail["responseElements"]["policyVersion"]["versionId"],
        "v2"
    );
}

#[tokio::test]
async fn a_call_can_be_refused_lost_or_answered_with_the_past() {
    let (iam, client) = with_policy().await;
    iam.fail(0, Fault::AnswerLost);
    let lost = client.create_policy_version().policy_arn(ARN);
    refusal!(lost.policy_document(document("Put")).send());
    assert_eq!(iam.account().policy(ARN).unwrap().versions.len(), 2);
    iam.fail(0, Fault::Refused(IamError::other("Throttling", 400)));
    let throttled = client.get_policy().policy_arn(ARN);
    assert_eq!(refusal!(throttled.send()).0, "Throttling");
    iam.fail(0, Fault::Stale(1));
    let listed = client.list_policy_versions().policy_arn(ARN);
    assert_eq!(listed.clone().send().await.unwrap().versions().len(), 1);
    assert_eq!(listed.send().await.unwrap().versions().len(), 2);
    iam.before(0, |account| {
        account.set_default_policy_version(ARN, 2).unwrap()
    });
    let read = client.get_policy().policy_arn(ARN).send().await.unwrap();
    assert_eq!(read.policy.unwrap().default_version_id(), Some("v2"));
}
