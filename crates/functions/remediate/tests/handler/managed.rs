use iam_model::{Execution, Fault, Iam, IamError};
use incident::message::Quarantine;
use lambda_kit::FailureName;
use serde_json::{Value, json};

use crate::support::*;

/// Policies of all shapes, and the event of the change to judge.
fn starts() -> Vec<(Iam, Value)> {
    let (a, b, c, d) = (harmless(1), harmless(2), harmless(3), harmless(4));
    let mut starts: Vec<(Iam, Value)> = [
        vec![RESTRICTED],
        vec![HARMLESS, RESTRICTED],
        vec![RESTRUCTURED, RESTRICTED],
        vec![&a, &b, &c, RESTRICTED],
        vec![&a, &b, &c, &d, RESTRICTED],
        vec![&a, RESTRUCTURED, &c, &d, RESTRICTED],
    ]
    .iter()
    .map(|documents| managed(documents))
    .collect();
    // Another caller put an old version in force again.
    for documents in [
        [RESTRICTED, &a, &b, &c, &d],
        [RESTRICTED, &a, RESTRUCTURED, &c, &d],
    ] {
        let (iam, _) = managed(&documents);
        let event = set_default(&iam, "v1");
        starts.push((iam, event));
    }
    starts
}

/// The remediated document is in force, and the original is there.
fn assert_contained(iam: &Iam) {
    let account = iam.account();
    let policy = account.policy(ARN).unwrap();
    assert!(same(policy.in_force(), REMEDIATED), "{policy:?}");
    let mut versions = policy.versions.iter();
    assert!(
        versions.any(|version| &*version.document == RESTRICTED),
        "{policy:?}"
    );
}

#[test]
fn every_start_is_contained_and_a_second_run_says_the_same_and_touches_nothing() {
    for (iam, event) in starts() {
        let data = judged(&iam, &event);
        let first = contain(&iam, &data);
        assert_contained(&iam);
        assert_eq!(first.original.as_str(), RESTRICTED);
        assert_eq!(first.restricted.findings.len(), 1);
        assert_eq!(first.removal.edits.len(), 1);
        let versions = first.versions.clone().unwrap();
        let account = iam.account();
        let policy = account.policy(ARN).unwrap();
        assert_eq!(versions.quarantine.as_str(), format!("v{}", policy.default));
        assert_eq!(
            versions.original_created.as_second(),
            policy
                .version(versions.original.number() as u32)
                .unwrap()
                .created
        );
        let writes = iam.writes();
        let second = in_place(remediate(&iam, &waited(&data)).unwrap());
        assert_eq!(iam.writes(), writes, "touches nothing");
        assert!(second.found_done && !first.found_done);
        assert_eq!(
            (second.versions, second.original),
            (first.versions, first.original)
        );
    }
}

#[test]
fn a_run_can_fail_at_any_call_and_be_run_again() {
    for start in 0..starts().len() {
        let start = || incident(starts().swap_remove(start));
        let faults = [
            Fault::AnswerLost,
            throttled(),
            Fault::Stale(1),
            Fault::Stale(3),
        ];
        fail_at_each_call(&faults, start, |iam, data| {
            contain(iam, data);
            assert_contained(iam);
        });
    }
}

#[test]
fn a_refusal_for_good_fails_by_name() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    iam.fail_all(Some(Fault::Refused(IamError::other("AccessDenied", 403))));
    assert_fails(&iam, &data, FailureName::AwsRefused);
}

#[test]
fn what_is_in_force_now_is_contained_in_its_place() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    version(&iam, &other_restricted());
    let contained = in_place(remediate(&iam, &data).unwrap());
    assert_eq!(contained.original.as_str(), other_restricted());
    assert!(same(&in_force(&iam), &REMEDIATED.replace("Get", "Put")));
}

#[test]
fn a_harmless_change_that_came_before_the_write_is_left_alone() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    version(&iam, HARMLESS);
    let writes = iam.writes();
    assert_eq!(remediate(&iam, &data).unwrap(), Quarantine::Superseded);
    assert_eq!(iam.writes(), writes);
}

