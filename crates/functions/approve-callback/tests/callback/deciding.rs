//! Which requests decide, and the replies to second, late and wrong answers.

use aws_sdk_sfn::types::HistoryEventType;
use notice::mail::LinkConfirmation;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn get_and_head_never_decide() {
    for answer in ["allow", "deny"] {
        for query in [&LINK[..], &LINK[..1]] {
            let states = States::one_waiting();
            for _ in 0..20 {
                for method in ["GET", "HEAD"] {
                    let response = states.answer(&request(method, answer, query)).await;
                    assert_eq!(response.status_code, 200);
                    assert_eq!(response.body.is_empty(), method == "HEAD");
                }
            }
            assert!(states.fake().sent.is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_decides_only_if_the_template_says_so() {
    let none = LinkConfirmation::None;
    let states = States::one_waiting();
    let head = states
        .answer_with(none, &request("HEAD", "allow", &LINK))
        .await;
    assert_eq!(head.status_code, 200);
    assert!(states.fake().sent.is_empty());
    let get = states
        .answer_with(none, &request("GET", "allow", &LINK))
        .await;
    assert_eq!(get.status_code, 200);
    assert_eq!(states.decision(EXECUTION).unwrap()["action"], "allow");
}

#[tokio::test(start_paused = true)]
async fn a_post_decides_and_records_its_client_reason_and_execution() {
    for (answer, action) in [("allow", "allow"), ("deny", "deny")] {
        let states = States::one_waiting();
        let event = form(
            answer,
            &[LINK[0], LINK[1], ("reason", " Planned\r\nclean-up \u{7}")],
        );
        let (status, shown) = json_answer(&states, event).await;
        assert_eq!((status, &shown["decided"]), (200, &json!(true)));
        let decision = states.decision(EXECUTION).unwrap();
        assert_eq!(shown["decision"], decision);
        assert_eq!(decision["action"], action);
        assert_eq!(decision["sourceIpAddress"], "198.51.100.7");
        assert_eq!(decision["userAgent"], "Firefox");
        assert_eq!(decision["reason"], "Planned\nclean-up");
        assert_eq!(decision["execution"], EXECUTION);
        assert!(decision["time"].as_str().unwrap().ends_with('Z'));
        let keys: Vec<_> = decision.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 6, "{keys:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_stays_and_the_second_sees_it() {
    for shows_token in [true, false] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| run.shows_token = shows_token);
        let (status, _) = json_answer(&states, form("deny", &LINK)).await;
        assert_eq!(status, 200);
        for method in ["GET", "POST"] {
            let event = if method == "GET" {
                request("GET", "allow", &LINK)
            } else {
                form("allow", &LINK)
            };
            let (status, shown) = json_answer(&states, event).await;
            assert_eq!(shown["decided"], false);
            if shows_token {
                assert_eq!((status, &shown["result"]), (409, &json!("alreadyDecided")));
                assert_eq!(shown["decision"]["action"], "deny");
            } else {
                // The history does not show that the token belongs to this incident.
                assert_eq!(
                    (status, &shown["result"]),
                    (410, &json!("alreadyDecidedOrExpired"))
                );
                assert_eq!(
                    (&shown["incident"], &shown["decision"]),
                    (&Value::Null, &Value::Null)
                );
            }
        }
        assert_eq!(states.decision(EXECUTION).unwrap()["action"], "deny");
        assert_eq!(states.fake().sent.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_incident_that_is_over_says_how_it_ended() {
    type Change = fn(&mut Run);
    let table: [(&str, u16, Change); 7] = [
        ("alreadyDecided", 409, |run| {
            run.decision = Some(json!({"action": "allow"}));
        }),
        ("alreadyDecided", 409, |run| {
            run.decision = Some(json!("anything"));
            run.end = Some(HistoryEventType::ExecutionSucceeded);
        }),
        ("expired", 410, |run| {
            run.decision = Some(json!({"action": "expire"}));
            run.end = Some(HistoryEventType::ExecutionSucceeded);
        }),
        ("ended", 410, |run| {
            run.state = Some("ReportOutcome");
            run.outcome = Some(json!({"result": "superseded"}));
            run.end = Some(HistoryEventType::ExecutionSucceeded);
        }),
        ("notAsking", 409, |run| run.state = Some("TempRemove")),
        ("failed", 410, |run| {
            run.end = Some(HistoryEventType::ExecutionFailed)
        }),
        ("failed", 410, |run| {
            run.end = Some(HistoryEventType::ExecutionAborted)
        }),
    ];
    for (result, status, change) in table {
        let states = States::one_waiting();
        states.change(EXECUTION, change);
        for event in [request("GET", "allow", &LINK), form("allow", &LINK)] {
            let (got, shown) = json_answer(&states, event).await;
            assert_eq!((got, shown["result"].as_str()), (status, Some(result)));
        }
        assert!(states.fake().sent.is_empty(), "{result}");
    }
}

/// Reads of executions have a small quota, which an old link must not use up.
#[tokio::test(start_paused = true)]
async fn a_link_that_is_over_costs_few_reads() {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| {
        run.decision = Some(json!({"action": "allow"}));
    });
    for number in 0..100 {
        let (_, shown) = json_answer(&states, request("GET", "allow", &LINK)).await;
        let expected = if number < 20 {
            "alreadyDecided"
        } else {
            "alreadyDecidedOrExpired"
        };
        assert_eq!(shown["result"], expected, "{number}");
    }
    let reads = states.fake().reads;
    let guessed = [("token", OTHER_TOKEN), ("execution", OTHER_EXECUTION)];
    let (_, shown) = json_answer(&states, request("GET", "allow", &guessed)).await;
    assert_eq!(shown["result"], "alreadyDecidedOrExpired");
    assert_eq!(states.fake().reads, reads);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_only_knows_the_execution_sees_nothing_of_it() {
    type Change = fn(&mut Run);
    let changes: [Change; 4] = [
        |_| {},
        |run| run.decision = Some(json!({"action": "allow", "reason": "secret reason"})),
        |run| run.end = Some(HistoryEventType::ExecutionSucceeded),
        |run| run.state = Some("ReportOutcome"),
    ];
    for change in changes {
        let states = States::one_waiting();
        states.change(EXECUTION, change);
        let guessed = [("token", OTHER_TOKEN), ("execution", EXECUTION)];
        for event in [request("GET", "allow", &guessed), form("deny", &guessed)] {
            let response = states.answer(&event).await;
            assert!((400..500).contains(&response.status_code));
            for hidden in ["app-storage", "111122223333:policy", "secret reason", "s3:"] {
                assert!(!response.body.contains(hidden), "{}", response.body);
            }
            let (_, shown) = json_answer(&states, event).await;
            for hidden in ["incident", "decision", "outcome", "execution"] {
                assert_eq!(shown[hidden], Value::Null, "{shown}");
            }
        }
        assert!(states.fake().sent.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_runs_out_between_page_and_button_is_a_bad_link() {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| run.token = OTHER_TOKEN.to_owned());
    states.change(EXECUTION, |run| run.shows_token = false);
    // The token is closed and the execution still waits: the token is not its own.
    let (status, shown) = json_answer(&states, form("allow", &LINK)).await;
    assert_eq!((status, &shown["result"]), (409, &json!("badLink")));
    assert_eq!(states.decision(EXECUTION), None);
}

#[tokio::test(start_paused = true)]
async fn no_link_shows_one_incident_and_decides_another() {
    for shows_token in [true, false] {
        let states = States::one_waiting();
        states.add(OTHER_EXECUTION, Run::waiting(OTHER_TOKEN));
        states.change(EXECUTION, |run| run.shows_token = shows_token);
        states.change(OTHER_EXECUTION, |run| run.shows_token = shows_token);
        let mixed = [("token", OTHER_TOKEN), ("execution", EXECUTION)];
        let (status, shown) = json_answer(&states, form("allow", &mixed)).await;
        assert_eq!((status, &shown["decided"]), (409, &json!(false)), "{shown}");
        assert_eq!(states.decision(EXECUTION), None);
        match states.decision(OTHER_EXECUTION) {
            // The state machine refuses a decision that was made on another execution.
            Some(decision) => assert_eq!(decision["execution"], EXECUTION),
            None => assert!(shows_token),
        }
        let (_, shown) = json_answer(
            &states,
            request(
                "GET",
                "allow",
                &[("token", OTHER_TOKEN), ("execution", OTHER_EXECUTION)],
            ),
        )
        .await;
        assert_ne!(shown["result"], "alreadyDecided");
    }
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_cannot_be_read_is_not_decided() {
    for execution in [
        "arn:aws:states:us-east-1:111122223333:execution:guard:none",
        "arn:aws:states:us-east-1:111122223333:execution:another:one",
        "arn:aws:states:us-east-1:444455556666:execution:guard:one",
        "arn:aws:states:us-east-1:111122223333:stateMachine:guard",
        "<script>",
    ] {
        let states = States::one_waiting();
        let link = [("token", TOKEN), ("execution", execution)];
        for event in [request("GET", "allow", &link), form("allow", &link)] {
            let (status, shown) = json_answer(&states, event).await;
            assert_eq!(status, 400, "{execution}: {shown}");
            assert_eq!(shown["decided"], false);
        }
        assert!(states.fake().sent.is_empty(), "{execution}");
    }
    for fault in [Fault::Unavailable, Fault::AccessDenied] {
        let states = States::one_waiting();
        states.fake().read_fault = Some(fault);
        for event in [request("GET", "allow", &LINK), form("allow", &LINK)] {
            let (status, shown) = json_answer(&states, event).await;
            assert_eq!((status, &shown["result"]), (502, &json!("cannotBeShown")));
        }
        assert!(states.fake().sent.is_empty());
    }
    // Step Functions answers, and the history does not show what to decide.
    for key in ["verdict", "quarantine"] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| run.data[key] = json!(null));
        let (status, shown) = json_answer(&states, form("allow", &LINK)).await;
        assert_eq!(
            (status, &shown["result"]),
            (502, &json!("cannotBeShown")),
            "{key}"
        );
        assert!(states.fake().sent.is_empty(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_did_not_happen_is_never_a_200() {
    for link in [&LINK[..], &LINK[..1]] {
        for fault in [Fault::Unavailable, Fault::AccessDenied] {
            let states = States::one_waiting();
            states.fake().send_fault = Some(fault);
            let mut fields = link.to_vec();
            fields.push(("reason", "so that"));
            let response = states.answer(&form("deny", &fields)).await;
            assert_eq!(response.status_code, 502);
            assert!(response.body.contains("NOT recorded"));
            // The same form again, with the typed reason.
            assert!(response.body.contains("so that</textarea>"));
            assert!(!response.body.contains("internal detail"));
            states.fake().send_fault = None;
            let response = states.answer(&form("deny", &fields)).await;
            assert_eq!(response.status_code, 200);
        }
    }
    for (fault, status) in [(Fault::InvalidToken, 400), (Fault::DoesNotExist, 409)] {
        let states = States::one_waiting();
        states.fake().send_fault = Some(fault);
        for link in [&LINK[..], &LINK[..1]] {
            let response = states.answer(&form("deny", link)).await;
            assert_eq!(response.status_code, status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_execution_is_read() {
    let states = States::one_waiting();
    states.fake().send_fault = Some(Fault::AnswerLost);
    let (status, shown) = json_answer(&states, form("allow", &LINK)).await;
    assert_eq!((status, &shown["result"]), (200, &json!("decided")));
    assert_eq!(states.decision(EXECUTION).unwrap(), shown["decision"]);
}

#[tokio::test(start_paused = true)]
async fn an_execution_is_read_back_to_where_it_began_to_ask() {
    for (failed_attempts, reads) in [(0, 1), (1, 2), (5, 5)] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| run.failed_attempts = failed_attempts);
        let page = states.answer(&request("GET", "allow", &LINK)).await;
        assert_eq!(page.status_code, 200, "{failed_attempts}");
        assert!(page.body.contains("app-storage"), "{}", page.body);
        assert_eq!(states.fake().reads, reads);
        // The token of the last attempt counts.
        assert_eq!(states.answer(&form("allow", &LINK)).await.status_code, 200);
        assert!(states.decision(EXECUTION).is_some());
    }
}
