//! Roles, credentials and rare calls that open an account by another door than a policy.

use incident::message::{Reason, VerdictResult};
use incident::subject::{OwnerKind, ReportedState};
use incident::{Record, WatchedCall};

use super::*;

const FOR_LAMBDA: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const OPEN: &str = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;

fn with_trust(policies: &[&str], trust: &str) -> ReportedState {
    ReportedState {
        trust: Some(trust.to_owned()),
        ..state(true, policies)
    }
}

#[track_caller]
fn reasons(record: &Record, state: &ReportedState) -> Vec<Reason> {
    let verdict = judge(record, state, false).unwrap();
    assert_eq!(verdict.result, VerdictResult::Reported);
    verdict.report.unwrap().reasons
}

#[test]
fn a_role_from_a_template_is_judged_by_all_that_it_holds() {
    let record = record("acquire-role");
    assert_eq!(
        record.change.subject.to_string(),
        "role `PowerUserRole` from a template"
    );
    for (shown, expected) in [
        (with_trust(&[HARMLESS], FOR_LAMBDA), VerdictResult::Clean),
        (with_trust(&[GRANTS], FOR_LAMBDA), VerdictResult::Reported),
        (with_trust(&[HARMLESS], OPEN), VerdictResult::Reported),
    ] {
        // IAM may not list yet what the template gave it.
        let at_once = judge(&record, &shown, false).map(|verdict| verdict.result);
        assert_eq!(at_once.is_none(), expected == VerdictResult::Clean);
        assert_eq!(result(&record, &shown, true), expected);
    }
    // Someone took away all that it had.
    let stripped = with_trust(&[], FOR_LAMBDA);
    assert_eq!(judge(&record, &stripped, false), None);
    assert_eq!(result(&record, &stripped, true), VerdictResult::Withdrawn);
    // What a role held that is gone cannot be known.
    let gone = without(OwnerKind::Role, state(true, &[]));
    assert_eq!(judge(&record, &gone, false), None);
    assert_eq!(result(&record, &gone, true), VerdictResult::Withdrawn);
}

#[test]
fn credentials_of_others_are_reported_if_they_hold_something_restricted() {
    for name in [
        "update-access-key",
        "create-service-specific-credential",
        "reset-service-specific-credential",
        "update-service-specific-credential",
        "upload-ssh-public-key",
        "update-ssh-public-key",
        "upload-signing-certificate",
        "update-signing-certificate",
        "deactivate-mfa-device",
    ] {
        let record = record(name);
        let subject = record.change.subject.to_string();
        assert!(subject.ends_with(" of user `dave`"), "{subject}");
        let [holds, harmless] = [GRANTS, HARMLESS].map(|policy| state(true, &[policy]));
        assert_eq!(result(&record, &holds, false), VerdictResult::Reported);
        assert_eq!(result(&record, &harmless, false), VerdictResult::Clean);
        // Somebody may have renamed it.
        let gone = without(OwnerKind::User, state(true, &[]));
        assert_eq!(result(&record, &gone, true), VerdictResult::Gone);
        // Its own, and those of the root user.
        let mut own = event(name);
        own["detail"]["requestParameters"]["userName"] = "alice".into();
        let own = Record::parse(&own).unwrap();
        assert_eq!(
            result(&own, &state(true, &[GRANTS]), false),
            VerdictResult::Clean
        );
        let mut root = event(name);
        root["detail"]["userIdentity"] =
            serde_json::json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"});
        let members = root["detail"]["requestParameters"].as_object_mut().unwrap();
        members.remove("userName");
        let root = Record::parse(&root).unwrap();
        assert_eq!(reasons(&root, &state(true, &[])), [Reason::RootUser]);
    }
    let inactive = Record::parse(&event("update-access-key-inactive")).unwrap_err();
    assert!(inactive.to_string().contains("not `Active`"), "{inactive}");
}

