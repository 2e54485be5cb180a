use serde_json::{Map, Value};

/// The longest text that stays, in bytes: an ARN has at most 2,048 characters.
const MAX_TEXT: usize = 2048;

/// What of an event the guard reads, and what helps whoever looks at the execution. A `policyDocument` is not among it.
const KEPT: &[(&str, &[&str])] = &[
    (
        "",
        &["id", "source", "detail-type", "account", "region", "time"],
    ),
    (
        "/detail",
        &[
            "eventID",
            "eventName",
            "eventSource",
            "eventTime",
            "errorCode",
            "sourceIPAddress",
            "userAgent",
        ],
    ),
    (
        "/detail/userIdentity",
        &[
            "type",
            "principalId",
            "arn",
            "accountId",
            "userName",
            "invokedBy",
        ],
    ),
    ("/detail/userIdentity/sessionContext", &["sourceIdentity"]),
    (
        "/detail/userIdentity/sessionContext/sessionIssuer",
        &["arn"],
    ),
    (
        "/detail/requestParameters",
        &[
            "policyArn",
            "policyName",
            "versionId",
            "setAsDefault",
            "roleName",
            "userName",
            "groupName",
            "omitted",
            "originalSize",
        ],
    ),
    (
        "/detail/responseElements/policy",
        &["arn", "policyId", "defaultVersionId"],
    ),
    (
        "/detail/responseElements/policyVersion",
        &["versionId", "isDefaultVersion", "createDate"],
    ),
];

/// The event without what nobody uses, so that an execution can carry it.
#[must_use]
pub fn cut_event(event: &Value) -> Value {
    let mut cut = Value::Object(Map::new());
    for (path, names) in KEPT {
        let Some(from) = event.pointer(path) else {
            continue;
        };
        for name in *names {
            let kept = match from.get(name) {
                Some(Value::String(text)) => Value::from(shortened(text)),
                Some(plain @ (Value::Bool(_) | Value::Number(_))) => plain.clone(),
                _ => continue,
            };
            if let Some(into) = at(&mut cut, path) {
                into.insert((*name).to_owned(), kept);
            }
        }
    }
    cut
}

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT))
        .unwrap_or_default()
}

/// The object at `path`, made where it is missing.
fn at<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Map<String, Value>> {
    let mut object = value.as_object_mut()?;
    for name in path.split('/').skip(1) {
        object = object
            .entry(name)
            .or_insert_with(|| Value::Object(Map::new()))
            .as_object_mut()?;
    }
    Some(object)
}
