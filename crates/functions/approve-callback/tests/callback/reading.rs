//! The reading of a request.

use serde_json::json;

use crate::support::*;

/// The token that the button of the page would send, or the status of a page without a button.
async fn token_of(event: &serde_json::Value) -> Result<String, u16> {
    let response = States::one_waiting().answer(event).await;
    let page = scraper::Html::parse_document(&response.body);
    let token = scraper::Selector::parse("input[name=token]").unwrap();
    page.select(&token)
        .next()
        .and_then(|input| input.attr("value"))
        .map(str::to_owned)
        .ok_or(response.status_code)
}

#[tokio::test(start_paused = true)]
async fn raw_and_encoded_tokens_mean_the_same() {
    // API Gateway decodes once: a raw plus arrives as a space, an encoded one as a plus.
    for arrived in [TOKEN.to_owned(), TOKEN.replace('+', " ")] {
        let event = request("GET", "allow", &[("token", &arrived)]);
        assert_eq!(token_of(&event).await.as_deref(), Ok(TOKEN));
    }
    // A form body arrives unchanged.
    for body in [
        format!("token={TOKEN}"),
        form("allow", &[("token", TOKEN)])["body"]
            .as_str()
            .unwrap()
            .to_owned(),
    ] {
        let states = States::one_waiting();
        let mut event = form("allow", &[]);
        event["body"] = json!(body);
        assert_eq!(states.answer(&event).await.status_code, 200, "{body}");
        assert!(states.decision(EXECUTION).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_carries_its_token_in_a_form_json_base64_or_the_query() {
    let json_body = json!({"token": TOKEN, "execution": EXECUTION, "reason": "why"}).to_string();
    let mut as_json = request("POST", "allow", &[]);
    as_json["headers"]["CONTENT-TYPE"] = json!("Application/JSON; charset=utf-8");
    as_json["body"] = json!(json_body);

    let mut base64 = form("allow", &[("token", TOKEN), ("reason", "why")]);
    let encoded = aws_smithy_types::base64::encode(base64["body"].as_str().unwrap());
    base64["body"] = json!(encoded);
    base64["isBase64Encoded"] = json!(true);

    let mut split = form("allow", &[("token", TOKEN), ("reason", "why")]);
    split["queryStringParameters"] = json!({"execution": EXECUTION, "token": TOKEN});

    let query = request("POST", "allow", &[("token", TOKEN)]);
    for (event, reason) in [
        (as_json, json!("why")),
        (base64, json!("why")),
        (split, json!("why")),
        (query, json!(null)),
    ] {
        let states = States::one_waiting();
        let response = states.answer(&event).await;
        assert_eq!(response.status_code, 200, "{event}");
        let decision = states.decision(EXECUTION).unwrap();
        assert_eq!(decision.get("reason").cloned().unwrap_or_default(), reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_one_clear_meaning_is_refused() {
    let long = "a".repeat(2049);
    let reason = "ä".repeat(501);
    let mut bad_base64 = form("allow", &[("token", TOKEN)]);
    bad_base64["isBase64Encoded"] = json!(true);
    let mut bad_json = wants_json(request("POST", "allow", &[]));
    bad_json["headers"]["content-type"] = json!("application/json");
    let mut json_list = bad_json.clone();
    bad_json["body"] = json!("{");
    json_list["body"] = json!(r#"{"token":["a"]}"#);
    let events = [
        request("POST", "allow", &[]),
        request("GET", "allow", &[("token", "")]),
        request("GET", "allow", &[("token", "<img>")]),
        request("GET", "allow", &[("token", &long)]),
        request("GET", "allow", &[("token", TOKEN), ("token", OTHER_TOKEN)]),
        request(
            "GET",
            "allow",
            &[
                ("token", TOKEN),
                ("execution", EXECUTION),
                ("execution", OTHER_EXECUTION),
            ],
        ),
        form("allow", &[("token", TOKEN), ("token", OTHER_TOKEN)]),
        form("allow", &[("token", TOKEN), ("reason", &reason)]),
        bad_base64,
        bad_json,
        json_list,
    ];
    for event in events {
        let states = States::one_waiting();
        assert_eq!(states.answer(&event).await.status_code, 400, "{event}");
        assert!(states.fake().sent.is_empty(), "{event}");
    }
    // The longest reason is accepted with line ends of any kind.
    let reason = format!("{}\r\n{}", "ä".repeat(250), "ö".repeat(249));
    let states = States::one_waiting();
    let event = form("allow", &[("token", TOKEN), ("reason", &reason)]);
    assert_eq!(states.answer(&event).await.status_code, 200);
}

#[tokio::test(start_paused = true)]
async fn methods_and_paths() {
    let states = States::one_waiting();
    for (method, path, status) in [
        ("GET", "/allow", 200),
        ("GET", "/allow/", 200),
        ("GET", "/Prod/deny", 200),
        ("PUT", "/allow", 405),
        ("DELETE", "/deny", 405),
        ("OPTIONS", "/allow", 405),
        ("get", "/allow", 405),
        ("GET", "/", 404),
        ("POST", "/allows", 404),
        ("GET", "/favicon.ico", 404),
    ] {
        let mut event = request(method, "allow", &[("token", TOKEN)]);
        event["path"] = json!(path);
        let response = states.answer(&event).await;
        assert_eq!(response.status_code, status, "{method} {path}");
        assert_eq!(response.headers.contains_key("Allow"), status == 405);
    }
    assert!(states.fake().sent.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_button_leads_back_to_the_same_page_without_the_query() {
    for (path, target) in [("/allow", "allow"), ("/allow/", "../allow")] {
        let mut event = request("GET", "allow", &[("token", TOKEN)]);
        event["path"] = json!(path);
        let page = States::one_waiting().answer(&event).await.body;
        assert!(
            page.contains(&format!(r#"<form method="post" action="{target}""#)),
            "{path}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn clients_get_what_they_accept() {
    let json = "application/json";
    let html = "text/html; charset=utf-8";
    for (accept, kind) in [
        ("application/json", json),
        ("Application/Json;q=0.9, */*;q=0.1", json),
        ("application/json, text/html;q=0.5", json),
        ("text/html, application/json;q=0.5", html),
        ("text/html,application/xhtml+xml,*/*;q=0.8", html),
        ("application/json;q=0", html),
        ("*/*", html),
        ("", html),
    ] {
        for header in ["accept", "Accept", "ACCEPT"] {
            let mut event = request("GET", "allow", &[("token", TOKEN)]);
            event["headers"] = json!({ header: accept });
            event["multiValueHeaders"] = json!(null);
            let response = States::one_waiting().answer(&event).await;
            assert_eq!(response.headers["Content-Type"], kind, "{header}: {accept}");
        }
    }
}
