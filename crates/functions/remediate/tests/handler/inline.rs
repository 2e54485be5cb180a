use fixtures::run_task;
use iam_model::{Execution, Fault, Iam, IamError, OwnerKind};
use incident::message::Quarantine;
use lambda_kit::FailureName;

use crate::support::*;

fn document(iam: &Iam, kind: OwnerKind) -> String {
    let account = iam.account();
    account.inline(kind, "app", "inline").unwrap().to_owned()
}

#[test]
fn an_inline_policy_of_every_kind_of_owner_is_contained() {
    for kind in OwnerKind::ALL {
        let (iam, data) = incident(inline(kind, RESTRICTED));
        let contained = in_place(remediate(&iam, &data).unwrap());
        assert_eq!(contained.original.as_str(), RESTRICTED);
        assert_eq!(contained.versions, None);
        assert!(!contained.found_done);
        let id = iam.account().owner(kind, "app").unwrap().id.clone();
        assert_eq!(contained.identity.id, id);
        assert!(same(&document(&iam, kind), REMEDIATED));
        let writes = iam.writes();
        assert_fails(&iam, &data, FailureName::ChangeNotVisible);
        let second = in_place(remediate(&iam, &waited(&data)).unwrap());
        assert_eq!(iam.writes(), writes, "a second run touches nothing");
        assert!(second.found_done);
        assert_eq!(second.original, contained.original);
    }
}

#[test]
fn a_run_can_fail_at_any_call_and_be_run_again() {
    let start = || incident(inline(OwnerKind::User, RESTRICTED));
    let faults = [Fault::AnswerLost, throttled(), Fault::Stale(1)];
    fail_at_each_call(&faults, start, |iam, data| {
        let contained = contain(iam, data);
        assert_eq!(contained.original.as_str(), RESTRICTED);
        assert!(same(&document(iam, OwnerKind::User), REMEDIATED));
    });
}

#[test]
fn an_inline_document_is_in_the_execution_before_it_is_overwritten() {
    let kind = OwnerKind::Role;
    let (iam, data) = incident(inline(kind, RESTRICTED));
    put(&iam, kind, &other_restricted());
    let answer = invoke(&iam, &Execution::running("other"), &payload(&data)).unwrap();
    assert_eq!(answer["action"]["call"], "PutRolePolicy");
    assert_eq!(answer["progress"]["replaced"], other_restricted());
    assert_eq!(document(&iam, kind), other_restricted(), "not yet");
    let contained = in_place(remediate(&iam, &data).unwrap());
    assert_eq!(contained.original.as_str(), other_restricted());
    assert!(same(
        &document(&iam, kind),
        &REMEDIATED.replace("Get", "Put")
    ));
}

#[test]
fn a_caller_that_writes_a_new_document_each_time_does_not_hold_the_containment_off() {
    let kind = OwnerKind::Role;
    let (iam, event) = inline(kind, RESTRICTED);
    let data = judged(&iam, &event);
    let written = |number: usize| RESTRICTED.replace("Get", &format!("Get{number}"));
    // Each time before the function looks again, after two reads and a write.
    for number in 0..3 {
        let text = written(number);
        iam.before(3 * number, move |account| {
            account.put_inline(kind, "app", "inline", text).unwrap();
        });
    }
    let contained = in_place(remediate(&iam, &data).unwrap());
    assert_eq!(contained.original.as_str(), written(2));
    let puts = iam
        .writes()
        .iter()
        .filter(|call| *call == "PutRolePolicy")
        .count();
    assert_eq!(puts, 1 + 3);
}

#[test]
fn a_policy_of_an_owner_that_was_made_again_is_another_target() {
    for kind in OwnerKind::ALL {
        let (iam, data) = incident(inline(kind, RESTRICTED));
        iam.change(|account| {
            recreate_owner(account, kind, 1);
            account
                .put_inline(kind, "app", "inline", RESTRICTED)
                .unwrap();
        });
        let writes = iam.writes();
        assert_eq!(remediate(&iam, &data).unwrap(), Quarantine::Superseded);
        assert_eq!(iam.writes(), writes, "untouched");
    }
}

#[test]
fn an_absent_policy_is_gone_only_after_waiting() {
    let kind = OwnerKind::Group;
    let (iam, data) = incident(inline(kind, RESTRICTED));
    iam.change(|account| account.delete_inline(kind, "app", "inline"))
        .unwrap();
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    assert_eq!(remediate(&iam, &waited(&data)).unwrap(), Quarantine::Gone);
}

