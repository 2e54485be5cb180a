//! Taking back what a call added: only what CloudTrail knows, or what a sweep asked about.
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use incident::message::{DecisionAction, Report, Restricted};
use incident::subject::{Addable, Added, AddedIdentity, Addition, HeldPolicy, ReportedState};
use incident::survey::{GrantId, hint_name};
use incident::{
    Answer, Done, ExecutionArn, FailureName, PolicyChange, Record, Subject, TakingEnd, UniqueId,
    Witness, Work, take_back,
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
    let incident = execution("guard-incidents", "e-1");
    look_in(&incident, &change(), work, done, state)
}

/// [`look`] in this execution, which is about `change`.
fn look_in(
    incident: &ExecutionArn,
    change: &PolicyChange,
    work: &Value,
    done: Option<Done>,
    state: &ReportedState,
) -> Result<Value, FailureName> {
    let subject = Addable::of(change).unwrap();
    let mut work: Work = serde_json::from_value(work.clone()).unwrap();
    work.begin(0);
    work.learn_of_addition(&subject, change, done)
        .map_err(|error| error.name)?;
    let next = take_back(
        &subject,
        &addition(),
        &Witness::of(change, &addition(), incident),
        DecisionAction::Deny,
        state,
        work.taking(),
        work.has_waited(),
    );
    let answer: Answer<Value> = work
        .answer_about_addition(&subject, next, |end| json!({"end": format!("{end:?}")}))
        .map_err(|error| error.name)?;
    Ok(json!(answer))
}

