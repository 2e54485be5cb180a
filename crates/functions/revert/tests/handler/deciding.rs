use iam_model::{Fault, OwnerKind};
use lambda_kit::FailureName;

use crate::support::*;

#[test]
fn an_allow_puts_the_original_back() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    assert_eq!(incident.versions(), (vec![1, 2, 3], 3));
    let outcome = incident.revert("allow").unwrap();
    assert_eq!(outcome.result.as_str(), "allowed");
    let in_force = outcome.in_force.unwrap();
    assert_eq!(in_force.version.unwrap().as_str(), "v2");
    assert_eq!(in_force.document.as_str(), RESTRICTED);
    assert_eq!(incident.versions(), (vec![1, 2], 2), "the quarantine goes");

    let incident = Incident::inline();
    assert_result(incident.revert("allow"), "allowed");
    assert_eq!(incident.document(), RESTRICTED, "byte for byte");
}

#[test]
fn a_denial_removes_the_original_version() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    assert_result(incident.revert("deny"), "denied");
    assert_eq!(incident.versions(), (vec![1, 3], 3));

    let incident = Incident::inline();
    let before = incident.document();
    assert_result(incident.revert("deny"), "denied");
    assert_eq!(incident.document(), before);
}

#[test]
fn an_expiry_changes_nothing() {
    for incident in [Incident::managed(&[RESTRICTED]), Incident::inline()] {
        let before = incident.iam.account();
        assert_result(incident.revert("expire"), "expired");
        assert_eq!(incident.iam.account(), before);
    }
}

#[test]
fn a_decision_is_carried_out_whichever_call_fails_and_however_often_it_is_run() {
    for action in ["allow", "deny"] {
        for call in 0..20 {
            for fault in [Fault::AnswerLost, throttled(), Fault::Stale(1)] {
                for incident in [
                    Incident::managed(&[RESTRICTED]),
                    Incident::inline(),
                    Incident::removed(),
                ] {
                    incident.iam.fail(call, fault.clone());
                    incident.revert_patiently(action).unwrap();
                    if incident.iam.heal() {
                        continue;
                    }
                    let end = incident.iam.account();
                    incident.revert_after_waiting(action).unwrap();
                    assert_eq!(incident.iam.account(), end, "a second run touches nothing");
                    if end.policy(ARN).is_some() {
                        let only = if action == "allow" { 1 } else { 2 };
                        assert_eq!(incident.versions(), (vec![only], only));
                    }
                }
            }
        }
    }
}

#[test]
fn a_decision_after_a_newer_change_touches_nothing() {
    for action in ["allow", "deny", "expire"] {
        let incident = Incident::managed(&[RESTRICTED]);
        incident.change(|account| account.create_policy_version(ARN, HARMLESS, true));
        let before = incident.iam.account();
        assert_result(incident.revert(action), "superseded");
        assert_eq!(incident.iam.account(), before);

        let incident = Incident::inline();
        incident.change(|account| account.put_inline(OwnerKind::Role, "app", "inline", HARMLESS));
        let before = incident.iam.account();
        assert_fails(incident.revert(action), FailureName::ChangeNotVisible);
        assert_result(incident.revert_after_waiting(action), "superseded");
        assert_eq!(incident.iam.account(), before);
    }
}

#[test]
fn a_target_that_was_made_again_is_left_alone() {
    for action in ["allow", "deny", "expire"] {
        for pause in [-5, 5] {
            let managed = Incident::managed(&[RESTRICTED]);
            managed.iam.change(|account| {
                account.set_default_policy_version(ARN, 1).unwrap();
                account.delete_policy_version(ARN, 2).unwrap();
                account.delete_policy(ARN).unwrap();
                account.pass(pause);
                account.create_policy("/", "app", RESTRICTED).unwrap();
                account
                    .create_policy_version(ARN, REMEDIATED, true)
                    .unwrap();
            });
            let inline = Incident::inline();
            inline.iam.change(|account| {
                let kind = OwnerKind::Role;
                recreate_owner(account, kind, pause);
                account
                    .put_inline(kind, "app", "inline", REMEDIATED)
                    .unwrap();
            });
            for incident in [managed, inline] {
                let before = incident.iam.account();
                let first = incident
                    .revert(action)
                    .map(|outcome| outcome.result.as_str());
                if pause > 0 {
                    assert_eq!(first.unwrap(), "superseded");
                } else {
                    // It may be IAM's past.
                    let name = first.unwrap_err().name();
                    assert_eq!(name, FailureName::ChangeNotVisible);
                }
                assert_result(incident.revert_after_waiting(action), "superseded");
                assert_eq!(incident.iam.account(), before, "untouched");
            }
        }
    }
}