#[test]
fn an_older_version_in_force_is_believed_only_after_waiting() {
    let (iam, data) = incident(managed(&[HARMLESS, RESTRICTED]));
    iam.change(|account| account.set_default_policy_version(ARN, 1))
        .unwrap();
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    let quarantine = remediate(&iam, &waited(&data)).unwrap();
    assert_eq!(quarantine, Quarantine::Superseded);
}

#[test]
fn an_absent_policy_is_gone_only_after_waiting() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    iam.change(|account| account.delete_policy(ARN)).unwrap();
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    assert_eq!(remediate(&iam, &waited(&data)).unwrap(), Quarantine::Gone);
}

#[test]
fn a_containment_that_was_found_done_is_believed_only_after_waiting() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    in_place(remediate(&iam, &data).unwrap());
    iam.change(|account| account.pass(10));
    // Put in force again: the newest event, judged by what IAM shows.
    let event = set_default(&iam, "v1");
    let data = judged(&iam, &event);
    // The first look of the task shows the containment of before.
    for call in 0..4 {
        iam.fail(call, Fault::Stale(1));
    }
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    in_place(remediate(&iam, &data).unwrap());
    assert_contained(&iam);
}

#[test]
fn a_policy_that_was_made_again_is_another_target() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    iam.change(|account| {
        account.delete_policy(ARN).unwrap();
        account.pass(1);
        account.create_policy("/", "app", RESTRICTED).unwrap();
    });
    let writes = iam.writes();
    assert_eq!(remediate(&iam, &data).unwrap(), Quarantine::Superseded);
    assert_eq!(iam.writes(), writes, "untouched");
}

/// Within the second of the event, only the unique id decides: the event may be the only one about
/// the policy that is there now.
#[test]
fn a_policy_that_was_made_again_by_the_time_of_the_event_is_judged_anew() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    iam.change(|account| {
        account.delete_policy(ARN).unwrap();
        account.pass(-2);
        account.create_policy("/", "app", RESTRICTED).unwrap();
    });
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    let contained = in_place(remediate(&iam, &waited(&data)).unwrap());
    let id = iam.account().policy(ARN).unwrap().id.clone();
    assert_eq!(contained.identity.id, id);
    assert_contained(&iam);
}

#[test]
fn a_policy_that_is_made_again_between_two_steps_is_left_alone() {
    let documents = [HARMLESS, RESTRICTED];
    let looks = {
        let (iam, data) = incident(managed(&documents));
        let before = iam.calls().len();
        remediate(&iam, &data).unwrap();
        iam.calls().len() - before
    };
    for call in 0..looks {
        let (iam, data) = incident(managed(&documents));
        iam.before(call, |account| {
            let policy = account.policy(ARN).unwrap().clone();
            for version in &policy.versions {
                if version.number != policy.default {
                    account.delete_policy_version(ARN, version.number).unwrap();
                }
            }
            account.delete_policy(ARN).unwrap();
            account.pass(1);
            account.create_policy("/", "app", RESTRICTED).unwrap();
        });
        let answer = remediate(&iam, &data);
        let account = iam.account();
        let policy = account.policy(ARN).unwrap();
        let next = iam.calls();
        let is_race = next
            .get(iam_calls_before(&documents) + call)
            .map(String::as_str)
            == Some("CreatePolicyVersion");
        // IAM has no conditional writes, so nothing can protect the moment between the last look
        // and the write.
        assert!(
            is_race || policy.versions.len() == 1 && policy.in_force() == RESTRICTED,
            "before call {call}: {answer:?}, {policy:?}"
        );
    }
}

/// How many calls there are before `remediate` begins.
fn iam_calls_before(documents: &[&str]) -> usize {
    let (iam, event) = managed(documents);
    judged(&iam, &event);
    iam.calls().len()
}

