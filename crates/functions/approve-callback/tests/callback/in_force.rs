//! Pages about what is in force: a document that is asked about first, and what a call added.

use scraper::{Html, Selector};
use serde_json::Value;

use crate::support::*;

async fn page(ask: fn(&mut Value), answer: &str) -> (Html, String) {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| ask(&mut run.data));
    let response = states.answer(&request("GET", answer, &LINK)).await;
    assert_eq!(response.status_code, 200);
    let page = Html::parse_document(&response.body);
    let main = Selector::parse("main").unwrap();
    let text = page.select(&main).flat_map(|it| it.text()).collect();
    (page, text)
}

#[tokio::test(start_paused = true)]
async fn a_proposal_is_never_called_removed() {
    for (answer, button) in [
        ("allow", "Allow: keep it in force"),
        ("deny", "Deny: take the permissions out"),
    ] {
        let (page, text) = page(propose, answer).await;
        assert!(!text.contains("The guard removed"), "{text}");
        for part in [
            "In force now: the policy as it was written",
            "What a deny removes",
            "A deny removes the lines",
            "Only reported",
            button,
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let removed = Selector::parse("section > pre > del").unwrap();
        assert!(page.select(&removed).next().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn an_addition_shows_who_since_when_and_a_caution() {
    let (_, text) = page(add, "deny").await;
    for part in [
        "Deny user dave in group administrators?",
        "It is in force now.",
        "Called by",
        "Deny removes the user dave from the group administrators. Nothing else changes.",
        "Was this there before? Then keep it",
        "Why the guard asks",
        "AdministratorAccess",
        "role DeployRole (session ci-4711)",
        "2026-03-02 09:15:27 UTC",
        "Deny: take it away",
        "In the console of IAM",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("The document"), "{text}");
    let (_, text) = page(add, "allow").await;
    assert!(text.contains("Allow leaves it as it is now."), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_decision_about_an_addition_is_recorded_and_said_to_take_time() {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| add(&mut run.data));
    let response = states.answer(&form("deny", &LINK)).await;
    assert_eq!(response.status_code, 200);
    assert!(response.body.contains("confirms the event first"));
}