/// The quota is shared: what the owner's other policies leave may be too little for the best
/// remediation.
#[test]
fn a_smaller_remediation_is_written_where_the_quota_refuses_the_best() {
    let kind = OwnerKind::User;
    let wide = RESTRICTED.replace("s3:DeleteBucket", "s3:D*");
    let (iam, event) = inline(kind, &wide);
    let room = kind.quota().limit() - iam_policy::quota_size(&wide);
    let filler = harmless_of_size(room);
    iam.change(|account| account.put_inline(kind, "app", "filler", filler))
        .unwrap();
    let data = judged(&iam, &event);
    let contained = in_place(remediate(&iam, &data).unwrap());
    assert!(!contained.removal.losses.is_empty(), "{contained:?}");
    assert!(!document(&iam, kind).contains("s3:D*"));
    // And again: the second run recognises it.
    let again = in_place(remediate(&iam, &waited(&data)).unwrap());
    assert!(again.found_done);
}

/// `ValidatePolicy` saw IAM's past: the owner of this event is another one.
#[test]
fn what_was_made_again_before_the_event_is_judged_anew() {
    let kind = OwnerKind::User;
    let (iam, _) = inline(kind, &other_restricted());
    iam.change(|account| recreate_owner(account, kind, 1));
    let event = put(&iam, kind, RESTRICTED);
    let past = iam.calls().len();
    iam.fail(0, Fault::Stale(2));
    iam.fail(1, Fault::Stale(2));
    let data = judged(&iam, &event);
    assert_eq!(iam.calls().len(), past + 2);
    let owner = iam.account().owner(kind, "app").unwrap().clone();
    assert_ne!(data["verdict"]["inForce"]["identity"]["id"], *owner.id);
    let contained = in_place(remediate(&iam, &data).unwrap());
    assert_eq!(contained.identity.id, owner.id);
    assert_eq!(contained.original.as_str(), RESTRICTED);
    assert!(same(&document(&iam, kind), REMEDIATED));
}

#[test]
fn a_policy_is_deleted_where_the_quota_refuses_even_the_smallest_document() {
    for kind in OwnerKind::ALL {
        let (iam, data) = incident(inline_without_room(kind));
        let mut asked = payload(&data);
        let change = serde_json::from_value(data["verdict"]["change"].clone()).unwrap();
        let end = run_task(&iam, &change, asked.clone(), true, |payload| {
            asked = payload.clone();
            invoke(&iam, &Execution::running("other"), payload)
        })
        .unwrap();
        let contained = in_place(serde_json::from_value(end["quarantine"].clone()).unwrap());
        assert!(contained.removed);
        assert_eq!(contained.original.as_str(), ALL);
        assert_eq!(contained.document.as_str(), iam_policy::GRANTS_NOTHING);
        assert_eq!(iam.account().inline(kind, "app", "inline"), None);
        // The execution said that the guard deletes it, so a second look knows who did.
        assert_eq!(asked["work"]["progress"]["deletes"], true);
        let again = invoke(&iam, &Execution::running("other"), &asked).unwrap();
        assert_eq!(again["quarantine"]["removed"], true, "{again}");
    }
}

#[test]
fn a_policy_that_someone_else_deleted_is_gone() {
    let kind = OwnerKind::User;
    let (iam, data) = incident(inline_without_room(kind));
    // Before the execution holds that the guard would delete it.
    iam.change(|account| account.delete_inline(kind, "app", "inline"))
        .unwrap();
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    assert_eq!(remediate(&iam, &waited(&data)).unwrap(), Quarantine::Gone);
}

#[test]
fn a_policy_is_not_deleted_once_there_is_room() {
    let kind = OwnerKind::User;
    let (iam, data) = incident(inline_without_room(kind));
    iam.change(|account| account.delete_inline(kind, "app", "filler"))
        .unwrap();
    let contained = in_place(remediate(&iam, &data).unwrap());
    assert!(!contained.removed);
    assert_eq!(document(&iam, kind), contained.document.as_str());
}

#[test]
fn a_policy_is_not_deleted_because_iam_calls_its_remediation_malformed() {
    let (iam, data) = incident(inline(OwnerKind::User, RESTRICTED));
    for call in 0..20 {
        let error = IamError::other("MalformedPolicyDocument", 400);
        if call % 3 == 2 {
            iam.fail(call, Fault::Refused(error));
        }
    }
    assert_fails(&iam, &data, FailureName::AwsRefused);
    assert_eq!(document(&iam, OwnerKind::User), RESTRICTED);
}

#[test]
fn a_deletion_can_fail_at_any_call_and_be_run_again() {
    let start = || incident(inline_without_room(OwnerKind::User));
    let faults = [Fault::AnswerLost, throttled(), Fault::Stale(1)];
    fail_at_each_call(&faults, start, |iam, data| {
        assert!(contain(iam, data).removed);
        assert_eq!(iam.account().inline(OwnerKind::User, "app", "inline"), None);
    });
}
