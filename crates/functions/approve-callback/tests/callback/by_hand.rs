//! A token that was pasted by hand, as in the published walkthrough.

use aws_sdk_sfn::types::HistoryEventType;
use serde_json::json;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn the_page_shows_the_incident_of_the_token() {
    for shows_token in [true, false] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| run.shows_token = shows_token);
        let by_link = states.answer(&request("GET", "allow", &LINK)).await;
        let by_hand = states.answer(&request("GET", "allow", &LINK[..1])).await;
        assert_eq!(by_hand.status_code, 200);
        assert_eq!(by_hand.body, by_link.body);
        assert!(states.fake().sent.is_empty());

        let (status, shown) = json_answer(&states, form("allow", &LINK[..1])).await;
        assert_eq!((status, &shown["result"]), (200, &json!("decided")));
        assert_eq!(states.decision(EXECUTION).unwrap()["execution"], EXECUTION);

        let (status, shown) = json_answer(&states, form("deny", &LINK[..1])).await;
        assert_eq!(
            (status, &shown["result"]),
            (410, &json!("alreadyDecidedOrExpired"))
        );
        assert_eq!(states.decision(EXECUTION).unwrap()["action"], "allow");
    }
}

#[tokio::test(start_paused = true)]
async fn the_incident_is_found_among_others() {
    let states = States::one_waiting();
    states.add(OTHER_EXECUTION, Run::waiting(OTHER_TOKEN));
    for number in 0..40 {
        let mut run = Run::waiting("another");
        run.state = (number % 2 == 0).then_some("TempRemove");
        run.end = (number % 3 == 0).then_some(HistoryEventType::ExecutionSucceeded);
        states.add(&format!("{EXECUTION}-{number}"), run);
    }
    let (_, shown) = json_answer(&states, request("GET", "allow", &LINK[..1])).await;
    assert_eq!(shown["execution"], EXECUTION);
    let token = [("token", OTHER_TOKEN)];
    let (_, shown) = json_answer(&states, request("GET", "allow", &token)).await;
    assert_eq!(shown["execution"], OTHER_EXECUTION);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_found_or_shown_cannot_be_decided() {
    // It waits behind more executions than the search reads.
    let crowded = States::one_waiting();
    for number in 0..60 {
        crowded.add(&format!("{EXECUTION}-{number}"), Run::waiting("another"));
    }
    // Two wait, and no history shows a token.
    let doubtful = States::one_waiting();
    doubtful.add(OTHER_EXECUTION, Run::waiting(OTHER_TOKEN));
    for arn in [EXECUTION, OTHER_EXECUTION] {
        doubtful.change(arn, |run| run.shows_token = false);
    }
    let unreadable = States::one_waiting();
    unreadable.fake().read_fault = Some(Fault::AccessDenied);
    for (states, result) in [
        (crowded, "badLink"),
        (doubtful, "badLink"),
        (unreadable, "cannotBeShown"),
    ] {
        for event in [
            request("GET", "deny", &LINK[..1]),
            form("allow", &LINK[..1]),
        ] {
            let (status, shown) = json_answer(&states, event).await;
            assert!(status >= 400, "{shown}");
            assert_eq!(shown["result"], result);
            assert_eq!(shown.get("incident"), None);
        }
        assert!(states.fake().sent.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_too_long_to_show_can_only_be_denied() {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| {
        let text = format!(r#"{{"Statement":"{}"}}"#, " ".repeat(60_000));
        run.data["quarantine"]["original"] = json!(incident::Snapshot::new(&text));
    });
    for event in [request("GET", "allow", &LINK), form("allow", &LINK)] {
        let (status, shown) = json_answer(&states, event).await;
        assert_eq!((status, &shown["result"]), (409, &json!("badLink")));
    }
    assert!(states.fake().sent.is_empty());
    let (status, _) = json_answer(&states, form("deny", &LINK)).await;
    assert_eq!(status, 200);
}
