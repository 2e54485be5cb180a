//! The answer to any bytes is a page or a 4xx.

use proptest::prelude::*;
use proptest::string::string_regex;
use serde_json::{Value, json};

use crate::support::*;

fn answer(event: &Value) -> approve_callback::Response {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(States::one_waiting().answer(event))
}

/// Texts that are often valid, so that many requests pass the first check.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        string_regex("(?s).{0,40}").unwrap(),
        Just(TOKEN.to_owned()),
        Just(EXECUTION.to_owned()),
        Just(OTHER_EXECUTION.to_owned()),
        Just("\"><script>x</script>".to_owned()),
        Just("application/json".to_owned()),
        Just(format!(
            "token={TOKEN}&reason=%ff%00<b>&execution={EXECUTION}"
        )),
        Just(format!("{{\"token\":\"{TOKEN}\"}}")),
        Just(format!("{{\"token\":\"{TOKEN}\",\"minutes\":60}}")),
        Just("60".to_owned()),
    ]
}

fn map() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("token".to_owned()),
        Just("execution".to_owned()),
        Just("reason".to_owned()),
        Just("minutes".to_owned()),
        Just("accept".to_owned()),
        Just("Content-Type".to_owned()),
        text(),
    ];
    prop_oneof![
        Just(Value::Null),
        prop::collection::hash_map(name.clone(), text(), 0..4).prop_map(|map| json!(map)),
        prop::collection::hash_map(name, prop::collection::vec(text(), 0..3), 0..4)
            .prop_map(|map| json!(map)),
    ]
}

/// Any JSON, for members of the wrong type.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(text(), inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

fn member() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "requestContext",
        "body",
        "isBase64Encoded",
    ])
}

fn is_page_or_refusal(response: &approve_callback::Response) -> Result<(), TestCaseError> {
    prop_assert!(
        matches!(response.status_code, 200 | 400 | 404 | 405 | 409 | 410),
        "{}",
        response.status_code
    );
    prop_assert!(!response.body.contains("<script"));
    prop_assert!(serde_json::to_string(response).is_ok());
    Ok(())
}

proptest! {
    #[test]
    fn requests_with_any_bytes(
        method in prop_oneof![Just("GET"), Just("POST"), Just("HEAD"), Just("PATCH")],
        path in prop_oneof![Just("/allow".to_owned()), Just("/deny".to_owned()), text()],
        query in map(),
        multi in map(),
        headers in map(),
        body in prop_oneof![Just(Value::Null), text().prop_map(Value::from)],
        base64 in any::<bool>(),
    ) {
        let response = answer(&json!({
            "path": path,
            "httpMethod": method,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": multi,
            "headers": headers,
            "body": body,
            "isBase64Encoded": base64,
        }));
        is_page_or_refusal(&response)?;
    }

    #[test]
    fn events_of_any_shape(event in anything(), member in member(), value in anything()) {
        is_page_or_refusal(&answer(&event))?;
        let mut event = request("POST", "allow", &[("token", TOKEN)]);
        event[member] = value;
        is_page_or_refusal(&answer(&event))?;
    }
}