#[test]
fn a_denial_deletes_only_the_version_that_was_contained() {
    // The data say another moment, as if the version's number were that of another version.
    let mut incident = Incident::managed(&[RESTRICTED]);
    incident.data["quarantine"]["versions"]["originalCreated"] =
        serde_json::json!("2026-01-01T00:00:00Z");
    incident.revert("deny").unwrap();
    assert_eq!(incident.versions(), (vec![1, 2], 2));
    // … or another document.
    let mut incident = Incident::managed(&[RESTRICTED]);
    incident.data["quarantine"]["original"] = serde_json::json!(HARMLESS);
    incident.revert("deny").unwrap();
    assert_eq!(incident.versions(), (vec![1, 2], 2));
}

#[test]
fn an_allow_that_overtakes_a_harmless_change_gives_way_and_no_restricted_one_is_put_in_force() {
    let write = calls_before_write(|| Incident::managed(&[RESTRICTED]));
    for (document, in_force) in [
        (HARMLESS.to_owned(), 3),
        (RESTRICTED.replace("Get", "Put"), 1),
    ] {
        let incident = Incident::managed(&[RESTRICTED]);
        incident.iam.before(write, |account| {
            account.create_policy_version(ARN, document, true).unwrap();
        });
        incident.revert("allow").unwrap();
        assert_eq!(incident.versions().1, in_force);
    }
}

#[test]
fn an_original_version_that_someone_deleted_is_not_made_up() {
    let incident = Incident::managed(&[RESTRICTED]);
    incident.change(|account| account.delete_policy_version(ARN, 1));
    assert_fails(incident.revert("allow"), FailureName::ChangeNotVisible);
    assert_result(incident.revert_after_waiting("allow"), "superseded");
    assert_eq!(incident.versions(), (vec![2], 2));
}

#[test]
fn an_absent_target_is_gone_only_after_waiting() {
    let incident = Incident::inline();
    incident.change(|account| account.delete_inline(OwnerKind::Role, "app", "inline"));
    for action in ["allow", "deny", "expire"] {
        assert_fails(incident.revert(action), FailureName::ChangeNotVisible);
        assert_result(incident.revert_after_waiting(action), "gone");
    }
}

#[test]
fn an_allow_that_looks_at_iams_past_is_not_believed() {
    for incident in [Incident::managed(&[RESTRICTED]), Incident::inline()] {
        for call in 0..3 {
            incident.iam.fail(call, Fault::Stale(1));
        }
        assert_fails(incident.revert("allow"), FailureName::ChangeNotVisible);
    }
}

/// How many calls an allow makes before its write.
fn calls_before_write(incident: impl Fn() -> Incident) -> usize {
    let incident = incident();
    let before = incident.iam.calls().len();
    incident.revert("allow").unwrap();
    let calls = incident.iam.calls();
    let writes = ["SetDefaultPolicyVersion", "PutRolePolicy"];
    let is_write = |call: &String| writes.contains(&call.as_str());
    calls.iter().skip(before).position(is_write).unwrap()
}

/// A new incident of the same document contains it again as soon as it is back.
#[test]
fn an_allow_writes_once_and_does_not_fight() {
    let managed = || Incident::managed(&[RESTRICTED]);
    let write = calls_before_write(managed);
    let incident = managed();
    incident.iam.before(write + 1, |account| {
        account.set_default_policy_version(ARN, 2).unwrap();
    });
    assert_fails(incident.revert("allow"), FailureName::ChangeNotVisible);
    assert_eq!(incident.versions(), (vec![1, 2], 2));

    let write = calls_before_write(Incident::inline);
    let incident = Incident::inline();
    let remediated = incident.document();
    let again = remediated.clone();
    incident.iam.before(write + 1, move |account| {
        let kind = OwnerKind::Role;
        account.put_inline(kind, "app", "inline", again).unwrap();
    });
    assert_fails(incident.revert("allow"), FailureName::ChangeNotVisible);
    assert_eq!(incident.document(), remediated);
}

