//! An allow for a time.

use aws_sdk_sfn::types::HistoryEventType;
use notice::mail::LinkConfirmation;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::support::*;

fn with_minutes(answer: &str, minutes: &str) -> Value {
    form(answer, &[LINK[0], LINK[1], ("minutes", minutes)])
}

fn as_json(answer: &str, minutes: Value) -> Value {
    let mut event = request("POST", answer, &[]);
    event["headers"]["content-type"] = json!("application/json");
    event["body"] =
        json!(json!({"token": TOKEN, "execution": EXECUTION, "minutes": minutes}).to_string());
    event
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    page.select(&Selector::parse(selector).unwrap())
        .map(|element| element.text().collect())
        .collect()
}

/// The values of the choices on a page, and the one that is chosen.
fn choices(body: &str) -> (Vec<String>, Option<String>) {
    let page = Html::parse_document(body);
    let option = Selector::parse("select[name=minutes] option").unwrap();
    let value = |option: scraper::ElementRef<'_>| option.attr("value").unwrap().to_owned();
    let chosen = page
        .select(&option)
        .find(|option| option.attr("selected").is_some());
    (page.select(&option).map(value).collect(), chosen.map(value))
}

#[tokio::test(start_paused = true)]
async fn the_allow_page_of_a_contained_document_offers_times() {
    let states = States::one_waiting();
    for query in [&LINK[..], &[LINK[0], LINK[1], ("minutes", "60")]] {
        let response = states.answer(&request("GET", "allow", query)).await;
        let offered = ["", "60", "480", "1440", "10080"].map(str::to_owned);
        assert_eq!(
            choices(&response.body),
            (offered.to_vec(), Some(String::new()))
        );
        let page = Html::parse_document(&response.body);
        assert_eq!(
            texts(&page, "option"),
            ["No end", "1 hour", "8 hours", "1 day", "7 days"]
        );
        assert_eq!(
            texts(&page, "label[for=minutes]"),
            ["How long it is allowed"]
        );
        let hint = texts(&page, "#end");
        assert!(hint[0].contains("takes the restricted permissions out again"));
        assert_eq!(
            texts(&page, "select#minutes[aria-describedby=end]").len(),
            1
        );
    }
    assert!(states.fake().sent.is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_other_page_offers_a_time() {
    let denied = States::one_waiting();
    let page = denied.answer(&request("GET", "deny", &LINK)).await;
    assert!(!page.body.contains("<select"), "{}", page.body);
    for ask in [propose, add] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| ask(&mut run.data));
        for answer in ["allow", "deny"] {
            let page = states.answer(&request("GET", answer, &LINK)).await;
            assert_eq!(page.status_code, 200);
            assert!(!page.body.contains("<select"), "{}", page.body);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_travels_to_the_execution_and_the_answer_says_until_when() {
    for (event, minutes) in [
        (with_minutes("allow", "60"), 60),
        (with_minutes("allow", "1"), 1),
        (with_minutes("allow", "43200"), 43_200),
        (as_json("allow", json!(480)), 480),
        (as_json("allow", json!("480")), 480),
    ] {
        let states = States::one_waiting();
        let (status, shown) = json_answer(&states, event.clone()).await;
        assert_eq!((status, &shown["decided"]), (200, &json!(true)), "{shown}");
        let decision = states.decision(EXECUTION).unwrap();
        assert_eq!(decision["minutes"], minutes);
        assert_eq!(shown["decision"], decision);
        let time = |value: &Value| -> incident::Timestamp {
            serde_json::from_value(value.clone()).unwrap()
        };
        let (from, until) = (time(&decision["time"]), time(&shown["until"]));
        assert_eq!(until.as_second() - from.as_second(), minutes * 60);

        let states = States::one_waiting();
        let page = states.answer(&event).await;
        let decision = states.decision(EXECUTION).unwrap();
        let minutes = std::time::Duration::from_secs(u64::try_from(minutes * 60).unwrap());
        let until = notice::words::time(time(&decision["time"]) + minutes);
        assert!(
            page.body.contains(&format!(
                "It is allowed until {until}. Then the guard takes the restricted permissions out again."
            )),
            "{}",
            page.body
        );
        let page = Html::parse_document(&page.body);
        assert!(texts(&page, "dd").contains(&until));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_time_an_allow_has_no_end() {
    let mut absent = as_json("allow", json!(null));
    absent["body"] = json!(json!({"token": TOKEN, "execution": EXECUTION}).to_string());
    for event in [
        form("allow", &LINK),
        with_minutes("allow", ""),
        as_json("allow", json!(null)),
        as_json("allow", json!("")),
        absent,
    ] {
        let states = States::one_waiting();
        let (status, shown) = json_answer(&states, event).await;
        assert_eq!(status, 200, "{shown}");
        assert_eq!(states.decision(EXECUTION).unwrap().get("minutes"), None);
        assert_eq!(shown.get("until"), None);
        assert!(!shown["message"].as_str().unwrap().contains("until"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_that_cannot_be_used_decides_nothing() {
    let mut events: Vec<Value> = [
        "0",
        "-1",
        "+60",
        "6e1",
        "60.0",
        " 60",
        "one",
        "43201",
        "100000000",
        "4294967296",
        "９",
        "<b>",
        " ",
    ]
    .into_iter()
    .map(|minutes| with_minutes("allow", minutes))
    .collect();
    events.extend(
        [
            json!(0),
            json!(-60),
            json!(60.5),
            json!(1e300),
            json!(true),
            json!([60]),
            json!({"a": 1}),
        ]
        .map(|minutes| as_json("allow", minutes)),
    );
    // A time in the address of a form must not be lost.
    let mut query = form("allow", &LINK);
    query["queryStringParameters"] = json!({"minutes": "0"});
    events.push(query);
    for event in events {
        let states = States::one_waiting();
        let page = states.answer(&event).await;
        assert_eq!(page.status_code, 400, "{event}");
        assert!(page.body.contains("<h1>Decision NOT recorded</h1>"));
        let (status, shown) = json_answer(&states, event.clone()).await;
        assert_eq!((status, &shown["decided"]), (400, &json!(false)));
        let message = shown["message"].as_str().unwrap();
        assert!(message.contains("Nothing was decided."), "{message}");
        assert!(message.contains("from 1 to 43200"), "{message}");
        assert!(states.fake().sent.is_empty(), "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_times_are_refused_and_one_time_twice_is_not() {
    let both = |other| {
        form(
            "allow",
            &[LINK[0], LINK[1], ("minutes", "60"), ("minutes", other)],
        )
    };
    let states = States::one_waiting();
    assert_eq!(states.answer(&both("480")).await.status_code, 400);
    assert!(states.fake().sent.is_empty());
    assert_eq!(states.answer(&both("60")).await.status_code, 200);
    assert_eq!(states.decision(EXECUTION).unwrap()["minutes"], 60);
}

#[tokio::test(start_paused = true)]
async fn a_deny_ignores_the_time() {
    for event in [
        with_minutes("deny", "60"),
        with_minutes("deny", "0"),
        with_minutes("deny", "text"),
        as_json("deny", json!(true)),
    ] {
        let states = States::one_waiting();
        let (status, shown) = json_answer(&states, event).await;
        assert_eq!((status, shown.get("until")), (200, None), "{shown}");
        assert_eq!(states.decision(EXECUTION).unwrap().get("minutes"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_decides_when_it_is_opened_has_no_time() {
    for minutes in ["60", "0"] {
        let states = States::one_waiting();
        let query = [LINK[0], LINK[1], ("minutes", minutes)];
        let event = request("GET", "allow", &query);
        let answer = states.answer_with(LinkConfirmation::None, &event).await;
        assert_eq!(answer.status_code, 200);
        assert_eq!(states.decision(EXECUTION).unwrap().get("minutes"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_in_force_is_not_allowed_for_a_time() {
    for ask in [propose, add] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| ask(&mut run.data));
        let event = with_minutes("allow", "60");
        let (status, shown) = json_answer(&states, event.clone()).await;
        assert_eq!((status, &shown["result"]), (409, &json!("badLink")));
        let message = shown["message"].as_str().unwrap();
        assert!(
            message.contains("only for what it took out of force"),
            "{message}"
        );
        let page = states.answer(&event).await;
        assert!(page.body.contains("<h1>Decision NOT recorded</h1>"));
        assert!(states.fake().sent.is_empty());
        // An empty time is none, and a deny needs none.
        let (status, _) = json_answer(&states, with_minutes("allow", "")).await;
        assert_eq!(status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_try_offers_the_time_that_was_chosen() {
    let offered = 5;
    for (minutes, more) in [("480", 0), ("90", 1), ("", 0)] {
        let states = States::one_waiting();
        states.fake().send_fault = Some(Fault::Unavailable);
        let page = states.answer(&with_minutes("allow", minutes)).await;
        assert_eq!(page.status_code, 502);
        let (values, chosen) = choices(&page.body);
        assert_eq!(values.len(), offered + more);
        assert_eq!(chosen.as_deref(), Some(minutes));
    }
}

async fn late(change: impl FnOnce(&mut Run)) -> (Value, Html) {
    let states = States::one_waiting();
    states.change(EXECUTION, change);
    let (status, shown) = json_answer(&states, request("GET", "allow", &LINK)).await;
    assert!(matches!(status, 409 | 410), "{shown}");
    assert_eq!(shown["decided"], false);
    let page = states.answer(&form("deny", &LINK)).await;
    assert!(states.fake().sent.is_empty());
    (shown, Html::parse_document(&page.body))
}

#[tokio::test(start_paused = true)]
async fn a_late_page_says_until_when_it_is_allowed() {
    const UNTIL: &str = "It is allowed until 2026-03-02 17:21:04 UTC. Then the guard takes the restricted permissions out again.";
    let (shown, page) = late(allow_until).await;
    assert_eq!(shown["result"], "alreadyDecided");
    assert_eq!(shown["until"], "2026-03-02T17:21:04Z");
    let sentence = &texts(&page, ".sentence")[0];
    assert!(sentence.contains("The original policy is back in force. "));
    assert!(sentence.contains(UNTIL), "{sentence}");
    assert!(texts(&page, "dd").contains(&"2026-03-02 17:21:04 UTC".to_owned()));

    // Before the outcome, only the decision says it.
    let (shown, page) = late(|run| {
        allow_until(run);
        run.state = Some("Approved");
        run.data["outcome"] = Value::Null;
    })
    .await;
    assert_eq!(shown["until"], "2026-03-02T17:21:04Z");
    let sentence = &texts(&page, ".sentence")[0];
    assert!(!sentence.contains("back in force"), "{sentence}");
    assert!(sentence.contains(UNTIL), "{sentence}");
}

#[tokio::test(start_paused = true)]
async fn a_late_page_names_no_end_where_there_is_none() {
    type Change = fn(&mut Run);
    let changes: [Change; 5] = [
        |run| run.decision = Some(json!({"action": "allow"})),
        |run| {
            allow_until(run);
            run.data["outcome"] = json!({"result": "superseded"});
        },
        |run| {
            allow_until(run);
            run.decision.as_mut().unwrap()["action"] = json!("deny");
            run.state = Some("Denied");
            run.data["outcome"] = Value::Null;
        },
        // Nothing ends an allow whose execution was stopped.
        |run| {
            allow_until(run);
            run.end = Some(HistoryEventType::ExecutionAborted);
            run.outcome = Some(run.data["outcome"].clone());
        },
        |run| {
            allow_until(run);
            propose(&mut run.data);
            run.data["outcome"] = Value::Null;
        },
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (shown, page) = late(change).await;
        let sentence = &texts(&page, ".sentence")[0];
        assert_eq!(shown.get("until"), None, "{number}: {shown}");
        assert!(!sentence.contains("until"), "{number}: {sentence}");
        let is_stopped = shown["result"] == "failed";
        assert_eq!(
            sentence.contains("the guard does not end the allow any more"),
            is_stopped
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_page_says_that_the_allow_has_lapsed() {
    const OVER: &str = "This incident was allowed for a time, and that time is over.";

    let (shown, page) = late(|run| settle(run, "lapsed")).await;
    assert_eq!(shown["result"], "lapsed");
    assert_eq!(shown.get("decision"), None);
    assert_eq!(texts(&page, "h1"), ["Allow ended"]);
    let sentence = &texts(&page, ".sentence")[0];
    assert_eq!(
        sentence,
        &format!("{OVER} The guard took the restricted permissions out again.")
    );
    assert!(texts(&page, ".as-written")[0].contains("set-default-policy-version"));

    let (shown, page) = late(|run| {
        run.data["verdict"]["result"] = json!("lapsed");
        run.data["quarantine"] = Value::Null;
        run.outcome = Some(json!({"result": "lapsed"}));
        run.end = Some(HistoryEventType::ExecutionSucceeded);
    })
    .await;
    assert_eq!(shown["result"], "lapsed");
    let sentence = &texts(&page, ".sentence")[0];
    assert!(sentence.starts_with(OVER), "{sentence}");
    assert!(
        sentence.contains("so the guard changed nothing"),
        "{sentence}"
    );

    // Another incident decided about the same document, or asks about it.
    for (result, part) in [
        ("deniedBefore", "was denied in another incident"),
        ("joined", "Another incident asks"),
    ] {
        let (shown, page) = late(|run| settle(run, result)).await;
        assert_eq!(shown.get("decision"), None);
        let sentence = &texts(&page, ".sentence")[0];
        assert!(sentence.starts_with(OVER), "{sentence}");
        assert!(sentence.contains(part), "{sentence}");
    }
    let (_, page) = late(|run| {
        settle(run, "lapsed");
        run.outcome = Some(json!({"result": "superseded"}));
    })
    .await;
    let sentence = &texts(&page, ".sentence")[0];
    assert!(
        sentence.contains("changed again in the meantime"),
        "{sentence}"
    );
}
