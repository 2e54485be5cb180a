//! The content of the pages, and that text from outside is escaped.

use std::collections::BTreeSet;

use aws_sdk_sfn::types::HistoryEventType;
use scraper::{Html, Selector};
use serde_json::json;

use crate::support::*;

fn texts(page: &Html, selector: &str) -> Vec<String> {
    page.select(&Selector::parse(selector).unwrap())
        .map(|element| element.text().collect())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_confirm_page_shows_the_incident() {
    let states = States::one_waiting();
    let response = states.answer(&request("GET", "allow", &LINK)).await;
    let page = Html::parse_document(&response.body);
    assert_eq!(texts(&page, "h1"), ["Allow app-storage?"]);
    let facts = texts(&page, "dd").join("\n");
    for fact in [
        "arn:aws:iam::111122223333:policy/app-storage",
        "role DeployRole (session ci-4711)",
        "203.0.113.17",
        "2026-03-02 09:15:27 UTC",
        "2026-03-09 09:15:31 UTC",
        "111122223333",
    ] {
        assert!(facts.contains(fact), "{fact} is not in {facts}");
    }
    assert!(texts(&page, "#findings + ul li")[0].contains("s3:DeleteObject"));
    assert!(texts(&page, "#findings + ul code").contains(&"s3:DeleteObject".to_owned()));
    for lines in ["section > pre > del", "details > pre > del"] {
        assert_eq!(texts(&page, lines), ["-         \"s3:DeleteObject\""]);
    }
    let whole = texts(&page, "details > pre").join("");
    for line in incident::Snapshot::new(&document()).as_str().split('"') {
        assert!(whole.contains(line.trim_matches(|c: char| !c.is_alphanumeric())));
    }
    assert!(texts(&page, "button")[0].starts_with("Allow"));
    assert_eq!(texts(&page, "form").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_page_says_that_the_whole_policy_was_deleted_and_what_each_answer_does() {
    let states = States::one_waiting();
    states.change(EXECUTION, |run| {
        run.data["verdict"]["change"]["subject"] = json!({
            "type": "inline",
            "owner": {"kind": "user", "name": "app"},
            "name": "storage"
        });
        run.data["quarantine"]["versions"] = json!(null);
        run.data["quarantine"]["removed"] = json!(true);
    });
    for (answer, effect) in [
        ("allow", "Allow writes the original policy again"),
        ("deny", "Deny leaves the policy deleted"),
    ] {
        let response = states.answer(&request("GET", answer, &LINK)).await;
        let page = Html::parse_document(&response.body);
        let sentence = texts(&page, ".sentence").join("");
        for part in ["deleted the whole policy", "quota", effect] {
            assert!(sentence.contains(part), "{part} is not in {sentence}");
        }
        assert!(!texts(&page, "del").is_empty());
        assert!(texts(&page, "ins").is_empty(), "nothing took its place");
    }
}

fn document() -> String {
    let asked = asking();
    asked["quarantine"]["original"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn every_restricted_pattern_stands_before_the_first_link() {
    let states = States::one_waiting();
    let patterns: Vec<String> = (0..500).map(|n| format!("ec2:Stop{n}")).collect();
    states.change(EXECUTION, |run| {
        run.data["quarantine"]["restricted"] = json!(patterns);
    });
    let response = states.answer(&request("GET", "allow", &LINK)).await;
    let (before, _) = response.body.split_once("<a ").unwrap();
    for pattern in patterns {
        assert!(
            before.contains(&format!("<code>{pattern}</code>")),
            "{pattern}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn every_page_has_one_heading_a_language_and_labels() {
    let states = States::one_waiting();
    for event in [
        request("GET", "allow", &LINK),
        request("GET", "allow", &LINK[..1]),
        request("GET", "allow", &[]),
        request("GET", "nothing", &[]),
        form("deny", &LINK),
        form("deny", &LINK),
        form("deny", &LINK[..1]),
    ] {
        let page = Html::parse_document(&states.answer(&event).await.body);
        assert!(page.errors.is_empty(), "{:?}", page.errors);
        assert_eq!(texts(&page, "html[lang=en] h1").len(), 1);
        assert_eq!(texts(&page, "body > main").len(), 1);
        for (field, label) in [
            ("textarea", "label[for=reason]"),
            ("select", "label[for=minutes]"),
        ] {
            assert_eq!(texts(&page, label).len(), texts(&page, field).len());
        }
    }
}

/// E-mails mark a name with backticks; a page has a font for it.
#[tokio::test(start_paused = true)]
async fn every_page_shows_names_as_code_and_not_in_backticks() {
    let outcome = |result: &str| Some(json!({"result": result}));
    let mut pages = Vec::new();
    for query in [
        &LINK[..],
        &LINK[..1],
        &[],
        &[LINK[0], ("execution", "x")],
        &[LINK[0], ("token", OTHER_TOKEN)],
        &[("token", OTHER_TOKEN), LINK[1]],
        &[
            LINK[0],
            (
                "execution",
                "arn:aws:states:us-east-1:111122223333:execution:other:one",
            ),
        ],
    ] {
        for answer in ["allow", "deny", "nothing"] {
            for method in ["GET", "PUT"] {
                pages.push(
                    States::one_waiting()
                        .answer(&request(method, answer, query))
                        .await,
                );
            }
            for fault in [None, Some(Fault::Unavailable), Some(Fault::InvalidToken)] {
                let states = States::one_waiting();
                states.fake().send_fault = fault;
                pages.push(states.answer(&form(answer, query)).await);
                pages.push(states.answer(&form(answer, query)).await);
                states.fake().read_fault = Some(Fault::Unavailable);
                pages.push(states.answer(&request("GET", answer, query)).await);
            }
        }
    }
    for end in [
        HistoryEventType::ExecutionSucceeded,
        HistoryEventType::ExecutionFailed,
    ] {
        for action in [None, Some("allow"), Some("deny"), Some("expire")] {
            for result in [
                "allowed",
                "denied",
                "expired",
                "superseded",
                "gone",
                "lapsed",
            ] {
                let states = States::one_waiting();
                states.change(EXECUTION, |run| {
                    run.decision = action.map(|action| json!({"action": action}));
                    run.end = Some(end.clone());
                    run.outcome = outcome(result);
                });
                pages.push(states.answer(&request("GET", "allow", &LINK)).await);
            }
        }
    }
    let with_code = pages.iter().filter(|page| page.body.contains("<code>"));
    assert!(with_code.count() > 20);
    let headings: BTreeSet<String> = pages
        .iter()
        .flat_map(|page| texts(&Html::parse_document(&page.body), "h1"))
        .collect();
    // Every title of `page.rs`, so that no page is missing.
    assert_eq!(headings.len(), 15, "{headings:?}");
    for page in pages {
        assert!(!page.body.contains('`'), "{}", page.body);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_reflected_unescaped() {
    let hostile = "\"'><script>alert(1)</script>\u{202E}\n<img src=x onerror=alert(1)>";
    let states = States::one_waiting();
    states.change(EXECUTION, |run| {
        for member in ["sourceIpAddress", "userAgent", "account"] {
            run.data["verdict"]["change"][member] = json!(hostile);
        }
        for member in ["name", "arn", "kind", "sourceIdentity"] {
            run.data["verdict"]["change"]["actor"][member] = json!(hostile);
        }
        run.data["verdict"]["change"]["subject"] = json!({
            "type": "inline", "owner": {"kind": "role", "name": hostile}, "name": hostile
        });
        run.data["quarantine"]["findings"][0]["sid"] = json!(hostile);
        run.data["quarantine"]["original"] = json!(json!({"Id": hostile}).to_string());
        run.data["quarantine"]["edits"][0]["why"] = json!(hostile);
    });
    let mut pages = vec![states.answer(&request("GET", "deny", &LINK)).await.body];
    states.fake().send_fault = Some(Fault::Unavailable);
    let mut event = form("deny", &[LINK[0], LINK[1], ("reason", hostile)]);
    event["requestContext"]["identity"] = json!({"sourceIp": hostile, "userAgent": hostile});
    pages.push(states.answer(&event).await.body);
    states.fake().send_fault = None;
    pages.push(states.answer(&event).await.body);
    pages.push(states.answer(&event).await.body);
    for query in [("token", hostile), ("execution", hostile)] {
        pages.push(
            states
                .answer(&request("GET", "deny", &[LINK[0], query]))
                .await
                .body,
        );
    }
    for page in pages {
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        assert!(!page.contains('\u{202E}'), "{page}");
        let document = Html::parse_document(&page);
        assert!(
            document
                .select(&Selector::parse("script, img, [onerror]").unwrap())
                .next()
                .is_none()
        );
    }
}
