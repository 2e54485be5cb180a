//! The headers of every answer.

use serde_json::{Value, json};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn every_answer_is_safe_to_open() {
    let link = [("token", TOKEN), ("execution", EXECUTION)];
    let states = States::one_waiting();
    let mut events = vec![
        request("GET", "allow", &link),
        request("HEAD", "allow", &link),
        request("PUT", "allow", &link),
        request("GET", "elsewhere", &link),
        request("GET", "allow", &[]),
        form("allow", &link),
        form("allow", &link),
        json!(null),
        json!([]),
    ];
    let json: Vec<Value> = events.iter().take(7).cloned().map(wants_json).collect();
    events.extend(json);
    for event in events {
        let response = states.answer(&event).await;
        let header = |name: &str| response.headers.get(name).map(String::as_str);
        assert_eq!(header("Cache-Control"), Some("no-store"));
        assert_eq!(header("Referrer-Policy"), Some("no-referrer"));
        assert_eq!(header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(header("X-Frame-Options"), Some("DENY"));
        let policy = header("Content-Security-Policy").unwrap();
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
            "style-src 'sha256-",
        ] {
            assert!(policy.contains(part), "{part}");
        }
        assert!(!policy.contains("unsafe-"));
        assert!(!response.is_base64_encoded);
    }
}

#[tokio::test(start_paused = true)]
async fn the_style_sheet_is_the_one_that_the_policy_allows() {
    use sha2::Digest as _;
    let response = States::one_waiting()
        .answer(&request("GET", "allow", &[("token", TOKEN)]))
        .await;
    let (_, rest) = response.body.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let hash = aws_smithy_types::base64::encode(sha2::Sha256::digest(style));
    let policy = &response.headers["Content-Security-Policy"];
    assert!(
        policy.contains(&format!("style-src 'sha256-{hash}'")),
        "STYLE_HASH must be sha256-{hash}, not as in {policy}"
    );
    assert!(!response.body.contains("style=\"") && !response.body.contains("<script"));
}
