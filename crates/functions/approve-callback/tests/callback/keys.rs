//! An allow that needs the key of the link.

use incident::DecideBy;
use notice::mail::LinkConfirmation;
use serde_json::json;

use crate::support::*;

fn with_key(key: &'static str) -> [(&'static str, &'static str); 3] {
    [LINK[0], LINK[1], ("key", key)]
}

#[tokio::test(start_paused = true)]
async fn an_allow_without_the_key_is_refused_before_step_functions_is_asked() {
    let states = States::one_waiting();
    for query in [&LINK[..], &LINK[..1], &with_key("no key at all")] {
        for event in [request("GET", "allow", query), form("allow", query)] {
            let response = states.answer_by_mail(&wants_json(event)).await;
            assert_eq!(response.status_code, 403, "{}", response.body);
            assert!(response.body.contains("ALLOW link"), "{}", response.body);
        }
    }
    assert!(states.fake().sent.is_empty());
    assert_eq!(states.fake().reads, 0);
}

#[tokio::test(start_paused = true)]
async fn another_key_than_the_newest_is_refused_and_the_token_stays_good() {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| run.failed_attempts = 2);
    let wrong = with_key(OTHER_KEY);
    for event in [request("GET", "allow", &wrong), form("allow", &wrong)] {
        let response = states.answer_by_mail(&wants_json(event)).await;
        assert_eq!(response.status_code, 403, "{}", response.body);
        assert!(!response.body.contains("incident\""), "{}", response.body);
    }
    assert!(states.fake().sent.is_empty());
    let right = states.answer_by_mail(&form("allow", &with_key(KEY))).await;
    assert_eq!(right.status_code, 200);
}

#[tokio::test(start_paused = true)]
async fn the_key_travels_from_the_link_through_the_page_to_the_execution() {
    for query in [&with_key(KEY)[..], &[LINK[0], ("key", KEY)]] {
        let states = States::one_waiting();
        let page = states.answer_by_mail(&request("GET", "allow", query)).await;
        assert_eq!(page.status_code, 200);
        let field = format!(r#"<input type="hidden" name="key" value="{KEY}">"#);
        assert!(page.body.contains(&field), "{}", page.body);
        let event = wants_json(form("allow", query));
        let answer = states.answer_by_mail(&event).await;
        assert_eq!(answer.status_code, 200, "{}", answer.body);
        // The execution gets the key; the answer does not show it.
        assert!(!answer.body.contains(KEY), "{}", answer.body);
        assert_eq!(states.decision(EXECUTION).unwrap()["key"], KEY);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deny_never_needs_the_key() {
    for query in [&LINK[..], &LINK[..1], &with_key(OTHER_KEY)] {
        let states = States::one_waiting();
        let response = states.answer_by_mail(&form("deny", query)).await;
        assert_eq!(response.status_code, 200, "{}", response.body);
        assert_eq!(states.decision(EXECUTION).unwrap()["action"], "deny");
    }
}

#[tokio::test(start_paused = true)]
async fn if_the_token_decides_a_key_does_not_matter() {
    for query in [&LINK[..], &with_key(OTHER_KEY), &with_key("no key at all")] {
        let states = States::one_waiting();
        let (status, shown) = json_answer(&states, form("allow", query)).await;
        assert_eq!((status, &shown["decided"]), (200, &json!(true)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_decides_when_it_is_opened_needs_the_key_too() {
    let states = States::one_waiting();
    let open = |query| {
        let request = request("GET", "allow", query);
        let states = states.clone();
        async move {
            let none = LinkConfirmation::None;
            states.answer_as(none, DecideBy::Mail, &request).await
        }
    };
    assert_eq!(open(&LINK).await.status_code, 403);
    assert!(states.fake().sent.is_empty());
    assert_eq!(open(&with_key(KEY)).await.status_code, 200);
}

#[tokio::test(start_paused = true)]
async fn two_keys_are_refused() {
    let states = States::one_waiting();
    let query = [LINK[0], LINK[1], ("key", KEY), ("key", OTHER_KEY)];
    let response = states.answer_by_mail(&form("allow", &query)).await;
    assert_eq!(response.status_code, 400);
    assert!(states.fake().sent.is_empty());
}
