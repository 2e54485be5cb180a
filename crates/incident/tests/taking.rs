//! Taking back what a call added: only what CloudTrail knows.
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use incident::message::{DecisionAction, Report, Restricted};
use incident::subject::{Addable, Added, AddedIdentity, Addition, HeldPolicy, ReportedState};
use incident::{
    Answer, Done, FailureName, PolicyChange, Record, Subject, TakingEnd, UniqueId, Work, take_back,
};
use serde_json::{Value, json};

fn record() -> Value {
    json!({
        "eventID": "e-1", "eventName": "AttachRolePolicy", "eventSource": "iam.amazonaws.com",
        "eventTime": "2026-03-02T09:15:27Z", "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "IAMUser", "userName": "alice", "arn": "arn:aws:iam::111122223333:user/alice"
        },
        "requestParameters": {
            "roleName": "app", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"
        }
    })
}

fn change() -> PolicyChange {
    let event = json!({"account": "111122223333", "region": "us-east-1", "detail": record()});
    Record::parse(&event).unwrap().change
}

fn identity(role: &str) -> AddedIdentity {
    let id = |id: &str| UniqueId {
        id: id.to_owned(),
        created: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    AddedIdentity {
        owner: id(role),
        added: id("ANPAEXAMPLE"),
    }
}

fn addition() -> Addition {
    Addition {
        identity: identity("AROAEXAMPLE"),
        report: Report::new(&[], false),
        restricted: Restricted::default(),
        held_by: None,
    }
}

fn shown(role: &str, is_present: bool) -> ReportedState {
    ReportedState {
        added: Some(Added {
            identity: identity(role),
            is_present,
        }),
        ..ReportedState::default()
    }
}

/// One run of `revert` after a denial: its answer as the state machine gets it.
fn look(work: &Value, done: Option<Done>, state: &ReportedState) -> Result<Value, FailureName> {
    let change = change();
    let subject = Addable::of(&change).unwrap();
    let mut work: Work = serde_json::from_value(work.clone()).unwrap();
    work.begin(0);
    work.learn_of_addition(&subject, &change, done)
        .map_err(|error| error.name)?;
    let deny = DecisionAction::Deny;
    let waited = work.has_waited();
    let next = take_back(&subject, &addition(), deny, state, work.taking(), waited);
    let answer: Answer<Value> = work
        .answer_about_addition(&subject, next, |end| json!({"end": format!("{end:?}")}))
        .map_err(|error| error.name)?;
    Ok(json!(answer))
}

fn call(answer: &Value) -> &str {
    answer
        .pointer("/action/call")
        .and_then(Value::as_str)
        .unwrap_or("none")
}

fn looked_up(record: &str) -> Option<Done> {
    Some(Done::LookedUp {
        record: record.to_owned(),
    })
}

#[test]
fn the_record_of_the_event_is_taken_and_no_other() {
    let present = shown("AROAEXAMPLE", true);
    let first = look(&json!({}), None, &present).unwrap();
    assert_eq!(call(&first), "LookupEvents");
    let second = look(&first, looked_up(&record().to_string()), &present).unwrap();
    assert_eq!(call(&second), "DetachRolePolicy");
    let carried_out = Some(Done::CarriedOut { made: None });
    let third = look(&second, carried_out, &shown("AROAEXAMPLE", false)).unwrap();
    assert_eq!(third["end"], format!("{:?}", TakingEnd::Decided));

    for (member, other) in [
        ("/eventID", "e-2"),
        ("/eventName", "AttachUserPolicy"),
        ("/eventTime", "2026-03-02T09:15:28Z"),
        ("/recipientAccountId", "444455556666"),
        (
            "/userIdentity/arn",
            "arn:aws:iam::111122223333:user/mallory",
        ),
        ("/requestParameters/roleName", "other"),
        (
            "/requestParameters/policyArn",
            "arn:aws:iam::aws:policy/SecurityAudit",
        ),
    ] {
        let mut record = record();
        *record.pointer_mut(member).unwrap() = json!(other);
        let answer = look(&first, looked_up(&record.to_string()), &present).unwrap();
        assert_eq!(answer["end"], "Unconfirmed", "{member}");
    }
    for failed in [
        {
            let mut record = record();
            record["errorCode"] = json!("AccessDenied");
            record.to_string()
        },
        "{".to_owned(),
    ] {
        let answer = look(&first, looked_up(&failed), &present).unwrap();
        assert_eq!(answer["end"], "Unconfirmed", "{failed}");
    }
}

#[test]
fn cloudtrail_is_asked_for_half_an_hour() {
    let present = shown("AROAEXAMPLE", true);
    let mut answer = look(&json!({}), None, &present).unwrap();
    let mut seconds = 0;
    for lookups in 1.. {
        assert_eq!(call(&answer), "LookupEvents");
        let waiting = look(&answer, looked_up(""), &present).unwrap();
        if lookups == 30 {
            assert_eq!(waiting["end"], "Unconfirmed");
            break;
        }
        seconds += waiting["seconds"].as_u64().unwrap();
        answer = look(&waiting, None, &present).unwrap();
    }
    assert_eq!(seconds, 29 * 60);
}

#[test]
fn a_cloudtrail_that_refuses_is_a_failure_and_no_verdict() {
    let present = shown("AROAEXAMPLE", true);
    let mut answer = look(&json!({}), None, &present).unwrap();
    for lookups in 1.. {
        let refused = Some(Done::Refused {
            error: "CloudTrail.CloudTrailException".to_owned(),
            cause: "User is not authorized to perform: cloudtrail:LookupEvents".to_owned(),
        });
        match look(&answer, refused, &present) {
            Ok(waiting) => answer = look(&waiting, None, &present).unwrap(),
            Err(name) => {
                assert_eq!((lookups, name), (30, FailureName::AwsRefused));
                break;
            }
        }
    }
}

#[test]
fn what_is_another_thing_or_holds_a_denial_by_now_stays() {
    let made_again = look(&json!({}), None, &shown("AROAOTHER", true)).unwrap();
    // Once IAM had its time, it counts.
    assert!(made_again["seconds"].is_u64(), "{made_again}");
    let mut denies = shown("AROAEXAMPLE", true);
    let change = change();
    denies.policies = vec![HeldPolicy {
        policy: Subject::clone(&change.subject),
        document: r#"{"Statement":{"Effect":"Deny","Action":"ec2:*","Resource":"*"}}"#.to_owned(),
    }];
    let answer = look(&json!({}), None, &denies).unwrap();
    assert_eq!(answer["end"], "Superseded");
}