#[test]
fn a_version_makes_room_only_with_its_document_in_the_execution() {
    let (a, b, c, d) = (harmless(1), harmless(2), harmless(3), harmless(4));
    let (iam, data) = incident(managed(&[&a, &b, &c, &d, RESTRICTED]));
    let answer = invoke(&iam, &Execution::running("other"), &payload(&data)).unwrap();
    assert_eq!(answer["action"]["call"], "DeletePolicyVersion");
    assert_eq!(answer["action"]["version"], "v1");
    let evicted = &answer["progress"]["evicted"][0];
    assert_eq!(
        (&evicted["version"], &evicted["document"]),
        (&"v1".into(), &(*a).into())
    );
    assert!(
        iam.writes().iter().all(|call| call.starts_with("Create")),
        "not yet"
    );
    let contained = contain(&iam, &data);
    assert_eq!(serde_json::json!(contained.evicted[0]), *evicted);
    assert!(iam.account().policy(ARN).unwrap().version(1).is_none());
    assert_contained(&iam);
}

#[test]
fn a_write_that_overtook_a_harmless_change_gives_way() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    let write = write_call(&data);
    iam.before(write, |account| {
        account.create_policy_version(ARN, HARMLESS, true).unwrap();
    });
    let quarantine = remediate(&iam, &data).unwrap();
    assert_eq!(quarantine, Quarantine::Superseded);
    assert_eq!(in_force(&iam), HARMLESS);
    let versions = iam.account().policy(ARN).unwrap().versions.len();
    assert_eq!(versions, 2, "nothing of the guard's is left");
}

#[test]
fn a_write_that_overtook_a_restricted_change_never_puts_it_in_force() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    let other = other_restricted();
    iam.before(write_call(&data), move |account| {
        account.create_policy_version(ARN, other, true).unwrap();
    });
    in_place(remediate(&iam, &data).unwrap());
    assert!(same(&in_force(&iam), REMEDIATED));
}

/// The number of the call with which `remediate` makes its version, counted from 0.
fn write_call(data: &Value) -> usize {
    let (iam, _) = managed(&[RESTRICTED]);
    let before = iam.calls().len();
    remediate(&iam, data).unwrap();
    let made = |call: &String| call == "CreatePolicyVersion";
    iam.calls().iter().skip(before).position(made).unwrap()
}

#[test]
fn a_stale_list_after_the_write_makes_no_second_version() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    let write = write_call(&data);
    for call in write + 1..write + 4 {
        iam.fail(call, Fault::Stale(1));
    }
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    assert_eq!(iam.account().policy(ARN).unwrap().versions.len(), 2);
    contain(&iam, &data);
    assert_eq!(iam.account().policy(ARN).unwrap().versions.len(), 2);
}

/// A version's number alone does not say that its document is in the execution.
#[test]
fn a_version_makes_room_only_if_it_is_the_one_that_was_kept() {
    let (a, b, c, d) = (harmless(1), harmless(2), harmless(3), harmless(4));
    let (iam, data) = incident(managed(&[&a, &b, &c, &d, RESTRICTED]));
    let execution = Execution::running("other");
    let asked = invoke(&iam, &execution, &payload(&data)).unwrap();
    let writes = iam.writes();
    for (member, other) in [
        ("created", "2026-01-01T00:00:00Z"),
        ("document", RESTRICTED),
    ] {
        let mut payload = payload(&data);
        payload["work"] = asked.clone();
        payload["work"]["progress"]["evicted"][0][member] = other.into();
        let answer = invoke(&iam, &execution, &payload).unwrap();
        let evicted = answer["progress"]["evicted"].as_array().unwrap();
        assert_eq!(evicted.len(), 2, "{member}");

        // A caller that keeps filling the policy does not fill the execution.
        payload["work"] = answer.clone();
        let saved = payload["work"]["progress"]["evicted"][0].clone();
        payload["work"]["progress"]["evicted"] = vec![saved; 4].into();
        let mut waits = 0;
        let error = loop {
            match invoke(&iam, &execution, &payload) {
                Ok(answer) => {
                    assert!(answer["seconds"].as_u64().unwrap() > 0, "{answer}");
                    payload["work"] = answer;
                    waits += 1;
                }
                Err(error) => break error,
            }
        };
        assert_eq!((error.name(), waits), (FailureName::PolicyUnsettled, 5));
    }
    assert_eq!(iam.writes(), writes, "nothing is deleted");
}

