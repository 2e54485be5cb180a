//! What the tests of the callback share: an incident, and requests as API Gateway sends them.

#[path = "states.rs"]
mod states;

use std::collections::HashMap;

use aws_sdk_sfn::types::HistoryEventType;
use incident::memory::Memory;
use incident::message::{
    Found, Judged, ObservedPolicy, Quarantine, Response, Verdict, VerdictResult,
};
use incident::{Snapshot, VersionId};
use serde_json::{Value, json};

pub(crate) use fixtures::{EXECUTION, MACHINE};
pub(crate) use states::*;

pub(crate) const OTHER_EXECUTION: &str =
    "arn:aws:states:us-east-1:111122223333:execution:guard:two";
/// As long as a real one, with all the characters that suffer in links.
pub(crate) const TOKEN: &str =
    "AQCEAAAAKgAAAAMAAAAAAAAAAc+sUu/QK1nV7Zr+5wq3h/8J2lR0m4vTz9XkY6pBdC1eFgHiJkLmNoPqRsTuVwXyZ==";
pub(crate) const OTHER_TOKEN: &str = "AQCEAAAAKgAAAAMAAAAAAAAAAb/xWy+7uIoP";

/// The key in the links of the newest request.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODw";
pub(crate) const OTHER_KEY: &str = "DwECAwQFBgcICQoLDA0ODw";

/// What a link of the e-mail carries.
pub(crate) const LINK: [(&str, &str); 2] = [("token", TOKEN), ("execution", "one")];

/// What the states hand to `AskUser`.
pub(crate) fn asking() -> Value {
    let event = fixtures::event("create-policy");
    let record = incident::Record::parse(&event).unwrap();
    let document = record.document.unwrap();
    let contained = fixtures::contained(&record.change, &document);
    let observed = ObservedPolicy {
        identity: contained.identity.clone(),
        version: Some(VersionId::parse("v1").unwrap()),
        document: Snapshot::new(&document),
    };
    let mut data = json!(Judged {
        event: incident::trim_event(&event),
        hints: Vec::new(),
        proposal: None,
        found: Found::Verdict(Verdict {
            response: Response::Contain,
            notify: true,
            result: VerdictResult::Restricted,
            change: record.change,
            in_force: Some(observed),
            named: None,
            restricted: contained.restricted.clone(),
            exemption: None,
            report: None,
            memory: Memory::default(),
        }),
    });
    data["quarantine"] = json!(Quarantine::InPlace(contained));
    data
}

/// Makes an incident one about a document that is in force, and that the guard asks about first.
pub(crate) fn propose(data: &mut Value) {
    let mut proposal = data["quarantine"].take();
    data.as_object_mut().unwrap().remove("quarantine");
    proposal["status"] = json!("proposed");
    proposal["asked"] = json!(true);
    proposal["version"] = json!("v1");
    proposal["left"] = json!({"patterns": ["s3:Put*"]});
    proposal.as_object_mut().unwrap().remove("versions");
    data["verdict"]["response"] = json!("ask");
    data["proposal"] = proposal;
}

/// Makes an incident one about a membership that a call added.
pub(crate) fn add(data: &mut Value) {
    let restricted = data["quarantine"]["restricted"].clone();
    data.as_object_mut().unwrap().remove("quarantine");
    let id = |id: &str| json!({"id": id, "created": "2026-01-01T00:00:00Z"});
    let policy = json!({"type": "managed", "arn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    data["verdict"]["response"] = json!("ask");
    data["verdict"]["change"]["eventName"] = json!("AddUserToGroup");
    data["verdict"]["change"]["version"] = Value::Null;
    data["verdict"]["change"]["subject"] = json!({
        "type": "reported", "what": "addedToGroup", "user": "dave", "group": "administrators"
    });
    data["proposal"] = json!({
        "status": "added",
        "identity": {"owner": id("AIDAEXAMPLE"), "added": id("AGPAEXAMPLE")},
        "report": {
            "reasons": [{"reason": "grants", "policy": policy, "restricted": restricted}]
        },
        "restricted": restricted,
    });
}

/// The execution waits until an allow ends.
pub(crate) fn allow_until(run: &mut Run) {
    run.decision = Some(json!({
        "action": "allow", "time": "2026-03-02T09:21:04Z", "minutes": 480, "execution": EXECUTION
    }));
    run.state = Some("AllowedUntil");
    run.data["outcome"] = json!({"result": "allowed", "until": "2026-03-02T17:21:04Z"});
}

/// After an allow has ended, the execution contained the document once more and asked no one.
pub(crate) fn settle(run: &mut Run, result: &str) {
    let action = if result == "lapsed" { "expire" } else { "deny" };
    run.data["quarantine"]["settled"] = json!({"result": result, "notify": true});
    run.decision = Some(json!({"action": action}));
    run.outcome = Some(json!({"result": result}));
    run.end = Some(HistoryEventType::ExecutionSucceeded);
}

/// A request of API Gateway with these query parameters, already decoded.
pub(crate) fn request(method: &str, answer: &str, query: &[(&str, &str)]) -> Value {
    let single: HashMap<_, _> = query.iter().copied().collect();
    let mut multi: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, value) in query {
        multi.entry(name).or_default().push(value);
    }
    json!({
        "resource": format!("/{answer}"),
        "path": format!("/{answer}"),
        "httpMethod": method,
        "headers": {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "User-Agent": "Firefox"},
        "multiValueHeaders": {"Accept": ["text/html,application/xhtml+xml,*/*;q=0.8"]},
        "queryStringParameters": if query.is_empty() { Value::Null } else { json!(single) },
        "multiValueQueryStringParameters": if query.is_empty() { Value::Null } else { json!(multi) },
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "stage": "Prod",
            "path": format!("/Prod/{answer}"),
            "httpMethod": method,
            "identity": {"sourceIp": "198.51.100.7", "userAgent": "Firefox"}
        },
        "body": null,
        "isBase64Encoded": false
    })
}

/// A form as the page's button sends it.
pub(crate) fn form(answer: &str, fields: &[(&str, &str)]) -> Value {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let mut request = request("POST", answer, &[]);
    request["headers"]["content-type"] = json!("application/x-www-form-urlencoded");
    request["body"] = json!(form.finish());
    request
}

/// The status and the answer to a client that wants JSON.
pub(crate) async fn json_answer(states: &States, request: Value) -> (u16, Value) {
    let response = states.answer(&wants_json(request)).await;
    let shown = serde_json::from_str(&response.body).unwrap();
    (response.status_code, shown)
}

/// The same request of a client that wants JSON.
pub(crate) fn wants_json(mut request: Value) -> Value {
    request["headers"]["Accept"] = json!("application/json");
    request
}