#[test]
fn rare_calls_are_always_reported() {
    for name in [
        "create-saml-provider",
        "update-saml-provider",
        "create-open-id-connect-provider",
        "add-client-id-to-open-id-connect-provider",
        "update-open-id-connect-provider-thumbprint",
        "accept-delegation-request",
        "put-account-properties",
        "enable-outbound-web-identity-federation",
        "enable-organizations-root-credentials-management",
        "enable-organizations-root-sessions",
    ] {
        let record = record(name);
        assert_eq!(
            reasons(&record, &state(true, &[])),
            [Reason::Rare],
            "{name}"
        );
        let subject = record.change.subject.to_string();
        assert!(
            subject.starts_with(record.change.event_name.as_str()),
            "{subject}"
        );
    }
    // The record need not say anything about it.
    let mut bare = event("create-saml-provider");
    bare["detail"]["requestParameters"] = serde_json::Value::Null;
    let bare = Record::parse(&bare).unwrap();
    assert_eq!(
        bare.change.subject.to_string(),
        WatchedCall::CreateSAMLProvider.as_str()
    );
}

#[test]
fn the_trust_of_a_role_hands_out_what_it_holds() {
    let mut written = event("update-assume-role-policy");
    written["detail"]["requestParameters"]["policyDocument"] = FOR_LAMBDA.into();
    let record = Record::parse(&written).unwrap();
    let named = |names: &[&str], are_new| Reason::Entrants {
        principals: names.iter().map(|name| (*name).to_owned()).collect(),
        more: 0,
        are_new,
    };
    let lambda = "`lambda.amazonaws.com`";
    let holds = with_trust(&[GRANTS], FOR_LAMBDA);
    assert_eq!(
        reasons(&record, &holds).last(),
        Some(&named(&[lambda], false))
    );
    assert_eq!(
        result(&record, &with_trust(&[HARMLESS], FOR_LAMBDA), false),
        VerdictResult::Clean
    );
    // IAM still shows who could come in before.
    let inside = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}"#;
    let before = with_trust(&[GRANTS], inside);
    assert_eq!(judge(&record, &before, false), None);
    let after = ReportedState {
        former_trust: Some(inside.to_owned()),
        ..holds
    };
    assert_eq!(
        reasons(&record, &after).last(),
        Some(&named(&[lambda], true))
    );
    // Someone wrote the policy before again: what the call let in is over.
    let undone = judge(&record, &before, true).unwrap();
    assert_eq!(undone.result, VerdictResult::Withdrawn);
    let last = undone.report.unwrap().reasons.pop();
    assert_eq!(last, Some(named(&[lambda], true)));
    // Another one lets in an outsider, who came neither by this call nor with its principal.
    let outside = judge(&record, &with_trust(&[GRANTS], OPEN), true).unwrap();
    assert_eq!(outside.result, VerdictResult::Reported);
    let reasons_of = outside.report.unwrap().reasons;
    let past = Reason::LetInBefore {
        principals: vec![lambda.to_owned()],
        more: 0,
    };
    assert_eq!(
        reasons_of[reasons_of.len() - 2..],
        [Reason::OtherCall, past]
    );
    // The role is gone with all that it held.
    let gone = without(OwnerKind::Role, state(true, &[]));
    assert_eq!(result(&record, &gone, true), VerdictResult::Withdrawn);
    // The one in force lets in all whom the call let in, and has a record of its own.
    let wider = FOR_LAMBDA.replace(
        r#""lambda.amazonaws.com""#,
        r#"["lambda.amazonaws.com","ec2.amazonaws.com"]"#,
    );
    let wider = with_trust(&[GRANTS], &wider);
    assert_eq!(result(&record, &wider, true), VerdictResult::Clean);
    // Nobody may come in.
    let closed = FOR_LAMBDA.replace("Allow", "Deny");
    let mut written = event("update-assume-role-policy");
    written["detail"]["requestParameters"]["policyDocument"] = closed.as_str().into();
    let record = Record::parse(&written).unwrap();
    assert_eq!(
        result(&record, &with_trust(&[GRANTS], &closed), false),
        VerdictResult::Clean
    );
}

#[test]
fn a_role_of_instances_is_judged_by_what_it_holds() {
    let record = record("add-role-to-instance-profile");
    let [holds, harmless] = [GRANTS, HARMLESS].map(|policy| state(true, &[policy]));
    assert_eq!(result(&record, &holds, false), VerdictResult::Reported);
    assert_eq!(result(&record, &harmless, false), VerdictResult::Clean);
    let over = state(false, &[GRANTS]);
    assert_eq!(result(&record, &over, true), VerdictResult::Withdrawn);
    assert_eq!(
        result(&record, &ReportedState::default(), true),
        VerdictResult::Clean
    );
}