#[test]
fn of_several_versions_that_mean_the_same_an_allow_takes_the_oldest() {
    let incident = Incident::managed(&[RESTRICTED]);
    incident.change(|account| account.create_policy_version(ARN, RESTRICTED, false));
    incident.revert("allow").unwrap();
    assert_eq!(incident.versions(), (vec![1, 3], 1));
}

#[test]
fn a_version_that_the_guard_did_not_make_stays() {
    let incident = Incident::managed(&[REMEDIATED, RESTRICTED]);
    assert_eq!(incident.versions(), (vec![1, 2], 1), "used again");
    incident.revert("allow").unwrap();
    assert_eq!(incident.versions(), (vec![1, 2], 2));
}

#[test]
fn a_double_that_came_late_counts_as_the_quarantine_and_an_older_version_does_not() {
    let incident = Incident::managed(&[RESTRICTED]);
    incident.change(|account| account.create_policy_version(ARN, REMEDIATED, true));
    incident.revert("allow").unwrap();
    assert_eq!(incident.versions(), (vec![1], 1));

    let incident = Incident::managed(&[REMEDIATED, REMEDIATED, RESTRICTED]);
    assert_eq!(incident.versions(), (vec![1, 2, 3], 1));
    incident.change(|account| account.set_default_policy_version(ARN, 2));
    assert_result(incident.revert_after_waiting("allow"), "superseded");
    assert_eq!(incident.versions(), (vec![1, 2, 3], 2));
}

#[test]
fn a_policy_that_was_deleted_for_want_of_room_comes_back_or_stays_away() {
    let incident = Incident::removed();
    let original = incident.data["quarantine"]["original"].clone();
    assert_eq!(incident.data["quarantine"]["removed"], true);
    incident.revert("expire").unwrap();
    let outcome = incident.revert("deny").unwrap();
    assert_eq!(outcome.result.as_str(), "denied");
    assert_eq!(outcome.in_force, None);
    assert_eq!(
        incident
            .iam
            .account()
            .inline(OwnerKind::Role, "app", "inline"),
        None
    );
    assert_result(incident.revert("allow"), "allowed");
    assert_eq!(incident.document(), original);
}

#[test]
fn a_deleted_policy_that_is_there_again_or_whose_owner_was_made_again_is_left_alone() {
    let kind = OwnerKind::Role;
    for action in ["allow", "deny", "expire"] {
        let incident = Incident::removed();
        incident.iam.change(|account| {
            account.delete_inline(kind, "app", "filler").unwrap();
            account.put_inline(kind, "app", "inline", HARMLESS).unwrap();
        });
        let before = incident.iam.account();
        // It may be how things stood before.
        assert_fails(incident.revert(action), FailureName::ChangeNotVisible);
        assert_result(incident.revert_after_waiting(action), "superseded");
        assert_eq!(incident.iam.account(), before);

        let incident = Incident::removed();
        incident.iam.change(|account| {
            account.delete_inline(kind, "app", "filler").unwrap();
            recreate_owner(account, kind, 1);
        });
        let before = incident.iam.account();
        assert_result(incident.revert(action), "superseded");
        assert_eq!(incident.iam.account(), before);
    }
}

#[test]
fn an_allow_that_has_no_room_fails_and_leaves_everything_as_it_is() {
    let incident = Incident::removed();
    incident
        .iam
        .change(|account| account.put_inline(OwnerKind::Role, "app", "another", HARMLESS))
        .unwrap_err();
    let short =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    incident.change(|account| account.put_inline(OwnerKind::Role, "app", "another", short));
    let before = incident.iam.account();
    let error = incident.revert("allow").unwrap_err();
    assert_eq!(error.name(), FailureName::AwsRefused);
    assert!(error.to_string().contains("LimitExceeded"), "{error}");
    assert_eq!(incident.iam.account(), before);
}