/// Another caller is faster than the guard each time: it fills the policy again, after it deleted
/// the version that the guard asks to delete, or after the guard did.
#[test]
fn a_policy_that_is_filled_again_and_again_is_contained_in_the_end() {
    for done in [
        json!({"error": "Iam.NoSuchEntityException", "cause": ""}),
        json!({}),
    ] {
        filled_again_and_again(&done);
    }
}

fn filled_again_and_again(done: &Value) {
    let (a, b, c, d) = (harmless(1), harmless(2), harmless(3), harmless(4));
    let (iam, data) = incident(managed(&[&a, &b, &c, &d, RESTRICTED]));
    let execution = Execution::running("other");
    let mut payload = payload(&data);
    for number in 0..9 {
        let answer = invoke(&iam, &execution, &payload).unwrap();
        assert_eq!(answer["action"]["call"], "DeletePolicyVersion", "{answer}");
        let version = answer["action"]["version"].as_str().unwrap();
        let version: u32 = version.trim_start_matches('v').parse().unwrap();
        // What the guard deletes is in the execution before.
        let progress = &answer["progress"];
        let mut kept = progress["evicted"].as_array().cloned().unwrap_or_default();
        kept.extend(progress.get("filler").cloned());
        let id = format!("v{version}");
        assert!(kept.iter().any(|kept| kept["version"] == *id), "{answer}");
        iam.change(|account| {
            account.delete_policy_version(ARN, version).unwrap();
            account.pass(1);
            let filler = harmless(100 + number);
            account.create_policy_version(ARN, filler, false).unwrap();
        });
        payload["work"] = answer;
        payload["done"] = done.clone();
    }
    let mut data = data;
    data["work"] = payload["work"].clone();
    let contained = contain(&iam, &data);
    assert_contained(&iam);
    let versions: Vec<_> = contained
        .evicted
        .iter()
        .map(|it| it.version.to_string())
        .collect();
    assert!(versions.len() <= 3, "{versions:?}");
}

#[test]
fn a_policy_that_was_made_again_and_is_clean_is_believed_only_after_waiting() {
    let (iam, data) = incident(managed(&[HARMLESS, RESTRICTED]));
    iam.change(|account| {
        account.delete_policy_version(ARN, 1).unwrap();
        account.delete_policy(ARN).unwrap();
        account.pass(-2);
        account.create_policy("/", "app", HARMLESS).unwrap();
    });
    assert_fails(&iam, &data, FailureName::ChangeNotVisible);
    let quarantine = remediate(&iam, &waited(&data)).unwrap();
    assert_eq!(quarantine, Quarantine::Superseded);
}

/// Only what was made since the event can be a double of the guard's.
#[test]
fn versions_that_were_there_before_the_event_stay() {
    let (iam, data) = incident(managed(&[REMEDIATED, RESTRUCTURED, RESTRICTED]));
    let contained = contain(&iam, &data);
    assert_eq!(iam.account().policy(ARN).unwrap().versions.len(), 3);
    assert!(
        !contained.versions.unwrap().created,
        "it is not the guard's"
    );
}

#[test]
fn of_two_originals_with_one_remediation_the_judged_one_counts() {
    let other = RESTRICTED.replace("s3:DeleteBucket", "s3:Delete?ucket");
    let (iam, _) = managed(&[RESTRICTED, &other]);
    let event = set_default(&iam, "v1");
    let data = judged(&iam, &event);
    let contained = contain(&iam, &data);
    assert_eq!(contained.versions.unwrap().original.as_str(), "v1");
    assert_eq!(contained.original.as_str(), RESTRICTED);
}
