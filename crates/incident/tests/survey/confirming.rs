//! An event about what the last sweep knew: CloudTrail must know it.

use incident::{Confirmed, Confirming, Done, PolicyChange, Record, Timestamp};
use serde_json::{Value, json};

fn event() -> Value {
    let path = format!(
        "{}/../../events/put-role-policy.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn change_of(event: &Value) -> PolicyChange {
    Record::parse(event).unwrap().change
}

fn since() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn answered(record: &str) -> Done {
    Done::LookedUp {
        record: record.to_owned(),
    }
}

/// The record as CloudTrail answers with it, after this change.
fn record(change: impl FnOnce(&mut Value)) -> Done {
    let mut detail = event()["detail"].clone();
    change(&mut detail);
    answered(&detail.to_string())
}

/// The first look, which asks.
fn asking() -> Confirming {
    match Confirming::next(None, since(), None, &change_of(&event())) {
        Confirmed::NotYet { confirming, .. } => confirming,
        other => panic!("{other:?}"),
    }
}

fn next(before: &Confirming, done: Option<&Done>) -> Confirmed {
    Confirming::next(Some(before), since(), done, &change_of(&event()))
}

/// Whether the state machine asks CloudTrail now.
fn looks_up(confirming: &Confirming) -> bool {
    serde_json::to_value(confirming).unwrap()["lookUp"] == json!(true)
}

/// Runs looks until they end, and answers with the end and how often CloudTrail was asked.
fn run(answer: impl Fn(bool) -> Option<Done>) -> (Confirmed, usize, u32) {
    let mut before: Option<Confirming> = None;
    let (mut asked, mut waited) = (0, 0);
    for _ in 0..1000 {
        let looked_up = before.as_ref().is_some_and(looks_up);
        let done = answer(looked_up);
        let next = Confirming::next(
            before.as_ref(),
            since(),
            done.as_ref(),
            &change_of(&event()),
        );
        match next {
            Confirmed::NotYet {
                seconds,
                confirming,
            } => {
                assert!((1..=300).contains(&seconds));
                if looks_up(&confirming) {
                    asked += 1;
                } else {
                    waited += seconds;
                }
                // It travels through an execution.
                let text = serde_json::to_string(&confirming).unwrap();
                let read: Confirming = serde_json::from_str(&text).unwrap();
                assert_eq!(read, confirming);
                before = Some(read);
            }
            end => return (end, asked, waited),
        }
    }
    panic!("it never ends");
}

#[test]
fn what_cloudtrail_does_not_know_after_thirty_asks_is_not_confirmed() {
    let (end, asked, waited) = run(|looked_up| looked_up.then(|| answered("")));
    assert_eq!((end, asked), (Confirmed::No, 30));
    assert_eq!(waited, 29 * 60);
    // CloudTrail refuses, or throttles, each time.
    let refused = || Done::Refused {
        error: "CloudTrail.ThrottlingException".to_owned(),
        cause: String::new(),
    };
    let (end, asked, _) = run(|looked_up| looked_up.then(refused));
    assert_eq!((end, asked), (Confirmed::No, 30));
}

/// The definition of before waits, whatever the look says, and hands nothing back.
#[test]
fn an_execution_of_the_former_definition_ends_too() {
    let (end, asked, _) = run(|_| None);
    assert_eq!((end, asked), (Confirmed::No, 30));
}

#[test]
fn the_same_record_confirms_and_another_does_not() {
    assert_eq!(next(&asking(), Some(&record(|_| {}))), Confirmed::Yes);
    let others: [fn(&mut Value); 9] = [
        |detail| detail["eventID"] = json!("7e62aa0a-0000-4d78-9c65-39382b0537e6"),
        |detail| detail["eventTime"] = json!("2026-03-02T09:50:01Z"),
        |detail| detail["eventName"] = json!("PutUserPolicy"),
        |detail| detail["eventSource"] = json!("s3.amazonaws.com"),
        |detail| detail["requestParameters"]["roleName"] = json!("other"),
        |detail| detail["requestParameters"]["policyName"] = json!("other"),
        |detail| {
            detail["userIdentity"]["arn"] =
                json!("arn:aws:sts::111122223333:assumed-role/TerraformRole/x")
        },
        |detail| detail["recipientAccountId"] = json!("444455556666"),
        |detail| detail["errorCode"] = json!("AccessDenied"),
    ];
    for (number, change) in others.into_iter().enumerate() {
        let end = next(&asking(), Some(&record(change)));
        assert_eq!(end, Confirmed::No, "{number}");
    }
    for text in ["no JSON", "{}", "null", "[]"] {
        assert_eq!(
            next(&asking(), Some(&answered(text))),
            Confirmed::No,
            "{text}"
        );
    }
}

/// Whoever starts an execution chooses its input, and no answer of CloudTrail.
#[test]
fn an_answer_counts_only_where_cloudtrail_was_asked() {
    let first = Confirming::next(None, since(), Some(&record(|_| {})), &change_of(&event()));
    assert!(matches!(first, Confirmed::NotYet { .. }), "{first:?}");
    let Confirmed::NotYet { confirming, .. } = next(&asking(), Some(&answered(""))) else {
        panic!("it ended");
    };
    assert!(!looks_up(&confirming));
    let unasked = next(&confirming, Some(&record(|_| {})));
    assert!(matches!(unasked, Confirmed::NotYet { .. }), "{unasked:?}");
}

#[test]
fn an_event_of_before_the_sweep_is_no_reason() {
    for (since, expected) in [
        ("2026-03-02T09:50:00Z", true),
        ("2026-03-02T09:50:00.001Z", false),
        ("2026-03-02T10:00:00Z", false),
    ] {
        let change = change_of(&event());
        let first = Confirming::next(None, since.parse().unwrap(), None, &change);
        assert_eq!(
            matches!(first, Confirmed::NotYet { .. }),
            expected,
            "{since}"
        );
    }
}

/// A later sweep may know it, because nothing was contained until then.
#[test]
fn the_sweep_that_counts_is_that_of_the_first_look() {
    let asking = asking();
    assert_eq!(asking.since(), since());
    let later = "2026-03-02T11:00:00Z".parse().unwrap();
    let change = change_of(&event());
    let done = record(|_| {});
    let end = Confirming::next(Some(&asking), later, Some(&done), &change);
    assert_eq!(end, Confirmed::Yes);
    assert_eq!(
        Confirming::next(None, later, Some(&done), &change),
        Confirmed::No
    );
}
