use serde_json::{Map, Value};

/// The longest text that stays, in bytes.
const MAX_TEXT: usize = 256;
/// The longest ARN that stays, in bytes: a path has at most 512 characters and a name 128 (IAM User Guide, "IAM and AWS STS quotas").
const MAX_ARN: usize = 768;

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
            "permissionsBoundary",
            "newUserName",
            "newGroupName",
            "omitted",
            "originalSize",
        ],
    ),
    (
        "/detail/responseElements/accessKey",
        &["accessKeyId", "userName"],
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
///
/// A change is read from what is left, so that a record which no CloudTrail wrote cannot make it longer.
#[must_use]
pub fn trim_event(event: &Value) -> Value {
    let mut cut = Value::Object(Map::new());
    for (path, names) in KEPT {
        let Some(from) = event.pointer(path).and_then(Value::as_object) else {
            continue;
        };
        let Some(into) = at(&mut cut, path) else {
            continue;
        };
        for name in *names {
            let kept = match from.get(*name) {
                Some(Value::String(text)) => Value::from(shortened(name, text)),
                Some(plain @ (Value::Bool(_) | Value::Number(_))) => plain.clone(),
                _ => continue,
            };
            into.insert((*name).to_owned(), kept);
        }
    }
    cut
}

fn shortened<'t>(name: &str, text: &'t str) -> &'t str {
    let is_arn = matches!(name, "arn" | "policyArn" | "permissionsBoundary");
    let max = if is_arn { MAX_ARN } else { MAX_TEXT };
    text.get(..text.floor_char_boundary(max))
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