fn execution(machine: &str, name: &str) -> ExecutionArn {
    let machine = format!("arn:aws:states:us-east-1:111122223333:stateMachine:{machine}");
    ExecutionArn::of(&machine, name).unwrap()
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

/// The incident that this sweep starts about the addition, and its change.
fn found_by(sweep: &ExecutionArn) -> (ExecutionArn, PolicyChange) {
    let name = hint_name(&GrantId::of_addition(&addition().identity), sweep);
    let mut hint = record();
    for (member, value) in [
        ("/eventID", json!(name)),
        ("/userIdentity", json!({"type": "Sweep", "arn": sweep})),
    ] {
        *hint.pointer_mut(member).unwrap() = value;
    }
    let event = json!({"account": "111122223333", "region": "us-east-1", "detail": hint});
    let change = Record::parse(&event).unwrap().change;
    (execution("guard-incidents", &name), change)
}

fn swept(status: &str, asks: bool) -> Option<Done> {
    serde_json::from_value(json!({"swept": {"status": status, "asks": asks}})).unwrap()
}

#[test]
fn a_sweep_confirms_what_it_asked_about() {
    let (incident, change) = found_by(&execution("guard-sweep", "5c1f2c3e"));
    let present = shown("AROAEXAMPLE", true);
    let look = |work: &Value, done| look_in(&incident, &change, work, done, &present).unwrap();
    let first = look(&json!({}), None);
    let grant = GrantId::of_addition(&addition().identity);
    let asked = json!({"call": "DescribeExecution", "grant": grant});
    assert_eq!(first["action"], asked);
    let second = look(&first, swept("SUCCEEDED", true));
    assert_eq!(second["action"], json!({"call": "DetachRolePolicy"}));
    for (status, asks) in [
        ("SUCCEEDED", false),
        ("FAILED", true),
        ("TIMED_OUT", false),
        ("ABORTED", false),
    ] {
        let answer = look(&first, swept(status, asks));
        assert_eq!(answer["end"], "Unconfirmed", "{status}");
    }
    // The record of another event is none of a sweep.
    let answer = look(&first, looked_up(&record().to_string()));
    assert_eq!(answer["end"], "Unconfirmed");
}

/// It says nothing about what CloudTrail is asked for.
#[test]
fn a_sweep_does_not_confirm_what_someone_did() {
    let present = shown("AROAEXAMPLE", true);
    let first = look(&json!({}), None, &present).unwrap();
    let second = look(&first, swept("SUCCEEDED", true), &present).unwrap();
    assert_eq!(call(&second), "LookupEvents");
}

#[test]
fn a_sweep_that_runs_or_is_not_known_is_asked_for_half_an_hour() {
    let (incident, change) = found_by(&execution("guard-sweep", "5c1f2c3e"));
    let present = shown("AROAEXAMPLE", true);
    let refused = |error: &str| {
        Some(Done::Refused {
            error: error.to_owned(),
            cause: String::new(),
        })
    };
    for done in [
        swept("RUNNING", false),
        refused("Sfn.ExecutionDoesNotExistException"),
        refused("Sfn.SfnException"),
    ] {
        let is_failure = done == refused("Sfn.SfnException");
        let look = |work: &Value, done| look_in(&incident, &change, work, done, &present);
        let mut answer = look(&json!({}), None).unwrap();
        let mut seconds = 0;
        for lookups in 1.. {
            assert_eq!(call(&answer), "DescribeExecution");
            let waiting = look(&answer, done.clone());
            if lookups == 30 {
                match waiting {
                    Ok(ended) => assert_eq!(ended["end"], "Unconfirmed"),
                    Err(name) => assert_eq!(name, FailureName::AwsRefused),
                }
                break;
            }
            let waiting = waiting.unwrap();
            seconds += waiting["seconds"].as_u64().unwrap();
            answer = look(&waiting, None).unwrap();
        }
        assert_eq!(seconds, 29 * 60);
        let last = look(
            &json!({"action": answer["action"], "taking": {"lookups": 29}}),
            done,
        );
        assert_eq!(last.is_err(), is_failure);
    }
}

/// Whoever starts an execution can write a hint, and choose its name.
#[test]
fn no_other_incident_is_one_of_a_sweep() {
    let present = shown("AROAEXAMPLE", true);
    let sweep = execution("guard-sweep", "5c1f2c3e");
    let (incident, change) = found_by(&sweep);
    let other = execution("guard-sweep", "another");
    let changed = |arn: Option<&str>, event: &str| {
        let mut change = change.clone();
        change.actor.arn = arn.map(str::to_owned);
        event.clone_into(&mut change.event_id);
        change
    };
    let foreign = found_by(&execution("other-sweep", "5c1f2c3e"));
    let grant = GrantId::of_addition(&identity("AROAOTHER"));
    let of_another = hint_name(&grant, &sweep);
    let cases = [
        // Of another stack, or of another state machine.
        foreign.clone(),
        found_by(&execution("guard-incidents", "5c1f2c3e")),
        // The name is free, and not that of the hint.
        (execution("guard-incidents", "mine"), change.clone()),
        (
            execution("guard-incidents", "mine"),
            changed(Some(sweep.as_str()), "mine"),
        ),
        // It names another sweep than its name, none, or no execution.
        (
            incident.clone(),
            changed(Some(other.as_str()), &change.event_id),
        ),
        (incident.clone(), changed(None, &change.event_id)),
        (
            incident.clone(),
            changed(Some("guard-sweep"), &change.event_id),
        ),
        // It is about another addition.
        (
            execution("guard-incidents", &of_another),
            changed(Some(sweep.as_str()), &of_another),
        ),
        // The incidents of another name have no sweep.
        (execution("guard", incident.name()), change.clone()),
    ];
    for (number, (incident, change)) in cases.iter().enumerate() {
        let answer = look_in(incident, change, &json!({}), None, &present).unwrap();
        assert_eq!(answer["end"], "Unconfirmed", "{number}");
        // What is another thing by now comes first.
        let gone = look_in(
            incident,
            change,
            &json!({}),
            None,
            &shown("AROAOTHER", true),
        );
        assert!(gone.unwrap()["seconds"].is_u64(), "{number}");
    }
}
