//! Pages about what no caller wrote: what a sweep found, and the guard's own proof of life.

use scraper::{Html, Selector};
use serde_json::{Value, json};

use crate::support::*;

fn texts(page: &str, selector: &str) -> Vec<String> {
    Html::parse_document(page)
        .select(&Selector::parse(selector).unwrap())
        .map(|element| element.text().collect())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_page_says_that_a_sweep_found_it() {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| {
        let change = &mut run.data["verdict"]["change"];
        change["actor"] = json!({"kind": "Sweep", "name": "9f2e", "arn": EXECUTION});
        change["sourceIpAddress"] = Value::Null;
        change["userAgent"] = Value::Null;
    });
    let response = states.answer(&request("GET", "allow", &LINK)).await;
    let rows = texts(&response.body, "#change + dl > *").join("\n");
    for row in [
        "Written by\nan unknown caller (found by the sweep)",
        "Found\n2026-03-02 09:15:27 UTC",
        &format!("Sweep\n{EXECUTION}"),
        "CloudTrail event history of the Region us-east-1 for CreatePolicy, CreatePolicyVersion and SetDefaultPolicyVersion.",
    ] {
        assert!(rows.contains(row), "{row}: {rows}");
    }
    for row in ["From\n", "Client\n", "When\n", "Call\n"] {
        assert!(!rows.contains(row), "{row}: {rows}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_says_first_that_it_is_about_the_proof_of_life() {
    for (kind, role, name, is_marked) in [
        ("role", "guard-ProbeRole", "proof-of-life", true),
        ("user", "guard-ProbeRole", "proof-of-life", false),
        ("role", "app", "proof-of-life", false),
        ("role", "guard-ProbeRole", "storage", false),
    ] {
        let states = States::one_waiting();
        states.change(EXECUTION, |run| {
            run.data["verdict"]["change"]["subject"] =
                json!({"type": "inline", "owner": {"kind": kind, "name": role}, "name": name});
            run.data["quarantine"]["versions"] = Value::Null;
        });
        for answer in ["allow", "deny"] {
            let response = states.answer(&request("GET", answer, &LINK)).await;
            let first = texts(&response.body, "h1 + p").join("");
            let is_first = first == notice::proof_of_life::REQUEST;
            assert_eq!(is_first, is_marked, "{role} {name}: {first}");
            assert_eq!(texts(&response.body, "button").len(), 1);
        }
    }
}
