//! Policies and groups that cannot be read any more.

use incident::PolicyArn;
use incident::message::{Reason, VerdictResult};
use incident::subject::{Named, NotRead, Owner, OwnerKind, ReportedState, Reserved};

use super::*;

fn not_read(is_in_effect: bool, documents: &[&str]) -> ReportedState {
    let kind = OwnerKind::Group;
    let name = "developers".to_owned();
    ReportedState {
        not_read: Some(NotRead {
            named: Named::Owner(Owner { kind, name }),
            held: held(documents),
            has_more: false,
        }),
        ..state(is_in_effect, &[])
    }
}

#[test]
fn what_cannot_be_read_is_reported_where_the_other_side_holds_something_restricted() {
    for (name, is_in_effect) in [
        ("detach-user-policy", true),
        ("detach-role-policy", true),
        ("detach-group-policy", true),
        ("remove-user-from-group", true),
        // The group may have another name by now.
        ("add-user-to-group", false),
    ] {
        let record = record(name);
        let held = not_read(is_in_effect, &[HARMLESS, GRANTS]);
        assert_eq!(judge(&record, &held, false), None, "{name}");
        let verdict = judge(&record, &held, true).unwrap();
        assert_eq!(verdict.result, VerdictResult::Reported, "{name}");
        assert_eq!(verdict.restricted.patterns.len(), 2, "{name}");
        assert!(matches!(
            verdict.report.unwrap().reasons.as_slice(),
            [Reason::NotRead { .. }, Reason::Grants { .. }]
        ));
        // A pipeline that replaces its policies.
        for documents in [&[HARMLESS][..], &[]] {
            let held = not_read(is_in_effect, documents);
            assert_eq!(result(&record, &held, true), VerdictResult::Clean, "{name}");
        }
        // Nothing newer can show what was detached.
        let verdict = judge(&record, &not_read(is_in_effect, &[]), false);
        assert_eq!(verdict.is_some(), is_in_effect, "{name}");
    }
}

/// Somebody deletes a policy with a `Deny` and makes a harmless one of the same name.
#[test]
fn a_policy_that_was_made_again_hides_nothing() {
    let record = record("detach-user-policy");
    let policy = "arn:aws:iam::111122223333:policy/teams/data/data-full";
    let again = ReportedState {
        policies: held(&[HARMLESS]),
        not_read: Some(NotRead {
            named: Named::Policy(PolicyArn::parse(policy).unwrap()),
            held: held(&[GRANTS]),
            has_more: false,
        }),
        ..state(true, &[])
    };
    assert_eq!(result(&record, &again, true), VerdictResult::Reported);
    let denies = ReportedState {
        policies: held(&[DENIES]),
        ..not_read(true, &[HARMLESS])
    };
    assert_eq!(result(&record, &denies, true), VerdictResult::Reported);
}

#[test]
fn more_than_the_guard_reads_may_hold_anything() {
    let mut state = not_read(true, &[]);
    if let Some(not_read) = &mut state.not_read {
        not_read.has_more = true;
    }
    let record = record("detach-user-policy");
    assert_eq!(result(&record, &state, true), VerdictResult::Reported);
}

#[test]
fn a_report_says_what_iam_protects() {
    let by = Reserved::IdentityCenter;
    let protected = ReportedState {
        reserved: Some(by),
        ..state(true, &[GRANTS])
    };
    let record = record("attach-role-policy-aws-managed");
    let verdict = judge(&record, &protected, false).unwrap();
    let reasons = verdict.report.unwrap().reasons;
    assert_eq!(reasons.first(), Some(&Reason::Reserved { by }));
}
