//! What IAM lets no caller change is reported, and nothing is tried.

use iam_model::{Account, Iam, OwnerKind};
use incident::message::{Reason, Response, VerdictResult};
use incident::subject::Reserved;
use serde_json::json;

use crate::support::*;

const SET: &str = "/aws-reserved/sso.amazonaws.com/eu-west-1/";

/// An inline policy of an owner with this path, and its event.
fn put_at(kind: OwnerKind, path: &str, document: &str) -> (Iam, serde_json::Value) {
    let iam = Iam::new(Account::default());
    let event = fixtures::put_inline(&iam, kind, document);
    iam.change(|account| account.set_path(kind, "app", path))
        .unwrap();
    (iam, event)
}

#[test]
fn an_inline_policy_of_a_reserved_role_is_reported() {
    for (path, by) in [
        (SET, Reserved::IdentityCenter),
        (
            "/aws-service-role/support.amazonaws.com/",
            Reserved::Service,
        ),
    ] {
        let (iam, event) = put_at(OwnerKind::Role, path, RESTRICTED);
        for notify_on_allowed in [true, false] {
            let mut rules = rules();
            rules.notify_on_allowed = notify_on_allowed;
            let verdict = verdict_of(judged(&rules, &iam, &event, false).unwrap());
            assert_verdict(&verdict, Response::Report, VerdictResult::Reported);
            assert!(verdict.notify);
            assert_eq!(verdict.restricted.findings.len(), 1);
            assert_eq!(verdict.report.unwrap().reasons, [Reason::Reserved { by }]);
        }
        let (iam, event) = put_at(OwnerKind::Role, path, HARMLESS);
        let verdict = judge(&iam, &event, false).unwrap();
        assert_verdict(&verdict, Response::None, VerdictResult::Clean);
    }
}

#[test]
fn a_managed_policy_with_a_reserved_path_is_reported() {
    let iam = Iam::new(Account::default());
    let parameters = [
        ("PolicyName", "app"),
        ("Path", SET),
        ("PolicyDocument", RESTRICTED),
    ];
    let event = call(&iam, "CreatePolicy", &parameters);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_verdict(&verdict, Response::Report, VerdictResult::Reported);
}

/// A caller chooses names, and paths that only begin alike.
#[test]
fn a_path_or_name_that_looks_reserved_is_no_way_out() {
    for (kind, path) in [
        (OwnerKind::Role, "/aws-reserved-too/"),
        (OwnerKind::Role, "/x/aws-reserved/sso.amazonaws.com/"),
        // IAM protects roles only.
        (OwnerKind::User, SET),
        (OwnerKind::Group, SET),
    ] {
        let (iam, event) = put_at(kind, path, RESTRICTED);
        let verdict = judge(&iam, &event, false).unwrap();
        assert_eq!(verdict.response, Response::Contain, "{kind} {path}");
    }
    // What the record says does not count.
    let (iam, mut event) = put_at(OwnerKind::Role, "/", RESTRICTED);
    event["detail"]["responseElements"] = json!({"role": {"path": SET}});
    event["detail"]["requestParameters"]["path"] = json!(SET);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.response, Response::Contain);
    let iam = Iam::new(Account::default());
    let name = [("RoleName", "AWSReservedSSO_Admin_0123456789abcdef")];
    call(&iam, "CreateRole", &name);
    let parameters = [name[0], ("PolicyName", "p"), ("PolicyDocument", RESTRICTED)];
    let event = call(&iam, "PutRolePolicy", &parameters);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.response, Response::Contain);
}
