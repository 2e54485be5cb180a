//! Calls that were undone, or whose subject was renamed, before the guard reads IAM.

use incident::message::{Reason, VerdictResult};
use incident::subject::{OwnerKind, ReportedState};

use super::*;

#[test]
fn a_call_that_iam_does_not_show_is_judged_after_a_wait() {
    for name in ["attach-user-policy", "add-user-to-group"] {
        let record = record(name);
        let gone = state(false, &[GRANTS]);
        assert_eq!(judge(&record, &gone, false), None, "{name}");
        assert_eq!(
            result(&record, &gone, true),
            VerdictResult::Withdrawn,
            "{name}"
        );
        let harmless = state(false, &[HARMLESS]);
        assert_eq!(
            result(&record, &harmless, true),
            VerdictResult::Clean,
            "{name}"
        );
    }
}

#[test]
fn a_call_that_was_undone_is_reported() {
    let detached = record("detach-user-policy");
    let there = state(false, &[DENIES]);
    assert_eq!(judge(&detached, &there, false), None);
    assert_eq!(result(&detached, &there, true), VerdictResult::Withdrawn);
}

#[test]
fn an_absent_user_may_have_been_renamed() {
    for (name, documents, is_reported) in [
        ("attach-user-policy", &[GRANTS][..], true),
        ("attach-user-policy", &[HARMLESS], false),
        // The policy was deleted.
        ("attach-user-policy", &[], false),
        ("detach-user-policy", &[DENIES], true),
        ("detach-user-policy", &[HARMLESS], false),
        ("add-user-to-group", &[GRANTS], true),
        ("delete-user-permissions-boundary", &[], true),
        // Somebody made them for a user who cannot be found.
        ("create-access-key", &[], true),
        ("create-login-profile", &[], true),
        // The next rename is reported by its own record.
        ("update-user", &[], false),
    ] {
        let record = record(name);
        let absent = without(OwnerKind::User, state(false, documents));
        assert_eq!(judge(&record, &absent, false), None, "{name}");
        let verdict = judge(&record, &absent, true).unwrap();
        if !is_reported {
            assert_eq!(verdict.result, VerdictResult::Clean, "{name}");
            continue;
        }
        assert_eq!(verdict.result, VerdictResult::Gone, "{name}");
        let report = verdict.report.unwrap();
        assert!(matches!(report.reasons[0], Reason::Absent { .. }), "{name}");
    }
}

#[test]
fn an_absent_role_was_deleted() {
    for (name, documents, expected) in [
        (
            "attach-role-policy-aws-managed",
            &[GRANTS][..],
            VerdictResult::Withdrawn,
        ),
        (
            "delete-role-permissions-boundary",
            &[],
            VerdictResult::Withdrawn,
        ),
        // It trusts Lambda.
        ("create-role", &[], VerdictResult::Clean),
    ] {
        let record = record(name);
        let absent = without(OwnerKind::Role, state(false, documents));
        assert_eq!(judge(&record, &absent, false), None, "{name}");
        assert_eq!(result(&record, &absent, true), expected, "{name}");
    }
}

#[test]
fn a_former_trust_policy_is_reported_if_it_let_in_an_external_principal() {
    let update = record("update-assume-role-policy");
    let trust = |document: Option<&str>| ReportedState {
        trust: document.map(str::to_owned),
        ..state(document.is_some(), &[])
    };
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}"#;
    for shown in [trust(Some(own)), without(OwnerKind::Role, trust(None))] {
        assert_eq!(judge(&update, &shown, false), None);
        let verdict = judge(&update, &shown, true).unwrap();
        assert_eq!(verdict.result, VerdictResult::Withdrawn);
        assert!(matches!(
            verdict.report.unwrap().reasons.as_slice(),
            [Reason::ExternalPrincipal { .. }, ..]
        ));
    }
}
