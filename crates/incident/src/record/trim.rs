//! The part of an event that an execution carries.

use serde_json::{Map, Value};

/// The longest text, in bytes.
const MAX_TEXT: usize = 256;
/// The longest ARN, in bytes: a path has at most 512 characters and a name 128 (IAM User Guide,
/// "IAM and AWS STS quotas").
const MAX_ARN: usize = 768;

/// The members of an event that the guard reads, plus those that help a person debugging the
/// execution.
///
/// This is an allow list: a member that CloudTrail adds later, or a policy document, never comes
/// through.
const MEMBERS: &[(&str, &[&str])] = &[
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
            "sessionCredentialFromConsole",
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
    (
        "/detail/userIdentity/onBehalfOf",
        &["userId", "identityStoreArn"],
    ),
    ("/detail/userIdentity/invokedByDelegate", &["accountId"]),
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
            "instanceProfileName",
            "status",
            "accessKeyId",
            "serviceSpecificCredentialId",
            "sSHPublicKeyId",
            "certificateId",
            "serialNumber",
            "name",
            "url",
            "sAMLProviderArn",
            "openIDConnectProviderArn",
            "delegationRequestId",
            "templateArn",
            "omitted",
            "originalSize",
        ],
    ),
    (
        "/detail/responseElements/accessKey",
        &["accessKeyId", "userName"],
    ),
    ("/detail/responseElements/role", &["roleName"]),
    (
        "/detail/responseElements/serviceSpecificCredential",
        &["serviceSpecificCredentialId"],
    ),
    ("/detail/responseElements/sSHPublicKey", &["sSHPublicKeyId"]),
    ("/detail/responseElements/certificate", &["certificateId"]),
    (
        "/detail/responseElements/policy",
        &["arn", "policyId", "defaultVersionId"],
    ),
    (
        "/detail/responseElements/policyVersion",
        &["versionId", "isDefaultVersion", "createDate"],
    ),
];

/// The members of an event that the guard uses, at a length that an execution can carry.
///
/// [`Record::parse`](crate::Record::parse) reads the change from the result, so a forged event
/// cannot make the change longer either.
#[must_use]
pub fn trim_event(event: &Value) -> Value {
    let mut trimmed = Value::Object(Map::new());
    for (path, names) in MEMBERS {
        let Some(from) = event.pointer(path).and_then(Value::as_object) else {
            continue;
        };
        let Some(into) = at(&mut trimmed, path) else {
            continue;
        };
        for name in *names {
            // Objects and arrays are dropped: they could be of any size.
            let kept = match from.get(*name) {
                Some(Value::String(text)) => Value::from(shortened(name, text)),
                Some(plain @ (Value::Bool(_) | Value::Number(_))) => plain.clone(),
                _ => continue,
            };
            into.insert((*name).to_owned(), kept);
        }
    }
    trimmed
}

/// The text at its longest. An ARN has more room, because a policy is read from IAM by it.
fn shortened<'t>(name: &str, text: &'t str) -> &'t str {
    let is_arn = matches!(name, "arn" | "policyArn" | "permissionsBoundary");
    let max = if is_arn { MAX_ARN } else { MAX_TEXT };
    text.get(..text.floor_char_boundary(max))
        .unwrap_or_default()
}

/// The object at `path`, created if it is missing.
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
