//! What is over, or goes by another name, before the guard looks.

use incident::message::{Reason, VerdictResult};
use incident::subject::{OwnerKind, ReportedState};

use super::*;

#[test]
fn what_iam_does_not_show_yet_is_waited_for_and_then_believed() {
    for name in ["attach-user-policy", "add-user-to-group"] {
        let record = record(name);
        let gone = look(false, &[GRANTS]);
        assert_eq!(judge(&record, &gone, false), None, "{name}");
        assert_eq!(
            result(&record, &gone, true),
            VerdictResult::Withdrawn,
            "{name}"
        );
        let harmless = look(false, &[HARMLESS]);
        assert_eq!(
            result(&record, &harmless, true),
            VerdictResult::Clean,
            "{name}"
        );
    }
}

#[test]
fn what_is_over_before_the_guard_looks_is_told_of() {
    let detached = record("detach-user-policy");
    let there = look(false, &[DENIES]);
    assert_eq!(judge(&detached, &there, false), None);
    assert_eq!(result(&detached, &there, true), VerdictResult::Withdrawn);
}

#[test]
fn somebody_who_has_no_such_name_any_more_may_have_another() {
    for (name, documents, is_told) in [
        ("attach-user-policy", &[GRANTS][..], true),
        ("attach-user-policy", &[HARMLESS], false),
        // The policy was deleted.
        ("attach-user-policy", &[], false),
        ("detach-user-policy", &[DENIES], true),
        ("detach-user-policy", &[HARMLESS], false),
        ("add-user-to-group", &[GRANTS], true),
        ("delete-user-permissions-boundary", &[], true),
        // What somebody holds under another name is told of with the renaming.
        ("create-access-key", &[], false),
        ("create-login-profile", &[], false),
        ("update-user", &[], false),
    ] {
        let record = record(name);
        let nobody = without(OwnerKind::User, look(false, documents));
        assert_eq!(judge(&record, &nobody, false), None, "{name}");
        let verdict = judge(&record, &nobody, true).unwrap();
        if !is_told {
            assert_eq!(verdict.result, VerdictResult::Clean, "{name}");
            continue;
        }
        assert_eq!(verdict.result, VerdictResult::Gone, "{name}");
        let told = verdict.report.unwrap();
        assert!(matches!(told.reasons[0], Reason::Absent { .. }), "{name}");
    }
}

#[test]
fn a_role_has_no_other_name() {
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
        // It lets in Lambda.
        ("create-role", &[], VerdictResult::Clean),
    ] {
        let record = record(name);
        let nobody = without(OwnerKind::Role, look(false, documents));
        assert_eq!(judge(&record, &nobody, false), None, "{name}");
        assert_eq!(result(&record, &nobody, true), expected, "{name}");
    }
}

#[test]
fn a_trust_policy_that_let_in_somebody_for_a_while_is_told_of() {
    let update = record("update-assume-role-policy");
    let trust = |document: Option<&str>| ReportedState {
        trust: document.map(str::to_owned),
        ..look(document.is_some(), &[])
    };
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}"#;
    for shown in [trust(Some(own)), without(OwnerKind::Role, trust(None))] {
        assert_eq!(judge(&update, &shown, false), None);
        let verdict = judge(&update, &shown, true).unwrap();
        assert_eq!(verdict.result, VerdictResult::Withdrawn);
        assert!(matches!(
            verdict.report.unwrap().reasons.as_slice(),
            [Reason::ExternalPrincipal { .. }]
        ));
    }
}
