//! Reports on answers that lack something, and on files that are no answer.

use serde_json::{Value, json};

use crate::account::{
    account, clean_page, document, managed, outcome, page, principal, principals, whole,
};
use crate::support::folder;

#[test]
fn a_document_that_cannot_be_read_is_named() {
    let broken = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]});
    let user = principal("User", "alice", &[("broken", broken)], &[]);
    let folder = folder(&[(
        "a.json",
        &page(json!([user]), json!([]), json!([]), json!([])).to_string(),
    )]);
    let (ran, report) = account(&folder, "a.json");
    ran.has_diagnostic(
        "inline policy `broken` of user `alice`, which `arn:aws:iam::111122223333:user/alice` \
         has, cannot be read: statement 1 has no `Action`",
    );
    assert_eq!((ran.code, &report["verdict"]), (2, &json!("unknown")));
    assert_eq!(principals(&report), ["user alice unknown"]);
    assert_eq!(
        report["principals"][0]["unreadable"],
        json!(["inline policy `broken` of user `alice`"])
    );
}

#[test]
fn an_incomplete_answer_is_never_clean() {
    let alice = || principal("User", "alice", &[], &["read"]);
    let read = || json!([managed("read", "s3:Get*")]);
    let unknown = |page: &Value, message: &str| {
        let (code, verdict, diagnostics) = outcome(page);
        assert_eq!((code, verdict), (2, json!("unknown")), "{diagnostics}");
        assert!(diagnostics.contains(message), "{diagnostics}");
    };
    let whole = || page(json!([alice()]), json!([]), json!([]), read());
    let mut truncated = whole();
    truncated["IsTruncated"] = json!(true);
    unknown(&truncated, "the last page says that more pages follow");
    let mut limited = whole();
    limited["NextToken"] = json!("AAA");
    unknown(&limited, "the last page says that more pages follow");
    let mut without = whole();
    without.as_object_mut().unwrap().remove("RoleDetailList");
    unknown(&without, "no page has the list `RoleDetailList`");
    unknown(
        &page(json!([alice()]), json!([]), json!([]), json!([])),
        "no page has the document of `arn:aws:iam::111122223333:policy/read`",
    );
    let mut member = alice();
    member["GroupList"] = json!(["gone"]);
    unknown(
        &page(json!([member]), json!([]), json!([]), read()),
        "no page has the group `gone`",
    );
    let aws = principal("User", "alice", &[], &["AWSGone"]);
    unknown(
        &page(json!([aws]), json!([]), json!([]), json!([])),
        "policy/AWSGone",
    );
    let mut policies = read();
    policies[0]["AttachmentCount"] = json!(3);
    unknown(
        &page(json!([alice()]), json!([]), json!([]), policies),
        "counts 3 attachments",
    );
    // What is held all the same is worse.
    let bad = principal(
        "User",
        "bad",
        &[("b", document("*", &json!({})))],
        &["gone"],
    );
    let (code, verdict, _) = outcome(&page(json!([bad]), json!([]), json!([]), json!([])));
    assert_eq!((code, verdict), (1, json!("restricted")));
}

#[test]
fn what_is_no_answer_is_an_error() {
    let folder = folder(&[
        ("policy.json", &document("*", &json!({})).to_string()),
        ("text.json", "UserDetailList: []\n"),
        ("cut.json", whole().to_string().trim_end_matches("]}")),
        (
            "kind.json",
            r#"{"UserDetailList": {"a": 1}, "Policies": []}"#,
        ),
        (
            "entry.json",
            "{\"Policies\": [],\n\"UserDetailList\": [{\"UserName\": 1}]}",
        ),
        ("empty.json", ""),
        ("roles.json", r#"{"Roles": []}"#),
        (
            "log.json",
            r#"{"Records": [{"eventVersion": "1.08"}], "a": 1}"#,
        ),
        ("other.json", r#"{"a": {"UserDetailList": []}, "b": 2}"#),
        (
            "half.json",
            &format!("{}\n{{\"error\": \"AccessDenied\"}}", clean_page()),
        ),
        (
            "arn.json",
            r#"{"UserDetailList": [{"UserName": "a", "Arn": "a"}]}"#,
        ),
        (
            "lists.json",
            &page(json!([]), json!([]), json!([]), json!([])).to_string(),
        ),
    ]);
    for (file, message) in [
        (
            "policy.json",
            "policy.json: line 1: this is no answer of `aws iam get-account-authorization-details`: \
             it is a policy document, which `iam-guard check` reads",
        ),
        (
            "roles.json",
            "it is the answer of another command, such as `aws iam list-roles`",
        ),
        (
            "log.json",
            "it is a CloudTrail log, which `iam-guard backtest` reads",
        ),
        ("other.json", "it has `a`, but none of the four lists"),
        (
            "half.json",
            "line 2: this is no answer of `aws iam get-account-authorization-details`",
        ),
        ("arn.json", "`a` is not an ARN with an account"),
        (
            "lists.json",
            "the answer is incomplete: it has no user, group or role",
        ),
        ("text.json", "it holds something else than pages in JSON"),
        ("cut.json", "it ends in the middle of a page"),
        (
            "kind.json",
            "line 1: `UserDetailList` must be an array of objects",
        ),
        (
            "entry.json",
            "line 2: an entry of `UserDetailList` cannot be read: invalid type",
        ),
        ("empty.json", "is no answer"),
        ("gone.json", "cannot read gone.json"),
    ] {
        let (ran, _) = account(&folder, file);
        ran.has_diagnostic(message);
        assert_eq!(ran.code, if file == "cut.json" { 1 } else { 2 }, "{file}");
    }
}
