use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::builders::HistoryEventBuilder;
use aws_sdk_sfn::types::{
    StateEnteredEventDetails, TaskScheduledEventDetails, TaskSubmittedEventDetails,
};
use serde_json::{Value, json};

use super::*;

fn event(kind: HistoryEventType) -> HistoryEventBuilder {
    let time = DateTime::from_secs(1_772_442_931);
    HistoryEvent::builder().timestamp(time).r#type(kind).id(1)
}

fn entered(state: &str) -> HistoryEvent {
    let details = StateEnteredEventDetails::builder()
        .name(state)
        .input(json!({"verdict": {}}).to_string())
        .build();
    event(HistoryEventType::TaskStateEntered)
        .state_entered_event_details(details.unwrap())
        .build()
        .unwrap()
}

fn scheduled(token: &str) -> HistoryEvent {
    let details = TaskScheduledEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke.waitForTaskToken")
        .region("us-east-1")
        .parameters(json!({"Payload": {"token": token}}).to_string())
        .build();
    event(HistoryEventType::TaskScheduled)
        .task_scheduled_event_details(details.unwrap())
        .build()
        .unwrap()
}

fn submitted(payload: &Value) -> HistoryEvent {
    let details = TaskSubmittedEventDetails::builder()
        .resource_type("lambda")
        .resource("invoke.waitForTaskToken")
        .output(json!({ "Payload": payload }).to_string())
        .build();
    event(HistoryEventType::TaskSubmitted)
        .task_submitted_event_details(details.unwrap())
        .build()
        .unwrap()
}

fn key(number: u8) -> LinkKey {
    LinkKey::from_random([number; LinkKey::BYTES])
}

fn answered(number: u8) -> HistoryEvent {
    submitted(&json!({"keySha256": key(number).digest()}))
}

/// An incident with these events, oldest first.
fn incident(mut events: Vec<HistoryEvent>) -> Incident {
    events.reverse();
    let execution = "arn:aws:states:us-east-1:111122223333:execution:guard:one";
    Incident::from_events(&ExecutionArn::parse(execution).unwrap(), &events)
}

#[test]
fn the_newest_request_counts_and_every_token_is_known() {
    let asked = incident(vec![
        entered("AskUser"),
        scheduled("AQCE1"),
        answered(1),
        entered("AskAgain"),
        entered("AskUser"),
        scheduled("AQCE2"),
        answered(2),
    ]);
    assert_eq!(asked.standing, Standing::Waiting);
    assert!(asked.verify_key(Some(&key(2))) && !asked.verify_key(Some(&key(1))));
    assert!(!asked.verify_key(None));
    let tokens: Vec<_> = asked.tokens.iter().map(TaskToken::expose).collect();
    assert_eq!(tokens, ["AQCE2", "AQCE1"]);
    let request = asked.request.as_ref().unwrap();
    assert_eq!(request.token.expose(), "AQCE2");
    assert!(!format!("{asked:?}").contains("AQCE"));
}

#[test]
fn the_key_of_an_earlier_request_never_counts_for_a_later_one() {
    let first = [entered("AskUser"), scheduled("AQCE1"), answered(1)];
    let again = [entered("AskAgain"), entered("AskUser")];
    let without_key = [scheduled("AQCE2"), submitted(&json!({"token": "AQCE2"}))];
    for later in [&[][..], &without_key] {
        let events = [&first[..], &again, later].concat();
        assert_eq!(incident(events).key, None);
    }
    // After the decision, the key is that of the request before it.
    let decided = [&first[..], &[entered("UsersChoice"), entered("Approved")]].concat();
    let decided = incident(decided);
    assert!(decided.verify_key(Some(&key(1))));
    assert_eq!(decided.state.as_deref(), Some("Approved"));
    assert!(decided.request.is_none());
}

#[test]
fn a_history_is_read_back_as_far_as_it_is_wanted() {
    let token = TaskToken::parse("AQCE1").unwrap();
    let newest_first = [
        scheduled("AQCE2"),
        entered("Approved"),
        answered(1),
        scheduled("AQCE1"),
    ];
    for (count, state, request, by_token) in [
        (1, false, false, false),
        (2, true, false, false),
        (3, true, true, false),
        (4, true, true, true),
    ] {
        let events = &newest_first[..count];
        assert_eq!(reaches(events, ReadBack::State), state, "{count}");
        assert_eq!(reaches(events, ReadBack::Request), request, "{count}");
        let read_back = ReadBack::Token(&token);
        assert_eq!(reaches(events, read_back), by_token, "{count}");
    }
    let waiting = [entered("AskUser")];
    for read_back in [ReadBack::State, ReadBack::Request, ReadBack::Token(&token)] {
        assert!(reaches(&waiting, read_back));
    }
}
